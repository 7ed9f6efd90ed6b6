/**
 * Our side of the relation with one Auth0 tenant: who we are there, how we ask, and what the tenant
 * publishes. Configuration and the outward parts go in; nothing is asked of the network until
 * something is read.
 */
import type { JWTVerifyGetKey, LocalJWKSet } from "jose";
import * as oauth from "oauth4webapi";
import type { IdentityConfig } from "../config.ts";
import type { Dialect } from "./dialect.ts";
import { createKeyFinder, loadKeySet } from "./key-set.ts";
import { loadMetadata, type Metadata } from "./metadata.ts";
import { createPublishedDocument, type PublishedDocument } from "./published-document.ts";
import { CLOCK_TOLERANCE_SECONDS, type Expectations } from "./signed-token.ts";
import { createUpstreamFetch, type Outward, type UpstreamFetch } from "./upstream-fetch.ts";

export interface Tenant {
  readonly config: IdentityConfig;
  readonly dialect: Dialect;
  /** Epoch seconds. */
  readonly now: () => number;
  readonly client: oauth.Client;
  readonly authentication: oauth.ClientAuth;
  /** How oauth4webapi makes its requests. */
  readonly options: RequestOptions;
  /** The same for the token endpoint, which may think for long: Auth0 gives an Action 20 s. */
  readonly tokenOptions: RequestOptions;
  readonly findKey: JWTVerifyGetKey;
  /** The metadata, at most ten minutes old. */
  readonly readMetadata: () => Promise<Metadata>;
  /**
   * The metadata, with the keys at hand too: to be awaited before a code or a refresh token is
   * spent, since what comes back for it can be judged only with them.
   */
  readonly prepare: () => Promise<Metadata>;
  /** Asks for metadata and keys anew, at most every 30 s. */
  readonly reread: () => Promise<void>;
}

interface RequestOptions {
  readonly [oauth.customFetch]: UpstreamFetch;
  readonly [oauth.allowInsecureRequests]: boolean;
}

/** Longer than Auth0 may take for one answer: giving up on it would lose what it gave. */
const TOKEN_BOUNDS = { postBudgetMs: 25_000 };

/** Opens the relation; its caches live as long as it does. */
export function createTenant(config: IdentityConfig, dialect: Dialect, outward: Outward): Tenant {
  const { now } = outward;
  const send = createUpstreamFetch(outward);
  const options = createRequestOptions(config.issuer, send);
  const tokenOptions = createRequestOptions(
    config.issuer,
    createUpstreamFetch(outward, TOKEN_BOUNDS),
  );
  const metadata = createPublishedDocument(
    () => loadMetadata(config.issuer, dialect, options),
    now,
  );
  const keySet = createPublishedDocument(
    () => readKeys(dialect.usualKeys?.(config.issuer), metadata, send),
    now,
  );
  return {
    config,
    dialect,
    now,
    client: createClient(config.clientId, now),
    authentication: dialect.authentication(config),
    options,
    tokenOptions,
    findKey: createKeyFinder(keySet),
    readMetadata: metadata.read,
    prepare: async () => {
      const [current] = await Promise.all([metadata.read(), keySet.read()]);
      return current;
    },
    reread: async () => {
      await metadata.reread();
      await keySet.reread();
    },
  };
}

/** Where the keys lie at a fixed place, both documents are asked for together. */
async function readKeys(
  usualPlace: string | undefined,
  metadata: PublishedDocument<Metadata>,
  send: UpstreamFetch,
): Promise<LocalJWKSet> {
  if (usualPlace === undefined) return loadKeySet((await metadata.read()).jwks_uri, send);
  const [{ jwks_uri: place }, usual] = await Promise.all([
    metadata.read(),
    loadKeySet(usualPlace, send).catch((error: unknown) => ({ error })),
  ]);
  if (place !== usualPlace) return loadKeySet(place, send);
  if (isKeySet(usual)) return usual;
  throw usual.error;
}

function isKeySet(loaded: LocalJWKSet | { readonly error: unknown }): loaded is LocalJWKSet {
  return typeof loaded === "function";
}

/**
 * What a token from this tenant must agree with at this moment, when the person signed in to this
 * organization.
 */
export function expectationsOf(
  { config, dialect, now }: Tenant,
  organization = config.organization,
): Expectations {
  const { issuer, clientId, audience } = config;
  return {
    issuer,
    clientId,
    audience,
    dialect,
    now: now(),
    ...(organization === undefined ? {} : { organization }),
  };
}

/** Plain http is for a loopback issuer; the configuration admits it with no other. */
function createRequestOptions(issuer: string, send: UpstreamFetch): RequestOptions {
  return { [oauth.customFetch]: send, [oauth.allowInsecureRequests]: issuer.startsWith("http:") };
}

/** oauth4webapi reads the clock itself; the skew makes it read ours. */
function createClient(clientId: string, now: () => number): oauth.Client {
  return {
    client_id: clientId,
    [oauth.clockTolerance]: CLOCK_TOLERANCE_SECONDS,
    get [oauth.clockSkew]() {
      return now() - Math.floor(Date.now() / 1000);
    },
  };
}
