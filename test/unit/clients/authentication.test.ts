import { UnsecuredJWT } from "jose";
import { expect, it } from "vitest";
import { presentedClientId, withForm } from "../../../src/clients/authentication.ts";

const assertion = new UnsecuredJWT({}).setIssuer("https://client.example/c.json").encode();
const basic = (text: string) => `Basic ${btoa(text)}`;

it.each<[string, Record<string, string>, string | null, string | undefined]>([
  ["in the form", { client_id: "a" }, null, "a"],
  ["in the header", {}, basic("a:secret"), "a"],
  ["in the header, in small letters", {}, basic("a:secret").replace("Basic", "basic"), "a"],
  ["in the header, encoded", {}, basic("a%3Ab:secret"), "a:b"],
  ["in the assertion", { client_assertion: assertion }, null, "https://client.example/c.json"],
  ["in the form before the assertion", { client_id: "a", client_assertion: assertion }, null, "a"],
  ["nowhere", {}, null, undefined],
  ["nowhere but in a bearer token", {}, "Bearer a", undefined],
  ["in a header that is not base64", {}, "Basic %%%", undefined],
  ["in a header that is badly encoded", {}, basic("%E0%A4%A:x"), undefined],
  ["in an assertion that is none", { client_assertion: "x.y.z" }, null, undefined],
])("finds a client's id %s", (_case, form, authorization, clientId) => {
  expect(presentedClientId(new URLSearchParams(form), authorization)).toBe(clientId);
});

it("gives a request another form, and keeps its headers", async () => {
  const request = new Request("https://mcp.test/token", {
    method: "POST",
    headers: { Authorization: "Basic x", "Content-Type": "application/x-www-form-urlencoded" },
    body: "a=1",
  });
  const changed = withForm(request, new URLSearchParams({ b: "2 &" }));
  expect(changed.headers.get("Authorization")).toBe("Basic x");
  expect(changed.headers.get("Content-Type")).toBe("application/x-www-form-urlencoded");
  expect(await changed.text()).toBe("b=2+%26");
});
