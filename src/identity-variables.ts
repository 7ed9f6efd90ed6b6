/**
 * How we are a client of an identity provider: which one, and its variables. The environment goes
 * in; the configuration of the provider that was chosen, or what is wrong with it, comes out. The
 * variables of another one do not count.
 */
import * as z from "zod";
import { type ConfigProblem, problemsOf } from "./config-problem.ts";
import {
  auth0Domain,
  issuerUrl,
  optionalText,
  organizations,
  present,
  words,
  privateKey,
  switchOf,
} from "./variables.ts";

/** How permissions are named and asked for at a provider that is not Auth0. */
export interface OidcConfig {
  /** A claim of the access token, by its name or its path. */
  readonly permissionsClaim: string;
  readonly scope: string;
  /** Sent as `resource` (RFC 8707), where the provider wants that. */
  readonly resource?: string;
  /** Sent for a grant when the client asks for none. */
  readonly prompt?: string;
}

/** Who we are when we call further for a person. */
export interface ApiClient {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** How we are a client of the identity provider. */
export interface IdentityConfig {
  /** The issuer to the letter; Auth0's has a trailing slash. */
  readonly issuer: string;
  readonly clientId: string;
  /** Empty when there is a key in its place. */
  readonly clientSecret: string;
  /** PKCS#8: our proof by private_key_jwt. */
  readonly clientKey?: Uint8Array<ArrayBuffer>;
  /** Authorization requests are pushed (RFC 9126) before a browser is sent. */
  readonly pushesRequests?: boolean;
  readonly audience: string;
  readonly organization?: string;
  /** Those with an address of their own, each by the name that it has there and at Auth0. */
  readonly organizations?: readonly { readonly name: string; readonly organization: string }[];
  readonly connection?: string;
  /** The Custom API Client of our API: it exchanges a person's token for one of another API. */
  readonly apiClient?: ApiClient;
  /** `{baseUrl}/auth/callback`: the one callback it sees. */
  readonly redirectUri: string;
  /** Applications whose own tokens open `/mcp` as they are. */
  readonly directClients?: readonly string[];
  /** Absent for Auth0. */
  readonly oidc?: OidcConfig;
}

const providerVariable = z.object({
  AUTH_PROVIDER: z
    .string()
    .trim()
    .toLowerCase()
    .default("auth0")
    .pipe(z.enum(["auth0", "oidc"], { error: "must be auth0 or oidc" })),
});

const auth0Variables = z.object({
  AUTH0_DOMAIN: auth0Domain,
  AUTH0_CLIENT_ID: present,
  AUTH0_PAR: switchOf(false),
  AUTH0_AUDIENCE: present,
  AUTH0_ORGANIZATION: optionalText,
  AUTH0_ORGANIZATIONS: organizations,
  AUTH0_CONNECTION: optionalText,
  AUTH0_DIRECT_CLIENTS: words,
});

const proofVariables = z.object({
  AUTH0_CLIENT_SECRET: optionalText,
  AUTH0_CLIENT_KEY: privateKey.optional(),
});

/** A secret, or a key in its place. */
const proofEnvironment = proofVariables.superRefine((values, context) => {
  const { AUTH0_CLIENT_SECRET: secret, AUTH0_CLIENT_KEY: key } = values;
  if (secret === undefined && key === undefined)
    context.addIssue({ code: "custom", path: ["AUTH0_CLIENT_SECRET"], message: "is missing" });
  if (secret !== undefined && key !== undefined)
    context.addIssue({
      code: "custom",
      path: ["AUTH0_CLIENT_KEY"],
      message: "must not be set beside AUTH0_CLIENT_SECRET",
    });
});

const apiClientVariables = z.object({
  AUTH0_API_CLIENT_ID: optionalText,
  AUTH0_API_CLIENT_SECRET: optionalText,
});

/** One of the two alone is a mistake. */
const apiClientEnvironment = apiClientVariables.superRefine((values, context) => {
  const pair = ["AUTH0_API_CLIENT_ID", "AUTH0_API_CLIENT_SECRET"] as const;
  const missing = pair.filter((name) => values[name] === undefined);
  if (missing.length === 1)
    context.addIssue({ code: "custom", path: missing, message: "is missing" });
});

const oidcVariables = z.object({
  OIDC_ISSUER: issuerUrl,
  OIDC_CLIENT_ID: present,
  OIDC_CLIENT_SECRET: present,
  OIDC_AUDIENCE: present,
  OIDC_PERMISSIONS_CLAIM: z.string().trim().min(1).default("permissions"),
  OIDC_SCOPE: z.string().trim().min(1).default("openid profile email offline_access"),
  OIDC_RESOURCE: optionalText,
  OIDC_PROMPT: optionalText,
});

export type IdentityVariables = z.infer<typeof providerVariable> &
  z.infer<typeof auth0Variables> &
  z.infer<typeof proofVariables> &
  z.infer<typeof apiClientVariables> &
  z.infer<typeof oidcVariables>;

/** The names of these variables. */
export const IDENTITY_VARIABLES: readonly string[] = [
  ...Object.keys(providerVariable.shape),
  ...Object.keys(auth0Variables.shape),
  ...Object.keys(proofVariables.shape),
  ...Object.keys(apiClientVariables.shape),
  ...Object.keys(oidcVariables.shape),
];

/** Only the variables of the provider that was chosen count. */
export function readIdentity(
  set: Readonly<Record<string, unknown>>,
  issuer: string,
): IdentityConfig | ConfigProblem[] {
  const provider = providerVariable.safeParse(set);
  if (!provider.success) {
    const read = readAuth0(set);
    return [...problemsOf(provider), ...(Array.isArray(read) ? read : [])];
  }
  const read = provider.data.AUTH_PROVIDER === "oidc" ? readOidc(set) : readAuth0(set);
  return Array.isArray(read) ? read : { ...read, redirectUri: `${issuer}/auth/callback` };
}

/** Whether it was read, or only what is wrong with it. */
export function isIdentity(
  read: IdentityConfig | readonly ConfigProblem[],
): read is IdentityConfig {
  return "issuer" in read;
}

type Read = Omit<IdentityConfig, "redirectUri"> | ConfigProblem[];

function readAuth0(set: Readonly<Record<string, unknown>>): Read {
  const parsed = auth0Variables.safeParse(set);
  const proof = proofEnvironment.safeParse(set);
  const further = apiClientEnvironment.safeParse(set);
  if (!parsed.success || !proof.success || !further.success)
    return [parsed, proof, further].flatMap(problemsOf);
  const { AUTH0_ORGANIZATION: organization, AUTH0_CONNECTION: connection } = parsed.data;
  const { AUTH0_API_CLIENT_ID: apiId, AUTH0_API_CLIENT_SECRET: apiSecret } = further.data;
  const { AUTH0_ORGANIZATIONS: served, AUTH0_DIRECT_CLIENTS: directClients } = parsed.data;
  return {
    issuer: parsed.data.AUTH0_DOMAIN,
    clientId: parsed.data.AUTH0_CLIENT_ID,
    ...proofOf(proof.data),
    ...(parsed.data.AUTH0_PAR ? { pushesRequests: true } : {}),
    audience: parsed.data.AUTH0_AUDIENCE,
    ...(organization === undefined ? {} : { organization }),
    ...(served.length === 0 ? {} : { organizations: served }),
    ...(connection === undefined ? {} : { connection }),
    ...(directClients.length === 0 ? {} : { directClients }),
    ...(apiId === undefined || apiSecret === undefined
      ? {}
      : { apiClient: { clientId: apiId, clientSecret: apiSecret } }),
  };
}

function proofOf({
  AUTH0_CLIENT_KEY: clientKey,
  AUTH0_CLIENT_SECRET: clientSecret = "",
}: z.output<typeof proofVariables>): Pick<IdentityConfig, "clientSecret" | "clientKey"> {
  return { clientSecret, ...(clientKey === undefined ? {} : { clientKey }) };
}

function readOidc(set: Readonly<Record<string, unknown>>): Read {
  const parsed = oidcVariables.safeParse(set);
  if (!parsed.success) return problemsOf(parsed);
  const { OIDC_RESOURCE: resource, OIDC_PROMPT: prompt } = parsed.data;
  return {
    issuer: parsed.data.OIDC_ISSUER,
    clientId: parsed.data.OIDC_CLIENT_ID,
    clientSecret: parsed.data.OIDC_CLIENT_SECRET,
    audience: parsed.data.OIDC_AUDIENCE,
    oidc: {
      permissionsClaim: parsed.data.OIDC_PERMISSIONS_CLAIM,
      scope: parsed.data.OIDC_SCOPE,
      ...(resource === undefined ? {} : { resource }),
      ...(prompt === undefined ? {} : { prompt }),
    },
  };
}
