import { expect, it } from "vitest";
import { readOwnForm } from "../../../src/edge/form.ts";
import { Refusal } from "../../../src/errors.ts";

const ISSUER = "https://mcp.example.com";

it.each<[string, Record<string, string>]>([
  ["our page, as a browser says it", { "Sec-Fetch-Site": "same-origin", Origin: "null" }],
  ["the person themself", { "Sec-Fetch-Site": "none" }],
  ["our page in an older browser", { Origin: ISSUER }],
  ["our page without a referrer in an older browser", { Origin: "null" }],
  ["no browser", {}],
])("reads a form from %s", async (_case, headers) => {
  const form = await readOwnForm(post("a=1&a=2&b=%C3%B8", headers), ISSUER);
  expect([...form]).toEqual([
    ["a", "1"],
    ["a", "2"],
    ["b", "ø"],
  ]);
});

it.each<[string, Record<string, string>]>([
  ["another site", { "Sec-Fetch-Site": "cross-site", Origin: ISSUER }],
  [
    "a sibling of this host",
    { "Sec-Fetch-Site": "same-site", Origin: "https://other.example.com" },
  ],
  ["a site that we have never heard of", { "Sec-Fetch-Site": "" }],
  ["another origin in an older browser", { Origin: "https://evil.example" }],
  ["our host over http", { Origin: "http://mcp.example.com" }],
  ["our host at another port", { Origin: `${ISSUER}:8443` }],
])("refuses a form from %s before it is read", async (_case, headers) => {
  const request = post("a=1", headers);
  await expect(readOwnForm(request, ISSUER)).rejects.toEqual(new Refusal("origin_refused"));
  expect(request.bodyUsed).toBe(false);
});

it("refuses a form that is too large", async () => {
  const request = post("x".repeat(64 * 1024 + 1), {});
  await expect(readOwnForm(request, ISSUER)).rejects.toEqual(new Refusal("body_too_large"));
});

function post(body: string, headers: Record<string, string>): Request {
  return new Request(`${ISSUER}/connections`, { method: "POST", body, headers });
}
