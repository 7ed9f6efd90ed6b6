/**
 * A token for who asks without a browser and has shown a proof. The applicant goes in; our signed
 * access token comes out, never a refresh token: the next one is asked for with a proof again.
 */
import { type Applicant, openGrantFor } from "../grants/applicant.ts";
import { assertScope, assertServed, issueTokens, tokenResponse } from "./issue.ts";
import { machineScope } from "./scopes.ts";
import type { TokenContext, TokenRequest } from "./token-request.ts";

/** Opens the applicant's grant, and answers with its token (RFC 6749 §4.4.3, RFC 7523 §2.1). */
export async function admitApplicant(
  { parts, exchange, work }: TokenContext,
  { form }: TokenRequest,
  applicant: Applicant,
): Promise<Response> {
  const { config, now } = parts;
  const { machines, accessTokenTtlSeconds } = config.auth;
  exchange.note({ user: applicant.userId, caller: applicant.kind });
  const { record, generation, isKept } = await openGrantFor({
    work,
    applicant,
    now,
    cacheSeconds: machines.cacheSeconds,
    waitUntil: (more) => exchange.execution.waitUntil(more),
  });
  exchange.note({ upstream: isKept ? "kept" : "asked" });
  await assertServed(record, parts);
  parts.keeper.noteRecord({ record, generation });
  const scope = machineScope(form.get("scope"), parts.permissions);
  assertScope(record, scope, parts);
  const expiresInSeconds = Math.min(accessTokenTtlSeconds, record.tokens.expiresAt - now());
  const asked = { scope, refreshToken: undefined, expiresInSeconds };
  return tokenResponse(await issueTokens(parts, record, asked), new Headers());
}
