/**
 * What a Worker of the bench needs around it: a store behind Upstash's protocol with a delay that
 * can be set, a local tenant, and the variables of a deployment at https. Nothing here is measured.
 */
import { randomBytes } from "node:crypto";
import { type IncomingMessage, request as send } from "node:http";
import type { Control } from "../dev/tenant/control.ts";
import { startTenant } from "../dev/tenant/tenant.ts";
import { startStore } from "../test/support/store.ts";
import { FORWARDED_PROTO } from "./workerd.ts";

/** Where the Workers believe to be. */
export const ISSUER = "https://mcp.example.com";

/** What every tool of the bench needs. */
export const PERMISSION = "bench:use";

export interface Ground {
  readonly variables: Readonly<Record<string, string>>;
  /** How much later the store gets every request. */
  setDelay(milliseconds: number): void;
  /** What has reached the store since the last time this was asked. */
  takeTraffic(): { readonly requests: number; readonly commands: number };
  /** What an administrator of the tenant can do, and what it has seen. */
  readonly control: Control;
  stop(): Promise<void>;
}

/** Starts the store and the tenant, where Ada holds these permissions. */
export async function startGround(permissions: readonly string[] = [PERMISSION]): Promise<Ground> {
  const store = await startStore({ engine: "memory" });
  const account = {
    audience: "https://api.example.com/",
    clientId: "bench",
    clientSecret: randomKey(),
  };
  const tenant = await startTenant({
    ...account,
    callbackUrls: [`${ISSUER}/auth/callback`],
    permissions,
    backchannelLogoutUri: `${ISSUER}/auth/backchannel-logout`,
  });
  return {
    variables: {
      AUTH0_DOMAIN: tenant.issuer,
      AUTH0_CLIENT_ID: account.clientId,
      AUTH0_CLIENT_SECRET: account.clientSecret,
      AUTH0_AUDIENCE: account.audience,
      JWT_SIGNING_KEY: randomKey(),
      STORAGE_ENCRYPTION_KEY: randomKey(),
      UPSTASH_REDIS_REST_URL: store.url,
      UPSTASH_REDIS_REST_TOKEN: store.token,
      RESOURCE_BASE_URL: ISSUER,
    },
    setDelay: (milliseconds) => void (store.faults.latencyMs = milliseconds),
    takeTraffic: () => {
      const taken = store.wire.take();
      const commands = taken.reduce((sum, { commands: { length } }) => sum + length, 0);
      return { requests: taken.length, commands };
    },
    control: tenant.control,
    stop: async () => void (await Promise.all([store.close(), tenant.close()])),
  };
}

const straightFetch = globalThis.fetch;

/**
 * From now on `fetch` finds `ISSUER` at this port, as if a name server and a proxy that ends TLS
 * stood between. Redirects are not followed there.
 */
export function reachIssuerAt(port: number): void {
  globalThis.fetch = async (input, init) => {
    const request = new Request(input, init);
    return request.url.startsWith(`${ISSUER}/`) ? sendTo(port, request) : straightFetch(request);
  };
}

/** `fetch` does not let its caller name another host. */
async function sendTo(port: number, request: Request): Promise<Response> {
  const { pathname, search, host } = new URL(request.url);
  const headers = { ...Object.fromEntries(request.headers), host, [FORWARDED_PROTO]: "https" };
  const path = pathname + search;
  const outgoing = send({ host: "127.0.0.1", port, path, method: request.method, headers });
  outgoing.end(Buffer.from(await request.arrayBuffer()));
  const { promise: responded, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  outgoing.once("response", resolve).once("error", reject);
  const incoming = await responded;
  const { statusCode = 0, rawHeaders } = incoming;
  const pairs = rawHeaders.flatMap((name, at): [string, string][] =>
    at % 2 === 0 ? [[name, rawHeaders[at + 1] ?? ""]] : [],
  );
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const isEmpty = statusCode === 204 || statusCode === 304;
  return new Response(isEmpty ? null : body, { status: statusCode, headers: pairs });
}

function randomKey(): string {
  return randomBytes(32).toString("base64");
}
