/**
 * The token endpoint: exchange of a code, refresh, revocation. A form comes in; what kind of request it is decides who
 * answers. Everything that is none of the three is the library's to refuse.
 */
import { LONGEST_FORM_BYTES, readCapped, withBody } from "../edge/body.ts";
import { Refusal } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import { exchangeCode } from "./code-exchange.ts";
import type { OAuthParts } from "./parts.ts";
import { answerRefresh } from "./refresh.ts";
import { answerRevocation } from "./revocation.ts";
import { passOn, type TokenContext, type TokenRequest } from "./token-request.ts";

/** Answers `/token`, which is also the revocation endpoint (RFC 6749 §3.2, RFC 7009). */
export async function answerToken(
  request: Request,
  exchange: Exchange,
  parts: OAuthParts,
): Promise<Response> {
  const context = { parts, exchange, work: parts.beginWork() };
  try {
    if (request.method !== "POST") return await passOn(context, request);
    const body = await readCapped(request, LONGEST_FORM_BYTES);
    if (body === undefined) throw new Refusal("body_too_large");
    const whole = withBody(request, body);
    if (!isForm(request)) return await passOn(context, whole);
    return await answer(context, {
      request: whole,
      form: new URLSearchParams(new TextDecoder().decode(body)),
    });
  } finally {
    await context.work.discard();
  }
}

async function answer(context: TokenContext, token: TokenRequest): Promise<Response> {
  const { form } = token;
  const grantType = form.get("grant_type");
  context.exchange.note({ grant: grantType ?? (form.has("token") ? "revocation" : "none") });
  if (isAmbiguous(form)) return passOn(context, token.request);
  if (grantType === "authorization_code") return exchangeCode(context, token);
  if (grantType === "refresh_token") return answerRefresh(context, token);
  if (grantType === null && form.has("token")) return answerRevocation(context, token);
  return passOn(context, token.request);
}

function isForm(request: Request): boolean {
  return (
    request.headers.get("Content-Type")?.split(";")[0]?.trim().toLowerCase() ===
    "application/x-www-form-urlencoded"
  );
}

/** Whether a parameter stands twice (RFC 6749 §3.2 forbids it). */
function isAmbiguous(form: URLSearchParams): boolean {
  return [...new Set(form.keys())].some(
    (name) => name !== "resource" && form.getAll(name).length > 1,
  );
}
