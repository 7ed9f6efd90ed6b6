/**
 * What a person changes about a connection of theirs, and what does not grow by itself: permissions
 * taken away, an end by disuse, all of them ended, tools that came later.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { readBoxes } from "../support/boxes.ts";
import { expectErrorPage } from "../support/error-page.ts";
import { type House, startHouse, type TestWorker } from "../support/house.ts";
import { csrfOf, signInHere } from "../support/own-pages.ts";
import { SHOP_PERMISSIONS } from "../support/shop-permissions.ts";
import {
  callMcp,
  isConfirmation,
  json,
  locationOf,
  meetStranger,
  openConfirmation,
  openConsent,
  type Stranger,
  type Tokens,
} from "../support/stranger.ts";
import { type CookieJar, signIn, visit } from "../support/tenant.ts";

let house: House;
let later: TestWorker;
let client: Stranger;

beforeAll(async () => {
  const variables = { TEST_OFFERINGS: "shop", REVOCATION_CHECK_SECONDS: "1" };
  house = await startHouse({ variables });
  later = await house.startAnother({ TEST_OFFERINGS: "shopLater" });
});
afterAll(() => house.stop());
beforeEach(async () => {
  await house.shiftClock(0);
  house.tenant.control.clear();
  for (const person of ["ada", "rob"] as const)
    house.tenant.control.setPermissions(person, SHOP_PERMISSIONS);
  for (const person of ["ada", "rob"] as const)
    await post(await signInHere(house.issuer, person), { do: "end-all" });
  client = await meetStranger(`${house.issuer}/mcp`);
});

describe("taking permissions away", () => {
  it("takes effect at the next call, here and elsewhere, and at every later refresh", async () => {
    const tokens = await client.signIn("ada");
    expect(await call(tokens, "delete_order")).toBe(200);
    const jar = await signInHere(house.issuer, "ada");
    const response = await post(jar, {
      do: "narrow",
      choices: "shown",
      permission: ["orders:read", "orders:write"],
    });
    expect([response.status, response.headers.get("location")]).toEqual([
      303,
      `${house.issuer}/connections`,
    ]);
    const { response: refused } = await callTool(tokens, "delete_order");
    expect(refused.status).toBe(401);
    expect(refused.headers.get("www-authenticate")).toContain('error="invalid_token"');
    expect(await refused.json()).toMatchObject({
      error_description: expect.stringContaining("Refresh the access token."),
    });
    await expect.poll(() => lastReason()).toBe("access_token_narrowed");
    await expect.poll(() => call(tokens, "delete_order", later.url), { timeout: 5000 }).toBe(401);
    const narrower = await json<Tokens>(await client.refresh(tokens.refresh_token), 200);
    expect(permissionsOf(narrower)).toEqual(["orders:read", "orders:write"]);
    expect(await call(narrower, "delete_order")).toBe(403);
    expect(await call(narrower, "create_order")).toBe(200);
    expect(await call(narrower, "create_order", later.url)).toBe(200);
    const again = await json<Tokens>(await client.refresh(narrower.refresh_token), 200);
    expect(permissionsOf(again)).toEqual(["orders:read", "orders:write"]);
    expect(boxesOf(await open(jar))).toEqual(["orders:read", "orders:write"]);
  });

  it("is told from an end also where every request asks for its grant", async () => {
    const strict = await house.startAnother({
      TEST_OFFERINGS: "shop",
      REVOCATION_CHECK_SECONDS: "0",
    });
    const tokens = await client.signIn("ada");
    const jar = await signInHere(house.issuer, "ada");
    await post(jar, { do: "narrow", choices: "shown", permission: "orders:read" });
    expect(await call(tokens, "delete_order", strict.url)).toBe(401);
    await expect.poll(() => lastReason(strict)).toBe("access_token_narrowed");
    const ended = await client.signIn("ada");
    await post(jar, { do: "end-all" });
    expect(await call(ended, "delete_order", strict.url)).toBe(401);
    await expect.poll(() => lastReason(strict)).toBe("grant_ended");
  });

  it("never widens, whatever is posted", async () => {
    const tokens = await client.signIn("ada", { scope: "openid orders:read offline_access" });
    const jar = await signInHere(house.issuer, "ada");
    await post(jar, {
      do: "narrow",
      choices: "shown",
      permission: SHOP_PERMISSIONS,
      deleting: "yes",
    });
    const refreshed = await json<Tokens>(await client.refresh(tokens.refresh_token), 200);
    expect(permissionsOf(refreshed)).toEqual(["orders:read"]);
  });

  it("is asked back by the client, and given by the person", async () => {
    const tokens = await client.signIn("ada");
    const jar = await signInHere(house.issuer, "ada");
    await post(jar, { do: "narrow", choices: "shown", permission: "orders:read" });
    const narrower = await json<Tokens>(await client.refresh(tokens.refresh_token), 200);
    expect(await call(narrower, "create_order")).toBe(403);
    const more = await client.signIn("ada", { scope: "openid orders:read orders:write" });
    expect(await call(more, "create_order")).toBe(200);
  });
});

describe("an end by disuse", () => {
  it("comes when the client was away for as long as the person chose, and not before", async () => {
    const [used, unused] = [await client.signIn("ada"), await client.signIn("ada")];
    const jar = await signInHere(house.issuer, "ada");
    for (const id of idsOf(await open(jar))) await post(jar, { do: "idle", id, idleDays: "1" });
    expect((await open(jar)).match(/<option value="1" selected="">1 day</g)).toHaveLength(2);
    await house.shiftClock(9 * 3600);
    const kept = await json<Tokens>(await client.refresh(used.refresh_token), 200);
    await house.shiftClock(24 * 3600 + 60);
    expect((await client.refresh(unused.refresh_token)).status).toBe(400);
    // Alive, though the local tenant's tokens, whose clock stayed, are of yesterday.
    expect((await client.refresh(kept.refresh_token)).status).toBe(503);
  });

  it("is one of those offered", async () => {
    await client.signIn("ada");
    const jar = await signInHere(house.issuer, "ada");
    const response = await post(jar, { do: "idle", idleDays: "4000" });
    await expectErrorPage(response, "form_refused", 403);
  });
});

describe("all of them", () => {
  it("end at once, and another's do not", async () => {
    const [one, two] = [await client.signIn("ada"), await client.signIn("ada")];
    const other = await client.signIn("rob");
    const jar = await signInHere(house.issuer, "ada");
    await post(jar, { do: "end-all" });
    for (const tokens of [one, two]) expect(await call(tokens, "list_orders")).toBe(401);
    expect(await call(other, "list_orders")).toBe(200);
    expect(await open(jar)).toContain("No application is connected in your name.");
  });
});

describe("another's connection", () => {
  it.each(["narrow", "idle", "end"])("is not found by %s", async (action) => {
    const theirs = await client.signIn("rob");
    await client.signIn("ada");
    const [id = ""] = idsOf(await open(await signInHere(house.issuer, "rob")));
    const jar = await signInHere(house.issuer, "ada");
    const response = await post(jar, { do: action, id, choices: "shown", idleDays: "1" });
    await expectErrorPage(response, "connection_unknown", 404);
    expect(await call(theirs, "delete_order")).toBe(200);
  });
});

describe("a tool that came later", () => {
  it("runs at once when it only reads, and asks again when it changes or deletes", async () => {
    const tokens = await client.signIn("ada");
    expect(await call(tokens, "search_orders", later.url)).toBe(200);
    expect(await call(tokens, "delete_order", later.url)).toBe(200);
    expect(await call(tokens, "copy_order", later.url)).toBe(403);
    expect(await call(tokens, "void_order", later.url)).toBe(403);
  });

  it("is told in the challenge and in a later token, and runs after the person's yes", async () => {
    const tokens = await client.signIn("ada");
    const { response } = await callTool(tokens, "void_order", later.url);
    const challenge = response.headers.get("www-authenticate") ?? "";
    expect(challenge).toContain('error="insufficient_scope"');
    expect(challenge).toContain("orders:delete");
    const refreshed = await json<Tokens>(
      await fetch(`${later.url}/token`, {
        method: "POST",
        body: new URLSearchParams({
          grant_type: "refresh_token",
          refresh_token: tokens.refresh_token,
          client_id: client.clientId,
        }),
      }),
      200,
    );
    // A client asks again only for what its token does not say it has.
    expect(permissionsOf(refreshed)).not.toContain("orders:delete");
    expect(await call(refreshed, "delete_order", later.url)).toBe(200);
    expect(await call(refreshed, "void_order", later.url)).toBe(403);

    const jar: CookieJar = new Map();
    const attempt = client.begin({ scope: "openid orders:read orders:delete" });
    const at = (url: URL) => new URL(url.pathname + url.search, later.url);
    const consent = await openConsent({ url: at(attempt.url) }, jar);
    const back = await signIn(locationOf(await consent.decide("allow")), "ada", jar);
    const onward = locationOf(await visit(at(back), jar));
    expect(isConfirmation(onward)).toBe(true);
    const { html, decide } = await openConfirmation(at(onward), jar);
    expect(html).toContain("Void order");
    expect(html).toContain("It came after you allowed what it needs.");
    const more = await json<Tokens>(
      await client.exchange(attempt, locationOf(await decide("allow"))),
      200,
    );
    expect(await call(more, "void_order", later.url)).toBe(200);
    expect(await call(more, "copy_order", later.url)).toBe(403);
  });
});

async function open(jar: CookieJar): Promise<string> {
  return (await visit(new URL("/connections", house.issuer), jar)).text();
}

/** Sends a form of that page; about the first connection, unless it says about which. */
async function post(
  jar: CookieJar,
  fields: Readonly<Record<string, string | readonly string[]>>,
): Promise<Response> {
  const html = await open(jar);
  const form = new URLSearchParams({
    csrf: csrfOf(html),
    id: idsOf(html)[0] ?? "",
  });
  for (const [name, value] of Object.entries(fields)) {
    form.delete(name);
    for (const each of [value].flat()) form.append(name, each);
  }
  return visit(new URL("/connections", house.issuer), jar, form);
}

function idsOf(html: string): string[] {
  return [...new Set([...html.matchAll(/name="id" value="([^"]*)"/g)].map(([, id = ""]) => id))];
}

function boxesOf(html: string): string[] {
  const [first = ""] = html.split("<li><div").slice(1);
  return readBoxes(first).flatMap(({ field }) =>
    field.startsWith("permission=") ? [field.slice(11)] : [],
  );
}

function permissionsOf({ scope }: Tokens): string[] {
  return scope.split(" ").filter((name) => name.includes(":"));
}

function lastReason({ log }: TestWorker = house): unknown {
  return log.filter(({ route }) => route === "/mcp").at(-1)?.["reason"];
}

function callTool({ access_token }: Tokens, name: string, url = house.url) {
  const params = { name, arguments: {} };
  return callMcp(`${url}/mcp`, access_token, { method: "tools/call", params });
}

async function call(tokens: Tokens, name: string, url?: string): Promise<number> {
  const { response, answer } = await callTool(tokens, name, url);
  expect(answer.result?.isError ?? false).toBe(false);
  return response.status;
}
