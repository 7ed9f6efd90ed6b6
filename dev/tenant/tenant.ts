/**
 * A local OpenID provider in Auth0's dialect, for development and tests. Options go in, a running
 * server and its control come out. It asks for no password, so it must never be reachable from
 * outside.
 */
import { createServer, type RequestListener, type Server } from "node:http";
import { join } from "node:path";
import type { JWK } from "jose";
import { createAccountStore } from "./accounts.ts";
import { createAnswers } from "./answers.ts";
import { type Control, createControl } from "./control.ts";
import { createDashboard } from "./dashboard.ts";
import type { ApiClient } from "./exchange.ts";
import { openKeyring } from "./keys.ts";
import { createLogout } from "./logout.ts";
import { createMachines, type MachineOptions } from "./machines.ts";
import { createDirectory } from "./people.ts";
import { createProvider } from "./provider.ts";
import { openRecords } from "./records.ts";
import { createTraffic, type Traffic } from "./traffic.ts";

export interface TenantOptions {
  /** A free one when absent. */
  readonly port?: number;
  /** The address to listen on; the issuer says `localhost` all the same. */
  readonly host?: string;
  /** The identifier of the API. */
  readonly audience: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** The public key by which the application proves itself, in place of its secret. */
  readonly clientKey?: JWK;
  readonly callbackUrls: readonly string[];
  /** Every permission of the API. */
  readonly permissions: readonly string[];
  /** How many people there are beside the three: `p1`, `p2`, … */
  readonly crowd?: number;
  /** Applications that sign in for themselves, beside the robot that may do everything. */
  readonly machines?: readonly MachineOptions[];
  /** Where keys and sessions outlive the process; without it they do not. */
  readonly dataDir?: string;
  /** Where logout tokens are sent. */
  readonly backchannelLogoutUri?: string;
  /** The Custom API Client of the API; without it there is no token exchange. */
  readonly apiClient?: ApiClient;
  /** Other APIs and their scopes; without it every audience is one. */
  readonly otherApis?: Readonly<Record<string, readonly string[]>>;
  /** Speaks OpenID Connect as it is written, without Auth0's dialect. */
  readonly isPlain?: boolean;
  /** Opens the Management API; without it nobody can. */
  readonly managementToken?: string;
}

export interface Tenant {
  /** With a trailing slash, as Auth0 writes it. */
  readonly issuer: string;
  /** Without it. */
  readonly url: string;
  readonly control: Control;
  close(): Promise<void>;
}

/** Starts a tenant. Rejects with Node's `EADDRINUSE` when the port is taken. */
export async function startTenant(options: TenantOptions): Promise<Tenant> {
  const { port = 0, host = "127.0.0.1", dataDir, clientSecret } = options;
  const keyring = await openKeyring(dataDir && join(dataDir, "tenant-keys.json"));
  const records = await openRecords(dataDir && join(dataDir, "tenant-records.json"));
  const directory = createDirectory(options.permissions, options.crowd);
  const dashboard = createDashboard({ ...options, directory });
  const answers = createAnswers(keyring, clientSecret, dashboard);
  const traffic = createTraffic();
  const server = createServer();
  const url = `http://localhost:${await listen(server, port, host)}`;
  const issuer = `${url}/`;

  const accounts = createAccountStore();
  const logout = createLogout({ ...options, issuer, keyring }, options.backchannelLogoutUri);
  const machines = createMachines({ ...options, issuer, keyring, answers }, options);
  const people = { directory, dashboard, logout };
  const parts = { ...options, issuer, keyring, records, answers, machines, ...people, accounts };
  let serve = createProvider(parts).callback();
  const rotateKeys = async (): Promise<void> => {
    await keyring.rotate();
    serve = createProvider(parts).callback();
  };
  server.on(
    "request",
    admit(traffic, (request, response) => serve(request, response)),
  );
  return {
    issuer,
    url,
    control: createControl({ accounts, answers, machines, ...people, traffic, rotateKeys }),
    async close() {
      server.close();
      server.closeAllConnections();
      await records.flush();
    },
  };
}

/**
 * Lets a request in once the tenant's faults allow it; one that broke off while it was sent ends
 * here.
 */
function admit(traffic: Traffic, serve: RequestListener): RequestListener {
  return (request, response) => {
    traffic.admit(request, response).then(
      (admitted) => admitted && serve(admitted, response),
      () => response.destroy(),
    );
  };
}

/** The port the server listens on. */
function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}
