/**
 * A tool uses an account of the person's at another service: how it is connected, by whom, and how it
 * is ended. Nobody connects what is another's, and nobody to another.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { TOKEN_VAULT } from "../../dev/tenant/exchange.ts";
import { PEOPLE, type PersonKey } from "../../dev/tenant/people.ts";
import type { Fault } from "../../dev/tenant/traffic.ts";
import { type House, startHouse, type TestWorker } from "../support/house.ts";
import { statusOfCall } from "../support/sessions.ts";
import { callMcp, locationOf, meetStranger, type Stranger } from "../support/stranger.ts";
import { askForRefreshToken, type CookieJar, signIn, visit } from "../support/tenant.ts";
import { inPlainSight } from "../support/store.ts";

const VAULT = `token:${TOKEN_VAULT}` as const;
const ADAS = `google-oauth2 token of ${PEOPLE.ada.sub} for calendar.readonly`;

let house: House;
let other: TestWorker;
let client: Stranger;
let token: string;

beforeAll(async () => {
  house = await startHouse({ variables: { TEST_OFFERINGS: "calling" } });
  other = await house.startAnother();
  client = await meetStranger(`${house.issuer}/mcp`, { client_name: "An editor" });
});
afterAll(() => house.stop());
beforeEach(async () => {
  token = (await client.signIn("ada")).access_token;
});
afterEach(async () => {
  house.tenant.control.clear();
  await Promise.all([house, other].map((worker) => worker.shiftClock(0)));
});

async function read(worker: TestWorker, bearer: string, input: object = {}) {
  const params = { name: "read_calendar", arguments: input };
  const message = { method: "tools/call", params };
  const { response, answer } = await callMcp(`${worker.url}/mcp`, bearer, message);
  const text = answer.result?.content?.[0]?.text ?? "";
  return { status: response.status, isError: answer.result?.isError ?? false, text };
}

function linkIn(text: string): URL {
  const [link] = /http:\/\/localhost:\d+\/connect\/[\da-f]{64}/.exec(text) ?? [];
  if (link === undefined) throw new Error(`no link in ${text}`);
  return new URL(link);
}

/** Signs in at our own pages, on the way to this address. */
async function openAs(person: PersonKey, address: URL, jar: CookieJar = new Map()) {
  const start = new URL(`/connections/sign-in?to=${address.pathname}`, house.issuer);
  const back = await signIn(locationOf(await visit(start, jar)), person, jar);
  return { page: await visit(locationOf(await visit(back, jar)), jar), jar };
}

async function csrfOf(page: Response): Promise<string> {
  return /name="csrf" value="([^"]+)"/.exec(await page.clone().text())?.[1] ?? "";
}

/** The way from the button of the page to the other service's page. */
async function goThere(
  address: URL,
  { page, jar }: { page: Response; jar: CookieJar },
  person: PersonKey = "ada",
): Promise<{ readonly back: URL; readonly service: URL | undefined }> {
  const form = new URLSearchParams({ csrf: await csrfOf(page) });
  const start = locationOf(await visit(address, jar, form));
  const back = await signIn(start, person, jar);
  const onward = await visit(back, jar);
  return { back, service: onward.status === 302 ? locationOf(onward) : undefined };
}

async function allowThere(service: URL, jar: CookieJar, answer = "allow"): Promise<URL> {
  expect(await (await visit(service, jar)).text()).toContain("google-oauth2");
  return locationOf(await visit(service, jar, new URLSearchParams({ [answer]: "" })));
}

/** All of it. */
async function connect(text: string, person: PersonKey = "ada"): Promise<Response> {
  const address = linkIn(text);
  const visitor = await openAs(person, address);
  const { service } = await goThere(address, visitor, person);
  if (service === undefined) throw new Error("nobody was sent on");
  return visit(await allowThere(service, visitor.jar), visitor.jar);
}

describe("an account that is not connected", () => {
  it("is told in words with a page; connected there, the same call goes through, in both isolates", async () => {
    house.log.splice(0);
    const told = await read(house, token);
    expect(told).toMatchObject({ status: 200, isError: true });
    expect(told.text).toContain("connect their account at google-oauth2 first");
    expect(told.text).toContain("make exactly the same call again");
    await expect
      .poll(() => house.log.at(-1))
      .toMatchObject({ reason: "account_not_connected", outcome: "tool_error" });
    const done = await connect(told.text);
    expect(await done.text()).toContain("Your Google account is connected");
    for (const worker of [house, other]) expect((await read(worker, token)).text).toBe(ADAS);
    expect(JSON.stringify(house.log)).not.toContain("token of auth0");
  });

  it("the page says what asks, and for what", async () => {
    const address = linkIn((await read(house, token)).text);
    const html = await (await openAs("ada", address)).page.text();
    for (const words of ["Google account", "An editor", "Read the calendar", "calendar.readonly"])
      expect(html).toContain(words);
  });

  it("is asked for with all that it opens already, when a tool needs more", async () => {
    await connect((await read(house, token)).text);
    await read(house, token);
    const scopes = ["calendar.readonly", "mail.readonly"];
    const told = await read(house, token, { scopes });
    expect(told.isError).toBe(true);
    await connect(told.text);
    for (const worker of [other, house])
      expect((await read(worker, token, { scopes })).text).toContain(scopes.join(" "));
    expect(house.tenant.control.connectedAccounts()).toHaveLength(1);
  });

  it("nothing of the other service's lies in the store or the log", async () => {
    await connect((await read(house, token)).text);
    await read(house, token);
    const dump = inPlainSight(await house.store.dump()).join("\n");
    for (const text of ["google", "calendar", "cac_", ".eyJ"]) expect(dump).not.toContain(text);
  });
});

describe("Auth0 is asked", () => {
  it("once in a minute, and again once the account was connected or ended", async () => {
    const count = () => house.tenant.control.count(VAULT);
    await connect((await read(house, token)).text);
    const before = count();
    await Promise.all(Array.from({ length: 10 }, () => read(house, token)));
    await read(house, token);
    expect(count() - before).toBe(1);
    await house.shiftClock(61);
    await read(house, token);
    expect(count() - before).toBe(2);
  });

  const json = (status: number, error: string): Fault => ({ status, body: { error } });
  it.each([
    [
      "refuses its own refresh there",
      json(401, "federated_connection_refresh_token_flow_failed"),
      "/connect/",
    ],
    ["says that the session is over", json(403, "invalid_grant"), "sign in again"],
    ["denies it", json(403, "access_denied"), "may not use"],
    ["does not let us", json(403, "unauthorized_client"), "operator"],
    ["is asked too often", { status: 429 }, "try again"],
    ["fails", { status: 503 }, "try again"],
  ] as const)("and %s: words for the model, and nobody is signed out", async (_, fault, words) => {
    house.tenant.control.fail(VAULT, fault);
    const told = await read(house, token);
    expect(told).toMatchObject({ status: 200, isError: true });
    expect(told.text).toContain(words);
    expect(await statusOfCall(house, token)).toBe(200);
  });
});

describe("whoever opens the page is who was asked", () => {
  it("another person is shown nothing, and can send nothing", async () => {
    const address = linkIn((await read(house, token)).text);
    const { page, jar } = await openAs("rob", address);
    expect(page.status).toBe(404);
    expect(await page.clone().text()).not.toContain("Read the calendar");
    const own = await visit(new URL("/connections", house.issuer), jar);
    const form = new URLSearchParams({ csrf: await csrfOf(own) });
    expect((await visit(address, jar, form)).status).toBe(403);
  });

  it("somebody else who signs in for the accounts on the way connects nothing to anybody", async () => {
    const address = linkIn((await read(house, token)).text);
    const visitor = await openAs("ada", address);
    const { service } = await goThere(address, visitor, "rob");
    expect(service).toBeUndefined();
    expect(house.tenant.control.connectedAccounts()).toEqual([]);
  });

  it.each(["ada", "rob"] as const)(
    "a refresh token that Auth0 gave on the way is revoked there, when %s signs in",
    async (person) => {
      const address = linkIn((await read(house, token)).text);
      const { page, jar } = await openAs("ada", address);
      const form = new URLSearchParams({ csrf: await csrfOf(page) });
      const start = askForRefreshToken(locationOf(await visit(address, jar, form)));
      const onward = await visit(await signIn(start, person, jar), jar);
      expect(onward.status).toBe(person === "ada" ? 302 : 404);
      await expect.poll(() => house.tenant.control.revokedRefreshTokens()).toHaveLength(1);
    },
  );

  it("a form that our page did not send begins nothing", async () => {
    const address = linkIn((await read(house, token)).text);
    const { jar } = await openAs("ada", address);
    const forged = await visit(address, jar, new URLSearchParams({ csrf: "forged" }));
    expect(forged.status).toBe(403);
  });

  it("the way back from the other service ends in the browser that went, and once", async () => {
    const address = linkIn((await read(house, token)).text);
    const visitor = await openAs("ada", address);
    const { service, back } = await goThere(address, visitor);
    const end = await allowThere(service ?? address, visitor.jar);
    expect((await visit(end, new Map())).status).toBe(400);
    const { jar: robs } = await openAs("rob", new URL("/connections", house.issuer));
    expect((await visit(end, robs)).status).toBe(400);
    expect(house.tenant.control.connectedAccounts()).toEqual([]);
    expect((await visit(end, new Map(visitor.jar))).status).toBe(200);
    expect(house.tenant.control.connectedAccounts()).toHaveLength(1);
    expect((await visit(end, visitor.jar)).status).toBe(400);
    expect((await visit(back, visitor.jar)).status).toBe(400);
  });

  it("another grant or person of the same isolate gets nothing that was remembered", async () => {
    await connect((await read(house, token)).text);
    await read(house, token);
    const rob = (await client.signIn("rob")).access_token;
    expect((await read(house, rob)).isError).toBe(true);
    const before = house.tenant.control.count(VAULT);
    const again = (await client.signIn("ada")).access_token;
    expect((await read(house, again)).text).toBe(ADAS);
    expect(house.tenant.control.count(VAULT) - before).toBe(1);
  });
});

describe("when it does not work out", () => {
  it("a no at the other service connects nothing, and says so", async () => {
    const address = linkIn((await read(house, token)).text);
    const visitor = await openAs("ada", address);
    const { service } = await goThere(address, visitor);
    const end = await allowThere(service ?? address, visitor.jar, "deny");
    const page = await visit(end, visitor.jar);
    expect(page.status).toBe(403);
    expect(await page.text()).toContain("cancelled");
    expect((await read(house, token)).isError).toBe(true);
  });

  it.each([
    ["an answer of no use", { status: 200, body: {} }],
    ["a 404: the API is off", { status: 404, body: {} }],
    ["a 503", { status: 503 }],
  ] as const)("the My Account API gives %s", async (_, fault) => {
    const address = linkIn((await read(house, token)).text);
    const visitor = await openAs("ada", address);
    const form = new URLSearchParams({ csrf: await csrfOf(visitor.page) });
    const start = locationOf(await visit(address, visitor.jar, form));
    const back = await signIn(start, "ada", visitor.jar);
    house.tenant.control.fail("accounts", fault);
    const failed = await visit(back, visitor.jar);
    expect(failed.status).toBe(503);
    expect(await failed.text()).not.toMatch(/eyJ|auth_session/);
    expect(await statusOfCall(house, token)).toBe(200);
  });

  it("an address that was never given leads nowhere", async () => {
    const { page } = await openAs("ada", new URL(`/connect/${"0".repeat(64)}`, house.issuer));
    expect(page.status).toBe(404);
    expect((await visit(new URL("/connect/x", house.issuer), new Map())).status).toBe(404);
  });

  it("an address of another host is not gone to", async () => {
    const address = linkIn((await read(house, token)).text);
    const visitor = await openAs("ada", address);
    const form = new URLSearchParams({ csrf: await csrfOf(visitor.page) });
    const back = await signIn(
      locationOf(await visit(address, visitor.jar, form)),
      "ada",
      visitor.jar,
    );
    const body = {
      auth_session: "s",
      connect_uri: "http://evil.example/",
      connect_params: { ticket: "t" },
    };
    house.tenant.control.fail("accounts", { status: 201, body });
    const answer = await visit(back, visitor.jar);
    expect(answer.status).toBe(503);
    expect(answer.headers.has("location")).toBe(false);
  });
});

describe("/connections", () => {
  const page = new URL("/connections", "http://localhost");

  it("shows what is connected, and ends it: nothing is left at Auth0, and the tool asks again", async () => {
    await connect((await read(house, token)).text);
    await read(house, token);
    const { page: shown, jar } = await openAs("ada", page);
    expect(await shown.clone().text()).toContain("Accounts at other services");
    expect(await shown.clone().text()).toContain("calendar.readonly");
    const form = { csrf: await csrfOf(shown), do: "end-account", id: "google-oauth2" };
    const address = new URL("/connections", house.issuer);
    const start = locationOf(await visit(address, jar, new URLSearchParams(form)));
    const home = locationOf(await visit(await signIn(start, "ada", jar), jar));
    expect(home.href).toBe(address.href);
    expect(await (await visit(home, jar)).text()).not.toContain("Accounts at other services");
    expect(house.tenant.control.connectedAccounts()).toEqual([]);
    expect((await read(house, token)).isError).toBe(true);
    await other.shiftClock(61);
    expect((await read(other, token)).isError).toBe(true);
  });

  it("somebody else ends nothing of it", async () => {
    await connect((await read(house, token)).text);
    const { page: shown, jar } = await openAs("rob", page);
    expect(await shown.clone().text()).not.toContain("Accounts at other services");
    const form = { csrf: await csrfOf(shown), do: "end-account", id: "google-oauth2" };
    const ended = await visit(
      new URL("/connections", house.issuer),
      jar,
      new URLSearchParams(form),
    );
    expect(ended.status).toBe(404);
    expect(house.tenant.control.connectedAccounts()).toHaveLength(1);
  });
});
