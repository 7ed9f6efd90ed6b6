/**
 * Between the sign-in and the client: what a person did not know when they were asked is told before
 * the client has its code, once, in one click; and never in the ordinary case.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { PersonKey } from "../../dev/tenant/people.ts";
import { createDocumentClient, type DocumentClient } from "../support/document-client.ts";
import { expectErrorPage } from "../support/error-page.ts";
import { type House, startHouse } from "../support/house.ts";
import { SHOP_PERMISSIONS } from "../support/shop-permissions.ts";
import {
  type Attempt,
  createStranger,
  isConfirmation,
  json,
  locationOf,
  meetStranger,
  openConfirmation,
  openConsent,
  refusalOf,
  type Stranger,
  type Tokens,
} from "../support/stranger.ts";
import { type CookieJar, signIn, visit } from "../support/tenant.ts";

let house: House;
let website: DocumentClient;
let client: Stranger;
let jar: CookieJar;

beforeAll(async () => {
  website = await createDocumentClient("https://editor.example.test/client.json", "none", {
    redirect_uris: ["https://editor.example.test/cb"],
  });
  house = await startHouse({
    variables: { TEST_OFFERINGS: "shop" },
    elsewhere: (request) => website.answer(request),
  });
});
afterAll(() => house.stop());
beforeEach(async () => {
  await house.shiftClock(0);
  house.tenant.control.clear();
  house.tenant.control.setPermissions("ada", SHOP_PERMISSIONS);
  house.tenant.control.setPermissions("rob", ["orders:read"]);
  client = await meetStranger(`${house.issuer}/mcp`);
  jar = new Map();
});

describe("the ordinary case", () => {
  it.each(["openid", "openid orders:read"])("goes straight back: %s", async (scope) => {
    const onward = await comeBack(client.begin({ scope }), "ada");
    expect(onward.searchParams.has("code")).toBe(true);
  });

  it("is that what was unticked is not held", async () => {
    const all = SHOP_PERMISSIONS.filter((name) => name !== "orders:read");
    const turned = [...all.map((name) => `permission=${name}`), "deleting=yes"];
    const onward = await comeBack(client.begin(), "rob", turned);
    expect(onward.searchParams.has("code")).toBe(true);
  });
});

describe("something that was ticked and is not held", () => {
  it("is named, with who is signed in, before the client has a code; which is good after that", async () => {
    const attempt = client.begin();
    const onward = await comeBack(attempt, "rob");
    expect(isConfirmation(onward)).toBe(true);
    const { response, html, decide } = await openConfirmation(onward, jar);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("x-frame-options")).toBe("DENY");
    expect(html).toContain("Rob Stone");
    expect(sectionOf(html, "Not in your account")).toContain("Place orders in your name");
    expect(sectionOf(html, "Not in your account")).not.toContain("See your orders");
    expect(sectionOf(html, "will get")).toContain("See your orders");
    const callback = locationOf(await decide("allow"));
    expect(callback.origin + callback.pathname).toBe(client.redirectUri);
    const tokens = await json<Tokens>(await client.exchange(attempt, callback), 200);
    expect(tokens.scope.split(" ").filter((name) => name.includes(":"))).toEqual(["orders:read"]);
  });

  it("can be looked at again, and answered once", async () => {
    const onward = await comeBack(client.begin(), "rob");
    await openConfirmation(onward, jar);
    const { decide, handle } = await openConfirmation(onward, jar);
    const kept: CookieJar = new Map(jar);
    expect(locationOf(await decide("allow")).searchParams.has("code")).toBe(true);
    const again = new URLSearchParams({ handle, decision: "allow" });
    await expectErrorPage(await visit(pageOf(onward), kept, again), "authorization_expired");
    await expectErrorPage(await visit(onward, jar), "authorization_expired");
  });

  it("is not told again while that connection lives", async () => {
    await client.signIn("rob");
    const onward = await comeBack(client.begin(), "rob");
    expect(onward.searchParams.has("code")).toBe(true);
  });

  it("is told again when the first answer never came to anything", async () => {
    await comeBack(client.begin(), "rob");
    expect(isConfirmation(await comeBack(client.begin(), "rob"))).toBe(true);
  });

  it("is told to somebody who holds nothing at all", async () => {
    const { html } = await openConfirmation(await comeBack(client.begin(), "eve"), jar);
    expect(html).toContain("Only who you are, and what is open to everyone who signs in.");
  });
});

describe("the answer", () => {
  it("no ends the grant here and at Auth0, and tells the client", async () => {
    const attempt = client.begin();
    const { decide } = await openConfirmation(await comeBack(attempt, "rob"), jar);
    const revoked = house.tenant.control.revokedRefreshTokens().length;
    const callback = locationOf(await decide("deny"));
    expect(refusalOf(callback)).toMatchObject({
      error: "access_denied",
      state: attempt.state,
      iss: house.issuer,
    });
    await expect.poll(() => house.tenant.control.revokedRefreshTokens().length).toBe(revoked + 1);
  });

  it("another account ends the grant, asks Auth0 who it is, and goes on with the same request", async () => {
    const attempt = client.begin();
    const { decide } = await openConfirmation(await comeBack(attempt, "rob"), jar);
    const away = locationOf(await decide("switch"));
    expect(away.origin + "/").toBe(house.tenant.issuer);
    expect(away.searchParams.get("prompt")).toBe("login");
    const callback = locationOf(await visit(await signIn(away, "ada", jar), jar));
    const tokens = await json<Tokens>(await client.exchange(attempt, callback), 200);
    expect(tokens.scope).toContain("orders:delete");
  });

  it.each([
    ["in another browser", () => new Map()],
    ["in a browser with a cookie of its own making", (id: string) => cookieJar(id, "invented")],
  ])("counts for nothing %s", async (_what, jarOf) => {
    const onward = await comeBack(client.begin(), "rob");
    const id = onward.searchParams.get("id") ?? "";
    const form = new URLSearchParams({ handle: id, decision: "allow" });
    await expectErrorPage(await visit(onward, jarOf(id)), "authorization_expired");
    await expectErrorPage(await visit(pageOf(onward), jarOf(id), form), "authorization_expired");
    const { decide } = await openConfirmation(onward, jar);
    expect(locationOf(await decide("allow")).searchParams.has("code")).toBe(true);
  });

  it("must come from our own page", async () => {
    const onward = await comeBack(client.begin(), "rob");
    const cookie = [...jar.values()].map(({ name, value }) => `${name}=${value}`).join("; ");
    const response = await fetch(pageOf(onward), {
      method: "POST",
      headers: { cookie, accept: "text/html", "sec-fetch-site": "cross-site" },
      body: new URLSearchParams({ handle: onward.searchParams.get("id") ?? "", decision: "allow" }),
      redirect: "manual",
    });
    await expectErrorPage(response, "origin_refused", 403);
  });

  it("comes too late after ten minutes", async () => {
    const onward = await comeBack(client.begin(), "rob");
    await house.shiftClock(601);
    await expectErrorPage(await visit(onward, jar), "authorization_expired");
  });
});

describe("a client that has access and asks for more", () => {
  it("is told apart after the sign-in when the browser does not know the rest", async () => {
    await client.signIn("ada", { scope: "openid orders:read" });
    const attempt = client.begin({ scope: "openid orders:read orders:delete" });
    const { html, decide } = await openConfirmation(await comeBack(attempt, "ada"), jar);
    expect(html).toContain("This is more than before");
    expect(sectionOf(html, "will also get")).toContain("Delete orders");
    expect(sectionOf(html, "It has already")).toContain("See your orders");
    const tokens = await json<Tokens>(
      await client.exchange(attempt, locationOf(await decide("allow"))),
      200,
    );
    expect(tokens.scope).toContain("orders:delete");
  });

  it("is not asked about twice when the page before had marked what is new", async () => {
    const first = client.begin({ scope: "openid orders:read" });
    await client.exchange(first, await comeBack(first, "ada"));
    const onward = await comeBack(
      client.begin({ scope: "openid orders:read orders:delete" }),
      "ada",
    );
    expect(onward.searchParams.has("code")).toBe(true);
  });
});

describe("a remembered answer", () => {
  const remembered = async (person: PersonKey) => {
    const redirectUri = "https://editor.example.test/cb";
    const known = createStranger({ ...client, clientId: website.clientId, redirectUri });
    const attempt = known.begin();
    const onward = await comeBack(attempt, person, ["remember=yes"]);
    await json(await known.exchange(attempt, onward), 200);
    return known;
  };
  const silently = async (known: Stranger, person: PersonKey) => {
    const away = locationOf(await visit(known.begin().url, jar));
    return locationOf(await visit(await signIn(away, person, jar), jar));
  };

  it("is silent for the person who gave it", async () => {
    const known = await remembered("ada");
    expect((await silently(known, "ada")).searchParams.has("code")).toBe(true);
  });

  it("is asked about when another account signs in", async () => {
    const known = await remembered("ada");
    house.tenant.control.setPermissions("rob", SHOP_PERMISSIONS);
    const onward = await silently(known, "rob");
    const { html } = await openConfirmation(onward, jar);
    expect(html).toContain("Connect with this account?");
    expect(html).toContain("Rob Stone");
    expect(isConfirmation(await silently(known, "rob"))).toBe(true);
  });
});

/** Allows, with some boxes turned, signs in, and comes back; where the browser is sent then. */
async function comeBack(
  attempt: Attempt,
  person: PersonKey,
  turned: readonly string[] = [],
): Promise<URL> {
  const consent = await openConsent(attempt, jar);
  const away = locationOf(await consent.decide("allow", turned));
  return locationOf(await visit(await signIn(away, person, jar), jar));
}

function sectionOf(html: string, heading: string): string {
  const sections = html.match(/<section>[^]*?<\/section>/g) ?? [];
  return sections.find((section) => section.split("</h2>")[0]?.includes(heading)) ?? "";
}

function pageOf({ origin, pathname }: URL): URL {
  return new URL(pathname, origin);
}

function cookieJar(id: string, value: string): CookieJar {
  const name = `loopback-mcp-confirm-${id.slice(0, 16)}`;
  return new Map([[`${name} /`, { name, value, path: "/" }]]);
}
