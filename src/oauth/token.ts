/**
 * The token endpoint: exchange of a code, refresh, revocation. A form comes in; what kind of
 * request it is decides who answers. Everything that is none of the three is the library's to
 * refuse.
 */
import { readFields, readSmallBody, withBody } from "../edge/body.ts";
import type { Exchange } from "../exchange.ts";
import { withForm } from "../clients/authentication.ts";
import { exchangeCode } from "./code-exchange.ts";
import { repeatsParameter } from "./parameters.ts";
import type { Parts } from "../parts.ts";
import { answerRefresh } from "./refresh.ts";
import { answerRevocation } from "./revocation.ts";
import { passOn, type TokenContext, type TokenRequest } from "./token-request.ts";

/** Answers `/token`, which is also the revocation endpoint (RFC 6749 §3.2, RFC 7009). */
export async function answerToken(
  request: Request,
  exchange: Exchange,
  parts: Parts,
): Promise<Response> {
  const context = { parts, exchange, work: parts.beginWork() };
  try {
    if (request.method !== "POST") return await passOn(context, request);
    const body = await readSmallBody(request);
    if (!isForm(request)) return await passOn(context, withBody(request, body));
    const form = readForm(body);
    return await answer(context, { request: withForm(request, form), form });
  } finally {
    await context.work.discard();
  }
}

async function answer(context: TokenContext, token: TokenRequest): Promise<Response> {
  const { form } = token;
  const grantType = form.get("grant_type");
  context.exchange.note({ grant: kindOf(form) });
  if (repeatsParameter(form)) return passOn(context, token.request);
  if (grantType === "authorization_code") return exchangeCode(context, token);
  if (grantType === "refresh_token") return answerRefresh(context, token);
  if (grantType === null && form.has("token")) return answerRevocation(context, token);
  return passOn(context, token.request);
}

/** What is asked, for the log, in words of ours: the form's own could be anything. */
function kindOf(form: URLSearchParams): string {
  const grantType = form.get("grant_type");
  if (grantType === null) return form.has("token") ? "revocation" : "none";
  return ["authorization_code", "refresh_token"].includes(grantType) ? grantType : "other";
}

/** A parameter without a value counts as left out (RFC 6749 §3.2). */
function readForm(body: Uint8Array): URLSearchParams {
  return new URLSearchParams([...readFields(body)].filter(([, value]) => value !== ""));
}

function isForm(request: Request): boolean {
  return (
    request.headers.get("Content-Type")?.split(";")[0]?.trim().toLowerCase() ===
    "application/x-www-form-urlencoded"
  );
}
