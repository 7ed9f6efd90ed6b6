/**
 * Several organizations at one deployment: each an address of its own, with metadata, tokens and
 * people of its own. What is of one is nothing at another.
 */
import { decodeJwt } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type House, startHouse } from "../support/house.ts";
import { askForToken } from "../support/machine.ts";
import { clientAt } from "../support/sessions.ts";
import {
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
let common: Stranger;
let acme: Stranger;
let globex: Stranger;

const ORGANIZATIONS = "acme, globex=org_globex";
const LIST = { method: "tools/list" };

beforeAll(async () => {
  house = await startHouse({ variables: { AUTH0_ORGANIZATIONS: ORGANIZATIONS } });
  common = await meetStranger(`${house.issuer}/mcp`);
  acme = await meetStranger(`${house.issuer}/mcp/o/acme`);
  globex = await meetStranger(`${house.issuer}/mcp/o/globex`);
});
afterAll(() => house.stop());
beforeEach(async () => {
  house.tenant.control.clear();
  await house.shiftClock(0);
});

const at = async (url: string, { access_token }: Tokens): Promise<number> =>
  (await callMcp(url, access_token, LIST)).response.status;

describe("an organization's address", () => {
  it("is for people: a machine is told so, and its token for /mcp is worth nothing there", async () => {
    const resource = `${house.issuer}/mcp/o/acme`;
    const refused = await askForToken(house, undefined, { resource });
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({
      error: "invalid_target",
      error_description: expect.stringContaining("is for people"),
    });
    expect(house.log.at(-1)).toMatchObject({ reason: "resource_for_people" });
    const machine = await json<Tokens>(await askForToken(house), 200);
    expect(await at(`${house.issuer}/mcp`, machine)).toBe(200);
    expect(await at(resource, machine)).toBe(401);
  });

  it("is a resource of its own: challenge, metadata at the inserted path (RFC 9728 §3.1)", async () => {
    const challenge = await fetch(`${house.issuer}/mcp/o/acme`, { method: "POST" });
    const metadataUrl = `${house.issuer}/.well-known/oauth-protected-resource/mcp/o/acme`;
    expect(challenge.status).toBe(401);
    expect(challenge.headers.get("www-authenticate")).toContain(
      `resource_metadata="${metadataUrl}"`,
    );
    expect(await json(await fetch(metadataUrl), 200)).toMatchObject({
      resource: `${house.issuer}/mcp/o/acme`,
      authorization_servers: [house.issuer],
    });
    expect(acme.resource).toBe(`${house.issuer}/mcp/o/acme`);
    expect(common.resource).toBe(`${house.issuer}/mcp`);
  });

  it("is told to nobody who does not know it", async () => {
    const metadata = await (
      await fetch(`${house.issuer}/.well-known/oauth-authorization-server`)
    ).text();
    const landing = await (await fetch(house.issuer, { headers: { accept: "text/html" } })).text();
    for (const text of [metadata, landing]) expect(text).not.toMatch(/acme|globex/);
    for (const path of ["/mcp/o/initech", "/mcp/o", "/mcp/o/ACME", "/mcp/o/acme/x"])
      expect([path, (await fetch(house.issuer + path, { method: "POST" })).status]).toEqual([
        path,
        404,
      ]);
    const unknown = `${house.issuer}/.well-known/oauth-protected-resource/mcp/o/initech`;
    expect((await fetch(unknown)).status).toBe(404);
  });

  it("shows a browser how to add it", async () => {
    const page = await fetch(`${house.issuer}/mcp/o/acme`, { headers: { accept: "text/html" } });
    expect(page.status).toBe(200);
    expect(await page.text()).toContain(`${house.issuer}/mcp/o/acme`);
  });

  it("leads to the sign-in of that organization, and says so first", async () => {
    const jar: CookieJar = new Map();
    const consent = await openConsent(globex.begin(), jar);
    expect(consent.html.replaceAll(/<[^>]*>/g, "")).toContain("for the organization globex");
    const there = locationOf(await consent.decide("allow"));
    expect(there.searchParams.get("organization")).toBe("org_globex");
    const plain = await openConsent(common.begin(), new Map());
    expect(plain.html).not.toContain("organization");
    const elsewhere = locationOf(await plain.decide("allow"));
    expect(elsewhere.searchParams.has("organization")).toBe(false);
  });
});

describe("a token of one organization", () => {
  it("is good there and nowhere else", async () => {
    const tokens = {
      common: await common.signIn("ada"),
      acme: await acme.signIn("ada"),
      globex: await globex.signIn("ada"),
    };
    expect(decodeJwt(tokens.acme.access_token).aud).toBe(acme.resource);
    expect(tokens.acme.resource).toBe(acme.resource);
    for (const [name, token] of Object.entries(tokens))
      for (const [place, { resource }] of Object.entries({ common, acme, globex }))
        expect([name, place, await at(resource, token)]).toEqual([
          name,
          place,
          name === place ? 200 : 401,
        ]);
  });

  it("stands for a token of Auth0's that is of that organization", async () => {
    const { access_token } = await acme.signIn("rob");
    const call = { method: "tools/call", params: { name: "get_user_info", arguments: {} } };
    const { answer } = await callMcp(acme.resource, access_token, call);
    expect(answer.result?.structuredContent?.["user_info"]).toMatchObject({ org_id: "org_acme" });
  });

  it("stays that organization's when it is renewed, whatever is asked", async () => {
    const tokens = await acme.signIn("ada");
    const other = { grant_type: "refresh_token", refresh_token: tokens.refresh_token };
    const refused = await acme.token({ ...other, resource: globex.resource });
    expect([refused.status, (await refused.json()).error]).toEqual([400, "invalid_target"]);
    await house.shiftClock(4000);
    const renewed = await json<Tokens>(await acme.token(other), 200);
    expect(await at(acme.resource, renewed)).toBe(200);
    expect(await at(globex.resource, renewed)).toBe(401);
  });

  it("is not renewed when Auth0 answers for another organization", async () => {
    const tokens = await acme.signIn("ada");
    await house.shiftClock(4000);
    house.tenant.control.shape({
      accessToken: { claims: { org_id: "org_globex", org_name: "globex" } },
    });
    const refused = await acme.refresh(tokens.refresh_token);
    expect(refused.status).toBe(503);
    expect(house.log.findLast((line) => line["route"] === "/token")).toMatchObject({
      reason: "identity_token_invalid",
      check: "organization",
    });
  });

  it.each([
    [
      "whose access token is of another",
      { accessToken: { claims: { org_id: "org_x", org_name: "x" } } },
    ],
    [
      "whose access token names none",
      { accessToken: { claims: { org_id: undefined, org_name: undefined } } },
    ],
    ["whose ID token is of another", { idToken: { claims: { org_id: "org_x", org_name: "x" } } }],
  ] as const)("is not made of a sign-in %s", async (_, shape) => {
    house.tenant.control.shape(shape);
    await expect(acme.signIn("ada")).rejects.toThrow();
  });

  it("is for members: Rob is none of globex", async () => {
    const refusal = refusalOf(await globex.approve(globex.begin(), "rob"));
    expect(refusal["error"]).toBe("access_denied");
    expect(house.log.findLast((line) => line["route"] === "/auth/callback")).toMatchObject({
      reason: "identity_organization_refused",
    });
  });
});

describe("a client that asks for", () => {
  const begin = (resources: readonly string[]) => {
    const attempt = common.begin();
    attempt.url.searchParams.delete("resource");
    for (const resource of resources) attempt.url.searchParams.append("resource", resource);
    return attempt.url;
  };

  it.each([
    ["two organizations at once", (): string[] => [acme.resource, globex.resource]],
    ["one that is not served", (): string[] => [`${common.resource}/o/initech`]],
    ["one and the common address", (): string[] => [acme.resource, common.resource]],
  ])("%s is refused", async (_, resources) => {
    const response = await fetch(begin(resources()), { redirect: "manual" });
    expect(refusalOf(locationOf(response))["error"]).toBe("invalid_target");
  });

  it("one in another spelling gets it", async () => {
    const response = await fetch(begin([`${acme.resource}/`, acme.resource]), {
      redirect: "manual",
    });
    expect(await response.text()).toContain("for the organization");
  });
});

it("an organization that is taken away answers 503 and loses nobody", async () => {
  const tokens = await globex.signIn("ada");
  const worker = await house.startAnother({ AUTH0_ORGANIZATIONS: "acme" });
  expect(await at(`${worker.url}/mcp/o/globex`, tokens)).toBe(404);
  const refused = await clientAt(globex, worker).refresh(tokens.refresh_token);
  expect([refused.status, (await refused.json()).error]).toEqual([503, "temporarily_unavailable"]);
  const renewed = await json<Tokens>(await globex.refresh(tokens.refresh_token), 200);
  expect(await at(globex.resource, renewed)).toBe(200);
  const attempt = globex.begin();
  const callback = await globex.approve(attempt, "ada");
  const unserved = await clientAt(globex, worker).exchange(attempt, callback);
  expect([unserved.status, (await unserved.json()).error]).toEqual([
    503,
    "temporarily_unavailable",
  ]);
  await json<Tokens>(await globex.exchange(attempt, callback), 200);
});

it("one client may be connected to several: what it got in one is asked about in the other", async () => {
  const there = createStranger({ ...acme, resource: globex.resource });
  await acme.signIn("ada");
  const consent = await openConsent(there.begin(), new Map());
  expect(consent.html).toContain("asks to connect");
});

it("… and what it has in one is no connection to widen in the other", async () => {
  const client = await meetStranger(common.resource);
  const [here, there] = [acme, globex].map(({ resource }) =>
    createStranger({ ...client, resource }),
  );
  await here?.signIn("ada", { scope: "openid tool:get_user_info" });
  const jar: CookieJar = new Map();
  const attempt = there?.begin() ?? { url: new URL(house.issuer) };
  const away = locationOf(await (await openConsent(attempt, jar)).decide("allow"));
  const onward = locationOf(await visit(await signIn(away, "ada", jar), jar));
  expect(onward.href).toMatch(/^http:\/\/127\.0\.0\.1:9\/callback\?code=/);
});

it("a person sees in which organization each application acts", async () => {
  await acme.signIn("ada");
  const jar: CookieJar = new Map();
  const start = await visit(new URL(`${house.issuer}/connections/sign-in`), jar);
  const back = await signIn(locationOf(start), "ada", jar);
  const page = await visit(locationOf(await visit(back, jar)), jar);
  expect((await page.text()).replaceAll(/<[^>]*>/g, "")).toContain("In the organization acme");
});
