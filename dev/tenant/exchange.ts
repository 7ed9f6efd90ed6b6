/**
 * Auth0's On-Behalf-Of token exchange (RFC 8693): a Custom API Client sends a person's access token
 * for its own API and gets one for another. A request that oidc-provider has authenticated comes in;
 * a token, or a refusal in Auth0's words, goes out.
 */
import { createLocalJWKSet, type JWTPayload, jwtVerify } from "jose";
import type { Context, Provider } from "oidc-provider";
import { scopesOf } from "./claims.ts";
import { assembleJws } from "./jws.ts";
import type { Keyring } from "./keys.ts";
import type { Directory, Person } from "./people.ts";

export const TOKEN_VAULT =
  "urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token";
export const TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";

/** A Custom API Client (`app_type: resource_server`) of the tenant's one API. */
export interface ApiClient {
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface ExchangeParts {
  readonly issuer: string;
  readonly audience: string;
  readonly clientSecret: string;
  readonly directory: Directory;
  readonly keyring: Keyring;
  /** Other APIs and their scopes; without it every audience is one, with whatever scopes. */
  readonly otherApis?: Readonly<Record<string, readonly string[]>>;
}

const LIFE_SECONDS = 3600;

/** Auth0 counts the nested `act` claims of a token before it adds one. */
const DEEPEST_CHAIN = 4;

/** The client, as it is registered. */
export function apiClient({ clientId, clientSecret }: ApiClient) {
  return {
    client_id: clientId,
    client_secret: clientSecret,
    redirect_uris: [],
    grant_types: [TOKEN_EXCHANGE, TOKEN_VAULT],
    response_types: [],
    token_endpoint_auth_method: "client_secret_post",
  };
}

/** Adds the grant type to the token endpoint. */
export function addTokenExchange(provider: Provider, parts: ExchangeParts): void {
  const names = [
    "subject_token",
    "subject_token_type",
    "requested_token_type",
    "audience",
    "scope",
  ];
  provider.registerGrantType(
    TOKEN_EXCHANGE,
    async (ctx) => {
      const answer = await exchange(readForm(ctx), String(ctx.oidc?.client?.clientId), parts);
      const isRefusal = "error" in answer;
      ctx.status = isRefusal ? answer.status : 200;
      ctx.body = isRefusal
        ? { error: answer.error, error_description: answer.error_description }
        : answer;
    },
    names,
  );
}

type Form = Readonly<Record<string, string>>;

/** What Auth0 says instead of a token. */
export interface ExchangeRefusal {
  readonly status: number;
  readonly error: string;
  readonly error_description: string;
}

async function exchange(form: Form, clientId: string, parts: ExchangeParts) {
  const { audience = "", subject_token: token = "" } = form;
  if (form["subject_token_type"] !== ACCESS_TOKEN || form["requested_token_type"] !== ACCESS_TOKEN)
    return refusal(400, "invalid_request", "Unsupported token type");
  const subject = await readSubject(token, parts);
  if ("error" in subject) return subject;
  const known = parts.otherApis?.[audience];
  if (parts.otherApis !== undefined && known === undefined)
    return refusal(403, "access_denied", `Service not found: ${audience}`);
  const asked = [...scopesOf(form["scope"])];
  const scope = grantedAt(subject.person, known ?? asked, asked).join(" ");
  const now = Math.floor(Date.now() / 1000);
  const act = subject.claims["act"] ?? { sub: subject.claims["azp"] };
  const claims = {
    iss: parts.issuer,
    sub: subject.person.sub,
    aud: audience,
    iat: now,
    exp: now + LIFE_SECONDS,
    scope,
    azp: clientId,
    act: { sub: clientId, act },
  };
  return {
    access_token: sign(claims, parts),
    issued_token_type: ACCESS_TOKEN,
    token_type: "Bearer",
    expires_in: LIFE_SECONDS,
    ...(scope === asked.join(" ") ? {} : { scope }),
  };
}

/** Whose token it is; only a person's own for the client's own API can be exchanged. */
export async function readSubject(
  token: string,
  { issuer, audience, keyring, directory }: ExchangeParts,
): Promise<{ readonly person: Person; readonly claims: JWTPayload } | ExchangeRefusal> {
  const claims = await verify(token, { issuer, audience, keyring });
  const person = directory.findBySubject(claims?.sub ?? "");
  if (claims === undefined || person === undefined)
    return refusal(401, "invalid_request", "Invalid subject_token");
  if (directory.isBlocked(person)) return refusal(403, "invalid_grant", "user is blocked");
  if (depthOf(claims["act"]) > DEEPEST_CHAIN)
    return refusal(
      400,
      "invalid_request",
      `Delegation chain (\`act\` claim) depth exceeds the maximum allowed limit of ${DEEPEST_CHAIN}`,
    );
  return { person, claims };
}

async function verify(
  token: string,
  { issuer, audience, keyring }: Pick<ExchangeParts, "issuer" | "audience" | "keyring">,
): Promise<JWTPayload | undefined> {
  try {
    const keys = createLocalJWKSet(keyring.published());
    return (await jwtVerify(token, keys, { issuer, audience, algorithms: ["RS256"] })).payload;
  } catch {
    return undefined;
  }
}

/** At other APIs Ada and the crowd may do everything, Rob may read, Eve nothing. */
function grantedAt(
  { key }: Person,
  offered: readonly string[],
  asked: readonly string[],
): readonly string[] {
  if (key === "eve") return [];
  return offered
    .filter((name) => asked.length === 0 || asked.includes(name))
    .filter((name) => key !== "rob" || name.includes("read"));
}

function depthOf(act: unknown): number {
  const inner = typeof act === "object" && act !== null && "act" in act ? act.act : undefined;
  return act === undefined ? 0 : 1 + depthOf(inner);
}

function sign(claims: JWTPayload, { keyring, clientSecret }: ExchangeParts): string {
  const key = keyring.current();
  const header = { alg: "RS256", typ: "JWT", kid: key.kid };
  return assembleJws(header, { ...claims }, { key, clientSecret, seal: "honest" });
}

export function refusal(status: number, error: string, description: string): ExchangeRefusal {
  return { status, error, error_description: description };
}

export function readForm(ctx: Context): Form {
  const parameters = Object.entries(ctx.oidc?.params ?? {});
  return Object.fromEntries(
    parameters.flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : [])),
  );
}
