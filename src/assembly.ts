/**
 * The parts behind the routes, put together once per isolate: the configuration and the outward
 * world go in, what signs people in, remembers and keeps grants comes out. Nothing is asked of
 * anybody yet.
 */
import { waitUntil } from "cloudflare:workers";
import { createDocuments } from "./clients/documents.ts";
import { fetchDirectly, serveDocuments } from "./clients/provider-fetch.ts";
import type { AuthConfig, Config } from "./config.ts";
import type { SigningKey, SigningKeys } from "./grants/access-token.ts";
import { createGrantKeeper } from "./grants/keeper.ts";
import { createPermissionIndex } from "./grants/permission-index.ts";
import { createEnterprises } from "./identity/enterprise.ts";
import { createMachineKeys } from "./identity/machine-keys.ts";
import { createIdentityProvider } from "./identity/openid.ts";
import type { IdentityProvider } from "./identity/provider.ts";
import { deriveKeyId, deriveSigningKey } from "./keys.ts";
import type { Catalogue } from "./mcp/catalogue.ts";
import { metered, traced } from "./metering.ts";
import type { Look } from "./pages/look.ts";
import { effectOf } from "./pages/scope.ts";
import type { Parts } from "./parts.ts";
import { FEED, listenBeside } from "./storage/notice.ts";
import { createRedis, type Redis } from "./storage/redis.ts";
import { beginWork, type UnitOfWork } from "./storage/unit-of-work.ts";
import { createVault, type Vault, type VaultEvent } from "./storage/vault.ts";
import { createSwitches } from "./switches.ts";

/**
 * The world outside, as far as it can be another one: for tests, and for other stores or identity
 * providers.
 */
export interface Outward {
  readonly fetch?: typeof fetch;
  readonly redis?: Redis;
  readonly identity?: IdentityProvider;
  readonly beginWork?: (vault: Vault) => UnitOfWork;
}

/** What is served: the same for every isolate and every caller. */
export interface Served {
  readonly catalogue: Catalogue;
  readonly look: Look;
}

/** The time, in epoch seconds. */
export function now(): number {
  return Math.floor(Date.now() / 1000);
}

/** Puts the parts together; there are none when nobody has to sign in. */
export async function createParts(
  config: Config,
  served: Served,
  outward: Outward,
): Promise<Parts | undefined> {
  const { auth } = config;
  return auth === undefined ? undefined : createAuthParts({ ...config, auth }, served, outward);
}

async function createAuthParts(
  config: Config & { readonly auth: AuthConfig },
  { catalogue, look }: Served,
  outward: Outward,
): Promise<Parts> {
  const send = traced(outward.fetch ?? ((input, init) => fetch(input, init)));
  const { auth } = config;
  const store = metered(outward.redis ?? createRedis(auth.store, send));
  const notice = listenBeside(store, { key: `${auth.store.prefix}${FEED}`, now });
  const vault = createVault(auth.store, { redis: notice.redis, now, report: warnOfStore });
  const documents = createDocuments(
    { issuer: config.issuer, namedHosts: config.clientDocumentHosts ?? [] },
    { send: fetchDirectly, now },
  );
  serveDocuments(documents);
  const identity = outward.identity ?? createIdentityProvider(auth.identity, { fetch: send, now });
  const begin = outward.beginWork ?? beginWork;
  const startWork = (): UnitOfWork => begin(vault);
  const tools = [...catalogue.tools.values()].map(({ item }) => item);
  const changing = tools.filter((tool) => effectOf(tool) !== "reads");
  const permissions = catalogue.requiredPermissions;
  return {
    config,
    identity,
    ...createVouchers(auth, send),
    vault,
    documents,
    now,
    beginWork: startWork,
    switches: createSwitches({ auth, vault, notice, now, waitUntil }),
    keeper: createGrantKeeper({
      vault,
      identity,
      now,
      beginWork: startWork,
      checkSeconds: auth.revocationCheckSeconds,
      tokenTtlSeconds: auth.accessTokenTtlSeconds,
      permissions,
      changing,
    }),
    ...(await deriveRings(auth)),
    tools,
    changing,
    permissions,
    freshness: catalogue.freshness,
    permissionIndex: await createPermissionIndex(permissions, changing),
    sentences: catalogue.sentences,
    look,
  };
}

/** Whoever is believed by keys of their own. */
function createVouchers({ machines }: AuthConfig, send: typeof fetch) {
  return {
    publishedKeys: createMachineKeys(machines.keyed, { fetch: send, now }),
    enterprises: createEnterprises(machines.enterprises, { fetch: send, now }),
  };
}

async function deriveRings(auth: AuthConfig) {
  return {
    signingKeys: await deriveRing(auth, "access-token"),
    personKeys: await deriveRing(auth, "person"),
    hintKeys: await deriveRing(auth, "refresh-hint"),
    machineKeys: await deriveRing(auth, "machine"),
  };
}

async function deriveRing(
  { signingKeys: [first, ...others] }: AuthConfig,
  purpose: "access-token" | "person" | "refresh-hint" | "machine",
): Promise<SigningKeys> {
  const derive = async (secret: Uint8Array<ArrayBuffer>): Promise<SigningKey> => ({
    kid: await deriveKeyId(secret),
    key: await deriveSigningKey(secret, purpose),
  });
  return [await derive(first), ...(await Promise.all(others.map(derive)))];
}

/** A stored text that does not open, or a store that is not the one it was. */
function warnOfStore(problem: VaultEvent, storedAs: string): void {
  const reason = problem.startsWith("store_") ? problem : "record_unreadable";
  console.warn(JSON.stringify({ reason, problem, record: storedAs.slice(0, 16) }));
}
