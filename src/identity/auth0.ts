/**
 * Auth0's dialect: one Regular Web Application and one API, named by `audience`. Where it differs
 * from other providers stands here and in auth0-errors.ts; the rest is OpenID Connect.
 */
import { ClientSecretPost } from "oauth4webapi";
import { proveByKey } from "./client-key.ts";
import { isForClient, judgeShape, readPermissions } from "./access-token.ts";
import { accountApi } from "./accounts.ts";
import type { Dialect } from "./dialect.ts";
import { isSameOrigin } from "./metadata.ts";

/** Permissions need not be requested: Auth0 sends all that the person has. */
const SCOPE = "openid profile email";

/** What connecting an account and ending one takes. */
const ACCOUNTS_SCOPE = "openid create:me:connected_accounts delete:me:connected_accounts";

export const AUTH0: Dialect = {
  // The API is named by Auth0's own parameter, never by `resource`.
  parametersOf: ({ issuer, audience, organization, connection }, request) => ({
    ...(request.isForAccounts
      ? { audience: accountApi(issuer), scope: ACCOUNTS_SCOPE }
      : { audience, scope: request.isForGrant ? `${SCOPE} offline_access` : SCOPE }),
    organization: organization ?? request.organization,
    invitation: request.invitation,
    connection,
    prompt: request.prompt,
  }),
  authentication: ({ clientKey, clientSecret }) =>
    clientKey === undefined
      ? ClientSecretPost(clientSecret)
      : proveByKey(clientKey, () => Math.floor(Date.now() / 1000)),
  usualKeys: (issuer) => `${issuer}.well-known/jwks.json`,
  isTrustedEndpoint: isSameOrigin,
  judgeShape,
  isForClient,
  readPermissions,
  subjectOf: ({ sub }) => String(sub),
};
