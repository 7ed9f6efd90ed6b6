/**
 * How callers without a browser are received, and its variables. Their texts go in, as config.ts
 * reads them; what they mean for this server comes out.
 */
import type { IdentityConfig } from "./identity-variables.ts";
import { type KeyedMachine, type preregisteredClients, seconds, switchOf } from "./variables.ts";
import type * as z from "zod";

/** How applications are received that sign in for themselves. */
export interface MachineConfig {
  /** The identity provider may be asked about their credentials. */
  readonly areAtProvider: boolean;
  /** How long what it said may serve for another start; its token's end is the limit. */
  readonly cacheSeconds: number;
  /** Machines with a key of their own, which the identity provider does not know. */
  readonly keyed: readonly KeyedMachine[];
}

/** Whether any machine may come. */
export function admitsMachines({ areAtProvider, keyed }: MachineConfig): boolean {
  return areAtProvider || keyed.length > 0;
}

/** The variables, for the schema of config.ts. */
export const machineVariables = {
  CLIENT_CREDENTIALS: switchOf(true),
  MACHINE_CACHE_SECONDS: seconds(86_400, 0, 86_400),
};

type Values = {
  readonly [Name in keyof typeof machineVariables]: z.output<(typeof machineVariables)[Name]>;
} & { readonly PREREGISTERED_CLIENTS: z.output<typeof preregisteredClients> };

/** What they mean. How a provider other than Auth0 marks its machines is not known. */
export function machineConfig(values: Values, { oidc }: IdentityConfig): MachineConfig {
  return {
    areAtProvider: values.CLIENT_CREDENTIALS && oidc === undefined,
    cacheSeconds: values.MACHINE_CACHE_SECONDS,
    keyed: values.CLIENT_CREDENTIALS
      ? values.PREREGISTERED_CLIENTS.filter((client) => "jwks" in client)
      : [],
  };
}
