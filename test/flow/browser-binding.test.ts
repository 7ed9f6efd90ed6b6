/**
 * The form that a person sends and the return from Auth0: each works once, and only in the browser
 * it belongs to.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectErrorPage } from "../support/error-page.ts";
import { type House, startHouse } from "../support/house.ts";
import {
  type Attempt,
  json,
  locationOf,
  meetStranger,
  openConsent,
  returnToClient,
  type Stranger,
} from "../support/stranger.ts";
import { comeBack } from "../support/sessions.ts";
import { type CookieJar, signIn, visit } from "../support/tenant.ts";

let house: House;
let client: Stranger;

beforeAll(async () => {
  house = await startHouse();
  client = await meetStranger(`${house.issuer}/mcp`);
});
afterAll(() => house.stop());

describe("the consent form", () => {
  it("works once", async () => {
    const jar: CookieJar = new Map();
    const consent = await openConsent(client.begin(), jar);
    const kept = new Map(jar);
    expect((await consent.decide("allow")).status).toBe(302);
    await expectErrorPage(
      await post({ handle: consent.handle, decision: "allow" }, kept),
      "authorization_expired",
    );
    await expectErrorPage(
      await post({ handle: consent.handle, decision: "deny" }, kept),
      "authorization_expired",
    );
  });

  it.each([
    ["no cookie", new Map()],
    ["the cookie of another consent", undefined],
  ])("works in no other browser: %s", async (_case, jar: CookieJar | undefined) => {
    const other: CookieJar = new Map();
    await openConsent(client.begin(), other);
    const consent = await openConsent(client.begin());
    await expectErrorPage(
      await post({ handle: consent.handle, decision: "allow" }, jar ?? other),
      "authorization_expired",
    );
    expect((await consent.decide("allow")).status).toBe(302);
  });

  it.each(["", "unknown", "x".repeat(10_000), "../../etc"])(
    "knows no handle %j",
    async (handle) => {
      const jar: CookieJar = new Map();
      await openConsent(client.begin(), jar);
      await expectErrorPage(
        await post({ handle, decision: "allow" }, jar),
        "authorization_expired",
      );
    },
  );

  it.each([
    ["another site, as browsers say now", { "sec-fetch-site": "cross-site" }],
    ["a sibling site", { "sec-fetch-site": "same-site" }],
    ["another site, as browsers said before", { origin: "https://evil.example" }],
    ["another port", { origin: "http://localhost:1" }],
  ])("is refused when it comes from %s, and stays good", async (_case, headers) => {
    const jar: CookieJar = new Map();
    const consent = await openConsent(client.begin(), jar);
    const cookie = [...jar.values()].map(({ name, value }) => `${name}=${value}`).join("; ");
    const body = new URLSearchParams({ handle: consent.handle, decision: "allow" });
    const response = await fetch(`${house.issuer}/authorize`, {
      method: "POST",
      body,
      headers: { ...headers, cookie },
      redirect: "manual",
    });
    await expectErrorPage(response, "origin_refused", 403);
    expect((await consent.decide("allow")).status).toBe(302);
  });

  it("means no by anything but allow", async () => {
    const jar: CookieJar = new Map();
    const { handle } = await openConsent(client.begin(), jar);
    expect(locationOf(await post({ handle }, jar)).searchParams.get("error")).toBe("access_denied");
  });

  it("is not read above 64 KB", async () => {
    await expectErrorPage(
      await post({ handle: "x".repeat(65 * 1024) }, new Map()),
      "body_too_large",
      413,
    );
  });

  it("is good in each of many tabs, whichever was opened last", async () => {
    const [attempt, jar]: [Attempt, CookieJar] = [client.begin(), new Map()];
    const first = await openConsent(attempt, jar);
    const others = await Promise.all(Array.from({ length: 40 }, () => openConsent(attempt, jar)));
    expect((await first.decide("allow")).status).toBe(302);
    expect((await others.at(-1)?.decide("allow"))?.status).toBe(302);
  });

  it("asks again for each client, and each time", async () => {
    const jar: CookieJar = new Map();
    const other = await meetStranger(client.resource, { client_name: "Another" });
    await client.approve(client.begin(), "ada", jar);
    expect((await openConsent(other.begin(), jar)).html).toContain(
      "<bdi>Another</bdi> asks to connect",
    );
    expect((await openConsent(client.begin(), jar)).html).toContain("asks to connect");
  });
});

describe("the return from Auth0", () => {
  it("works once: a replay makes no second code, and does not end what the first one made", async () => {
    const { attempt, back, jar } = await comeBack(client);
    const kept = new Map(jar);
    const callback = locationOf(await visit(back, jar));
    await expectErrorPage(await visit(back, kept), "authorization_expired");
    expect((await client.exchange(attempt, callback)).status).toBe(200);
  });

  it("works in no other browser, and Auth0's code is not spent there", async () => {
    const { back, jar } = await comeBack(client);
    const before = house.tenant.control.count("token");
    await expectErrorPage(await visit(back, new Map()), "authorization_expired");
    await expectErrorPage(await visit(back, (await comeBack(client)).jar), "authorization_expired");
    expect(house.tenant.control.count("token")).toBe(before);
    expect((await visit(back, jar)).status).toBe(302);
  });

  it.each([
    ["none", undefined],
    ["an empty one", ""],
    ["an unknown one", "A".repeat(43)],
    ["a truncated one", -1],
    ["one of 10 KB", "x".repeat(10_000)],
  ])("is refused with a state that is not ours: %s", async (_case, state) => {
    const { back, jar } = await comeBack(client);
    const bent = new URL(back);
    const text =
      typeof state === "number" ? bent.searchParams.get("state")?.slice(0, state) : state;
    if (text === undefined) bent.searchParams.delete("state");
    else bent.searchParams.set("state", text);
    await expectErrorPage(await visit(bent, jar), "authorization_expired");
    expect((await visit(back, jar)).status).toBe(302);
  });

  it("is refused after ten minutes, when the store has forgotten it", async () => {
    const { back, jar } = await comeBack(client);
    // Whatever the store's clock says: the record knows its own end.
    await house.shiftClock(601);
    await expectErrorPage(await visit(back, jar), "authorization_expired");
  });

  it.each(["POST", "PUT", "DELETE"])("is not a %s", async (method) => {
    const response = await fetch(`${house.issuer}/auth/callback?code=x&state=x`, { method });
    await expectErrorPage(response, "method_not_allowed", 405);
    expect(response.headers.get("allow")).toBe("GET");
  });

  it("finds its own way in each of two tabs, however they interleave", async () => {
    const jar: CookieJar = new Map();
    const attempts = [client.begin(), client.begin()];
    const consents = await Promise.all(attempts.map((attempt) => openConsent(attempt, jar)));
    const sent = [];
    for (const consent of consents.toReversed())
      sent.unshift(locationOf(await consent.decide("allow")));
    const backs = await Promise.all(
      sent.map((location, tab) => signIn(location, tab === 0 ? "ada" : "rob")),
    );
    for (const [tab, attempt] of attempts.entries()) {
      const callback = await returnToClient(backs[tab] ?? new URL(house.issuer), jar);
      expect(callback.searchParams.get("state")).toBe(attempt.state);
      const tokens = await json<{ scope: string }>(await client.exchange(attempt, callback), 200);
      expect(tokens.scope.includes("tool:explain_access")).toBe(tab === 0);
    }
  });
});

function post(form: Readonly<Record<string, string>>, jar: CookieJar): Promise<Response> {
  return visit(new URL("/authorize", house.issuer), jar, new URLSearchParams(form));
}
