/**
 * A person looks at their connections and cuts one: who may see them, who may end them, and what
 * ends.
 */
import { decodeJwt, decodeProtectedHeader } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { PEOPLE, type PersonKey } from "../../dev/tenant/people.ts";
import { createDocumentClient, type DocumentClient } from "../support/document-client.ts";
import { expectErrorPage } from "../support/error-page.ts";
import { type House, startHouse } from "../support/house.ts";
import { csrfOf } from "../support/own-pages.ts";
import { statusOfCall } from "../support/sessions.ts";
import {
  createStranger,
  json,
  locationOf,
  meetStranger,
  type Tokens,
} from "../support/stranger.ts";
import {
  askForRefreshToken,
  ON_ITS_OWN,
  type CookieJar,
  signIn,
  visit,
} from "../support/tenant.ts";

let house: House;
let website: DocumentClient;

beforeAll(async () => {
  website = await createDocumentClient("https://editor.example.test/client.json", "none");
  house = await startHouse({ elsewhere: (request) => website.answer(request) });
});
afterAll(() => house.stop());
beforeEach(async () => {
  await house.shiftClock(0);
  house.tenant.control.clear();
});

describe("somebody who has not signed in", () => {
  it("is asked to, and the store hears nothing of it", async () => {
    house.store.wire.take();
    const response = await visit(address("/connections"), new Map());
    expect(response.status).toBe(200);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(response.headers.getSetCookie()).toEqual([]);
    expect(await response.text()).toContain('<a class="button main" href="/connections/sign-in">');
    expect(house.store.wire.take()).toEqual([]);
  });

  it("is sent to Auth0 with secrets of our own and a cookie that binds the browser", async () => {
    const response = await visit(address("/connections/sign-in"), new Map());
    const { origin, pathname, searchParams } = locationOf(response);
    expect(origin + pathname).toBe(`${house.tenant.issuer}authorize`);
    const { state, nonce, code_challenge: challenge, ...rest } = Object.fromEntries(searchParams);
    expect(state).toMatch(/^person\.[\w-]{43}$/);
    for (const secret of [nonce, challenge]) expect(secret).toMatch(/^[\w-]{43}$/);
    expect(rest).toMatchObject({
      redirect_uri: `${house.issuer}/auth/callback`,
      code_challenge_method: "S256",
    });
    expect(response.headers.get("cache-control")).toBe("no-store");
    const [cookie = "", ...others] = response.headers.getSetCookie();
    expect(others).toEqual([]);
    const [, name, value = ""] =
      /^loopback-mcp-sign-in-([\w-]{16})=([\w-]{43}); Max-Age=600; Path=\/; HttpOnly; SameSite=Lax$/.exec(
        cookie,
      ) ?? [];
    expect(value.slice(0, 16)).toBe(name);
    expect(cookie).not.toContain(state);
  });

  it("who disconnects all the same is asked to sign in", async () => {
    const response = await post("/connections", { id: "any", csrf: "any" });
    expect(response.status).toBe(303);
    expect(response.headers.get("location")).toBe(`${house.issuer}/connections`);
  });
});

describe("Auth0's own ways in", () => {
  it("an invitation reaches Auth0 with the organization that it is for", async () => {
    const invited = address("/login?invitation=tYbJ_3-x&organization=org_1&organization_name=acme");
    const { searchParams } = locationOf(await visit(invited, new Map()));
    expect(Object.fromEntries(searchParams)).toMatchObject({
      invitation: "tYbJ_3-x",
      organization: "org_1",
      redirect_uri: `${house.issuer}/auth/callback`,
    });
  });

  it("a bookmark of Auth0's page leads to an ordinary sign-in, and to the connections", async () => {
    const jar: CookieJar = new Map();
    const start = locationOf(await visit(address("/login"), jar));
    for (const name of ["invitation", "organization"])
      expect(start.searchParams.has(name)).toBe(false);
    const response = await visit(await signIn(start, "ada", jar), jar);
    expect(locationOf(response).href).toBe(`${house.issuer}/connections`);
  });

  it.each([
    ["half an invitation", "?invitation=tYbJ"],
    ["an invitation that is no word", "?invitation=%0d%0aX&organization=org_1"],
    ["an organization that is no word", "?invitation=tYbJ&organization=%3Cb%3E"],
  ])("%s is none", async (_, query) => {
    const { searchParams } = locationOf(await visit(address(`/login${query}`), new Map()));
    expect(searchParams.has("invitation")).toBe(false);
    expect(searchParams.has("organization")).toBe(false);
  });

  it.each([
    ["HEAD", { method: "HEAD" }],
    ["a prefetch", { headers: { "Sec-Purpose": "prefetch" } }],
  ])("%s of a page that starts a sign-in leaves no trace", async (_, init) => {
    house.store.wire.take();
    for (const path of ["/login", "/connections/sign-in"]) {
      const response = await fetch(address(path), { redirect: "manual", ...init });
      expect(response.status).not.toBe(302);
      expect(response.headers.getSetCookie()).toEqual([]);
    }
    expect(house.store.wire.take()).toEqual([]);
  });
});

describe("a sign-in that Auth0 could not finish", () => {
  it.each([
    ["429", { status: 429, headers: { "retry-after": "1" } }],
    ["500", { status: 500 }],
    ["503", { status: 503 }],
    ["a broken connection", "reset"],
  ] as const)("%s: the same return works when Auth0 does again, once", async (_, fault) => {
    const { jar, back } = await begin("ada");
    house.tenant.control.fail("token", fault);
    const first = await visit(back, jar);
    expect(first.status).toBe(503);
    expect(Number(first.headers.get("retry-after"))).toBeGreaterThan(0);
    house.tenant.control.clear();
    const copy: CookieJar = new Map(jar);
    expect(locationOf(await visit(back, jar)).href).toBe(`${house.issuer}/connections`);
    expect((await visit(back, copy)).status).toBe(400);
  });

  it.each(["refuse", "lost", "500"] as const)(
    "after Auth0 has answered the store fails (%s): they are signed in, and what we know follows",
    async (kind) => {
      const { jar, back } = await begin("ada");
      house.store.faults.next(kind, { skip: 1, times: 4 });
      const response = await visit(back, jar);
      house.store.faults.clear();
      expect(locationOf(response).href).toBe(`${house.issuer}/connections`);
      const text = async () => (await open(jar)).html;
      expect(await text()).toContain("Your connections");
      await expect.poll(text).toContain(PEOPLE.ada.profile.name);
    },
  );

  it("a refusal of Auth0's uses it up", async () => {
    const { jar, back } = await begin("ada");
    house.tenant.control.fail("token", { status: 403, body: { error: "invalid_grant" } });
    expect((await visit(back, jar)).status).toBeLessThan(500);
    house.tenant.control.clear();
    await expectErrorPage(await visit(back, jar), "authorization_expired");
  });
});

describe("signing in", () => {
  it("sets a cookie for a quarter of an hour, and keeps nothing of Auth0's", async () => {
    const { jar, back } = await begin("ada");
    const response = await visit(back, jar);
    expect(locationOf(response).href).toBe(`${house.issuer}/connections`);
    expect(response.headers.get("cache-control")).toBe("no-store");
    const [person = "", binding = ""] = response.headers.getSetCookie();
    expect(person).toMatch(
      /^loopback-mcp-person=[\w-]+\.[\w-]+\.[\w-]+; Max-Age=900; Path=\/; HttpOnly; SameSite=Lax$/,
    );
    expect(binding).toMatch(
      /^loopback-mcp-sign-in-[\w-]{16}=; Max-Age=0; Path=\/; HttpOnly; SameSite=Lax$/,
    );
    expect([...jar.keys()].filter((name) => name.startsWith("loopback-"))).toEqual([
      "loopback-mcp-person /",
    ]);
  });

  it.each([
    ["that holds", {}, 302],
    ["that is refused", { idToken: "wrong-nonce" }, 503],
  ] as const)("%s: a refresh token that Auth0 gave is revoked there", async (_, shape, status) => {
    const jar: CookieJar = new Map();
    const away = askForRefreshToken(locationOf(await visit(address("/connections/sign-in"), jar)));
    const back = await signIn(away, "ada");
    house.tenant.control.shape(shape);
    expect((await untilRevoked(() => visit(back, jar))).status).toBe(status);
  });

  it("says in the cookie who it is by our opaque id, for this page only", async () => {
    const token = personToken(await signInHere("ada"));
    expect(decodeProtectedHeader(token)).toEqual({
      alg: "HS256",
      typ: "person+jwt",
      kid: expect.any(String),
    });
    const claims = decodeJwt(token);
    expect(claims).toEqual({
      iss: house.issuer,
      aud: `${house.issuer}/connections`,
      sub: expect.stringMatching(/^[\w-]{43}$/),
      iat: expect.closeTo(Date.now() / 1000, -2),
      exp: (claims.iat ?? 0) + 900,
      jti: expect.any(String),
    });
  });

  it("has cookies that only https and this host can set, unless it is on loopback http", async () => {
    const worker = await house.startAnother({ RESOURCE_BASE_URL: "https://mcp.example.com" });
    const response = await fetch(`${worker.url}/connections/sign-in`, { redirect: "manual" });
    expect(response.headers.getSetCookie()).toEqual([
      expect.stringMatching(
        /^__Host-mcp-sign-in-.{16}=.{43}; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
      ),
    ]);
  });

  it("works in two tabs at once", async () => {
    const jar: CookieJar = new Map();
    const tabs = [await begin("ada", jar), await begin("ada", jar)];
    for (const { back } of tabs) expect((await visit(back, jar)).status).toBe(302);
  });

  it.each<[string, (back: URL, jar: CookieJar) => Promise<Response>]>([
    [
      "twice",
      async (back, jar) => {
        const cookies: CookieJar = new Map(jar);
        await visit(back, jar);
        return visit(back, cookies);
      },
    ],
    ["in another browser", (back) => visit(back, new Map())],
    [
      "in another browser that began one too",
      async (back) => visit(back, (await begin("rob")).jar),
    ],
    [
      "too late",
      async (back, jar) => {
        await house.shiftClock(600);
        return visit(back, jar);
      },
    ],
    [
      "with a state we never made",
      (back, jar) => {
        back.searchParams.set("state", `person.${"x".repeat(43)}`);
        return visit(back, jar);
      },
    ],
  ])("coming back %s is refused with a page that leads back", async (_case, comeBack) => {
    const { jar, back } = await begin("ada");
    const response = await comeBack(back, jar);
    expect(response.status).toBe(400);
    expect(response.headers.getSetCookie()).toEqual([]);
    await expectPage(response, "authorization_expired");
  });

  it("is not spoilt by somebody who has the address but not the browser", async () => {
    const { jar, back } = await begin("ada");
    expect((await visit(back, new Map())).status).toBe(400);
    expect((await visit(back, jar)).status).toBe(302);
  });

  it("that Auth0 refuses ends on a page", async () => {
    const { jar, back } = await begin("deny");
    const response = await visit(back, jar);
    expect(response.status).toBe(403);
    expect(response.headers.getSetCookie()).toEqual([]);
    await expectPage(response, "identity_cancelled");
  });

  it("while the store is down ends on a page that says when to try again", async () => {
    house.store.faults.always("500");
    const response = await visit(address("/connections/sign-in"), new Map());
    house.store.faults.clear();
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("5");
    await expectPage(response, "store_unavailable");
  });
});

describe("the page", () => {
  it("lists the person's own connections, with what they allow", async () => {
    const [mine, alsoMine, notMine] = ["Claude", "Cursor", "Codex"];
    await connect(mine, "ada", { scope: "openid tool:get_user_info offline_access" });
    await connect(alsoMine, "ada");
    await connect(notMine, "rob");
    const { response, html } = await open(await signInHere("ada"));
    expect(response.status).toBe(200);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("x-frame-options")).toBe("DENY");
    const names = rowsOf(html).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining([mine, alsoMine]));
    expect(names).not.toContain(notMine);
    expect(rowsOf(html).find(({ name }) => name === mine)?.text).toMatch(
      /Unverified: it chose this name itself.*It has 1 permission.*Use “Get user info”/,
    );
  });

  it("says so when there are none", async () => {
    const { html } = await open(await signInHere("eve"));
    expect(html).toContain("No application is connected in your name.");
    expect(rowsOf(html)).toEqual([]);
  });

  it("names the domain of a client that is known by its website", async () => {
    const known = await meetStranger(`${house.issuer}/mcp`);
    await createStranger({ ...known, clientId: website.clientId }).signIn("ada");
    const { html } = await open(await signInHere("ada"));
    const row = rowsOf(html).find(({ name }) => name === "A client with a website");
    expect(row?.text.replaceAll(" ", "")).toContain(`Verified:${website.clientId}`);
  });

  it("has the connection that was used last first, which a refresh is", async () => {
    const [early, late] = ["Used before", "Used after"];
    const { client, tokens } = await connect(early, "ada");
    await connect(late, "ada");
    await house.shiftClock(120);
    const jar = await signInHere("ada");
    const before = rowsOf((await open(jar)).html).find(({ name }) => name === early);
    expect((await client.refresh(tokens.refresh_token)).status).toBe(200);
    const [first] = rowsOf((await open(jar)).html);
    expect(first).toMatchObject({ name: early, connectedAt: before?.connectedAt });
    expect(first?.lastUsedAt).toBeGreaterThanOrEqual((before?.lastUsedAt ?? 0) + 120);
  });

  it("leaves out what has ended, whoever ended it", async () => {
    const { client, tokens } = await connect("Ended", "ada");
    const unfinished = await meetStranger(`${house.issuer}/mcp`, { client_name: "Unfinished" });
    await unfinished.approve(unfinished.begin(), "ada");
    await untilRevoked(() => client.revoke(tokens.access_token));
    await house.shiftClock(601);
    const names = rowsOf((await open(await signInHere("ada"))).html).map(({ name }) => name);
    expect(names).not.toContain("Ended");
    expect(names).not.toContain("Unfinished");
  });

  it("costs one round trip to see, and two to cut", async () => {
    await connect("Counted", "ada");
    const jar = await signInHere("ada");
    house.store.wire.take();
    const view = await open(jar);
    expect(house.store.wire.take()).toHaveLength(1);
    await cut(view, "Counted");
    const [read, write] = house.store.wire.take();
    expect(read?.commands).toEqual(["GET", "HVALS"]);
    expect(write?.commands).toContain("DEL");
  });
});

describe("disconnecting", () => {
  it("ends all of one grant at once, at Auth0 too, and no other", async () => {
    const one = await connect("Cut", "ada");
    const other = await connect("Kept", "ada");
    expect(await statusOfCall(house, one.tokens.access_token)).toBe(200);
    const view = await open(await signInHere("ada"));
    const response = await untilRevoked(() => cut(view, "Cut"));
    expect(response.status).toBe(303);
    expect(response.headers.get("location")).toBe(`${house.issuer}/connections`);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await statusOfCall(house, one.tokens.access_token)).toBe(401);
    const refused = await one.client.refresh(one.tokens.refresh_token);
    expect(await json(refused, 400)).toMatchObject({ error: "invalid_grant" });
    expect(await statusOfCall(house, other.tokens.access_token)).toBe(200);
    expect((await other.client.refresh(other.tokens.refresh_token)).status).toBe(200);
    const names = rowsOf((await open(view.jar)).html).map(({ name }) => name);
    expect(names).toContain("Kept");
    expect(names).not.toContain("Cut");
  });

  it.each<[string, () => Promise<Record<string, string>>]>([
    ["without a proof", async () => ({})],
    ["with an invented proof", async () => ({ csrf: "x".repeat(43) })],
    [
      "with the proof of another's page",
      async () => ({ csrf: csrfOf((await open(await signInHere("rob"))).html) }),
    ],
  ])("%s is refused", async (_case, prove) => {
    const { tokens } = await connect("Not cut", "ada");
    const { jar, html } = await open(await signInHere("ada"));
    const form = { id: rowOf(html, "Not cut").id, ...(await prove()) };
    const response = await post("/connections", form, { jar });
    expect(response.status).toBe(403);
    await expectPage(response, "form_refused");
    expect(await statusOfCall(house, tokens.access_token)).toBe(200);
  });

  it.each([
    ["cross-site", { "sec-fetch-site": "cross-site" }],
    ["same-site", { "sec-fetch-site": "same-site" }],
    ["another origin", { origin: "https://evil.example" }],
  ])("from %s is refused, even with a proof", async (_case, headers: Record<string, string>) => {
    const { tokens } = await connect("From elsewhere", "ada");
    const { jar, html } = await open(await signInHere("ada"));
    for (const path of ["/connections", "/connections/sign-out"]) {
      const form = { id: rowOf(html, "From elsewhere").id, csrf: csrfOf(html) };
      const response = await post(path, form, { jar, headers });
      expect(response.status).toBe(403);
      expect(response.headers.getSetCookie()).toEqual([]);
      await expectPage(response, "origin_refused");
    }
    expect(await statusOfCall(house, tokens.access_token)).toBe(200);
  });

  it("of another's connection, and of one that has ended, finds nothing", async () => {
    const { tokens } = await connect("Rob's", "rob");
    await connect("Ada's", "ada");
    const rob = await open(await signInHere("rob"));
    const ada = await open(await signInHere("ada"));
    const csrf = csrfOf(ada.html);
    expect((await untilRevoked(() => cut(ada, "Ada's"))).status).toBe(303);
    const ids = [
      rowOf(rob.html, "Rob's").id,
      rowOf(ada.html, "Ada's").id,
      "",
      "a:b",
      "x".repeat(9000),
    ];
    for (const id of ids) {
      const response = await post("/connections", { id, csrf }, ada);
      expect(response.status).toBe(404);
      await expectPage(response, "connection_unknown");
    }
    expect(await statusOfCall(house, tokens.access_token)).toBe(200);
  });

  it("with a form that is too large is refused", async () => {
    const response = await post(
      "/connections",
      { id: "x".repeat(70_000) },
      { jar: await signInHere("ada"), headers: ON_ITS_OWN },
    );
    expect(response.status).toBe(413);
    await expectPage(response, "body_too_large");
  });

  it("while the store is down cuts nothing, and works afterwards", async () => {
    const { tokens } = await connect("Cut later", "ada");
    const view = await open(await signInHere("ada"));
    house.store.faults.always("500");
    const response = await cut(view, "Cut later");
    house.store.faults.clear();
    expect(response.status).toBe(503);
    await expectPage(response, "store_unavailable");
    expect(await statusOfCall(house, tokens.access_token)).toBe(200);
    expect((await untilRevoked(() => cut(view, "Cut later"))).status).toBe(303);
    expect(await statusOfCall(house, tokens.access_token)).toBe(401);
  });
});

describe("the person's cookie", () => {
  it.each<[string, (token: string) => string | Promise<string>]>([
    ["tampered with", (token) => token.replace(/\.[^.]+$/, `.${"A".repeat(43)}`)],
    [
      "of another person under the same signature",
      (token) => withClaim(token, "sub", "x".repeat(43)),
    ],
    ["that is no token", () => "person"],
    ["that is an access token", async () => (await connect("Token", "ada")).tokens.access_token],
  ])("%s counts for nothing", async (_case, bend) => {
    const jar = await signInHere("ada");
    setPersonToken(jar, await bend(personToken(jar)));
    expect((await open(jar)).html).toContain("Sign in to see");
  });

  it("counts for a quarter of an hour", async () => {
    const jar = await signInHere("ada");
    await house.shiftClock(890);
    expect((await open(jar)).html).toContain("Sign out");
    await house.shiftClock(901);
    const { html } = await open(jar);
    expect(html).toContain("Sign in to see");
    const response = await post("/connections", { id: "any", csrf: "any" }, { jar });
    expect(response.status).toBe(303);
  });

  it("is no access token, and revokes nothing at the token endpoint", async () => {
    const { client, tokens } = await connect("Undisturbed", "ada");
    const token = personToken(await signInHere("ada"));
    expect(await statusOfCall(house, token)).toBe(401);
    await client.revoke(token);
    expect(await statusOfCall(house, tokens.access_token)).toBe(200);
  });

  it("outlives a new signing key as long as the old one is accepted", async () => {
    const jar = await signInHere("ada");
    const old = house.variables["JWT_SIGNING_KEY"] ?? "";
    const key = Buffer.alloc(32, 7).toString("base64");
    const during = await house.startAnother({ JWT_SIGNING_KEY: `${key},${old}` });
    const after = await house.startAnother({ JWT_SIGNING_KEY: key });
    expect(await (await visit(new URL(`${during.url}/connections`), jar)).text()).toContain(
      "Sign out",
    );
    expect(await (await visit(new URL(`${after.url}/connections`), jar)).text()).toContain(
      "Sign in to see",
    );
  });

  it("is gone after signing out, and the connections stay", async () => {
    const { tokens } = await connect("Stays", "ada");
    const jar = await signInHere("ada");
    const response = await post("/connections/sign-out", {}, { jar });
    expect(response.status).toBe(303);
    expect(response.headers.get("location")).toBe(`${house.issuer}/connections`);
    expect(response.headers.getSetCookie()).toEqual([
      "loopback-mcp-person=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax",
    ]);
    expect(await statusOfCall(house, tokens.access_token)).toBe(200);
  });
});

it.each([
  ["PUT", "/connections", "GET, POST"],
  ["POST", "/connections/sign-in", "GET"],
  ["GET", "/connections/sign-out", "POST"],
])("%s %s is not a method of it", async (method, path, allow) => {
  const response = await fetch(address(path), { method, redirect: "manual" });
  expect(response.status).toBe(405);
  expect(response.headers.get("allow")).toBe(allow);
  expect(await response.text()).toContain("<code>method_not_allowed</code>");
});

function address(path: string): URL {
  return new URL(path, house.issuer);
}

/** A new client of this name, signed in by this person. */
async function connect(
  client_name: string,
  person: PersonKey,
  parameters?: Record<string, string>,
) {
  const client = await meetStranger(`${house.issuer}/mcp`, { client_name });
  const tokens: Tokens = await client.signIn(person, parameters);
  return { client, tokens };
}

/** A browser on its way back from Auth0: the address it is sent to, not yet visited. */
async function begin(person: PersonKey | "deny", jar: CookieJar = new Map()) {
  const away = locationOf(await visit(address("/connections/sign-in"), jar));
  return { jar, back: await signIn(away, person) };
}

/** A browser in which this person is signed in at our own pages. */
async function signInHere(person: PersonKey): Promise<CookieJar> {
  const { jar, back } = await begin(person);
  await visit(back, jar);
  return jar;
}

/**
 * Runs what ends one refresh token at Auth0, which hears of it after the answer; waits until it
 * has.
 */
async function untilRevoked(run: () => Promise<Response>): Promise<Response> {
  const revoked = () => house.tenant.control.revokedRefreshTokens().length;
  const before = revoked();
  const response = await run();
  await expect.poll(revoked).toBe(before + 1);
  return response;
}

interface View {
  readonly jar: CookieJar;
  readonly response: Response;
  readonly html: string;
}

async function open(jar: CookieJar): Promise<View> {
  const response = await visit(address("/connections"), jar);
  return { jar, response, html: await response.text() };
}

/** Presses the button of a connection. */
function cut({ jar, html }: View, name: string): Promise<Response> {
  return post("/connections", { id: rowOf(html, name).id, csrf: csrfOf(html) }, { jar });
}

async function post(
  path: string,
  form: Readonly<Record<string, string>>,
  { jar, headers = {} }: { jar?: CookieJar; headers?: Readonly<Record<string, string>> } = {},
): Promise<Response> {
  const cookies = [...(jar ?? new Map()).values()].map(({ name, value }) => `${name}=${value}`);
  return fetch(address(path), {
    method: "POST",
    body: new URLSearchParams(form),
    headers: { accept: "text/html", cookie: cookies.join("; "), ...headers },
    redirect: "manual",
  });
}

interface Row {
  readonly id: string;
  readonly name: string;
  readonly text: string;
  /** Epoch seconds. */
  readonly connectedAt: number;
  readonly lastUsedAt: number;
}

function rowsOf(html: string): Row[] {
  return html
    .split('<li><div class="split">')
    .slice(1)
    .map((row) => {
      const times = [...row.matchAll(/datetime="([^"]+)"/g)].map(
        ([, time = ""]) => Date.parse(time) / 1000,
      );
      return {
        id: /name="id" value="([^"]*)"/.exec(row)?.[1] ?? "",
        name: /<bdi>([^<]*)</.exec(row)?.[1]?.replaceAll("&#39;", "'") ?? "",
        text: row.replaceAll(/<[^>]*>/g, " "),
        connectedAt: times[0] ?? 0,
        lastUsedAt: times[1] ?? 0,
      };
    });
}

function rowOf(html: string, name: string): Row {
  const row = rowsOf(html).find((one) => one.name === name);
  if (row === undefined) throw new Error(`no connection of ${name} on the page`);
  return row;
}

const PERSON = "loopback-mcp-person";

function personToken(jar: CookieJar): string {
  return jar.get(`${PERSON} /`)?.value ?? "";
}

function setPersonToken(jar: CookieJar, value: string): void {
  jar.set(`${PERSON} /`, { name: PERSON, value, path: "/" });
}

/** The same token with another claim; its signature stays. */
function withClaim(token: string, name: string, value: string): string {
  const [header, , signature] = token.split(".");
  const claims = Buffer.from(JSON.stringify({ ...decodeJwt(token), [name]: value }));
  return `${header}.${claims.toString("base64url")}.${signature}`;
}

async function expectPage(response: Response, reason: string): Promise<void> {
  expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(response.headers.get("cache-control")).toBe("no-store");
  const html = await response.text();
  expect(html).toContain(`<code>${reason}</code>`);
  expect(html).toMatch(/href="\/connections">\s*Return to your connections/);
}
