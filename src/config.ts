/**
 * The environment, checked once. Strings go in; a readonly Config comes out, or every problem at
 * once, by the name of the variable. A value is never printed, here or anywhere.
 */
import * as z from "zod";
import type { LimitBindings } from "./edge/limits.ts";
import type { Metrics } from "./edge/metrics.ts";
import {
  type ConfigProblem,
  firstOfEach,
  misspeltNames,
  problemsOf,
  quotedValues,
} from "./config-problem.ts";
import {
  auth0Domain,
  hosts,
  isLoopbackUrl,
  keyRing,
  optionalText,
  origin,
  origins,
  preregisteredClients,
  present,
  privateRedirectUris,
  seconds,
  sharesAKey,
  storeUrl,
  switchOf,
} from "./variables.ts";

/**
 * What `wrangler.toml`, secrets and `.dev.vars` may set. Text, the rate limits,
 * and what counts requests.
 */
export interface Env extends LimitBindings {
  readonly RATE_LIMITS?: string;
  readonly CLIENT_DOCUMENT_HOSTS?: string;
  readonly METRICS?: Metrics;
  readonly VERSION?: { readonly id: string };
  readonly AUTH_ENABLED?: string;
  readonly AUTH_PROVIDER?: string;
  readonly AUTH0_DOMAIN?: string;
  readonly AUTH0_CLIENT_ID?: string;
  readonly AUTH0_CLIENT_SECRET?: string;
  readonly AUTH0_AUDIENCE?: string;
  readonly AUTH0_ORGANIZATION?: string;
  readonly AUTH0_CONNECTION?: string;
  readonly JWT_SIGNING_KEY?: string;
  readonly STORAGE_ENCRYPTION_KEY?: string;
  readonly UPSTASH_REDIS_REST_URL?: string;
  readonly UPSTASH_REDIS_REST_TOKEN?: string;
  readonly STORE_PREFIX?: string;
  readonly RESOURCE_BASE_URL?: string;
  readonly ACCESS_TOKEN_TTL_SECONDS?: string;
  readonly REVOCATION_CHECK_SECONDS?: string;
  readonly REFRESH_REUSE_SECONDS?: string;
  readonly PREREGISTERED_CLIENTS?: string;
  readonly ALLOWED_ORIGINS?: string;
  readonly ALLOWED_REDIRECT_URIS?: string;
  readonly DYNAMIC_REGISTRATION?: string;
  readonly CLIENT_DOCUMENTS?: string;
}

/** How we are a client of Auth0. */
export interface Auth0Config {
  /** The issuer, with its trailing slash, as Auth0 writes it. */
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly audience: string;
  readonly organization?: string;
  readonly connection?: string;
  /** `{baseUrl}/auth/callback`: the one callback Auth0 sees. */
  readonly redirectUri: string;
}

/**
 * Where we remember things and under which keys. The first key of a ring is used, all are accepted.
 */
export interface StoreConfig {
  readonly url: string;
  readonly token: string;
  /** Put before every key, so that deployments can share a database. */
  readonly prefix: string;
  /** 32-byte keys. */
  readonly encryptionKeys: readonly [Uint8Array<ArrayBuffer>, ...Uint8Array<ArrayBuffer>[]];
}

/** A client the operator registered by configuration (RFC 7591 metadata). */
export interface PreregisteredClient {
  readonly client_id: string;
  readonly client_name: string;
  readonly redirect_uris: readonly string[];
  readonly token_endpoint_auth_method: "none" | "client_secret_basic" | "client_secret_post";
  readonly client_secret?: string;
}

/** Everything that is needed when callers must sign in. */
export interface AuthConfig {
  readonly auth0: Auth0Config;
  readonly store: StoreConfig;
  /** 32-byte keys. */
  readonly signingKeys: readonly [Uint8Array<ArrayBuffer>, ...Uint8Array<ArrayBuffer>[]];
  readonly accessTokenTtlSeconds: number;
  readonly revocationCheckSeconds: number;
  /** How long a window of a client may stay behind the newest refresh token. 0: not at all. */
  readonly refreshReuseSeconds: number;
  readonly preregisteredClients: readonly PreregisteredClient[];
  /** Private redirect URIs that clients may use beside those of known ones. */
  readonly allowedRedirectUris: readonly string[];
  /** Clients may register themselves. */
  readonly dynamicRegistration: boolean;
  readonly clientDocuments: boolean;
}

export interface Config {
  /** Our issuer: an origin without a trailing slash. */
  readonly issuer: string;
  /** The protected resource: `{issuer}/mcp`. */
  readonly resource: string;
  /** The base URL is a loopback address: plain http and plain cookies are allowed. */
  readonly isLoopback: boolean;
  /** Hosts of this machine, with their ports, that clients' documents may be at; only on loopback. */
  readonly clientDocumentHosts?: readonly string[];
  /** The websites that may call `/mcp` beside ours; absent means every one, but on loopback. */
  readonly allowedOrigins?: readonly string[];
  /** Absent when `AUTH_ENABLED=false`: `/mcp` is open and no OAuth route exists. */
  readonly auth?: AuthConfig;
}

export type { ConfigProblem } from "./config-problem.ts";

const doorEnvironment = z
  .object({
    RESOURCE_BASE_URL: origin,
    AUTH_ENABLED: switchOf(true),
    ALLOWED_ORIGINS: origins,
    RATE_LIMITS: switchOf(true),
    CLIENT_DOCUMENT_HOSTS: hosts,
  })
  .refine((values) => values.AUTH_ENABLED || isLoopbackUrl(values.RESOURCE_BASE_URL), {
    path: ["AUTH_ENABLED"],
    error: "may be false only when RESOURCE_BASE_URL is a loopback address",
  })
  .refine(
    ({ CLIENT_DOCUMENT_HOSTS, RESOURCE_BASE_URL }) =>
      CLIENT_DOCUMENT_HOSTS.length === 0 || isLoopbackUrl(RESOURCE_BASE_URL),
    {
      path: ["CLIENT_DOCUMENT_HOSTS"],
      error: "may be set only when RESOURCE_BASE_URL is a loopback address",
    },
  );

const authVariables = z.object({
  AUTH_PROVIDER: z
    .string()
    .trim()
    .toLowerCase()
    .default("auth0")
    .pipe(z.literal("auth0", { error: "must be auth0" })),
  AUTH0_DOMAIN: auth0Domain,
  AUTH0_CLIENT_ID: present,
  AUTH0_CLIENT_SECRET: present,
  AUTH0_AUDIENCE: present,
  AUTH0_ORGANIZATION: optionalText,
  AUTH0_CONNECTION: optionalText,
  JWT_SIGNING_KEY: keyRing,
  STORAGE_ENCRYPTION_KEY: keyRing,
  UPSTASH_REDIS_REST_URL: storeUrl,
  UPSTASH_REDIS_REST_TOKEN: present,
  STORE_PREFIX: z
    .string()
    .regex(/^[\w.:-]{0,64}$/, "may have letters, digits and . : - _ only")
    .default("mcp:"),
  ACCESS_TOKEN_TTL_SECONDS: seconds(3600, 60, 86_400),
  REVOCATION_CHECK_SECONDS: seconds(30, 0, 3600),
  REFRESH_REUSE_SECONDS: seconds(86_400, 0, 2_592_000),
  PREREGISTERED_CLIENTS: preregisteredClients,
  ALLOWED_REDIRECT_URIS: privateRedirectUris,
  DYNAMIC_REGISTRATION: switchOf(true),
  CLIENT_DOCUMENTS: switchOf(true),
});

const authEnvironment = authVariables.refine(
  (values) => !sharesAKey(values.JWT_SIGNING_KEY, values.STORAGE_ENCRYPTION_KEY),
  { path: ["STORAGE_ENCRYPTION_KEY"], error: "must not be the same key as JWT_SIGNING_KEY" },
);

/** The names of every variable this server reads. */
export const VARIABLES: readonly string[] = [
  ...Object.keys(doorEnvironment.shape),
  ...Object.keys(authVariables.shape),
];

/**
 * Reads the environment. `requestUrl` is a request to this Worker, once there is one: when it came
 * to a loopback host, that is where we are developed, and `RESOURCE_BASE_URL` defaults to it.
 */
export function loadConfig(env: Env, requestUrl?: URL): Config | readonly ConfigProblem[] {
  const set = nonEmpty(env);
  const written = [...quotedValues(set, VARIABLES), ...misspeltNames(set, VARIABLES)];
  const local =
    requestUrl !== undefined && isLoopbackUrl(requestUrl)
      ? { RESOURCE_BASE_URL: `http://localhost:${requestUrl.port || "80"}` }
      : {};
  const door = doorEnvironment.safeParse({ ...local, ...set });
  if (door.success && !door.data.AUTH_ENABLED && written.length === 0) return doorConfig(door.data);
  const auth = authEnvironment.safeParse(set);
  if (!door.success || !auth.success || written.length > 0)
    return firstOfEach([...written, ...problemsOf(door), ...problemsOf(auth)]);
  const config = doorConfig(door.data);
  return { ...config, auth: authConfig(auth.data, config.issuer) };
}

function doorConfig(values: z.output<typeof doorEnvironment>): Config {
  const { RESOURCE_BASE_URL: baseUrl, ALLOWED_ORIGINS: allowedOrigins } = values;
  const { CLIENT_DOCUMENT_HOSTS: clientDocumentHosts } = values;
  const issuer = baseUrl.origin;
  return {
    issuer,
    resource: `${issuer}/mcp`,
    isLoopback: isLoopbackUrl(baseUrl),
    ...(clientDocumentHosts.length === 0 ? {} : { clientDocumentHosts }),
    ...(allowedOrigins === undefined ? {} : { allowedOrigins }),
  };
}

/** Whether there is a configuration, or only a list of what is wrong with it. */
export function isConfig(loaded: Config | readonly ConfigProblem[]): loaded is Config {
  return "issuer" in loaded;
}

function authConfig(values: z.output<typeof authEnvironment>, issuer: string): AuthConfig {
  const { AUTH0_ORGANIZATION: organization, AUTH0_CONNECTION: connection } = values;
  return {
    auth0: {
      issuer: values.AUTH0_DOMAIN,
      clientId: values.AUTH0_CLIENT_ID,
      clientSecret: values.AUTH0_CLIENT_SECRET,
      audience: values.AUTH0_AUDIENCE,
      ...(organization === undefined ? {} : { organization }),
      ...(connection === undefined ? {} : { connection }),
      redirectUri: `${issuer}/auth/callback`,
    },
    store: {
      url: values.UPSTASH_REDIS_REST_URL,
      token: values.UPSTASH_REDIS_REST_TOKEN,
      prefix: values.STORE_PREFIX,
      encryptionKeys: values.STORAGE_ENCRYPTION_KEY,
    },
    signingKeys: values.JWT_SIGNING_KEY,
    accessTokenTtlSeconds: values.ACCESS_TOKEN_TTL_SECONDS,
    revocationCheckSeconds: values.REVOCATION_CHECK_SECONDS,
    allowedRedirectUris: values.ALLOWED_REDIRECT_URIS,
    dynamicRegistration: values.DYNAMIC_REGISTRATION,
    clientDocuments: values.CLIENT_DOCUMENTS,
    refreshReuseSeconds: values.REFRESH_REUSE_SECONDS,
    preregisteredClients: values.PREREGISTERED_CLIENTS.map(({ client_secret, ...client }) => ({
      ...client,
      ...(client_secret === undefined ? {} : { client_secret }),
    })),
  };
}

/** An empty variable is an absent one. */
function nonEmpty(env: Env): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(env).filter(([, value]) => typeof value === "string" && value.trim() !== ""),
  );
}
