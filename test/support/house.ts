/**
 * The whole house, running: the bundled Worker in workerd, a tenant and a store, each on a free
 * port of its own. Tests meet it over HTTP only. Several Workers may share one store, as isolates
 * do.
 */
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { build, type Plugin } from "esbuild";
import type { JWK } from "jose";
import {
  convertV4MiniflareOptions,
  Miniflare,
  Response as WorkerResponse,
  type V4WorkerOptions,
} from "miniflare";
import { startTenant, type Tenant, type TenantOptions } from "../../dev/tenant/tenant.ts";
import { freePort } from "./port.ts";
import { type EngineName, startStore, type TestStore } from "./store.ts";

export interface HouseOptions {
  readonly engine?: EngineName;
  /** Variables in place of the usual ones; an empty text takes one away. */
  readonly variables?: Readonly<Record<string, string>>;
  /** How many people there are beside Ada, Rob and Eve. */
  readonly crowd?: number;
  /** How often a minute, by the name of the binding; without it nobody is counted. */
  readonly limits?: Readonly<Record<string, number>>;
  /** Another entry than the usual one. */
  readonly entry?: string;
  /** The application proves itself to the tenant by this key; the private one is a variable. */
  readonly clientKey?: JWK;
  /** The provider speaks OpenID Connect without Auth0's dialect. */
  readonly hasPlainProvider?: boolean;
  /** Answers requests of the Worker to other hosts: for client metadata documents. */
  readonly elsewhere?: (request: Request) => Promise<Response> | Response;
}

/** What another release of the Worker has otherwise: a text of a file, and what stands there instead. */
export interface Change {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** One Worker: an isolate of its own. */
export interface TestWorker {
  /** Where it listens; the first Worker's is also the issuer. */
  readonly url: string;
  /** Every line it logged, parsed; lines that are no JSON are under `text`. */
  readonly log: Record<string, unknown>[];
  /** Sets the Worker's clock to so many seconds from now. */
  shiftClock(offsetSeconds: number): Promise<void>;
  stop(): Promise<void>;
}

export interface House extends TestWorker {
  readonly issuer: string;
  readonly store: TestStore;
  readonly tenant: Tenant;
  /** What the Worker was configured with. */
  readonly variables: Readonly<Record<string, string>>;
  /**
   * Another Worker over the same store: another isolate, perhaps with other variables, or of another
   * release.
   */
  startAnother(
    variables?: Readonly<Record<string, string>>,
    release?: readonly Change[],
  ): Promise<TestWorker>;
}

/** Every permission that the tools of `served.ts` ask for. */
export const PERMISSIONS = ["tool:get_user_info", "tool:explain_access"];

/** Other APIs of the house's tenant, and their scopes. */
export const OTHER_APIS = {
  "https://billing.example.test/": ["read:invoices", "write:invoices"],
  "https://mail.example.test/": ["read:mail"],
};

/** Opens the Management API of the house's tenant. */
export const MANAGEMENT_TOKEN = "a token of the Management API";

/** Starts a house; `stop` ends all of it. */
export async function startHouse(options: HouseOptions = {}): Promise<House> {
  const port = await freePort();
  const issuer = `http://localhost:${port}`;
  const store = await startStore({ engine: options.engine ?? "memory" });
  const account = {
    audience: "https://api.example.test/",
    clientId: "house",
    clientSecret: randomKey(),
  };
  const apiClient = { clientId: "house-api", clientSecret: randomKey() };
  const tenant = await startTenant({
    ...account,
    callbackUrls: [`${options.variables?.["RESOURCE_BASE_URL"] || issuer}/auth/callback`],
    permissions: PERMISSIONS,
    backchannelLogoutUri: `${issuer}/auth/backchannel-logout`,
    managementToken: MANAGEMENT_TOKEN,
    isPlain: options.hasPlainProvider === true,
    apiClient,
    otherApis: OTHER_APIS,
    ...(options.clientKey === undefined ? {} : { clientKey: options.clientKey }),
    ...(options.crowd === undefined ? {} : { crowd: options.crowd }),
  });
  const variables = {
    ...(options.hasPlainProvider === true ? oidcVariables : auth0Variables)(tenant, account),
    ...(options.hasPlainProvider === true
      ? {}
      : {
          AUTH0_API_CLIENT_ID: apiClient.clientId,
          AUTH0_API_CLIENT_SECRET: apiClient.clientSecret,
        }),
    JWT_SIGNING_KEY: randomKey(),
    STORAGE_ENCRYPTION_KEY: randomKey(),
    UPSTASH_REDIS_REST_URL: store.url,
    UPSTASH_REDIS_REST_TOKEN: store.token,
    RESOURCE_BASE_URL: issuer,
    ...(options.limits === undefined ? { RATE_LIMITS: "false" } : {}),
    ...options.variables,
  };
  const workers: TestWorker[] = [];
  const start = async (
    more: Readonly<Record<string, string>>,
    { at, release }: { readonly at?: number; readonly release?: readonly Change[] } = {},
  ): Promise<TestWorker> => {
    const set = { ...variables, ...more };
    const worker = await startWorker(set, at ?? (await freePort()), { ...options, release });
    workers.push(worker);
    return worker;
  };
  const first = await start({}, { at: port });
  return {
    ...first,
    issuer,
    store,
    tenant,
    variables,
    startAnother: (more = {}, release = []) => start(more, { release }),
    stop: async () => {
      await Promise.all(workers.map((worker) => worker.stop()));
      await Promise.all([tenant.close(), store.close()]);
    },
  };
}

type Account = Pick<TenantOptions, "audience" | "clientId" | "clientSecret">;

function auth0Variables({ issuer }: Tenant, account: Account): Record<string, string> {
  return {
    AUTH0_DOMAIN: issuer,
    AUTH0_CLIENT_ID: account.clientId,
    AUTH0_CLIENT_SECRET: account.clientSecret,
    AUTH0_AUDIENCE: account.audience,
  };
}

/** oidc-provider wants the API named (RFC 8707), and consent for a refresh token (OIDC Core §11). */
function oidcVariables({ issuer }: Tenant, account: Account): Record<string, string> {
  return {
    AUTH_PROVIDER: "oidc",
    OIDC_ISSUER: issuer,
    OIDC_CLIENT_ID: account.clientId,
    OIDC_CLIENT_SECRET: account.clientSecret,
    OIDC_AUDIENCE: account.audience,
    OIDC_RESOURCE: account.audience,
    OIDC_PROMPT: "consent",
  };
}

/** 32 random bytes as the configuration wants them. */
export function randomKey(): string {
  return randomBytes(32).toString("base64");
}

async function startWorker(
  variables: Readonly<Record<string, string>>,
  port: number,
  {
    elsewhere,
    limits = {},
    entry = "test/support/worker.ts",
    release = [],
  }: HouseOptions & { readonly release?: readonly Change[] | undefined },
): Promise<TestWorker> {
  const log: Record<string, unknown>[] = [];
  const worker = new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      script: await bundle(entry, release),
      compatibilityDate: "2026-11-01",
      compatibilityFlags: ["global_fetch_strictly_public", "enable_request_signal", "nodejs_als"],
      bindings: { ...variables },
      ratelimits: Object.fromEntries(Object.entries(limits).map(limitOf)),
      port,
      handleStructuredLogs: ({ message }) => void log.push(parseLine(message)),
      ...(elsewhere === undefined ? {} : { outboundService: outboundTo(elsewhere) }),
    }),
  );
  await worker.ready;
  const url = `http://localhost:${port}`;
  return {
    url,
    log,
    shiftClock: async (offsetSeconds) =>
      void (await fetch(`${url}/__clock?offsetSeconds=${offsetSeconds}`)),
    stop: () => worker.dispose(),
  };
}

function limitOf([name, limit]: readonly [string, number], index: number) {
  return [name, { namespace_id: String(index), simple: { limit, period: 60 as const } }] as const;
}

/** Loopback requests go where they say; everything else is answered by the test. */
function outboundTo(
  elsewhere: NonNullable<HouseOptions["elsewhere"]>,
): NonNullable<V4WorkerOptions["outboundService"]> {
  return async (request) => {
    const standard = new Request(request.url, {
      method: request.method,
      headers: [...request.headers],
      ...(request.body === null ? {} : { body: await request.arrayBuffer() }),
      redirect: "manual",
    });
    const isLoopback = ["localhost", "127.0.0.1"].includes(new URL(request.url).hostname);
    const response = await (isLoopback ? fetch(standard) : elsewhere(standard));
    const headers = [...response.headers].filter(([name]) => name !== "content-encoding");
    return new WorkerResponse(await response.arrayBuffer(), { status: response.status, headers });
  };
}

const bundled = new Map<string, Promise<string>>();

/** An entry, bundled once per process as wrangler does it. */
function bundle(entry: string, release: readonly Change[]): Promise<string> {
  const name = JSON.stringify([entry, release]);
  const made =
    bundled.get(name) ??
    build({
      entryPoints: [entry],
      bundle: true,
      write: false,
      format: "esm",
      target: "es2024",
      conditions: ["workerd", "worker", "browser"],
      external: ["cloudflare:workers", "node:async_hooks"],
      jsx: "automatic",
      jsxImportSource: "hono/jsx",
      plugins: [applying(release)],
    }).then(({ outputFiles: [file] }) => file?.text ?? "");
  bundled.set(name, made);
  return made;
}

/** Reads files as the release has them. Fails when what it changes is not there. */
function applying(release: readonly Change[]): Plugin {
  return {
    name: "another release",
    setup(build) {
      for (const { file } of release)
        build.onLoad({ filter: new RegExp(`/${file}$`) }, async () => {
          let contents = await readFile(file, "utf8");
          for (const { from, to } of release.filter((change) => change.file === file)) {
            if (!contents.includes(from)) throw new Error(`${file} has no ${from}`);
            contents = contents.replace(from, to);
          }
          return { contents, loader: "ts" };
        });
    },
  };
}

function parseLine(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text);
  } catch {
    return { text };
  }
}
