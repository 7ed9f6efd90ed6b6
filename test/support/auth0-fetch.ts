/**
 * A tenant of Auth0 as a `fetch` function: a small real authorization server in memory, for tests
 * inside workerd. It checks what Auth0 checks, counts what it is asked, and can be told to answer
 * differently. No sockets, no login page.
 */
import { Hono } from "hono";
import { base64url, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import type {
  Identity,
  IdentityProvider,
  SignInSecrets,
  UpstreamTokens,
} from "../../src/identity/provider.ts";
import { deriveUserId } from "../../src/identity/user-id.ts";

type Answer = (request: Request) => Response | Promise<Response>;

/** What a test may put into a token's header beyond the usual. */
type JWSHeader = Record<string, unknown>;

interface Authorization {
  readonly nonce: string;
  readonly challenge: string;
}

/** The application and the API that the tenant knows; `IdentityConfig` without the optional parts. */
export const TENANT_CONFIG = {
  issuer: "https://tenant.test/",
  clientId: "client-1",
  clientSecret: "client-secret-canary",
  audience: "https://api.test/",
  redirectUri: "https://mcp.test/auth/callback",
} as const;

export const ADA = "auth0|64f0c0ffee0000000000ada1";

export interface TestTenant {
  readonly fetch: typeof fetch;
  /** Epoch seconds; tests move it. */
  readonly clock: { now: number };
  /** "GET /path" of every request, in order. */
  readonly calls: string[];
  /** The form of the last POST. */
  lastForm(): URLSearchParams;
  countOf(call: string): number;
  /** Answers differently at a path, until told otherwise. */
  answerAt(path: string, answer: Answer | undefined): void;
  /** What the browser would do with an authorization URL: comes back with the callback URL. */
  authorize(url: string): Promise<URL>;
  /** Signs with the current key; a claim or header parameter that is undefined is left out. */
  sign(claims: JWTPayload, header?: JWSHeader): Promise<string>;
  /** Makes the next key current; the one before stays published only if told so. */
  rotateKeys(options?: { keepOld?: boolean }): void;
  jwks(): Promise<{ keys: object[] }>;
  accessClaims(): JWTPayload;
  idClaims(nonce?: string): JWTPayload;
  /** The tokens of the next token response; tests replace them. */
  makeAccessToken: () => Promise<string>;
  makeIdToken: (nonce: string) => Promise<string | undefined>;
  makeRefreshToken: () => string | undefined;
  profile: Record<string, unknown>;
}

/** Key pairs are made once per test file: RSA takes its time. */
const keyPairs: ReturnType<typeof generateKeyPair>[] = [];

function keyPair(number: number): ReturnType<typeof generateKeyPair> {
  return (keyPairs[number] ??= generateKeyPair("RS256", { extractable: true }));
}

export function createTestTenant(): TestTenant {
  const answers = new Map<string, Answer>();
  let published = [0];
  let form = new URLSearchParams();
  const current = (): number => published[0] ?? 0;

  const tenant: TestTenant = {
    clock: { now: Math.floor(Date.now() / 1000) },
    calls: [],
    lastForm: () => form,
    countOf: (call) => tenant.calls.filter((made) => made === call).length,
    answerAt: (path, answer) =>
      void (answer === undefined ? answers.delete(path) : answers.set(path, answer)),
    async fetch(input: RequestInfo | URL, init?: RequestInit) {
      const request = new Request(input, init);
      const { pathname } = new URL(request.url);
      tenant.calls.push(`${request.method} ${pathname}`);
      if (request.method === "POST") form = await readForm(request.clone());
      return (answers.get(pathname) ?? ((asked) => app.fetch(asked)))(request);
    },
    async authorize(url) {
      const response = await app.fetch(new Request(url));
      return new URL(response.headers.get("Location") ?? "");
    },
    async sign(claims, header = {}) {
      const { privateKey } = await keyPair(current());
      return new SignJWT(claims)
        .setProtectedHeader({ alg: "RS256", typ: "JWT", kid: `key-${current()}`, ...header })
        .sign(privateKey);
    },
    rotateKeys: ({ keepOld = false } = {}) => {
      published = [current() + 1, ...(keepOld ? published : [])];
    },
    jwks: async () => ({ keys: await Promise.all(published.map(publicJwk)) }),
    accessClaims: () => ({
      iss: TENANT_CONFIG.issuer,
      sub: ADA,
      aud: [TENANT_CONFIG.audience, `${TENANT_CONFIG.issuer}userinfo`],
      azp: TENANT_CONFIG.clientId,
      iat: tenant.clock.now,
      exp: tenant.clock.now + 86_400,
      scope: "openid profile email offline_access",
      permissions: ["tool:get_user_info", "tool:report"],
    }),
    idClaims: (nonce) => ({
      iss: TENANT_CONFIG.issuer,
      sub: ADA,
      aud: TENANT_CONFIG.clientId,
      iat: tenant.clock.now,
      exp: tenant.clock.now + 36_000,
      sid: "session-1",
      nonce,
      ...tenant.profile,
    }),
    makeAccessToken: () => tenant.sign(tenant.accessClaims()),
    makeIdToken: (nonce) => tenant.sign(tenant.idClaims(nonce)),
    makeRefreshToken: () => `refresh-${tenant.calls.length}`,
    profile: { name: "Ada Lovelace", email: "ada@example.test", email_verified: true },
  };
  const app = createTenantApp(tenant);
  return tenant;
}

/** A whole sign-in: to the tenant with the browser and back. */
export async function signIn(
  tenant: TestTenant,
  provider: IdentityProvider,
  request: { maxAge?: string } = {},
) {
  const secrets = provider.createSignInSecrets();
  const callback = await tenant.authorize(
    await provider.authorizationUrl({ state: "state-1", isForGrant: true, ...request }, secrets),
  );
  return finishSignIn(provider, callback, {
    state: "state-1",
    secrets: { ...secrets, ...request },
  });
}

/** The browser's return, redeemed and judged. */
export async function finishSignIn(
  provider: IdentityProvider,
  callback: URL,
  { state, secrets }: { readonly state: string; readonly secrets: SignInSecrets },
): Promise<Identity> {
  return provider.judgeSignIn(await provider.redeemCode(callback, state, secrets), secrets);
}

/** A renewal, asked for and judged, of the person who signs in here. */
export async function renew(
  provider: IdentityProvider,
  refreshToken: string,
): Promise<UpstreamTokens> {
  const userId = await deriveUserId(TENANT_CONFIG.issuer, ADA);
  return provider.judgeRenewal(await provider.renew(refreshToken), userId);
}

/** A JWT put together by hand: what no honest signer would make. */
export function forge(header: object, claims: object, signature = "c2lnbmF0dXJl"): string {
  const part = (value: object): string => base64url.encode(JSON.stringify(value));
  return `${part(header)}.${part(claims)}.${signature}`;
}

async function publicJwk(number: number): Promise<object> {
  const { publicKey } = await keyPair(number);
  return { ...(await exportJWK(publicKey)), kid: `key-${number}`, alg: "RS256", use: "sig" };
}

function createTenantApp(tenant: TestTenant): Hono {
  const authorizations = new Map<string, Authorization>();
  const app = new Hono();

  app.get("/.well-known/openid-configuration", (context) => context.json(discoveryDocument()));
  app.get("/.well-known/jwks.json", async (context) => context.json(await tenant.jwks()));

  app.get("/authorize", (context) => {
    const code = `code-${authorizations.size}`;
    const {
      nonce = "",
      code_challenge: challenge = "",
      redirect_uri: target = "",
      state = "",
    } = context.req.query();
    authorizations.set(code, { nonce, challenge });
    return context.redirect(`${target}?${new URLSearchParams({ code, state })}`);
  });

  app.post("/oauth/token", async (context) => {
    const asked = tenant.lastForm();
    if (asked.get("client_secret") !== TENANT_CONFIG.clientSecret)
      return context.json({ error: "access_denied", error_description: "Unauthorized" }, 401);
    if (asked.get("grant_type") === "refresh_token")
      return context.json(await tokenResponse(tenant, undefined));
    const authorization = authorizations.get(asked.get("code") ?? "");
    authorizations.delete(asked.get("code") ?? "");
    const verifier = await s256(asked.get("code_verifier") ?? "");
    if (authorization?.challenge !== verifier) return context.json({ error: "invalid_grant" }, 403);
    return context.json(await tokenResponse(tenant, await tenant.makeIdToken(authorization.nonce)));
  });

  app.post("/oauth/revoke", (context) => context.body(null, 200));
  app.get("/userinfo", (context) => context.json({ sub: ADA, ...tenant.profile }));
  return app;
}

export function discoveryDocument(): Record<string, unknown> {
  const { issuer } = TENANT_CONFIG;
  return {
    issuer,
    authorization_endpoint: `${issuer}authorize`,
    token_endpoint: `${issuer}oauth/token`,
    userinfo_endpoint: `${issuer}userinfo`,
    revocation_endpoint: `${issuer}oauth/revoke`,
    jwks_uri: `${issuer}.well-known/jwks.json`,
    id_token_signing_alg_values_supported: ["HS256", "RS256", "PS256"],
  };
}

async function tokenResponse(tenant: TestTenant, idToken: string | undefined): Promise<object> {
  return {
    access_token: await tenant.makeAccessToken(),
    refresh_token: tenant.makeRefreshToken(),
    id_token: idToken,
    token_type: "Bearer",
    expires_in: 86_400,
  };
}

/** As bytes: workerd warns about `text()` on a form. */
async function readForm(request: Request): Promise<URLSearchParams> {
  return new URLSearchParams(new TextDecoder().decode(await request.arrayBuffer()));
}

async function s256(verifier: string): Promise<string> {
  return base64url.encode(
    new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))),
  );
}
