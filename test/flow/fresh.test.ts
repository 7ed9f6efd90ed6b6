/**
 * A person who is there: tools that want a recent sign-in, or one with a second factor. What clients
 * are told, where the person goes, and that the same call goes through afterwards, here and elsewhere.
 */
import { decodeJwt } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { PersonKey } from "../../dev/tenant/people.ts";
import { type House, startHouse, type TestWorker } from "../support/house.ts";
import { PAYMENT_PERMISSIONS } from "../support/payment-permissions.ts";
import {
  callMcp,
  json,
  locationOf,
  meetStranger,
  openConsent,
  type Stranger,
  type Tokens,
} from "../support/stranger.ts";
import { type CookieJar, signIn, visit } from "../support/tenant.ts";

const MFA = "http://schemas.openid.net/pape/policies/2007/06/multi-factor";
const NOW = Math.floor(Date.now() / 1000);

let house: House;
let other: TestWorker;
let client: Stranger;

beforeAll(async () => {
  house = await startHouse({ variables: { TEST_OFFERINGS: "payments" } });
  other = await house.startAnother();
  client = await meetStranger(`${house.issuer}/mcp`, { client_name: "An editor" });
});
afterAll(() => house.stop());
beforeEach(async () => {
  house.tenant.control.clear();
  for (const person of ["ada", "rob"] as const)
    house.tenant.control.setPermissions(person, PAYMENT_PERMISSIONS);
  await Promise.all([house, other].map((worker) => worker.shiftClock(0)));
});

async function use(worker: TestWorker, token: string, name: string, input: object = {}) {
  const params = { name, arguments: input };
  const call = { method: "tools/call", params };
  const { response, answer } = await callMcp(`${worker.url}/mcp`, token, call);
  const text = answer.result?.content?.[0]?.text ?? "";
  return {
    status: response.status,
    challenge: response.headers.get("www-authenticate"),
    isError: answer.result?.isError ?? false,
    text,
  };
}

/** A session whose person signed in so long ago; with a second factor, if so. */
async function signedInAgo(seconds: number, { mfa = false } = {}): Promise<Tokens> {
  const amr = mfa ? { amr: ["mfa"] } : {};
  house.tenant.control.shape({ idToken: { claims: { auth_time: NOW - seconds, ...amr } } });
  const tokens = await client.signIn("ada");
  house.tenant.control.shape({});
  return tokens;
}

function linkIn(text: string): string {
  const [link] = /http:\/\/localhost:\d+\/approve\/[\da-f]{64}/.exec(text) ?? [];
  if (link === undefined) throw new Error(`no link in ${text}`);
  return link;
}

/** The button of a page that leads on. */
async function buttonOf(page: Response): Promise<URL> {
  const html = await page.clone().text();
  const [, href = ""] = /class="button main" href="([^"]+)"/.exec(html) ?? [];
  return new URL(href.replaceAll("&amp;", "&"), house.issuer);
}

/** Opens a link in a browser, signs in wherever a page asks for it, and comes back to it. */
async function open(link: string, person: PersonKey, jar: CookieJar = new Map()) {
  let page = await visit(new URL(link), jar);
  const asked: URL[] = [];
  for (let tries = 0; tries < 2 && /href="[^"]*sign-in/.test(await page.clone().text()); tries++) {
    const start = locationOf(await visit(await buttonOf(page), jar));
    asked.push(start);
    const back = await signIn(start, person, jar);
    page = await visit(locationOf(await visit(back, jar)), jar);
  }
  return { page, jar, asked };
}

async function goOn(link: string, { page, jar }: { page: Response; jar: CookieJar }) {
  const [, csrf = ""] = /name="csrf" value="([^"]+)"/.exec(await page.clone().text()) ?? [];
  return visit(new URL(link), jar, new URLSearchParams({ csrf, decision: "accept" }));
}

describe("a tool that wants a recent sign-in", () => {
  it("runs right after one, and others do whenever that was", async () => {
    const { access_token: token } = await client.signIn("ada");
    expect((await use(house, token, "refund_invoice")).text).toBe("refund_invoice of 1 was done");
    const { access_token: older } = await signedInAgo(5000);
    expect((await use(house, older, "list_invoices")).text).toBe("list_invoices of 1 was done");
  });

  it.each([
    [880, false],
    [901, true],
  ])("%i seconds after it: refused %s", async (seconds, isError) => {
    const { access_token: token } = await signedInAgo(0);
    await house.shiftClock(seconds - (Math.floor(Date.now() / 1000) - NOW));
    expect((await use(house, token, "refund_invoice")).isError).toBe(isError);
  });

  it("is told in words with a page, and in a challenge for those who read it: RFC 9470", async () => {
    const { access_token: token } = await signedInAgo(2000);
    house.log.splice(0);
    const told = await use(house, token, "refund_invoice");
    expect(told).toMatchObject({ status: 200, isError: true });
    expect(told.text).toContain("within the last 15 minutes first.");
    expect(told.text).toContain("make exactly the same call again");
    expect(told.challenge).toContain('Bearer error="insufficient_user_authentication"');
    expect(told.challenge).toContain('max_age="900"');
    expect(told.challenge).not.toContain("acr_values");
    expect(told.challenge).toContain(`resource_metadata="${house.issuer}/.well-known/`);
    expect(house.log.at(-1)).toMatchObject({ reason: "sign_in_too_old", outcome: "stale" });
  });

  it("the same call with the same token goes through after the page, in both isolates", async () => {
    const { access_token: token } = await signedInAgo(2000);
    const link = linkIn((await use(house, token, "refund_invoice", { amount: 3 })).text);
    const visitor = await open(link, "ada");
    expect(visitor.asked.map(({ searchParams }) => searchParams.get("max_age"))).toEqual(["900"]);
    expect(await visitor.page.clone().text()).toContain("<b>Refund invoice</b>");
    expect(await visitor.page.clone().text()).toContain("An editor");
    expect((await use(house, token, "refund_invoice")).isError).toBe(true);
    expect((await goOn(link, visitor)).status).toBe(200);
    for (const worker of [house, other]) {
      const again = await use(worker, token, "refund_invoice", { amount: 3 });
      expect(again).toMatchObject({ text: "refund_invoice of 3 was done", challenge: null });
    }
    // Once it is known, nobody asks the store for it again.
    house.store.wire.take();
    await use(house, token, "refund_invoice");
    expect(house.store.wire.take()).toHaveLength(0);
    for (const worker of [house, other]) await worker.shiftClock(1000);
    expect((await use(house, token, "refund_invoice")).isError).toBe(true);
  });

  it("a refreshed token carries the newer sign-in", async () => {
    const tokens = await signedInAgo(2000);
    const link = linkIn((await use(house, tokens.access_token, "refund_invoice")).text);
    await goOn(link, await open(link, "ada"));
    const newer = await json<Tokens>(await client.refresh(tokens.refresh_token), 200);
    const times = [tokens, newer].map(({ access_token }) => decodeJwt(access_token)["auth_time"]);
    expect(Number(times[1])).toBeGreaterThan(Number(times[0]) + 1900);
  });

  it("prompts and resources are told alike", async () => {
    const { access_token: token } = await signedInAgo(2000);
    const messages = [
      { method: "prompts/get", params: { name: "explain_refund", arguments: {} } },
      { method: "resources/read", params: { uri: "till://today" } },
    ];
    for (const message of messages) {
      const { response, answer } = await callMcp(`${house.url}/mcp`, token, message);
      expect(answer.error?.message).toContain("/approve/");
      expect(response.headers.get("www-authenticate")).toContain("insufficient_user_auth");
    }
    const { access_token: fresh } = await client.signIn("ada");
    for (const message of messages)
      expect((await callMcp(`${house.url}/mcp`, fresh, message)).answer.error).toBeUndefined();
  });
});

describe("a tool that wants a second factor", () => {
  it("does not take a sign-in without one, however recent", async () => {
    const { access_token: token } = await client.signIn("ada");
    const told = await use(house, token, "pay_invoice");
    expect(told.text).toContain("within the last 15 minutes with a second factor first.");
    expect(told.challenge).toContain(`acr_values="${MFA}", max_age="900"`);
    expect((await use(house, token, "lock_account")).challenge).not.toContain("max_age");
  });

  it("goes through after the page, which asks Auth0 for one", async () => {
    const { access_token: token } = await client.signIn("ada");
    const link = linkIn((await use(house, token, "pay_invoice")).text);
    const visitor = await open(link, "ada");
    expect(visitor.asked.at(-1)?.searchParams.get("acr_values")).toBe(MFA);
    await goOn(link, visitor);
    expect((await use(house, token, "pay_invoice")).text).toBe("pay_invoice of 1 was done");
    expect((await use(other, token, "lock_account")).text).toBe("lock_account of 1 was done");
  });

  it("not when Auth0 asked for none after all: the page does not let anybody go on", async () => {
    const { access_token: token } = await client.signIn("ada");
    const link = linkIn((await use(house, token, "pay_invoice")).text);
    house.tenant.control.shape({ idToken: { claims: { amr: ["pwd"] } } });
    const { page, jar } = await open(link, "ada");
    expect(await page.clone().text()).toContain("Please sign in again");
    // Nor does the form of another page of theirs.
    const other = await visit(new URL("/connections", house.issuer), jar);
    expect((await goOn(link, { page: other, jar })).status).toBe(404);
    expect((await use(house, token, "pay_invoice")).isError).toBe(true);
  });

  it("one of long ago counts where no time is named, and not where one is", async () => {
    const { access_token: token } = await signedInAgo(5000, { mfa: true });
    expect((await use(house, token, "lock_account")).isError).toBe(false);
    expect((await use(house, token, "pay_invoice")).isError).toBe(true);
  });
});

describe("a client that asks for a sign-in itself", () => {
  it("by max_age and acr_values goes through at once, and is challenged by a 401 from then on", async () => {
    const asked = { max_age: "900", acr_values: MFA, scope: "openid invoices:pay" };
    const { access_token: token } = await client.signIn("ada", asked);
    expect((await use(house, token, "pay_invoice")).isError).toBe(false);
    await house.shiftClock(1000);
    const refused = await use(house, token, "pay_invoice");
    expect(refused.status).toBe(401);
    expect(refused.challenge).toContain('error="insufficient_user_authentication"');
    expect(refused.challenge).toContain('scope="openid invoices:pay"');
    expect((await use(house, token, "list_invoices")).status).not.toBe(401);
  });

  it("by the scope of such a permission has its person sign in as that wants it", async () => {
    const jar: CookieJar = new Map();
    const attempt = client.begin({ scope: "openid invoices:pay" });
    const start = locationOf(await (await openConsent(attempt, jar)).decide("allow"));
    expect(start.searchParams.get("max_age")).toBe("900");
    expect(start.searchParams.get("acr_values")).toBe(MFA);
    const plain = client.begin();
    const usual = locationOf(await (await openConsent(plain, jar)).decide("allow"));
    expect(usual.searchParams.get("max_age")).toBe("999999999");
    expect(usual.searchParams.has("acr_values")).toBe(false);
  });

  it("with an acr_values that is none sends nothing of it to Auth0", async () => {
    const attempt = client.begin({ acr_values: 'a"b\u0000' });
    const start = locationOf(await (await openConsent(attempt)).decide("allow"));
    expect(start.searchParams.has("acr_values")).toBe(false);
  });
});

describe("nobody else's sign-in counts", () => {
  it("another person who opens the link is shown nothing, and changes nothing", async () => {
    const { access_token: token } = await signedInAgo(2000);
    const link = linkIn((await use(house, token, "refund_invoice")).text);
    const { page, jar } = await open(link, "rob");
    expect(page.status).toBe(404);
    expect((await goOn(link, { page, jar })).status).toBe(403);
    expect((await use(house, token, "refund_invoice")).isError).toBe(true);
  });

  it("another grant of the same person gains nothing by it", async () => {
    const [one, two] = [await signedInAgo(2000), await signedInAgo(2000)];
    const link = linkIn((await use(house, one.access_token, "refund_invoice")).text);
    await goOn(link, await open(link, "ada"));
    expect((await use(house, one.access_token, "refund_invoice")).isError).toBe(false);
    expect((await use(house, two.access_token, "refund_invoice")).isError).toBe(true);
  });

  it("no page but ours lets it count, though the person has just signed in", async () => {
    const { access_token: token } = await signedInAgo(2000);
    const link = linkIn((await use(house, token, "refund_invoice")).text);
    const { jar } = await open(link, "ada");
    const forged = new URLSearchParams({ csrf: "forged", decision: "accept" });
    expect((await visit(new URL(link), jar, forged)).status).toBe(403);
    expect((await use(house, token, "refund_invoice")).isError).toBe(true);
  });

  it("a link whose max_age was changed leads to a sign-in that is not good enough", async () => {
    const { access_token: token } = await signedInAgo(2000);
    const link = linkIn((await use(house, token, "refund_invoice")).text);
    house.tenant.control.shape({ idToken: { claims: { auth_time: NOW - 5000 } } });
    const jar: CookieJar = new Map();
    const start = new URL(`/connections/sign-in?to=${new URL(link).pathname}`, house.issuer);
    const back = await signIn(locationOf(await visit(start, jar)), "ada", jar);
    const page = await visit(locationOf(await visit(back, jar)), jar);
    expect(await page.clone().text()).toContain("Please sign in again");
    await goOn(link, { page, jar });
    expect((await use(house, token, "refund_invoice")).isError).toBe(true);
  });

  it("an answer counts once: the link leads nowhere afterwards", async () => {
    const { access_token: token } = await signedInAgo(2000);
    const link = linkIn((await use(house, token, "refund_invoice")).text);
    const visitor = await open(link, "ada");
    await goOn(link, visitor);
    expect((await visit(new URL(link), visitor.jar)).status).toBe(404);
  });

  it("a token without a time of sign-in is taken for an old one", async () => {
    house.tenant.control.shape({ idToken: { claims: { auth_time: undefined } } });
    const attempt = client.begin();
    const callback = await client.approve(attempt, "ada");
    // We asked when the person signed in; an answer without it does not pass (OIDC Core §3.1.3.7).
    expect(callback.searchParams.get("error")).toBe("server_error");
  });
});

describe("a permission for one hour", () => {
  async function signInFor(turned: readonly string[], person: PersonKey = "ada"): Promise<Tokens> {
    const jar: CookieJar = new Map();
    const attempt = client.begin();
    const consent = await openConsent(attempt, jar);
    expect(consent.html).toContain("All of these for one hour only");
    const start = locationOf(await consent.decide("allow", turned));
    const back = await signIn(start, person, jar);
    const callback = locationOf(await visit(back, jar));
    return json<Tokens>(await client.exchange(attempt, callback), 200);
  }

  it("is gone with the next call after it, in both isolates, and asks again", async () => {
    const { access_token: token, refresh_token } = await signInFor(["hour=changes"]);
    for (const worker of [house, other]) {
      expect((await use(worker, token, "list_invoices")).isError).toBe(false);
      await worker.shiftClock(3590);
      const before = await use(worker, token, "list_invoices");
      expect([before.status, before.isError]).toEqual([200, false]);
      await worker.shiftClock(3601);
    }
    const newer = await json<Tokens>(await client.refresh(refresh_token), 200);
    expect(newer.scope).not.toContain("invoices:read");
    for (const worker of [house, other]) {
      const after = await use(worker, newer.access_token, "list_invoices");
      expect(after.status).toBe(403);
      expect(after.challenge).toContain("insufficient_scope");
    }
  });

  it("ends in the middle of a token's life too", async () => {
    const long = await house.startAnother({ ACCESS_TOKEN_TTL_SECONDS: "7200" });
    const metadata = { ...client.metadata, token_endpoint: `${long.url}/token` };
    const tokens = await signInFor(["hour=changes"]);
    const body = new URLSearchParams({
      grant_type: "refresh_token",
      refresh_token: tokens.refresh_token,
      client_id: client.clientId,
      resource: client.resource,
    });
    const response = await fetch(metadata.token_endpoint, { method: "POST", body });
    const { access_token: token, expires_in } = await json<Tokens>(response, 200);
    expect(expires_in).toBe(7200);
    expect((await use(long, token, "list_invoices")).isError).toBe(false);
    await long.shiftClock(3605);
    expect((await use(long, token, "list_invoices")).status).toBe(403);
  });

  it("is shown at /connections no longer", async () => {
    await signInFor(["hour=changes"], "rob");
    const connections = async () => {
      const jar: CookieJar = new Map();
      const start = await visit(new URL("/connections/sign-in", house.issuer), jar);
      await visit(await signIn(locationOf(start), "rob", jar), jar);
      return (await visit(new URL("/connections", house.issuer), jar)).text();
    };
    expect(await connections()).toContain("It has 4 permissions");
    await house.shiftClock(3601);
    expect(await connections()).toContain("It has no permission");
  });
});
