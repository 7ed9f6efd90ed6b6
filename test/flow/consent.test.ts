/**
 * Between a client, a person and Auth0: the page that asks, the way to Auth0, and the way back with
 * an answer.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type House, startHouse } from "../support/house.ts";
import {
  locationOf,
  meetStranger,
  openConsent,
  refusalOf,
  type Stranger,
} from "../support/stranger.ts";
import { type CookieJar, signIn, visit } from "../support/tenant.ts";

let house: House;
let client: Stranger;

beforeAll(async () => {
  house = await startHouse();
  client = await meetStranger(`${house.issuer}/mcp`);
});
afterAll(() => house.stop());
beforeEach(() => house.tenant.control.clear());

describe("the way back to the client", () => {
  it.each([
    ["plain", "af0ifjsldkj"],
    ["of spaces, quotes and separators", ` a "b" 'c' + %20 & = # ; \\`],
    ["of other scripts", "ø 状態 😀 \u202e\u2028"],
    ["of controls", "one\r\ntwo\u0000three"],
    ["that is long", "x".repeat(2000)],
  ])("gives back a state %s as it came, with iss, on success and refusal", async (_case, state) => {
    for (const person of ["ada", "deny"] as const) {
      const callback = await client.approve(client.begin({ state }), person);
      expect(callback.origin + callback.pathname).toBe(client.redirectUri);
      expect(callback.searchParams.getAll("state")).toEqual([state]);
      expect(callback.searchParams.getAll("iss")).toEqual([house.issuer]);
    }
  });

  it("is access_denied when the person denies on our page, and Auth0 never hears of it", async () => {
    const attempt = client.begin();
    const response = await (await openConsent(attempt)).decide("deny");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(refusalOf(locationOf(response))).toEqual({
      error: "access_denied",
      // Some clients show nothing else.
      error_description: "access_denied",
      state: attempt.state,
      iss: house.issuer,
    });
    expect(house.tenant.control.count("authorize")).toBe(0);
  });

  it("is access_denied when the person denies at Auth0, in our words", async () => {
    const [attempt, jar]: [ReturnType<Stranger["begin"]>, CookieJar] = [client.begin(), new Map()];
    const toAuth0 = await (await openConsent(attempt, jar)).decide("allow");
    const response = await visit(await signIn(locationOf(toAuth0), "deny"), jar);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(refusalOf(locationOf(response))).toEqual({
      error: "access_denied",
      error_description: "The sign-in was cancelled.",
      state: attempt.state,
      iss: house.issuer,
    });
  });
});

describe("the way to Auth0", () => {
  it("asks for our API and a refresh token, with secrets of our own, and says nothing of the client", async () => {
    const attempt = client.begin({ prompt: "login", login_hint: "ada@acme.test", max_age: "600" });
    const response = await (await openConsent(attempt)).decide("allow");
    expect(response.headers.get("cache-control")).toBe("no-store");
    const location = locationOf(response);
    expect(location.origin + location.pathname).toBe(`${house.tenant.issuer}authorize`);
    const {
      state,
      nonce,
      code_challenge: challenge,
      ...rest
    } = Object.fromEntries(location.searchParams);
    expect(rest).toEqual({
      response_type: "code",
      client_id: house.variables["AUTH0_CLIENT_ID"],
      redirect_uri: `${house.issuer}/auth/callback`,
      audience: house.variables["AUTH0_AUDIENCE"],
      scope: "openid profile email offline_access",
      code_challenge_method: "S256",
      prompt: "login",
      login_hint: "ada@acme.test",
      max_age: "600",
    });
    expect(challenge).not.toBe(attempt.url.searchParams.get("code_challenge"));
    for (const secret of [state, nonce, challenge]) expect(secret).toMatch(/^[\w-]{43}$/);
    expect(state).not.toBe(attempt.state);
  });
});

describe("the consent page", () => {
  it("names the client, where the answer goes, the tools behind each permission, and has its buttons", async () => {
    const { response, html } = await openConsent(
      client.begin({ scope: "openid email tool:get_user_info offline_access" }),
    );
    expect(response.status).toBe(200);
    expect(html).toContain("<bdi>A stranger</bdi> asks to connect");
    expect(html).toContain("Unverified: it registered itself, and nobody vouches for its name.");
    expect(html).toContain('<bdi class="address"><b>127.0.0.1</b></bdi>');
    expect(html).toContain("An application on this computer, whatever name it gives.");
    expect(html).toContain(`<dd><bdi>${client.redirectUri}</bdi></dd>`);
    expect([...html.matchAll(/<(?:label|dt)[^>]*>([^<]+)/g)].map(([, words]) => words)).toEqual([
      "Who asks",
      "Your answer goes to",
      "Use “Get user info”",
      "All of these for one hour only",
      "Use what is open to everyone who signs in",
      "Know who you are",
      "Until you disconnect it",
      "Redirect",
      "Resource",
      "Scopes",
    ]);
    expect(
      [...html.matchAll(/<button[^>]*name="decision" value="(\w+)"/g)].map(([, value]) => value),
    ).toEqual(["allow", "deny", "switch"]);
  });

  it("cannot be framed, cached, scripted or leaked by a referrer, and may redirect anywhere once sent", async () => {
    const { response } = await openConsent(client.begin());
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("x-frame-options")).toBe("DENY");
    expect(response.headers.get("referrer-policy")).toBe("no-referrer");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(response.headers.get("content-security-policy")).toMatch(
      /^default-src 'none'; style-src 'sha256-[\w+/=]+'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'$/,
    );
  });

  it("binds itself to the browser with a cookie that scripts cannot read", async () => {
    const [cookie, ...others] = (await openConsent(client.begin())).response.headers.getSetCookie();
    expect(others).toEqual([]);
    expect(cookie).toMatch(
      /^loopback-oauth-consent-\w+=\w{64}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=600$/,
    );
  });

  it("has a cookie that only https and this host can set, unless it is on loopback http", async () => {
    const worker = await house.startAnother({ RESOURCE_BASE_URL: "https://mcp.example.com" });
    const { url } = client.begin({ resource: "https://mcp.example.com/mcp" });
    const response = await fetch(worker.url + url.pathname + url.search);
    expect(response.headers.getSetCookie()).toEqual([
      expect.stringMatching(
        /^__Host-oauth-consent-\w+=\w{64}; Path=\/; Secure; HttpOnly; SameSite=Lax; Max-Age=600$/,
      ),
    ]);
  });

  it.each([
    [`<img src=x onerror=alert(1)>"'`, "&lt;img src=x onerror=alert(1)&gt;&quot;&#39;"],
    ["\u202egnp.exe\u0000\u200b", "gnp.exe"],
    ["</title><script>alert(1)</script>", "&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;"],
    ["\u200b\u00ad", "An application without a name"],
  ])("shows the name %j as text", async (client_name, shown) => {
    const hostile = await meetStranger(client.resource, { client_name });
    const { html } = await openConsent(hostile.begin());
    expect(html).toContain(`<bdi>${shown}</bdi> asks to connect`);
    expect(html).toContain(`<title>Allow ${shown}? · The House</title>`);
    expect(html).not.toMatch(/<script|<img/);
  });
});
