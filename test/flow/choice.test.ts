/**
 * What a person ticks is what the client gets: in the token, in the list of tools, in a call, and at
 * every later refresh. What this browser remembers of it.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createDocumentClient, type DocumentClient } from "../support/document-client.ts";
import { type House, randomKey, startHouse } from "../support/house.ts";
import {
  type Attempt,
  callMcp,
  createStranger,
  json,
  locationOf,
  meetStranger,
  openConsent,
  refusalOf,
  type Stranger,
  type Tokens,
} from "../support/stranger.ts";
import { type CookieJar, signIn, visit } from "../support/tenant.ts";

let house: House;
let client: Stranger;
let website: DocumentClient;

beforeAll(async () => {
  website = await createDocumentClient("https://editor.example.test/client.json", "none");
  house = await startHouse({ elsewhere: (request) => website.answer(request) });
  client = await meetStranger(`${house.issuer}/mcp`);
});
afterAll(() => house.stop());
beforeEach(() => house.tenant.control.clear());

const INFO = "permission=tool:get_user_info";
const EXPLAIN = "permission=tool:explain_access";
/** Whether all of a group ends after an hour. */
const HOUR = { field: "hour=reads", isTicked: false };

describe("what is ticked", () => {
  it("is everything that is asked, until somebody unticks", async () => {
    const { boxes } = await openConsent(client.begin());
    expect(boxes).toEqual([
      { field: INFO, isTicked: true },
      { field: EXPLAIN, isTicked: true },
      HOUR,
    ]);
    const named = await openConsent(client.begin({ scope: "openid tool:get_user_info" }));
    expect(named.boxes).toEqual([{ field: INFO, isTicked: true }, HOUR]);
  });

  it("is what the client gets, in the token and in a call, and after a refresh", async () => {
    const attempt = client.begin();
    const tokens = await tick(attempt, [EXPLAIN]);
    expect(permissionsOf(tokens)).toEqual(["tool:get_user_info"]);
    expect(await call(tokens, "get_user_info")).toBe(200);
    expect(await call(tokens, "explain_access")).toBe(403);
    const refreshed = await json<Tokens>(await client.refresh(tokens.refresh_token), 200);
    expect(permissionsOf(refreshed)).toEqual(["tool:get_user_info"]);
    expect(await call(refreshed, "explain_access")).toBe(403);
  });

  it("may be nothing at all", async () => {
    const tokens = await tick(client.begin(), [INFO, EXPLAIN]);
    expect(permissionsOf(tokens)).toEqual([]);
    expect(await call(tokens, "get_time")).toBe(200);
    expect(await call(tokens, "get_user_info")).toBe(403);
  });

  it("is never more than was on the page", async () => {
    const attempt = client.begin({ scope: "openid tool:get_user_info" });
    const jar: CookieJar = new Map();
    const { handle } = await openConsent(attempt, jar);
    const form = new URLSearchParams({ handle, choices: "shown", decision: "allow" });
    for (const name of ["tool:get_user_info", "tool:explain_access", "admin"])
      form.append("permission", name);
    const away = await visit(new URL(`${house.issuer}/authorize`), jar, form);
    expect(permissionsOf(await finish(attempt, away, jar))).toEqual(["tool:get_user_info"]);
  });
});

describe("a client that asks for more", () => {
  it("is shown what is new, in the browser that knows the rest, and gets it", async () => {
    const jar: CookieJar = new Map();
    const first = await tick(client.begin({ scope: "openid tool:get_user_info" }), [], jar);
    const { response } = await callMcp(client.resource, first.access_token, {
      method: "tools/call",
      params: { name: "explain_access", arguments: {} },
    });
    expect(response.status).toBe(403);
    const [, scope = ""] =
      /scope="([^"]*)"/.exec(response.headers.get("www-authenticate") ?? "") ?? [];
    const attempt = client.begin({ scope });
    const { html, decide } = await openConsent(attempt, jar);
    expect(html).toContain("asks for more</h1>");
    expect(html.match(/Explain access”\s*<span class="new">New/g)).toHaveLength(1);
    expect(html.match(/class="new"/g)).toHaveLength(1);
    const tokens = await finish(attempt, await decide("allow"), jar);
    expect(await call(tokens, "explain_access")).toBe(200);
    expect(await call(tokens, "get_user_info")).toBe(200);
  });
});

describe("an answer given before, in the same browser", () => {
  it("stands when the client asks for everything again, and nothing is new", async () => {
    const jar: CookieJar = new Map();
    await tick(client.begin(), [EXPLAIN], jar);
    const { boxes, html } = await openConsent(client.begin(), jar);
    expect(boxes).toEqual([
      { field: INFO, isTicked: true },
      { field: EXPLAIN, isTicked: false },
      HOUR,
    ]);
    expect(html).not.toContain('class="new"');
  });

  it("is asked about anew when the client names what was declined", async () => {
    const jar: CookieJar = new Map();
    await tick(client.begin(), [EXPLAIN], jar);
    const scope = "openid tool:get_user_info tool:explain_access";
    const { boxes, html } = await openConsent(client.begin({ scope }), jar);
    const permissions = boxes.filter(({ field }) => field.startsWith("permission="));
    expect(permissions.every(({ isTicked }) => isTicked)).toBe(true);
    expect(html.match(/class="new"/g)).toHaveLength(1);
  });
});

describe("what this browser remembers", () => {
  let known: Stranger;
  let jar: CookieJar;
  beforeAll(async () => {
    const redirect_uris = ["https://editor.example.test/cb"];
    website = await createDocumentClient("https://editor.example.test/client.json", "none", {
      redirect_uris,
    });
    const { metadata, resource } = client;
    const redirectUri = redirect_uris[0] ?? "";
    known = createStranger({ metadata, resource, clientId: website.clientId, redirectUri });
  });
  beforeEach(() => {
    jar = new Map();
  });

  it("is nothing unless the person ticks it", async () => {
    await tick(known.begin(), [], jar);
    expect((await visit(known.begin().url, jar)).status).toBe(200);
  });

  it("spares them the page for the same, with what they had ticked, and for less", async () => {
    await tick(known.begin(), [EXPLAIN, "remember=yes"], jar);
    const attempt = known.begin();
    const away = await visit(attempt.url, jar);
    expect(locationOf(away).origin + "/").toBe(house.tenant.issuer);
    const tokens = await finish(attempt, away, jar);
    expect(permissionsOf(tokens)).toEqual(["tool:get_user_info"]);
    const less = known.begin({ scope: "openid tool:get_user_info" });
    expect((await visit(less.url, jar)).status).toBe(302);
  });

  it("does not cover more, another redirect, another browser, or a wish to be asked", async () => {
    await tick(known.begin({ scope: "openid tool:get_user_info" }), ["remember=yes"], jar);
    const isAsked = async (url: URL, browser: CookieJar) => (await visit(url, browser)).status;
    const less = { scope: "openid tool:get_user_info" };
    expect(await isAsked(known.begin(less).url, jar)).toBe(302);
    expect(await isAsked(known.begin().url, jar)).toBe(200);
    expect(await isAsked(known.begin(less).url, new Map())).toBe(200);
    expect(await isAsked(known.begin({ ...less, prompt: "consent" }).url, jar)).toBe(200);
  });

  it("is what prompt=none needs, beside a sign-in at Auth0 (OIDC Core §3.1.2.6)", async () => {
    const silent = () => known.begin({ prompt: "none" });
    const attempt = silent();
    expect(refusalOf(locationOf(await visit(attempt.url, jar)))).toMatchObject({
      error: "interaction_required",
      state: attempt.state,
      iss: house.issuer,
    });
    await tick(known.begin(), ["remember=yes"], jar);
    const away = locationOf(await visit(silent().url, jar));
    expect(away.searchParams.get("prompt")).toBe("none");
    const back = locationOf(await fetch(away, { redirect: "manual" }));
    expect(back.searchParams.get("error")).toBe("login_required");
    expect(refusalOf(locationOf(await visit(back, jar)))["error"]).toBe("login_required");
  });

  it("lets nobody be told anything where no page is allowed", async () => {
    house.tenant.control.setPermissions("rob", ["tool:get_user_info"]);
    await tick(known.begin(), ["remember=yes"], jar);
    const there: CookieJar = new Map();
    await signIn(
      locationOf(await (await openConsent(client.begin())).decide("allow")),
      "rob",
      there,
    );
    const attempt = known.begin({ prompt: "none" });
    const away = locationOf(await visit(attempt.url, jar));
    // The browser is Rob's at Auth0, and he has allowed nothing yet.
    const back = await signIn(away, "rob", there);
    expect(back.searchParams.has("code")).toBe(true);
    expect(refusalOf(locationOf(await visit(back, jar)))).toMatchObject({
      error: "interaction_required",
      state: attempt.state,
    });
  });

  it("is asked about again when nobody has its key any more", async () => {
    await tick(known.begin(), ["remember=yes"], jar);
    const rekeyed = await house.startAnother({ JWT_SIGNING_KEY: randomKey() });
    const { pathname, search } = known.begin().url;
    const page = await visit(new URL(pathname + search, rekeyed.url), jar);
    expect(page.status).toBe(200);
    await rekeyed.stop();
  });

  it("is over after thirty days", async () => {
    await tick(known.begin(), ["remember=yes"], jar);
    expect((await visit(known.begin().url, jar)).status).toBe(302);
    await house.shiftClock(30 * 86_400 + 1);
    const status = (await visit(known.begin().url, jar)).status;
    await house.shiftClock(0);
    expect(status).toBe(200);
  });

  it("is not offered for a client that nobody vouches for, nor taken from it", async () => {
    const { boxes, html } = await openConsent(client.begin(), jar);
    expect(boxes.map(({ field }) => field)).not.toContain("remember=yes");
    const [, handle = ""] = /name="handle" value="([^"]+)"/.exec(html) ?? [];
    const form = new URLSearchParams({ handle, decision: "allow", remember: "yes" });
    await visit(new URL(`${house.issuer}/authorize`), jar, form);
    expect((await visit(client.begin().url, jar)).status).toBe(200);
  });

  it("counts for nothing when it was tampered with", async () => {
    await tick(known.begin(), ["remember=yes"], jar);
    for (const [key, cookie] of jar)
      if (cookie.name === "loopback-mcp-approvals")
        jar.set(key, { ...cookie, value: cookie.value.replace(/.\./, "x.") });
    expect((await visit(known.begin().url, jar)).status).toBe(200);
  });
});

describe("“Allow, and choose the account there”", () => {
  it("has Auth0 ask who it is", async () => {
    const away = locationOf(await (await openConsent(client.begin())).decide("switch"));
    expect(away.searchParams.get("prompt")).toBe("login");
    const plain = locationOf(await (await openConsent(client.begin())).decide("allow"));
    expect(plain.searchParams.has("prompt")).toBe(false);
  });
});

/** Allows, with some boxes turned, signs in as Ada, and exchanges the code. */
async function tick(
  attempt: Attempt,
  turned: readonly string[],
  jar: CookieJar = new Map(),
): Promise<Tokens> {
  const consent = await openConsent(attempt, jar);
  return finish(attempt, await consent.decide("allow", turned), jar);
}

async function finish(attempt: Attempt, away: Response, jar: CookieJar): Promise<Tokens> {
  const back = await signIn(locationOf(away), "ada", jar);
  const callback = locationOf(await visit(back, jar));
  const clientId = attempt.url.searchParams.get("client_id") ?? "";
  const redirectUri = attempt.url.searchParams.get("redirect_uri") ?? "";
  const { metadata, resource } = client;
  const asking = createStranger({ metadata, resource, clientId, redirectUri });
  return json<Tokens>(await asking.exchange(attempt, callback), 200);
}

function permissionsOf({ scope }: Tokens): string[] {
  return scope.split(" ").filter((name) => name.startsWith("tool:"));
}

async function call({ access_token }: Tokens, name: string): Promise<number> {
  const { response } = await callMcp(client.resource, access_token, {
    method: "tools/call",
    params: { name, arguments: {} },
  });
  return response.status;
}
