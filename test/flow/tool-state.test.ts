/** What a tool remembers, in the store: for its person, sealed, in as many round trips as is said. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type House, startHouse } from "../support/house.ts";
import { csrfOf, signInHere } from "../support/own-pages.ts";
import { callMcp, meetStranger } from "../support/stranger.ts";
import { type CookieJar, visit } from "../support/tenant.ts";

let house: House;
beforeAll(async () => {
  house = await startHouse({ entry: "test/support/approval-worker.ts" });
});
afterAll(() => house.stop());

async function remember(token: string, input: object): Promise<string> {
  const params = { name: "remember", arguments: input };
  const { response } = await callMcp(`${house.issuer}/mcp`, token, {
    method: "tools/call",
    params,
  });
  const { result } = await response.json();
  return result.content[0].text;
}

it("keeps it for the person through any of their applications, and for nobody else", async () => {
  const client = await meetStranger(`${house.issuer}/mcp`);
  const [{ access_token: ada }, { access_token: again }, { access_token: rob }] = [
    await client.signIn("ada"),
    await client.signIn("ada"),
    await client.signIn("rob"),
  ];
  await remember(ada, {});
  house.store.wire.take();
  expect(await remember(ada, { text: "canary-of-ada" })).toBe("canary-of-ada");
  expect(house.store.wire.take()).toHaveLength(3);
  expect(await remember(again, {})).toBe("canary-of-ada");
  expect(house.store.wire.take()).toHaveLength(1);
  expect(await remember(rob, {})).toBe("nothing");
  expect(JSON.stringify(house.log)).not.toContain("canary-of-ada");
  expect(await remember(ada, { forget: true })).toBe("nothing");
  expect(await remember(again, {})).toBe("nothing");
});

describe("what is remembered, at the person's own page", () => {
  const page = () => new URL("/connections", house.issuer);
  let ada: string;
  let rob: string;
  let jar: CookieJar;
  beforeAll(async () => {
    const client = await meetStranger(`${house.issuer}/mcp`);
    ada = (await client.signIn("ada")).access_token;
    rob = (await client.signIn("rob")).access_token;
    jar = await signInHere(house.issuer, "ada");
  });
  beforeEach(async () => {
    await remember(ada, { text: "canary-of-ada" });
    await remember(rob, { text: "canary-of-rob" });
  });
  const erase = async (fields: Readonly<Record<string, string>> = {}, cookies = jar) => {
    const csrf = csrfOf(await (await visit(page(), jar)).text());
    return visit(page(), cookies, new URLSearchParams({ do: "erase", csrf, ...fields }));
  };

  it("is told without being shown", async () => {
    const html = await (await visit(page(), jar)).text();
    expect(html).toContain("<b>Remember</b>");
    expect(html).toContain("1 thing, until <time");
    expect(html).not.toContain("canary");
  });

  it.each([
    ["one tool's", { tool: "remember" }],
    ["all of it", {}],
  ])("is erased at once: %s", async (_, fields) => {
    const response = await erase(fields);
    expect(response.status).toBe(303);
    expect(house.log.at(-1)).toMatchObject({ route: "/connections", reason: "state_erased" });
    expect(await remember(ada, {})).toBe("nothing");
    expect(await remember(rob, {})).toBe("canary-of-rob");
    expect(await (await visit(page(), jar)).text()).not.toContain("What tools remember");
  });

  it("stays when another tool's is erased", async () => {
    await erase({ tool: "other" });
    expect(await remember(ada, {})).toBe("canary-of-ada");
  });

  it.each<[string, () => Promise<Response>, number]>([
    ["without the proof of the page", () => erase({ csrf: "x".repeat(43) }), 403],
    [
      "with the page of another person",
      async () => erase({}, await signInHere(house.issuer, "rob")),
      403,
    ],
    ["by nobody", () => erase({}, new Map()), 303],
  ])("stays when it is asked %s", async (_, ask, status) => {
    expect((await ask()).status).toBe(status);
    expect(await remember(ada, {})).toBe("canary-of-ada");
    expect(await remember(rob, {})).toBe("canary-of-rob");
  });
});
