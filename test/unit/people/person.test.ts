import { base64url, SignJWT } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import {
  readAccessToken,
  signAccessToken,
  type SigningKey,
  type SigningKeys,
  verifyAccessToken,
} from "../../../src/grants/access-token.ts";
import { deriveKeyId, deriveSigningKey } from "../../../src/keys.ts";
import {
  endPersonCookie,
  proveForm,
  signPersonToken,
  verifyPersonToken,
} from "../../../src/people/person.ts";

const ISSUER = "https://mcp.example.com";
const RESOURCE = `${ISSUER}/mcp`;
const USER = "u".repeat(43);
const NOW = 1_800_000_000;
const SESSION = { issuer: ISSUER, now: NOW };

/** An operator's secret, and what it is when it signs one purpose's tokens. */
const [FIRST, SECOND] = [1, 2].map((byte) => new Uint8Array(32).fill(byte));

let personKey: SigningKey;
let olderKey: SigningKey;
let accessKey: SigningKey;

beforeAll(async () => {
  personKey = await derive(FIRST, "person");
  olderKey = await derive(SECOND, "person");
  accessKey = await derive(FIRST, "access-token");
});

describe("a person's token", () => {
  it("says who signed in, until its quarter of an hour is over", async () => {
    const token = await signPersonToken(USER, SESSION, [personKey]);
    expect(await verifyAt(token, NOW)).toBe(USER);
    expect(await verifyAt(token, NOW + 899)).toBe(USER);
    expect(await verifyAt(token, NOW + 900)).toBeUndefined();
  });

  it("is signed by the first key of the ring and opened by any", async () => {
    const token = await signPersonToken(USER, SESSION, [olderKey, personKey]);
    expect(await verifyAt(token, NOW, [personKey, olderKey])).toBe(USER);
    expect(await verifyAt(token, NOW, [personKey])).toBeUndefined();
  });

  it.each<[string, () => string | Promise<string>]>([
    ["empty", () => ""],
    ["no token", () => "a.b.c"],
    ["without a signature", async () => (await honest()).replace(/[^.]+$/, "")],
    ["with another's signature", async () => (await honest()).replace(/[^.]+$/, "A".repeat(43))],
    [
      "unsigned",
      () =>
        unsigned({
          iss: ISSUER,
          aud: `${ISSUER}/connections`,
          sub: USER,
          iat: NOW,
          exp: NOW + 900,
        }),
    ],
    ["of a key that we do not have", () => bent({ header: { kid: "12345678" } })],
    ["that names no key", () => bent({ header: { kid: undefined } })],
    ["signed by the key for access tokens", () => bent({}, accessKey)],
    ["of another algorithm", () => bent({ header: { alg: "HS512" } }, undefined, "SHA-512")],
    ["of another type", () => bent({ header: { typ: "at+jwt" } })],
    ["of no type", () => bent({ header: { typ: undefined } })],
    ["of another issuer", () => bent({ claims: { iss: "https://evil.example" } })],
    ["for the resource", () => bent({ claims: { aud: RESOURCE } })],
    ["for the issuer", () => bent({ claims: { aud: ISSUER } })],
    ["of nobody", () => bent({ claims: { sub: undefined } })],
    ["without an end", () => bent({ claims: { exp: undefined } })],
    ["without a beginning", () => bent({ claims: { iat: undefined } })],
  ])("%s is refused", async (_case, make) => {
    expect(await verifyAt(await make(), NOW)).toBeUndefined();
  });

  it("bent in no way is accepted: the table above refuses for its own reasons", async () => {
    expect(await verifyAt(await bent({}), NOW)).toBe(USER);
  });
});

describe("an access token and a person's token", () => {
  it.each(["with their own keys", "even with one key"])(
    "are never taken for each other, %s",
    async (how) => {
      const key = how === "even with one key" ? personKey : accessKey;
      const accessToken = await signAccessToken(accessClaims(), [key]);
      const token = await honest();
      expect(await verifyAt(accessToken, NOW)).toBeUndefined();
      expect(
        await verifyAccessToken(token, { issuer: ISSUER, resource: RESOURCE, now: NOW }, [key]),
      ).toBe("invalid");
      expect(
        await verifyAccessToken(
          token,
          { issuer: ISSUER, resource: `${ISSUER}/connections`, now: NOW },
          [key],
        ),
      ).toBe("invalid");
      expect(await readAccessToken(token, [key])).toBeUndefined();
    },
  );
});

describe("the proof of a form", () => {
  it("is the same for one cookie, another for every other, and tells nothing of it", async () => {
    const person = { userId: USER, token: await honest() };
    const proof = await proveForm(person);
    expect(proof).toMatch(/^[\w-]{43}$/);
    expect(await proveForm(person)).toBe(proof);
    const later = await signPersonToken(USER, { issuer: ISSUER, now: NOW + 1 }, [personKey]);
    expect(await proveForm({ userId: USER, token: later })).not.toBe(proof);
    expect(person.token).not.toContain(proof);
  });
});

it("the cookie ends as it began: for this host and path only", () => {
  expect(endPersonCookie()).toBe(
    "__Host-mcp-person=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax",
  );
});

async function derive(
  secret: Uint8Array<ArrayBuffer> | undefined,
  purpose: "person" | "access-token",
) {
  if (secret === undefined) throw new TypeError("a secret is missing");
  return { kid: await deriveKeyId(secret), key: await deriveSigningKey(secret, purpose) };
}

function verifyAt(token: string, now: number, keys: SigningKeys = [personKey]) {
  return verifyPersonToken(token, { issuer: ISSUER, now }, keys);
}

function honest(): Promise<string> {
  return signPersonToken(USER, SESSION, [personKey]);
}

/** An honest token but for what is given; undefined leaves a header or claim out. */
async function bent(
  {
    header = {},
    claims = {},
  }: { header?: Record<string, string | undefined>; claims?: Record<string, unknown> },
  signer: SigningKey = personKey,
  hash?: string,
): Promise<string> {
  const key = hash === undefined ? signer.key : await hmacKey(hash);
  const whole = {
    iss: ISSUER,
    aud: `${ISSUER}/connections`,
    sub: USER,
    iat: NOW,
    exp: NOW + 900,
    ...claims,
  };
  return new SignJWT(whole)
    .setProtectedHeader({ alg: "HS256", typ: "person+jwt", kid: signer.kid, ...header })
    .sign(key);
}

function hmacKey(hash: string): Promise<CryptoKey> {
  const bytes = new Uint8Array(64).fill(3);
  return crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash }, false, ["sign"]);
}

function unsigned(claims: unknown): string {
  const parts = [{ alg: "none", typ: "person+jwt" }, claims];
  return `${parts.map((part) => base64url.encode(JSON.stringify(part))).join(".")}.`;
}

function accessClaims() {
  return {
    iss: ISSUER,
    aud: RESOURCE,
    sub: USER,
    client_id: "client",
    scope: "openid",
    permissions: { list: "", held: "", granted: "" },
    iat: NOW,
    exp: NOW + 900,
    jti: "token",
    grant_id: "grant",
    grant_record: "record",
  };
}
