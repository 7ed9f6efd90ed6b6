/**
 * Auth0 has renewed its tokens, and something is wrong with the rest: its answer does not pass, its
 * keys cannot be had, our own library refuses the client. By then it has rotated its refresh token,
 * and whoever presents the old one ends the session there. So the newer one is kept, and once all is
 * right again the session goes on, in the isolate that asked or in another.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Shape } from "../../dev/tenant/forgery.ts";
import type { Fault } from "../../dev/tenant/traffic.ts";
import { pass } from "../support/clock.ts";
import { type House, startHouse, type TestWorker } from "../support/house.ts";
import {
  clientAt,
  ENDED,
  readRefusal,
  RENEWAL_DUE_SECONDS,
  statusOfCall,
} from "../support/sessions.ts";
import { callMcp, json, meetStranger, type Stranger, type Tokens } from "../support/stranger.ts";

/** Longer than an isolate remembers what it could not write down. */
const FORGOTTEN_SECONDS = 301;

let house: House;
let other: TestWorker;
let client: Stranger;

beforeAll(async () => {
  house = await startHouse();
  other = await house.startAnother();
  client = await meetStranger(`${house.issuer}/mcp`);
});
beforeEach(() => house.tenant.control.clear());
afterAll(() => house.stop());

const control = () => house.tenant.control;

const ACCESS_TOKENS: readonly (Shape["accessToken"] & string)[] = [
  "alg-none",
  "bad-signature",
  "critical-header",
  "expired",
  "hs256",
  "hs256-with-public-key",
  "jwe",
  "no-exp",
  "no-iat",
  "no-sub",
  "opaque",
  "oversized",
  "two-parts",
  "unknown-kid",
  "wrong-aud",
  "wrong-azp",
  "wrong-iss",
];

const ID_TOKENS: readonly (Shape["idToken"] & string)[] = [
  "alg-none",
  "bad-signature",
  "critical-header",
  "expired",
  "hs256",
  "no-exp",
  "no-iat",
  "no-sub",
  "oversized",
  "two-parts",
  "unknown-kid",
  "wrong-at-hash",
  "wrong-aud",
  "wrong-azp",
  "wrong-iss",
];

const DOWN: Fault = { status: 503 };

/** What is wrong at the renewal, and whether Auth0 has rotated its token all the same. */
const FAULTS: readonly { readonly what: string; readonly spoil: () => unknown }[] = [
  ...ACCESS_TOKENS.map((accessToken) => ({
    what: `an access token that is ${accessToken}`,
    spoil: () => control().shape({ accessToken }),
  })),
  ...ID_TOKENS.map((idToken) => ({
    what: `an ID token that is ${idToken}`,
    spoil: () => control().shape({ idToken }),
  })),
  { what: "no permissions claim", spoil: () => control().shape({ permissions: "absent" }) },
  {
    what: "RBAC off",
    spoil: () => control().configure({ api: { enforce_policies: false } }),
  },
  {
    what: "token encryption on",
    spoil: () =>
      control().configure({ api: { token_encryption: { format: "compact-nested-jwe" } } }),
  },
  {
    what: "keys nobody has heard of, and no answer where they are published",
    async spoil() {
      await control().rotateKeys();
      await control().rotateKeys();
      control().fail("jwks", DOWN);
    },
  },
  {
    what: "a secret that was changed",
    spoil: () => control().fail("token", { status: 401, body: { error: "access_denied" } }),
  },
  {
    what: "a grant type that is off",
    spoil: () => control().fail("token", { status: 403, body: { error: "unauthorized_client" } }),
  },
  {
    what: "a code nobody has heard of",
    spoil: () => control().fail("token", { status: 400, body: { error: "unheard_of" } }),
  },
  { what: "429", spoil: () => control().fail("token", { status: 429 }) },
  { what: "500", spoil: () => control().fail("token", { status: 500 }) },
];

const WHERE = ["the same isolate", "another isolate"] as const;

/** A session whose Auth0 tokens are due. */
async function signInAndAge(): Promise<Tokens> {
  await pass(0, [house, other]);
  const tokens = await client.signIn("ada");
  await pass(RENEWAL_DUE_SECONDS, [house, other]);
  return tokens;
}

const GET_USER_INFO = { method: "tools/call", params: { name: "get_user_info", arguments: {} } };

/** A session whose Auth0 token is about to end, so that a tool renews it. */
async function signInForMinutes(): Promise<Tokens> {
  await pass(0, [house, other]);
  control().shape({ accessTokenTtlSeconds: 400 });
  const tokens = await client.signIn("ada");
  control().shape({});
  await pass(200, [house, other]);
  return tokens;
}

/** All is right again, at an isolate that remembers nothing. */
async function tryAgain(refreshToken: string, where: (typeof WHERE)[number]): Promise<void> {
  house.tenant.control.clear();
  await pass(FORGOTTEN_SECONDS, [house, other]);
  const at = where === "another isolate" ? other : house;
  const newer = await json<Tokens>(await clientAt(client, at).refresh(refreshToken), 200);
  expect(await statusOfCall(house, newer.access_token)).toBe(200);
  await pass(RENEWAL_DUE_SECONDS, [house, other]);
  await json<Tokens>(await client.refresh(newer.refresh_token), 200);
}

describe("a refresh that renews", () => {
  const cases = FAULTS.flatMap((fault) => WHERE.map((where) => ({ ...fault, where })));
  it.for(cases)("$what: 503, then $where goes on", async ({ spoil, where }) => {
    const { refresh_token } = await signInAndAge();
    await spoil();
    const refused = await readRefusal(await client.refresh(refresh_token));
    expect(refused).toMatchObject({ status: 503, error: "temporarily_unavailable" });
    await tryAgain(refresh_token, where);
  });

  it.for(WHERE)(
    "for a client that asks for another resource: 400, then %s goes on",
    async (where) => {
      const { refresh_token } = await signInAndAge();
      const asked = {
        grant_type: "refresh_token",
        refresh_token,
        resource: "https://other.example/",
      };
      expect(await readRefusal(await client.token(asked))).toMatchObject({
        status: 400,
        error: "invalid_target",
      });
      await tryAgain(refresh_token, where);
    },
  );
});

describe("a tool that renews", () => {
  const cases = FAULTS.filter((_, index) => index % 6 === 0).flatMap((fault) =>
    WHERE.map((where) => ({ ...fault, where })),
  );
  it.for(cases)("$what: then $where goes on", async ({ spoil, where }) => {
    const tokens = await signInForMinutes();
    await spoil();
    await callMcp(client.resource, tokens.access_token, GET_USER_INFO);
    await tryAgain(tokens.refresh_token, where);
  });
});

describe("what ends the session ends it, at whichever isolate the client asks next", () => {
  const ends: [string, () => unknown][] = [
    ["another person's access token", () => control().shape({ accessToken: "wrong-sub" })],
    ["another person's ID token", () => control().shape({ idToken: "wrong-sub" })],
    ["a person who is blocked", () => control().block("ada")],
    [
      "a grant that is no more",
      () => control().fail("token", { status: 403, body: { error: "invalid_grant" } }),
    ],
  ];
  it.for(ends)("%s, at a refresh", async ([, spoil]) => {
    const { refresh_token, access_token } = await signInAndAge();
    spoil();
    expect(await readRefusal(await client.refresh(refresh_token))).toEqual(ENDED);
    house.tenant.control.clear();
    for (const at of [house, other])
      expect(await readRefusal(await clientAt(client, at).refresh(refresh_token))).toEqual(ENDED);
    expect(await statusOfCall(house, access_token)).toBe(401);
  });

  it.for(ends)("%s, at a tool's renewal", async ([, spoil]) => {
    const { refresh_token, access_token } = await signInForMinutes();
    spoil();
    const { answer } = await callMcp(client.resource, access_token, GET_USER_INFO);
    expect(answer.result?.isError).toBe(true);
    house.tenant.control.clear();
    expect(await statusOfCall(house, access_token)).toBe(401);
    for (const at of [house, other])
      expect(await readRefusal(await clientAt(client, at).refresh(refresh_token))).toEqual(ENDED);
  });
});
