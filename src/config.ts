/**
 * The environment, checked once. Strings go in; a readonly Config comes out, or every problem at once,
 * by the name of the variable. A value is never printed, here or anywhere.
 */
import * as z from "zod";

/** What `wrangler.toml`, secrets and `.dev.vars` may set. Text only: this Worker has no bindings. */
export interface Env {
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
  readonly PREREGISTERED_CLIENTS?: string;
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

/** Where we remember things and under which keys. The first key of a ring is used, all are accepted. */
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
  readonly preregisteredClients: readonly PreregisteredClient[];
}

export interface Config {
  /** Our issuer: an origin without a trailing slash. */
  readonly issuer: string;
  /** The protected resource: `{issuer}/mcp`. */
  readonly resource: string;
  /** The base URL is a loopback address: plain http and plain cookies are allowed. */
  readonly isLoopback: boolean;
  /** Absent when `AUTH_ENABLED=false`: `/mcp` is open and no OAuth route exists. */
  readonly auth?: AuthConfig;
}

/** One problem of one variable; the text never contains the value. */
export interface ConfigProblem {
  readonly variable: string;
  readonly problem: string;
}

const LOOPBACK_HOSTS = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Whether a URL names this machine. */
export function isLoopbackUrl(url: URL): boolean {
  return LOOPBACK_HOSTS.has(url.hostname) || url.hostname.endsWith(".localhost");
}

const present = z.string({ error: "is missing" }).trim().min(1, "is missing");

/** 32 bytes as base64, base64url or hexadecimal text. */
const key = z.string().transform((text, context): Uint8Array<ArrayBuffer> => {
  const bytes = decodeKey(text.trim());
  if (bytes?.length === 32) return bytes;
  context.addIssue("must be 32 random bytes in base64 (make one with: openssl rand -base64 32)");
  return z.NEVER;
});

/** A comma-separated list of keys: the first is used, all are accepted. */
const keyRing = present
  .transform((text) => text.split(","))
  .pipe(z.tuple([key], key));

const seconds = (fallback: number, least: number, most: number) =>
  z.coerce
    .number({ error: "must be a whole number of seconds" })
    .int("must be a whole number of seconds")
    .min(least, `must be at least ${least}`)
    .max(most, `must be at most ${most}`)
    .default(fallback);

/** An origin: https, or http on a loopback host; no path, query or user. */
const origin = present.transform((text, context): URL => {
  const url = URL.parse(text.trim());
  if (url === null || !/^https?:$/.test(url.protocol)) context.addIssue("must be a URL like https://mcp.example.com");
  else if (url.pathname !== "/" || url.search !== "" || url.hash !== "" || url.username !== "" || url.password !== "")
    context.addIssue("must be an origin: no path, query, fragment or user");
  else if (url.protocol === "http:" && !isLoopbackUrl(url)) context.addIssue("must be https (http is for loopback hosts only)");
  else return url;
  return z.NEVER;
});

/** `my-app.us.auth0.com`, or an origin; a loopback host may go without TLS. */
const auth0Domain = present
  .transform((text) => (text.includes("://") ? text : withScheme(text)))
  .pipe(origin)
  .transform((url) => `${url.origin}/`);

const storeUrl = origin.transform((url) => url.origin);

const switchOf = (fallback: boolean) =>
  z
    .string()
    .trim()
    .toLowerCase()
    .default(String(fallback))
    .pipe(z.enum(["true", "1", "false", "0"], { error: "must be true or false" }))
    .transform((text) => text === "true" || text === "1");

const preregisteredClient = z.strictObject({
  client_id: z.string().min(1).max(200).regex(/^[\w.-]+$/),
  client_name: z.string().min(1).max(200),
  redirect_uris: z.array(z.url()).min(1),
  token_endpoint_auth_method: z.enum(["none", "client_secret_basic", "client_secret_post"]).default("none"),
  client_secret: z.string().min(16).optional(),
}).refine((client) => (client.token_endpoint_auth_method === "none") === (client.client_secret === undefined));

const preregisteredClients = z
  .string()
  .default("[]")
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue("must be a JSON array of clients");
      return z.NEVER;
    }
  })
  .pipe(z.array(preregisteredClient, { error: "must be a JSON array of clients (client_id, client_name, redirect_uris, …)" }));

const optionalText = z.string().trim().transform((text) => text || undefined).optional();

const base = z.object({ RESOURCE_BASE_URL: origin, AUTH_ENABLED: switchOf(true) });

const authEnvironment = z.object({
  AUTH_PROVIDER: z.string().trim().toLowerCase().default("auth0").pipe(z.literal("auth0", { error: "must be auth0" })),
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
  STORE_PREFIX: z.string().regex(/^[\w.:-]{0,64}$/, "may have letters, digits and . : - _ only").default("mcp:"),
  ACCESS_TOKEN_TTL_SECONDS: seconds(3600, 60, 86_400),
  REVOCATION_CHECK_SECONDS: seconds(30, 0, 3600),
  PREREGISTERED_CLIENTS: preregisteredClients,
});

/** The names of every variable this server reads. */
export const VARIABLES: readonly string[] = [...Object.keys(base.shape), ...Object.keys(authEnvironment.shape)];

/**
 * Reads the environment. `requestUrl` is a request to this Worker: when it came to a loopback host, that is
 * where we are developed, and `RESOURCE_BASE_URL` defaults to it.
 */
export function loadConfig(env: Env, requestUrl: URL): Config | readonly ConfigProblem[] {
  const withDefaults = isLoopbackUrl(requestUrl) ? { RESOURCE_BASE_URL: `http://localhost:${requestUrl.port || "80"}`, ...nonEmpty(env) } : nonEmpty(env);
  const door = base.safeParse(withDefaults);
  const authIsOff = door.success && !door.data.AUTH_ENABLED;
  const rest = authIsOff ? undefined : authEnvironment.safeParse(withDefaults);
  const problems = [...problemsOf(door), ...problemsOf(rest)];
  if (door.success && authIsOff && !isLoopbackUrl(door.data.RESOURCE_BASE_URL))
    problems.push({ variable: "AUTH_ENABLED", problem: "may be false only when RESOURCE_BASE_URL is a loopback address" });
  if (rest?.success && sharesAKey(rest.data.JWT_SIGNING_KEY, rest.data.STORAGE_ENCRYPTION_KEY))
    problems.push({ variable: "STORAGE_ENCRYPTION_KEY", problem: "must not be the same key as JWT_SIGNING_KEY" });
  if (problems.length > 0 || !door.success || rest?.success === false) return problems;
  const issuer = door.data.RESOURCE_BASE_URL.origin;
  return {
    issuer,
    resource: `${issuer}/mcp`,
    isLoopback: isLoopbackUrl(door.data.RESOURCE_BASE_URL),
    ...(rest === undefined ? {} : { auth: authConfig(rest.data, issuer) }),
  };
}

/** Whether there is a configuration, or only a list of what is wrong with it. */
export function isConfig(loaded: Config | readonly ConfigProblem[]): loaded is Config {
  return "issuer" in loaded;
}

function authConfig(values: z.output<typeof authEnvironment>, issuer: string): AuthConfig {
  return {
    auth0: {
      issuer: values.AUTH0_DOMAIN,
      clientId: values.AUTH0_CLIENT_ID,
      clientSecret: values.AUTH0_CLIENT_SECRET,
      audience: values.AUTH0_AUDIENCE,
      ...(values.AUTH0_ORGANIZATION === undefined ? {} : { organization: values.AUTH0_ORGANIZATION }),
      ...(values.AUTH0_CONNECTION === undefined ? {} : { connection: values.AUTH0_CONNECTION }),
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
    preregisteredClients: values.PREREGISTERED_CLIENTS.map(({ client_secret, ...client }) => ({
      ...client,
      ...(client_secret === undefined ? {} : { client_secret }),
    })),
  };
}

/** An empty variable is an absent one. */
function nonEmpty(env: Env): Record<string, unknown> {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => typeof value === "string" && value.trim() !== ""));
}

function problemsOf(result: { error?: z.ZodError } | undefined): ConfigProblem[] {
  return (result?.error?.issues ?? []).map((issue) => ({ variable: String(issue.path[0]), problem: problemText(issue) }));
}

/** Our own words only: Zod's may describe what it received. */
function problemText(issue: z.core.$ZodIssue): string {
  const place = issue.path.slice(1).join(".");
  return place === "" ? issue.message : `${issue.code === "custom" ? issue.message : "is not as documented"} (at ${place})`;
}

function sharesAKey(one: readonly Uint8Array[], other: readonly Uint8Array[]): boolean {
  const keys = new Set(one.map((bytes) => bytes.join()));
  return other.some((bytes) => keys.has(bytes.join()));
}

/** A bare host gets the scheme that its name calls for. */
function withScheme(host: string): string {
  const url = URL.parse(`http://${host}`);
  return url !== null && isLoopbackUrl(url) ? url.href : `https://${host}`;
}

function decodeKey(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (/^[0-9a-f]{64}$/i.test(text)) return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  try {
    return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
  } catch {
    return undefined;
  }
}
