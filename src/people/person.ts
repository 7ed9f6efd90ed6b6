/**
 * The person who is signed in at our own pages. A user id goes in, a signed cookie for a quarter of
 * an hour comes out, and the other way round. It opens pages only: it is no access token, and none
 * is accepted for it.
 */
import { errors, jwtVerify, SignJWT } from "jose";
import { hostCookie, readHostCookie } from "../edge/host-cookie.ts";
import { Refusal } from "../errors.ts";
import type { SigningKeys } from "../grants/access-token.ts";
import { hashText, isSameText, randomText } from "../keys.ts";
import type { Parts } from "../parts.ts";

/** Somebody signed in, and the cookie that says so. */
export interface Person {
  readonly userId: string;
  readonly token: string;
}

const COOKIE = "mcp-person";

/** How long somebody stays signed in at our own pages. */
export const SESSION_SECONDS = 900;

interface PersonSession {
  readonly issuer: string;
  /** Epoch seconds. */
  readonly now: number;
}

/** Signs a person's token with the first key of the ring. */
export function signPersonToken(
  userId: string,
  { issuer, now }: PersonSession,
  [signer]: SigningKeys,
): Promise<string> {
  return (
    new SignJWT()
      .setProtectedHeader({ alg: "HS256", typ: "person+jwt", kid: signer.kid })
      .setIssuer(issuer)
      .setAudience(audienceAt(issuer))
      .setSubject(userId)
      .setIssuedAt(now)
      // Two sign-ins of one second are two sessions.
      .setJti(randomText(9))
      .setExpirationTime(now + SESSION_SECONDS)
      .sign(signer.key)
  );
}

/**
 * Whose token this is; undefined when it is not one of ours, or its time is over. Key, type and
 * audience are those of no other token (RFC 8725 §3.11, §3.12).
 */
export async function verifyPersonToken(
  token: string,
  { issuer, now }: PersonSession,
  keys: SigningKeys,
): Promise<string | undefined> {
  try {
    const { payload } = await jwtVerify(token, ({ kid }) => keyNamed(kid, keys), {
      algorithms: ["HS256"],
      typ: "person+jwt",
      issuer,
      audience: audienceAt(issuer),
      requiredClaims: ["exp", "iat", "sub"],
      currentDate: new Date(now * 1000),
    });
    return payload.sub;
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}

/** The person whose browser sent the request, if somebody is signed in there. */
export async function readPerson(
  request: Request,
  { config, now, personKeys }: Parts,
): Promise<Person | undefined> {
  const token = readHostCookie(request, COOKIE);
  if (token === undefined) return undefined;
  const userId = await verifyPersonToken(token, { issuer: config.issuer, now: now() }, personKeys);
  return userId === undefined ? undefined : { userId, token };
}

/** Signs a person in: who they are from now on, and the `Set-Cookie` line that says so. */
export async function beginPerson(
  userId: string,
  { config, now, personKeys }: Parts,
): Promise<{ readonly person: Person; readonly cookie: string }> {
  const token = await signPersonToken(userId, { issuer: config.issuer, now: now() }, personKeys);
  return { person: { userId, token }, cookie: hostCookie(COOKIE, token, SESSION_SECONDS) };
}

/** The `Set-Cookie` line that signs them out. */
export function endPersonCookie(): string {
  return hostCookie(COOKIE, "", 0);
}

/**
 * What a form on this person's page carries: made of their cookie, which another website cannot
 * read.
 */
export function proveForm({ token }: Person): Promise<string> {
  return hashText(`form\n${token}`);
}

/** Refuses with `form_refused` a form that was not on this person's page (RFC 6749 §10.12). */
export async function checkForm(form: URLSearchParams, person: Person): Promise<void> {
  if (!isSameText(form.get("csrf") ?? "", await proveForm(person)))
    throw new Refusal("form_refused");
}

function audienceAt(issuer: string): string {
  return `${issuer}/connections`;
}

function keyNamed(kid: string | undefined, keys: SigningKeys): CryptoKey {
  const named = keys.find((key) => key.kid === kid);
  if (named === undefined) throw new errors.JWKSNoMatchingKey();
  return named.key;
}
