/**
 * Token responses no honest tenant gives, for tests of the one who must notice. A true response
 * goes in with the name of what shall be wrong; the same response comes out with just that wrong.
 */
import { randomBytes } from "node:crypto";
import { decodeJwt, decodeProtectedHeader, type JWK } from "jose";
import { assembleJws, type Fields, type Seal } from "./jws.ts";

/** What differs from the true token. `undefined` takes a field away. */
export interface Difference {
  readonly header?: Fields;
  readonly claims?: Fields;
  readonly seal?: Seal;
}

/** The difference a name stands for, or the whole text that takes the token's place. */
type Forgery = (claims: Fields, nowSeconds: number) => Difference | string;

const ANY_TOKEN = {
  "alg-none": () => ({ header: { alg: "none" }, seal: "none" }),
  "bad-signature": () => ({ seal: "broken" }),
  "critical-header": () => ({
    header: { crit: ["urn:acme:unheard-of"], "urn:acme:unheard-of": true },
  }),
  expired: (_, now) => ({ claims: { iat: now - 7200, exp: now - 3600 } }),
  hs256: () => ({ header: { alg: "HS256", kid: undefined }, seal: "client secret" }),
  "hs256-with-public-key": () => ({ header: { alg: "HS256" }, seal: "public key" }),
  "no-exp": () => ({ claims: { exp: undefined } }),
  "no-iat": () => ({ claims: { iat: undefined } }),
  "no-sub": () => ({ claims: { sub: undefined } }),
  oversized: () => ({ claims: { padding: "x".repeat(400_000) } }),
  "two-parts": () => "eyJhbGciOiJSUzI1NiJ9.e30",
  "unknown-kid": () => ({ header: { kid: "never-published" } }),
  "wrong-aud": () => ({ claims: { aud: "https://other.acme.test/" } }),
  "wrong-azp": ({ aud }) => ({ claims: { aud: [aud, "other"].flat(), azp: "other" } }),
  "wrong-iss": () => ({ claims: { iss: "https://other.acme.test/" } }),
  "wrong-sub": () => ({ claims: { sub: "auth0|somebody-else" } }),
} satisfies Record<string, Forgery>;

const ID_TOKEN = {
  ...ANY_TOKEN,
  "no-nonce": () => ({ claims: { nonce: undefined } }),
  "wrong-at-hash": () => ({ claims: { at_hash: "AAAAAAAAAAAAAAAAAAAAAA" } }),
  "wrong-c-hash": () => ({ claims: { c_hash: "AAAAAAAAAAAAAAAAAAAAAA" } }),
  "wrong-nonce": () => ({ claims: { nonce: "of another sign-in" } }),
} satisfies Record<string, Forgery>;

const ACCESS_TOKEN = {
  ...ANY_TOKEN,
  /** As without an audience. */
  opaque: () => randomBytes(32).toString("base64url"),
  /** As with token encryption: five parts. */
  jwe: () =>
    [
      Buffer.from('{"alg":"dir","enc":"A256GCM"}'),
      ...[0, 12, 300, 16].map((size) => randomBytes(size)),
    ]
      .map((part) => part.toString("base64url"))
      .join("."),
  /** Auth0's other dialect, an honest one. */
  rfc9068: ({ azp }) => ({
    header: { typ: "at+jwt" },
    claims: {
      azp: undefined,
      gty: undefined,
      client_id: azp,
      jti: randomBytes(16).toString("base64url"),
    },
  }),
} satisfies Record<string, Forgery>;

const PERMISSIONS = {
  absent: () => undefined,
  null: () => null,
  string: (held) => held.join(" "),
  object: (held) => ({ list: held }),
  nested: (held) => [held],
  duplicated: (held) => [...held, ...held],
  "too-many": () => Array.from({ length: 10_000 }, (_, index) => `tool:number_${index}`),
} satisfies Record<string, (held: readonly unknown[]) => unknown>;

/**
 * How the token endpoint's answers differ from honest ones. A `Difference` says by hand what no
 * name stands for.
 */
export interface Shape {
  readonly accessToken?: keyof typeof ACCESS_TOKEN | Difference;
  readonly accessTokenTtlSeconds?: number;
  readonly idToken?: keyof typeof ID_TOKEN | "none" | Difference;
  readonly permissions?: keyof typeof PERMISSIONS | readonly string[];
  readonly refreshToken?: "none";
}

interface TokenResponse {
  readonly access_token: string;
  readonly id_token?: string;
  readonly refresh_token?: string;
}

interface Forger {
  readonly key: JWK;
  readonly clientSecret: string;
  readonly nowSeconds: number;
}

/** Applies a shape to a token response; anything else passes unchanged. */
export function shapeTokenResponse(body: unknown, shape: Shape, forger: Forger): unknown {
  if (!isTokenResponse(body)) return body;
  const { accessToken, idToken, permissions, refreshToken } = shape;
  const withPermissions = forge(body.access_token, permissionsForgery(permissions), forger);
  return {
    ...body,
    access_token: forge(withPermissions, named(ACCESS_TOKEN, accessToken), forger),
    id_token:
      idToken === "none" ? undefined : forge(body.id_token, named(ID_TOKEN, idToken), forger),
    refresh_token: refreshToken === "none" ? undefined : body.refresh_token,
  };
}

function named<Name extends string>(
  table: Record<Name, Forgery>,
  shape: Name | Difference | undefined,
): Forgery | undefined {
  return typeof shape === "string" ? table[shape] : shape && (() => shape);
}

function permissionsForgery(shape: Shape["permissions"]): Forgery | undefined {
  if (shape === undefined) return undefined;
  const distort = typeof shape === "string" ? PERMISSIONS[shape] : () => shape;
  return ({ permissions }) => ({
    claims: { permissions: distort(Array.isArray(permissions) ? permissions : []) },
  });
}

/** The token with the forgery's difference. What is not a JWT cannot be forged. */
function forge<Token extends string | undefined>(
  token: Token,
  forgery: Forgery | undefined,
  forger: Forger,
): Token | string {
  if (forgery === undefined || token === undefined || !token.includes(".")) return token;
  const claims = decodeJwt(token);
  const difference = forgery(claims, forger.nowSeconds);
  if (typeof difference === "string") return difference;
  const header = { ...decodeProtectedHeader(token), ...difference.header };
  return assembleJws(
    header,
    { ...claims, ...difference.claims },
    { ...forger, seal: difference.seal ?? "honest" },
  );
}

function isTokenResponse(body: unknown): body is TokenResponse {
  return (
    typeof body === "object" &&
    body !== null &&
    "access_token" in body &&
    typeof body.access_token === "string"
  );
}
