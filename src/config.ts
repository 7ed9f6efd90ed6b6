/**
 * The environment, checked once. Strings go in; a readonly Config comes out, or every problem at
 * once, by the name of the variable. A value is never printed, here or anywhere.
 */
import * as z from "zod";
import { LIMIT_BINDINGS, type LimitBindings } from "./edge/limits.ts";
import type { Audit } from "./edge/audit.ts";
import type { Metrics } from "./edge/metrics.ts";
import {
  type ConfigProblem,
  firstOfEach,
  misspeltNames,
  problemsOf,
  quotedValues,
} from "./config-problem.ts";
import {
  IDENTITY_VARIABLES,
  type IdentityConfig,
  type IdentityVariables,
  isIdentity,
  readIdentity,
} from "./identity-variables.ts";
import { type MachineConfig, machineConfig, machineVariables } from "./machine-variables.ts";
import {
  hosts,
  isLoopbackUrl,
  keyRing,
  origin,
  origins,
  preregisteredClients,
  present,
  privateRedirectUris,
  seconds,
  share,
  sharesAKey,
  storeUrl,
  switchOf,
  words,
} from "./variables.ts";

/**
 * What `wrangler.toml`, secrets and `.dev.vars` may set for this server: texts, the rate limits, and
 * what counts requests. No tool sees any of it.
 */
export type Env = LimitBindings & {
  readonly [Name in OwnBinding]?: OwnBindings[Name];
} & { readonly [Name in keyof Variables]?: string };

type Variables = IdentityVariables & z.infer<typeof doorVariables> & z.infer<typeof authVariables>;

interface OwnBindings {
  readonly METRICS: Metrics;
  readonly AUDIT: Audit;
  readonly VERSION: { readonly id: string };
}

const OWN_BINDINGS = ["METRICS", "AUDIT", "VERSION"] as const;

type OwnBinding = (typeof OWN_BINDINGS)[number];

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

export type { ConfigProblem } from "./config-problem.ts";
export type { IdentityConfig, OidcConfig } from "./identity-variables.ts";

/** Everything that is needed when callers must sign in. */
export interface AuthConfig {
  readonly identity: IdentityConfig;
  readonly store: StoreConfig;
  /** 32-byte keys. */
  readonly signingKeys: readonly [Uint8Array<ArrayBuffer>, ...Uint8Array<ArrayBuffer>[]];
  readonly accessTokenTtlSeconds: number;
  readonly revocationCheckSeconds: number;
  /** How long a window of a client may stay behind the newest refresh token. 0: not at all. */
  readonly refreshReuseSeconds: number;
  /** After how long a person signs in again, however they use what they connected; absent: never. */
  readonly sessionMaxSeconds?: number;
  readonly preregisteredClients: readonly PreregisteredClient[];
  /** Private redirect URIs that clients may use beside those of known ones. */
  readonly allowedRedirectUris: readonly string[];
  /** Clients may register themselves. */
  readonly dynamicRegistration: boolean;
  readonly clientDocuments: boolean;
  readonly machines: MachineConfig;
  /** Clients whose tokens are refused, and permissions that nobody has, until further notice. */
  readonly blockedClients: readonly string[];
  readonly blockedPermissions: readonly string[];
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
  /** In which share lines of what goes well at `/mcp` are in the log; absent: every one. */
  readonly logShare?: number;
  /** Everything but `/health` answers 503. */
  readonly isDownForWork?: boolean;
  /** Absent when `AUTH_ENABLED=false`: `/mcp` is open and no OAuth route exists. */
  readonly auth?: AuthConfig;
}

const doorVariables = z.object({
  RESOURCE_BASE_URL: origin,
  AUTH_ENABLED: switchOf(true),
  DOWN_FOR_WORK: switchOf(false),
  LOG_SHARE: share,
  ALLOWED_ORIGINS: origins,
  RATE_LIMITS: switchOf(true),
  CLIENT_DOCUMENT_HOSTS: hosts,
});

const doorEnvironment = doorVariables
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
  SESSION_MAX_SECONDS: seconds(0, 0, 31_536_000).refine(
    (value) => value === 0 || value >= 300,
    "must be 0, or at least 300",
  ),
  PREREGISTERED_CLIENTS: preregisteredClients,
  ALLOWED_REDIRECT_URIS: privateRedirectUris,
  DYNAMIC_REGISTRATION: switchOf(true),
  CLIENT_DOCUMENTS: switchOf(true),
  ...machineVariables,
  BLOCKED_CLIENTS: words,
  BLOCKED_PERMISSIONS: words,
});

const authEnvironment = authVariables.refine(
  (values) => !sharesAKey(values.JWT_SIGNING_KEY, values.STORAGE_ENCRYPTION_KEY),
  { path: ["STORAGE_ENCRYPTION_KEY"], error: "must not be the same key as JWT_SIGNING_KEY" },
);

/** The names of every variable this server reads. */
export const VARIABLES: readonly string[] = [
  ...Object.keys(doorVariables.shape),
  ...IDENTITY_VARIABLES,
  ...Object.keys(authVariables.shape),
];

/** The same, and every binding of ours. */
export const OWN_NAMES: readonly string[] = [...VARIABLES, ...LIMIT_BINDINGS, ...OWN_BINDINGS];

/**
 * Reads the environment. `requestUrl` is a request to this Worker, once there is one: when it came
 * to a loopback host, that is where we are developed, and `RESOURCE_BASE_URL` defaults to it.
 */
export function loadConfig(env: Env, requestUrl?: URL): Config | readonly ConfigProblem[] {
  const set = nonEmpty(env);
  const written = [...quotedValues(set, VARIABLES), ...misspeltNames(set, VARIABLES)];
  const door = doorEnvironment.safeParse({ ...localAddress(requestUrl), ...set });
  if (door.success && !door.data.AUTH_ENABLED && written.length === 0) return doorConfig(door.data);
  const auth = readAuth(set, door.data?.RESOURCE_BASE_URL.origin ?? "");
  if (door.success && isAuth(auth) && written.length === 0)
    return { ...doorConfig(door.data), auth };
  return firstOfEach([...written, ...problemsOf(door), ...(isAuth(auth) ? [] : auth)]);
}

/** Where we are developed. */
function localAddress(requestUrl: URL | undefined): { readonly RESOURCE_BASE_URL?: string } {
  if (requestUrl === undefined || !isLoopbackUrl(requestUrl)) return {};
  return { RESOURCE_BASE_URL: `http://localhost:${requestUrl.port || "80"}` };
}

function readAuth(
  set: Readonly<Record<string, unknown>>,
  issuer: string,
): AuthConfig | readonly ConfigProblem[] {
  const auth = authEnvironment.safeParse(set);
  const identity = readIdentity(set, issuer);
  if (auth.success && isIdentity(identity))
    return { identity, ...authConfig(auth.data), machines: machineConfig(auth.data, identity) };
  return [...(isIdentity(identity) ? [] : identity), ...problemsOf(auth)];
}

function isAuth(read: AuthConfig | readonly ConfigProblem[]): read is AuthConfig {
  return "identity" in read;
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
    ...(values.LOG_SHARE === 1 ? {} : { logShare: values.LOG_SHARE }),
    ...(values.DOWN_FOR_WORK ? { isDownForWork: true } : {}),
    ...(allowedOrigins === undefined ? {} : { allowedOrigins }),
  };
}

/** Whether there is a configuration, or only a list of what is wrong with it. */
export function isConfig(loaded: Config | readonly ConfigProblem[]): loaded is Config {
  return "issuer" in loaded;
}

function authConfig(
  values: z.output<typeof authEnvironment>,
): Omit<AuthConfig, "identity" | "machines"> {
  return {
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
    blockedClients: values.BLOCKED_CLIENTS,
    blockedPermissions: values.BLOCKED_PERMISSIONS,
    refreshReuseSeconds: values.REFRESH_REUSE_SECONDS,
    ...(values.SESSION_MAX_SECONDS === 0 ? {} : { sessionMaxSeconds: values.SESSION_MAX_SECONDS }),
    preregisteredClients: values.PREREGISTERED_CLIENTS.flatMap((client) => {
      if ("grant_types" in client) return [];
      const { client_secret, ...rest } = client;
      return [{ ...rest, ...(client_secret === undefined ? {} : { client_secret }) }];
    }),
  };
}

/** An empty variable is an absent one. */
function nonEmpty(env: Env): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(env).filter(([, value]) => typeof value === "string" && value.trim() !== ""),
  );
}
