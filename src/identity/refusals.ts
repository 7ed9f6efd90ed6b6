/**
 * The refusals that the identity provider is the cause of, as data: see errors.ts. Its own texts are
 * never among them.
 */
export const IDENTITY_REFUSALS = {
  identity_unavailable: {
    code: "temporarily_unavailable",
    status: 503,
    text: "The sign-in service does not answer right now. Please try again shortly.",
  },
  identity_rate_limited: {
    code: "temporarily_unavailable",
    status: 503,
    text: "The sign-in service is busy right now. Please try again shortly.",
  },
  identity_denied: { code: "access_denied", status: 403, text: "The sign-in was refused." },
  identity_cancelled: {
    code: "access_denied",
    status: 403,
    text: "The sign-in was cancelled.",
  },
  identity_blocked: {
    code: "access_denied",
    status: 403,
    text: "This account may not sign in.",
  },
  identity_organization_refused: {
    code: "access_denied",
    status: 403,
    text: "This account does not belong to the organization of this server.",
  },
  identity_organization_required: {
    code: "server_error",
    status: 503,
    text: "The application in Auth0 needs an organization: set AUTH0_ORGANIZATION.",
  },
  identity_audience_unknown: {
    code: "server_error",
    status: 503,
    text: "Auth0 knows no such API: AUTH0_AUDIENCE must be the identifier of an API in this tenant.",
  },
  identity_client_not_allowed: {
    code: "server_error",
    status: 503,
    text: "The application in Auth0 may not do this: turn on its grant types Authorization Code and Refresh Token, and its access to the API.",
  },
  identity_refused: {
    code: "server_error",
    status: 503,
    text: "The sign-in service refused our request. The operator finds the reason in the log.",
  },
  identity_client_rejected: {
    code: "server_error",
    status: 503,
    text: "The sign-in service does not accept this server's credentials (AUTH0_CLIENT_ID, AUTH0_CLIENT_SECRET).",
  },
  identity_metadata_invalid: {
    code: "server_error",
    status: 503,
    text: "The sign-in service describes itself in a way we cannot trust (AUTH0_DOMAIN).",
  },
  identity_token_invalid: {
    code: "server_error",
    status: 503,
    text: "The sign-in service sent a token that does not pass our checks.",
  },
  identity_token_opaque: {
    code: "server_error",
    status: 503,
    text: "Auth0 sent an opaque or encrypted access token: AUTH0_AUDIENCE is not the identifier of an API in this tenant, or token encryption is on for it.",
  },
  identity_algorithm_refused: {
    code: "server_error",
    status: 503,
    text: "The API in Auth0 signs its tokens with HS256: set its signing algorithm to RS256.",
  },
  identity_permissions_missing: {
    code: "server_error",
    status: 503,
    text: "Auth0 sent no permissions: turn on 'Enable RBAC' and 'Add Permissions in the Access Token' in the settings of the API.",
  },
  api_client_missing: {
    code: "server_error",
    status: 503,
    text: "This server is not set up to call other services for people. Its operator finds in the log what is missing.",
  },
  api_client_rejected: {
    code: "server_error",
    status: 503,
    text: "The sign-in service does not let this server call other services for people. Its operator finds the reason in the log.",
  },
  other_api_unknown: {
    code: "server_error",
    status: 503,
    text: "The sign-in service does not know the service that this tool calls. The operator finds the reason in the log.",
  },
  other_api_denied: {
    code: "access_denied",
    status: 403,
    text: "You may not use the service that this tool calls. An administrator can allow it in Auth0.",
  },
  other_api_sign_in_required: {
    code: "access_denied",
    status: 403,
    text: "The sign-in service wants you to sign in again before this tool may call another service for you: disconnect this server in your application and connect it again.",
  },
  machine_refused: {
    code: "invalid_client",
    status: 401,
    text: "These client credentials are not accepted.",
  },
  machine_denied: {
    code: "unauthorized_client",
    status: 400,
    text: "The sign-in service gives this client no token.",
  },
  machine_not_authorized: {
    code: "unauthorized_client",
    status: 400,
    text: "This client has no access to the API: in Auth0 authorize its application for it (APIs, the API, Machine to Machine Applications).",
  },
  machine_grant_type_off: {
    code: "unauthorized_client",
    status: 400,
    text: "The grant type Client Credentials is off for this client: turn it on in the advanced settings of its application in Auth0.",
  },
  machine_organization_refused: {
    code: "unauthorized_client",
    status: 400,
    text: "This client may not act for the organization of this server.",
  },
  machine_scope_denied: {
    code: "invalid_scope",
    status: 400,
    text: "The sign-in service gives this client no token.",
  },
  machine_request_denied: {
    code: "invalid_request",
    status: 400,
    text: "The sign-in service gives this client no token.",
  },
  machine_quota_spent: {
    code: "temporarily_unavailable",
    status: 503,
    text: "The sign-in service gives machines no more tokens for now: a quota is spent.",
  },
  machine_token_bound: {
    code: "server_error",
    status: 503,
    text: "Auth0 binds the tokens of this API to a key (DPoP): turn that off, this server sends them as bearer tokens.",
  },
  brought_token_refused: {
    code: "invalid_token",
    status: 401,
    text: "This token of the sign-in service does not open this server.",
  },
  brought_token_without_permissions: {
    code: "access_denied",
    status: 403,
    text: "The token has no permissions: turn on 'Enable RBAC' and 'Add Permissions in the Access Token' in the settings of the API in Auth0.",
  },
  assertion_refused: {
    code: "invalid_grant",
    status: 400,
    text: "The assertion is not of an issuer that this server trusts, not for this server or this client, or not valid now.",
  },
  assertion_repeated: {
    code: "invalid_grant",
    status: 400,
    text: "The assertion was used before. Each counts once: get a new one from its issuer.",
  },
  machine_without_token: {
    code: "access_denied",
    status: 403,
    text: "This caller did not sign in at Auth0: there is no token of Auth0's for it.",
  },
  account_not_connected: {
    code: "access_denied",
    status: 403,
    text: "An account at another service has to be connected first.",
  },
  accounts_refused: {
    code: "server_error",
    status: 503,
    text: "The sign-in service does not let this server connect accounts. The operator finds the reason in the log.",
  },
  identity_grant_ended: {
    code: "invalid_grant",
    status: 400,
    text: "Your sign-in has ended. Please connect again.",
  },
  identity_subject_changed: {
    code: "invalid_grant",
    status: 400,
    text: "Your sign-in has ended. Please connect again.",
  },
} as const;
