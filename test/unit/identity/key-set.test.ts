import { beforeEach, describe, expect, it } from "vitest";
import { createIdentityProvider } from "../../../src/identity/openid.ts";
import { readSigningKeys } from "../../../src/identity/key-set.ts";
import type { IdentityProvider } from "../../../src/identity/provider.ts";
import {
  createTestTenant,
  renew as renewAt,
  signIn,
  TENANT_CONFIG,
  type TestTenant,
} from "../../support/auth0-fetch.ts";

const JWKS = "/.well-known/jwks.json";
const OCT = { kty: "oct", k: "AyM1SysPpbyDfgZld3umj1qzKObwVMko", kid: "key-0", alg: "HS256" };

let tenant: TestTenant;
let provider: IdentityProvider;

beforeEach(() => {
  tenant = createTestTenant();
  provider = createIdentityProvider(TENANT_CONFIG, {
    fetch: tenant.fetch,
    now: () => tenant.clock.now,
  });
});

const renew = (): Promise<unknown> => renewAt(provider, "refresh-1");

it("is asked for once in ten minutes", async () => {
  await signIn(tenant, provider);
  await renew();
  expect(tenant.countOf(`GET ${JWKS}`)).toBe(1);
  tenant.clock.now += 600;
  await renew();
  expect(tenant.countOf(`GET ${JWKS}`)).toBe(2);
});

it("is asked for once more when a token names a new key, and the token is accepted", async () => {
  await signIn(tenant, provider);
  tenant.clock.now += 31;
  tenant.rotateKeys();
  await expect(renew()).resolves.toBeDefined();
  expect(tenant.countOf(`GET ${JWKS}`)).toBe(2);
});

it("accepts a token of the key before as long as that is published", async () => {
  const old = await tenant.sign(tenant.accessClaims());
  tenant.rotateKeys({ keepOld: true });
  tenant.makeAccessToken = async () => old;
  await expect(renew()).resolves.toBeDefined();
});

it("is asked for once when a hundred tokens name keys that do not exist", async () => {
  await signIn(tenant, provider);
  tenant.clock.now += 31;
  let kid = 0;
  tenant.makeAccessToken = () => tenant.sign(tenant.accessClaims(), { kid: `unknown-${kid++}` });
  const together = await Promise.allSettled(Array.from({ length: 50 }, renew));
  const oneByOne: PromiseSettledResult<unknown>[] = [];
  for (let count = 0; count < 50; count += 1)
    oneByOne.push(...(await Promise.allSettled([renew()])));
  for (const outcome of [...together, ...oneByOne])
    expect(outcome).toMatchObject({
      status: "rejected",
      reason: { reason: "identity_token_invalid" },
    });
  expect(tenant.countOf(`GET ${JWKS}`)).toBe(2);
});

it("keeps its keys while a hundred tokens name others", async () => {
  tenant.makeAccessToken = () => tenant.sign(tenant.accessClaims(), { kid: "unknown" });
  await expect(renew()).rejects.toMatchObject({ reason: "identity_token_invalid" });
  tenant.makeAccessToken = () => tenant.sign(tenant.accessClaims());
  await expect(renew()).resolves.toBeDefined();
});

it("spends neither a code nor a refresh token while the keys cannot be had", async () => {
  tenant.answerAt(JWKS, () => new Response("Bad Gateway", { status: 502 }));
  await expect(signIn(tenant, provider)).rejects.toMatchObject({ reason: "identity_unavailable" });
  await expect(renew()).rejects.toMatchObject({ reason: "identity_unavailable" });
  expect(tenant.countOf("POST /oauth/token")).toBe(0);
});

it("is remembered while the tenant does not answer", async () => {
  await renew();
  tenant.answerAt(JWKS, () => new Response("Bad Gateway", { status: 502 }));
  tenant.clock.now += 3600;
  await expect(renew()).resolves.toBeDefined();
});

it("refuses a new key as unavailable, not as invalid, while the tenant does not answer", async () => {
  await renew();
  tenant.answerAt(JWKS, () => new Response("Bad Gateway", { status: 502 }));
  tenant.clock.now += 31;
  tenant.rotateKeys();
  await expect(renew()).rejects.toMatchObject({ reason: "identity_unavailable" });
});

const badRows: [title: string, answer: () => Response | Promise<Response>, reason: string][] = [
  ["that answers 500", () => new Response("", { status: 500 }), "identity_unavailable"],
  [
    "that is cut short",
    () => new Response('{"keys":[', { headers: { "Content-Type": "application/json" } }),
    "identity_unavailable",
  ],
  [
    "that does not exist",
    () => new Response("Not Found", { status: 404 }),
    "identity_token_invalid",
  ],
  ["that is empty", () => Response.json({ keys: [] }), "identity_token_invalid"],
  ["without a list", () => Response.json({ keys: "none" }), "identity_token_invalid"],
  [
    "that is a page",
    () => new Response("<html>", { headers: { "Content-Type": "text/html" } }),
    "identity_token_invalid",
  ],
  ["with a symmetric key", () => Response.json({ keys: [OCT] }), "identity_token_invalid"],
  [
    "with a malformed key",
    () => Response.json({ keys: [{ kty: "RSA", kid: "key-0", n: "?", e: "AQAB" }] }),
    "identity_token_invalid",
  ],
  [
    "with an encryption key",
    async () =>
      Response.json({ keys: (await tenant.jwks()).keys.map((key) => ({ ...key, use: "enc" })) }),
    "identity_token_invalid",
  ],
  [
    "with two keys of one name",
    async () =>
      Response.json({ keys: [...(await tenant.jwks()).keys, ...(await tenant.jwks()).keys] }),
    "identity_token_invalid",
  ],
  [
    "of more than 64 KB",
    async () => Response.json({ ...(await tenant.jwks()), padding: "x".repeat(65_536) }),
    "identity_token_invalid",
  ],
];
it.each(badRows)("refuses a key set %s", async (_title, answer, reason) => {
  tenant.answerAt(JWKS, answer);
  await expect(renew()).rejects.toMatchObject({ reason });
});

describe("readSigningKeys", () => {
  it("keeps the usable keys among others, and of them only what is public", async () => {
    const { keys } = await tenant.jwks();
    const unusable = keys.flatMap((key) => [
      { ...key, use: "enc" },
      { ...key, kty: "EC" },
    ]);
    const wordy = keys.map((key) => ({ ...key, d: "canary", x5c: ["certificate"] }));
    expect(readSigningKeys({ keys: [OCT, null, "key", ...unusable, ...wordy] })).toEqual(keys);
  });
});
