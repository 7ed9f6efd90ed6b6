/**
 * The provider library as our authorization server, made for one request, so that what it reads,
 * writes, calls and refuses belongs to that request. It owns discovery, registration, request
 * validation, PKCE, codes and rotation.
 */
import {
  OAuthAuthorizationServer,
  type OAuthHelpers,
  type TokenExchangeCallbackOptions,
  type TokenExchangeCallbackResult,
} from "@cloudflare/workers-oauth-provider";
import * as z from "zod";
import { isPassing, Refusal } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import { DEFAULT_IDLE_SECONDS } from "../grants/connections.ts";
import type { GrantRef } from "../grants/grant.ts";
import { resourcesOf } from "../organizations.ts";
import type { UnitOfWork } from "../storage/unit-of-work.ts";
import type { Parts } from "../parts.ts";
import { createProviderStorage, type ProviderStorage } from "./provider-storage.ts";
import { listScopes } from "./scopes.ts";
import "../edge/quiet.ts";

interface ProviderEnv {
  readonly OAUTH_KV: ProviderStorage;
}

export type TokenExchange = TokenExchangeCallbackOptions<ProviderEnv>;

export interface AuthorizationServer {
  /** Answers a metadata, registration or token request. */
  fetch(request: Request): Promise<Response>;
  /** Authorization requests, consent and the way to the identity provider and back. */
  readonly api: OAuthHelpers;
  /** The grant's record as the library wrote it during this request. */
  grantText(): string | undefined;
  /** Grants that the library wants to end. */
  readonly endedGrants: readonly GrantRef[];
}

/**
 * A client that is used stays this long after its last renewal; the library renews it at half-time.
 */
export const CLIENT_TTL_SECONDS = 90 * 86_400;

/** How the library tells that it could not read what a client publishes: its document, or its keys. */
const documentFailureSchema = z.union([
  z.object({
    category: z.literal("client-id-metadata-document"),
    detail: z.object({ metadataUrl: z.string() }),
  }),
  z.object({
    category: z.literal("client-authentication"),
    detail: z.object({ reason: z.literal("jwks_fetch_failed") }),
  }),
]);

/**
 * Makes the authorization server of one request. `onTokenExchange` runs before a token is issued.
 */
export function createAuthorizationServer(
  parts: Parts,
  { work, exchange }: { readonly work: UnitOfWork; readonly exchange: Exchange },
  onTokenExchange?: (options: TokenExchange) => Promise<TokenExchangeCallbackResult>,
): AuthorizationServer {
  const { config, now, permissions } = parts;
  const endedGrants: GrantRef[] = [];
  let grantText: string | undefined;
  const storage = createProviderStorage({
    work,
    now,
    preregisteredClients: config.auth.preregisteredClients,
    onGrant: (text) => void (grantText = text),
    onEnd: (grant) => void endedGrants.push(grant),
  });
  const server = new OAuthAuthorizationServer<ProviderEnv>({
    issuer: config.issuer,
    resources: [...resourcesOf(config)],
    defaultResource: config.resource,
    legacyGrantResource: config.resource,
    authorizeEndpoint: "/authorize",
    tokenEndpoint: "/token",
    ...(config.auth.dynamicRegistration ? { clientRegistrationEndpoint: "/register" } : {}),
    scopesSupported: [...listScopes(permissions)],
    clientIdMetadataDocumentEnabled: config.auth.clientDocuments,
    allowPrivateUseRedirectUris: true,
    accessTokenTTL: config.auth.accessTokenTtlSeconds,
    refreshTokenTTL: DEFAULT_IDLE_SECONDS,
    clientRegistrationTTL: CLIENT_TTL_SECONDS,
    ...(onTokenExchange === undefined ? {} : { tokenExchangeCallback: onTokenExchange }),
    onError: ({ internal }) => {
      exchange.note({ reason: internal.reason, area: internal.category });
      const failure = documentFailureSchema.safeParse(internal).data;
      if (failure === undefined) return;
      if (failure.category === "client-authentication") throw new Refusal("client_unreachable");
      const refusal = parts.documents.explain(failure.detail.metadataUrl);
      const canPass: boolean = isPassing(refusal);
      if (canPass) throw refusal;
      exchange.note({ ...refusal.facts, reason: refusal.reason });
    },
  });
  const env: ProviderEnv = { OAUTH_KV: storage };
  return {
    fetch: (request) => server.fetch(request, env, exchange.execution),
    api: server.getOAuthApi(env),
    grantText: () => grantText,
    endedGrants,
  };
}
