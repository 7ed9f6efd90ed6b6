/**
 * What this browser remembers of approvals: a signed cookie. An answer goes in, and comes back when
 * the same client asks again. It never widens: whatever was not on the page then is asked about.
 */
import type { AuthRequest } from "@cloudflare/workers-oauth-provider";
import { errors, jwtVerify, SignJWT } from "jose";
import * as z from "zod";
import { hostCookie, readHostCookie } from "../edge/host-cookie.ts";
import { hashText } from "../keys.ts";
import type { Parts } from "../parts.ts";

const COOKIE = "mcp-approvals";

const REMEMBERED_SECONDS = 30 * 86_400;

/** Browsers keep 4096 bytes of a cookie with its name and attributes (RFC 6265bis §5.6). */
const LONGEST_COOKIE_CHARACTERS = 3800;

const approvalSchema = z.object({
  /** Client, redirect, resource and the tools that change something, hashed. */
  key: z.string(),
  ticked: z.array(z.string()).readonly(),
  declined: z.array(z.string()).readonly(),
  /** The person wants not to be asked again. */
  isSilent: z.boolean(),
  /** Epoch seconds. */
  expiresAt: z.int(),
});

const cookieSchema = z.object({ approvals: z.array(approvalSchema) });

/** How a person answered a client in this browser. */
export type Approval = Pick<z.infer<typeof approvalSchema>, "ticked" | "declined" | "isSilent">;

/** The latest answer to the same request by the same client, if this browser has one. */
export async function recallApproval(
  request: Request,
  asked: AuthRequest,
  parts: Parts,
): Promise<Approval | undefined> {
  const approvals = await readApprovals(request, parts);
  if (approvals.length === 0) return undefined;
  const key = await keyOf(asked, parts);
  return approvals.find((approval) => approval.key === key);
}

/** The `Set-Cookie` line that remembers an answer; the oldest ones go when there is no room. */
export async function rememberApproval(
  request: Request,
  { asked, ...answer }: Approval & { readonly asked: AuthRequest },
  parts: Parts,
): Promise<string | undefined> {
  const key = await keyOf(asked, parts);
  const others = (await readApprovals(request, parts)).filter((approval) => approval.key !== key);
  const approvals = [...others, { ...answer, key, expiresAt: parts.now() + REMEMBERED_SECONDS }];
  for (; approvals.length > 0; approvals.shift()) {
    const value = await sign(approvals, parts);
    if (value.length <= LONGEST_COOKIE_CHARACTERS)
      return hostCookie(COOKIE, value, REMEMBERED_SECONDS);
  }
  return undefined;
}

/**
 * Whether nobody need be asked: the person said so, and every permission was on the page then. Pure.
 */
export function coversSilently(approval: Approval, offered: readonly string[]): boolean {
  const seen = new Set([...approval.ticked, ...approval.declined]);
  return approval.isSilent && offered.every((name) => seen.has(name));
}

/**
 * Whether a person may have a client remembered: only one that somebody vouches for, and only where
 * no other program can take the answer (RFC 8252 §8.6). Pure.
 */
export function mayBeRemembered(
  isVouchedFor: boolean,
  redirect: { readonly redirectUri: string; readonly redirectIsLoopback: boolean },
): boolean {
  return (
    isVouchedFor && !redirect.redirectIsLoopback && redirect.redirectUri.startsWith("https://")
  );
}

async function readApprovals(request: Request, parts: Parts) {
  const token = readHostCookie(request, COOKIE);
  if (token === undefined) return [];
  try {
    const { payload } = await jwtVerify(token, ({ kid }) => keyNamed(kid, parts), {
      algorithms: ["HS256"],
      typ: "approvals+jwt",
      issuer: parts.config.issuer,
      currentDate: new Date(parts.now() * 1000),
    });
    const { approvals } = cookieSchema.parse(payload);
    return approvals.filter(({ expiresAt }) => expiresAt > parts.now());
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof z.ZodError) return [];
    throw error;
  }
}

function sign(approvals: readonly z.infer<typeof approvalSchema>[], parts: Parts): Promise<string> {
  const [signer] = parts.personKeys;
  return new SignJWT({ approvals })
    .setProtectedHeader({ alg: "HS256", typ: "approvals+jwt", kid: signer.kid })
    .setIssuer(parts.config.issuer)
    .sign(signer.key);
}

function keyNamed(kid: string | undefined, { personKeys }: Parts): CryptoKey {
  const named = personKeys.find((key) => key.kid === kid);
  if (named === undefined) throw new errors.JWKSNoMatchingKey();
  return named.key;
}

/** A tool that changes something and came later makes every earlier answer another one. */
function keyOf(
  { clientId, redirectUri, resource }: AuthRequest,
  { changing }: Parts,
): Promise<string> {
  const tools = changing.map(({ name, permissions }) => [name, ...permissions].join(" "));
  const parts = [clientId, withoutPort(redirectUri), resource, ...tools.toSorted()];
  return hashText(JSON.stringify(parts));
}

/** An application on this computer listens at another port each time (RFC 8252 §7.3). */
function withoutPort(redirectUri: string): string {
  return redirectUri.replace(/^(http:\/\/(?:\[[^\]]*\]|[^/:]+)):\d+/, "$1");
}
