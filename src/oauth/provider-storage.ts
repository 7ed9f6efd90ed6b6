/**
 * A unit of work, shown as the key-value namespace that the provider library reads and writes. The
 * library's texts go through unchanged. Its record of a grant is a part of ours and written with it;
 * what it keeps only for its own access tokens is never written, since ours replace them.
 */
import type { PreregisteredClient } from "../config.ts";
import type { GrantRef } from "../grants/grant.ts";
import { parseGrantName, readGrant } from "../grants/record.ts";
import type { UnitOfWork } from "../storage/unit-of-work.ts";
import { hashToken } from "./refresh-token.ts";

/** The part of a KVNamespace that the library uses. */
export interface ProviderStorage {
  get(name: string, options?: { readonly type?: string }): Promise<unknown>;
  put(name: string, text: string, options?: PutOptions): Promise<void>;
  delete(name: string): Promise<void>;
  list(options: {
    readonly prefix: string;
  }): Promise<{ readonly keys: readonly never[]; readonly list_complete: true }>;
}

interface PutOptions {
  readonly expirationTtl?: number;
  /** Epoch seconds. */
  readonly expiration?: number;
}

/** A registration that never led to a login is gone after a day; a code exchange makes it last. */
const UNUSED_CLIENT_TTL_SECONDS = 86_400;

/** What the library writes without an end is kept this long. */
const LONGEST_TTL_SECONDS = 400 * 86_400;

/** How each kind of record is read and written; the kind is what stands before the first colon. */
type Kind = "client" | "grant" | "token" | "transaction" | "client-assertion-jti";

export interface StorageParts {
  readonly work: UnitOfWork;
  readonly preregisteredClients: readonly PreregisteredClient[];
  /** Epoch seconds. */
  readonly now: () => number;
  /** Told of every grant the library writes. */
  readonly onGrant: (text: string) => void;
  /** Told of every grant the library ends by itself. */
  readonly onEnd: (grant: GrantRef) => void;
}

/** Makes the library's storage for one request. */
export function createProviderStorage(parts: StorageParts): ProviderStorage {
  return {
    get: async (name, options) => {
      const text = await read(parts, name);
      if (text === undefined) return null;
      return options?.type === "json" ? JSON.parse(text) : text;
    },
    put: (name, text, options = {}) =>
      write(parts, { name, text, ttlSeconds: ttlOf(options, parts.now()) }),
    delete: async (name) => remove(parts, name),
    list: async ({ prefix }) => {
      if (kindOf(prefix) !== "token")
        throw new TypeError("only the tokens of one grant are ever listed");
      return { keys: [], list_complete: true };
    },
  };
}

async function read(parts: StorageParts, name: string): Promise<string | undefined> {
  switch (kindOf(name)) {
    case "client":
      return (await findPreregistered(parts.preregisteredClients, name)) ?? parts.work.get(name);
    case "grant": {
      const grant = parseGrantName(name);
      const standing = grant && (await readGrant(parts.work, grant, parts.now()));
      // One that needed no browser is not the library's.
      return standing?.record.provider || undefined;
    }
    case "transaction":
      return parts.work.take(name, USED_TRANSACTION_TTL_SECONDS);
    case "client-assertion-jti":
      return (await parts.work.claim(name, LONGEST_ASSERTION_SECONDS)) ? undefined : "used";
    case "token":
      return undefined;
  }
}

/** That a transaction was used is remembered longer than it could have lived. */
const USED_TRANSACTION_TTL_SECONDS = 3600;

/**
 * An assertion lives an hour at most, give or take a minute of clock skew; the library shortens
 * nothing.
 */
const LONGEST_ASSERTION_SECONDS = 3720;

async function write(
  { work, onGrant }: StorageParts,
  {
    name,
    text,
    ttlSeconds,
  }: { readonly name: string; readonly text: string; readonly ttlSeconds: number },
): Promise<void> {
  switch (kindOf(name)) {
    // The library writes a known client only to renew it, which Redis does without touching the
    // record.
    case "client":
      return work.hasRead(name)
        ? work.prolong(name, ttlSeconds)
        : work.createLasting(name, text, Math.min(ttlSeconds, UNUSED_CLIENT_TTL_SECONDS));
    case "grant":
      return onGrant(text);
    case "transaction":
      return work.create(name, text, ttlSeconds);
    case "token":
    case "client-assertion-jti":
      return undefined;
  }
}

/**
 * A grant that the library ends is ended by who called it. A transaction was claimed when it was
 * read.
 */
function remove({ onEnd }: StorageParts, name: string): void {
  const grant = parseGrantName(name);
  if (grant !== undefined) onEnd(grant);
}

function kindOf(name: string): Kind {
  const kind = name.slice(0, name.indexOf(":"));
  switch (kind) {
    case "client":
    case "grant":
    case "token":
    case "transaction":
    case "client-assertion-jti":
      return kind;
    default:
      throw new TypeError("the provider library wrote a kind of record we do not know");
  }
}

function ttlOf({ expirationTtl, expiration }: PutOptions, now: number): number {
  if (expirationTtl !== undefined) return expirationTtl;
  return expiration === undefined ? LONGEST_TTL_SECONDS : Math.max(1, expiration - now);
}

/** A client that the operator registered, as the library would have stored it. */
async function findPreregistered(
  clients: readonly PreregisteredClient[],
  name: string,
): Promise<string | undefined> {
  const client = clients.find(({ client_id }) => name === `client:${client_id}`);
  if (client === undefined) return undefined;
  return JSON.stringify({
    clientId: client.client_id,
    clientName: client.client_name,
    redirectUris: client.redirect_uris,
    grantTypes: ["authorization_code", "refresh_token"],
    responseTypes: ["code"],
    tokenEndpointAuthMethod: client.token_endpoint_auth_method,
    ...(client.client_secret === undefined
      ? {}
      : { clientSecret: await hashToken(client.client_secret) }),
  });
}
