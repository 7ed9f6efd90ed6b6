import { exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import { describe, expect, it } from "vitest";
import {
  type AccessTokenClaims,
  readAccessToken,
  signAccessToken,
  type SigningKey,
  verifyAccessToken,
} from "../../../src/grants/access-token.ts";
import { deriveKeyId, deriveSigningKey } from "../../../src/keys.ts";

const NOW = 1_800_000_000;
const EXPECTED = { issuer: "https://mcp.test", resource: "https://mcp.test/mcp", now: NOW };
const CLAIMS: AccessTokenClaims = {
  iss: EXPECTED.issuer,
  aud: EXPECTED.resource,
  sub: "person",
  kind: "person",
  client_id: "client",
  scope: "openid",
  permissions: { list: "12345678", held: "Aw", granted: "AQ" },
  iat: NOW,
  exp: NOW + 3600,
  jti: "jti",
  grant_id: "grant",
  grant_record: "record",
};

async function createKey(fill: number): Promise<SigningKey> {
  const secret = new Uint8Array(32).fill(fill);
  return { kid: await deriveKeyId(secret), key: await deriveSigningKey(secret, "access-token") };
}

const ours = await createKey(1);
const older = await createKey(2);
const theirs = await createKey(3);

interface Forgery {
  readonly header?: Record<string, unknown>;
  readonly claims?: Record<string, unknown>;
  readonly key?: CryptoKey | Uint8Array;
}

/** A token with our key and header, but for what differs; `undefined` leaves a field out. */
function forge({ header = {}, claims = {}, key = ours.key }: Forgery): Promise<string> {
  const crit = header["crit"] === undefined ? {} : { crit: { [String(header["crit"])]: true } };
  return new SignJWT({ ...CLAIMS, ...claims })
    .setProtectedHeader({ alg: "HS256", typ: "at+jwt", kid: ours.kid, ...header })
    .sign(key, crit);
}

it("accepts what it signed, with every key of the ring", async () => {
  const token = await signAccessToken(CLAIMS, [older]);
  expect(await verifyAccessToken(token, EXPECTED, [ours, older])).toEqual(CLAIMS);
  expect(await verifyAccessToken(token, EXPECTED, [ours])).toBe("unknown_key");
});

it("reads nothing above 8 KB, though we signed it, wherever it is presented", async () => {
  const long = (characters: number) =>
    signAccessToken({ ...CLAIMS, scope: "x".repeat(characters) }, [ours]);
  const [longest, longer] = [await long(5750), await long(6200)];
  expect(longest.length).toBeLessThanOrEqual(8192);
  expect(longer.length).toBeGreaterThan(8192);
  expect(await verifyAccessToken(longest, EXPECTED, [ours])).toMatchObject({ sub: "person" });
  expect(await verifyAccessToken(longer, EXPECTED, [ours])).toBe("malformed");
  expect(await readAccessToken(longest, [ours])).toEqual({ userId: "person", grantId: "grant" });
  expect(await readAccessToken(longer, [ours])).toBeUndefined();
});

const pair = await generateKeyPair("RS256", { extractable: true });
const publicKey = new TextEncoder().encode(await exportSPKI(pair.publicKey));
const sealing = await deriveSigningKey(new Uint8Array(32).fill(1), "person");

describe("algorithm confusion (RFC 8725 §3.1, §3.10)", () => {
  const unsigned = new UnsecuredJWT({ ...CLAIMS }).encode();
  it.each<[string, string | Promise<string>, string]>([
    ["no algorithm", unsigned, "malformed"],
    [
      "no algorithm, our key's name",
      unsigned.replace(/^[^.]+/, encode({ alg: "none", kid: ours.kid })),
      "invalid",
    ],
    ["our name, another's key", forge({ key: theirs.key }), "invalid"],
    ["our name, a public key as secret", forge({ key: publicKey }), "invalid"],
    ["RS256", forge({ header: { alg: "RS256" }, key: pair.privateKey }), "invalid"],
    ["another key's name", forge({ header: { kid: theirs.kid }, key: theirs.key }), "unknown_key"],
    ["no key's name", forge({ header: { kid: undefined } }), "malformed"],
    ["a path as the key's name", forge({ header: { kid: "../../dev/null" } }), "malformed"],
    [
      "a key in the header",
      forge({ header: { jwk: { kty: "oct", k: "AAAA" } }, key: theirs.key }),
      "invalid",
    ],
    [
      "a key's address in the header",
      forge({ header: { jku: "https://evil.test" }, key: theirs.key }),
      "invalid",
    ],
    ["a critical header", forge({ header: { crit: ["urn:x"], "urn:x": 1 } }), "invalid"],
    ["a key of ours for another purpose", forge({ key: sealing }), "invalid"],
  ])("%s", async (_case, token, problem) => {
    expect(await verifyAccessToken(await token, EXPECTED, [ours, older])).toBe(problem);
  });
});

describe("confusion of audience, issuer and type (RFC 9068 §4)", () => {
  it.each<[string, Forgery]>([
    ["another resource", { claims: { aud: "https://other.test/mcp" } }],
    ["no audience", { claims: { aud: undefined } }],
    ["another issuer", { claims: { iss: "https://tenant.auth0.test/" } }],
    ["our issuer with a slash", { claims: { iss: `${EXPECTED.issuer}/` } }],
    ["a plain JWT", { header: { typ: "JWT" } }],
    ["no type", { header: { typ: undefined } }],
    ["a refresh token's type", { header: { typ: "rt+jwt" } }],
  ])("%s", async (_case, forgery) => {
    expect(await verifyAccessToken(await forge(forgery), EXPECTED, [ours])).toBe("invalid");
  });
});

describe("our signature under claims that only another version of us can mean", () => {
  it.each<[string, Record<string, unknown>]>([
    ["another resource beside ours", { aud: [EXPECTED.resource, "https://other.test/mcp"] }],
    ["no client", { client_id: undefined }],
    ["no grant", { grant_id: undefined }],
    ["permissions that are a text", { permissions: "tool:a" }],
    ["another kind of caller", { kind: "swarm" }],
  ])("%s", async (_case, claims) => {
    expect(await verifyAccessToken(await forge({ claims }), EXPECTED, [ours])).toBe("newer");
  });
});

describe("time", () => {
  it.each<[string, Record<string, unknown>, string]>([
    ["at its end", { exp: NOW }, "expired"],
    ["a second after its end", { exp: NOW - 1 }, "expired"],
    ["not yet valid", { nbf: NOW + 60 }, "invalid"],
    ["without an end", { exp: undefined }, "invalid"],
    ["with an end that is a text", { exp: "2099-01-01" }, "invalid"],
    ["without a beginning", { iat: undefined }, "invalid"],
    ["without an identifier", { jti: undefined }, "invalid"],
  ])("%s: %s", async (_case, claims, problem) => {
    const body = encode({ ...CLAIMS, ...claims });
    const head = encode({ alg: "HS256", typ: "at+jwt", kid: ours.kid });
    const signature = await crypto.subtle.sign(
      "HMAC",
      ours.key,
      new TextEncoder().encode(`${head}.${body}`),
    );
    const token = `${head}.${body}.${toBase64Url(new Uint8Array(signature))}`;
    expect(await verifyAccessToken(token, EXPECTED, [ours])).toBe(problem);
  });

  it("in the last second of its life it is accepted", async () => {
    const token = await forge({ claims: { exp: NOW + 1 } });
    expect(await verifyAccessToken(token, EXPECTED, [ours])).toMatchObject({ exp: NOW + 1 });
  });
});

it.each(["", ".", "..", "a.b", "a.b.c", "user:grant:secret", "{}.{}.{}", "a".repeat(8193)])(
  "is malformed: %j",
  async (token) => {
    expect(await verifyAccessToken(token, EXPECTED, [ours])).toBe("malformed");
    expect(await readAccessToken(token, [ours])).toBeUndefined();
  },
);

describe("the grant of a token that is to be revoked", () => {
  it("is read even when the token's life is over", async () => {
    const token = await forge({ claims: { exp: NOW - 1 } });
    expect(await readAccessToken(token, [ours])).toEqual({ userId: "person", grantId: "grant" });
  });

  it("is read from a token whose other claims are another version's", async () => {
    const token = await forge({ claims: { kind: "swarm", permissions: "tool:a" } });
    expect(await readAccessToken(token, [ours])).toEqual({ userId: "person", grantId: "grant" });
  });

  it.each<[string, Promise<string>]>([
    ["another key", forge({ key: theirs.key })],
    ["another key's name", forge({ header: { kid: theirs.kid }, key: theirs.key })],
    ["other claims", forge({ claims: { grant_id: undefined } })],
  ])("is not read from a token with %s", async (_case, token) => {
    expect(await readAccessToken(await token, [ours])).toBeUndefined();
  });
});

function encode(value: object): string {
  return toBase64Url(new TextEncoder().encode(JSON.stringify(value)));
}

function toBase64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}
