/**
 * How callers without a browser are received, and its variables. Their texts go in, as config.ts
 * reads them; what they mean for this server comes out.
 */
import type { IdentityConfig } from "./identity-variables.ts";
import {
  issuerUrl,
  jsonArray,
  type KeyedMachine,
  type preregisteredClients,
  seconds,
  switchOf,
} from "./variables.ts";
import * as z from "zod";

/** How applications are received that sign in for themselves. */
export interface MachineConfig {
  /** The identity provider may be asked about their credentials. */
  readonly areAtProvider: boolean;
  /** How long what it said may serve for another start; its token's end is the limit. */
  readonly cacheSeconds: number;
  /** Machines with a key of their own, which the identity provider does not know. */
  readonly keyed: readonly KeyedMachine[];
  /** Companies that vouch for their people. */
  readonly enterprises: readonly EnterpriseIssuer[];
}

const enterpriseIssuer = z.strictObject({
  issuer: issuerUrl,
  jwks_uri: issuerUrl,
  /** The applications that it may send; every one that authenticates when absent. */
  clients: z.array(z.string().min(1)).optional(),
  /** What it can let them do at most. */
  max_permissions: z.array(z.string().min(1)),
  /** What stands before its subjects at Auth0: `okta|acme|`. */
  subject_prefix: z.string().min(1).optional(),
});

export type EnterpriseIssuer = Readonly<z.output<typeof enterpriseIssuer>>;

/** Whether any machine may come. */
export function admitsMachines({ areAtProvider, keyed }: MachineConfig): boolean {
  return areAtProvider || keyed.length > 0;
}

/** The variables, for the schema of config.ts. */
export const machineVariables = {
  CLIENT_CREDENTIALS: switchOf(true),
  MACHINE_CACHE_SECONDS: seconds(86_400, 0, 86_400),
  ENTERPRISE_ISSUERS: jsonArray(enterpriseIssuer, "issuers").refine(
    (all) => new Set(all.map(({ issuer }) => issuer)).size === all.length,
    "must name each issuer once",
  ),
};

type Values = {
  readonly [Name in keyof typeof machineVariables]: z.output<(typeof machineVariables)[Name]>;
} & { readonly PREREGISTERED_CLIENTS: z.output<typeof preregisteredClients> };

/** What they mean. How a provider other than Auth0 marks its machines is not known. */
export function machineConfig(values: Values, { oidc }: IdentityConfig): MachineConfig {
  return {
    areAtProvider: values.CLIENT_CREDENTIALS && oidc === undefined,
    cacheSeconds: values.MACHINE_CACHE_SECONDS,
    enterprises: values.ENTERPRISE_ISSUERS,
    keyed: values.CLIENT_CREDENTIALS
      ? values.PREREGISTERED_CLIENTS.filter((client) => "grant_types" in client)
      : [],
  };
}
