/**
 * Auth0's words for what oidc-provider says in its own: a request is translated on its way in, an
 * answer on its way out. Decides nothing.
 */
import type { Context, Middleware } from "oidc-provider";
import { readBody } from "./traffic.ts";

/** `audience` is Auth0's `resource` (RFC 8707); unlike there, it need not be a URL. */
const RESOURCE_PREFIX = "urn:auth0:api:";

/** The resource indicator that stands for an audience. */
export function resourceOf(audience: string): string {
  return RESOURCE_PREFIX + encodeURIComponent(audience);
}

/** The audience a resource indicator stands for. */
export function audienceOf(resource: string): string {
  return decodeURIComponent(resource.slice(RESOURCE_PREFIX.length));
}

/**
 * `/authorize` and the redirects that end it. Without `sessionCookie` nobody is signed in, and the
 * page shows.
 */
export function authorizeDialect(sessionCookie: string): Middleware {
  return async (ctx, next) => {
    if (!/^\/authorize(\/|$)/.test(ctx.path)) return next();
    const isSilent = ctx.query["prompt"] === "none";
    if (!isSilent) forgetCookie(ctx, sessionCookie);
    if (ctx.path === "/authorize" && ctx.query["request_uri"] === undefined)
      ctx.query = translateQuery(ctx.query, isSilent);
    await next();
    hideIssuer(ctx);
  };
}

/** `/oauth/par`: the parameters of `/authorize`, pushed (RFC 9126). */
export const pushDialect: Middleware = async (ctx, next) => {
  if (ctx.path === "/oauth/par") {
    const sent = Object.fromEntries(new URLSearchParams((await readBody(ctx.req)).toString()));
    Object.assign(ctx.req, { body: translateQuery(sent, sent["prompt"] === "none") });
  }
  await next();
};

/** No dialect: only the sign-in page always shows, as there. */
export function plainAuthorize(sessionCookie: string): Middleware {
  return async (ctx, next) => {
    if (!/^\/authorize(\/|$)/.test(ctx.path)) return next();
    const isSilent = ctx.query["prompt"] === "none";
    if (!isSilent) forgetCookie(ctx, sessionCookie);
    if (ctx.path === "/authorize" && !isSilent)
      ctx.query = { ...ctx.query, prompt: "login consent" };
    await next();
  };
}

/** Nothing to translate. */
export const pass: Middleware = (_, next) => next();

/** The refusals of `/oauth/token`; only Auth0 calls a wrong client secret `access_denied`. */
export const tokenDialect: Middleware = async (ctx, next) => {
  await next();
  if (ctx.path !== "/oauth/token") return;
  const error = errorOf(ctx.body);
  if (error === "invalid_client")
    return refuse(ctx, 401, { error: "access_denied", error_description: "Unauthorized" });
  if (error !== "invalid_grant") return;
  const isRefresh = ctx.oidc?.params?.["grant_type"] === "refresh_token";
  refuse(ctx, 403, {
    error,
    error_description: isRefresh
      ? "Unknown or invalid refresh token."
      : "Invalid authorization code",
  });
};

/** Auth0 announces no `iss` on the callback (RFC 9207). */
export const discoveryDialect: Middleware = async (ctx, next) => {
  await next();
  const isDiscovery = /^\/\.well-known\/(openid-configuration|oauth-authorization-server)$/.test(
    ctx.path,
  );
  if (!isDiscovery || typeof ctx.body !== "object") return;
  ctx.body = { ...ctx.body, authorization_response_iss_parameter_supported: undefined };
};

/**
 * The sign-in page always shows, and `offline_access` is only kept by oidc-provider when there is a
 * consent.
 */
function translateQuery(query: Context["query"], isSilent: boolean): Context["query"] {
  const { audience, resource: _, ...rest } = query;
  return {
    ...rest,
    ...(typeof audience === "string" ? { resource: resourceOf(audience) } : {}),
    // Auth0 says when somebody signed in only to whoever asks for an age, or for a sign-in.
    ...(isSilent ? {} : { prompt: query["prompt"] === "login" ? "login consent" : "consent" }),
  };
}

function forgetCookie({ req }: Context, name: string): void {
  const cookies = req.headers.cookie
    ?.split("; ")
    .filter((cookie) => !cookie.startsWith(`${name}=`));
  if (cookies !== undefined) req.headers.cookie = cookies.join("; ");
}

/** … and sends none. Its redirects are plain 302s. */
function hideIssuer(ctx: Context): void {
  const location = URL.parse(ctx.response.get("location"));
  if (location === null || !location.searchParams.has("iss")) return;
  location.searchParams.delete("iss");
  ctx.status = 302;
  ctx.set("Location", location.href);
}

function errorOf(body: unknown): unknown {
  return typeof body === "object" && body !== null && "error" in body ? body.error : undefined;
}

function refuse(
  ctx: Context,
  status: number,
  body: Readonly<Record<"error" | "error_description", string>>,
): void {
  ctx.status = status;
  ctx.body = body;
}
