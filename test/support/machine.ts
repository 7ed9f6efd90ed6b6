/**
 * A machine as tests play it: token requests with its credentials, calls with what it got, and both
 * SDKs' own providers. Nothing here asserts anything.
 */
import {
  Client as ModernClient,
  ClientCredentialsProvider as ModernCredentials,
  type OAuthClientProvider as ModernProvider,
  StreamableHTTPClientTransport as ModernTransport,
} from "@modelcontextprotocol/client";
import { ClientCredentialsProvider } from "@modelcontextprotocol/sdk/client/auth-extensions.js";
import type { OAuthClientProvider } from "@modelcontextprotocol/sdk/client/auth.js";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ROBOT } from "../../dev/tenant/machines.ts";
import type { TestWorker } from "./house.ts";

interface Credentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

export type Form = Readonly<Record<string, string>>;

/** A token request by a machine, with its secret in the form. */
export function askForToken(
  { url }: Pick<TestWorker, "url">,
  { clientId, clientSecret }: Credentials = ROBOT,
  more: Form = {},
): Promise<Response> {
  return post(url, {
    grant_type: "client_credentials",
    client_id: clientId,
    client_secret: clientSecret,
    ...more,
  });
}

/** Any token request. */
export function post(
  url: string,
  form: Form,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return fetch(`${url}/token`, { method: "POST", body: new URLSearchParams(form), headers });
}

const INFO = { name: "a job", version: "1.0.0" };

/** What both generations of clients have in common. */
export interface Job {
  readonly revision: string | undefined;
  /** What the server says of its extensions. */
  readonly extensions: Readonly<Record<string, unknown>>;
  listTools(): Promise<string[]>;
  call(name: string): Promise<unknown>;
  close(): Promise<void>;
}

/** A job on the 1.x SDK. */
export async function startClassicJob(
  issuer: string,
  authProvider: OAuthClientProvider,
): Promise<Job> {
  const client = new Client(INFO);
  const transport = new StreamableHTTPClientTransport(new URL("/mcp", issuer), { authProvider });
  await client.connect(transport);
  return {
    revision: transport.protocolVersion,
    extensions: { ...client.getServerCapabilities()?.extensions },
    listTools: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: (name) => client.callTool({ name, arguments: {} }),
    close: () => client.close(),
  };
}

/** A job on the 2.x SDK. */
export async function startModernJob(issuer: string, authProvider: ModernProvider): Promise<Job> {
  const client = new ModernClient(INFO, { versionNegotiation: { mode: "auto" } });
  await client.connect(new ModernTransport(new URL("/mcp", issuer), { authProvider }));
  return {
    revision: client.getNegotiatedProtocolVersion(),
    extensions: { ...client.getServerCapabilities()?.extensions },
    listTools: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: (name) => client.callTool({ name, arguments: {} }),
    close: () => client.close(),
  };
}

/** One start of a job with an id and a secret, on either SDK. */
export const STARTS = [
  [
    "SDK 1.x",
    "2025-11-25",
    (expectedIssuer: string, machine: Credentials = ROBOT) =>
      startClassicJob(
        expectedIssuer,
        new ClientCredentialsProvider({ ...machine, expectedIssuer }),
      ),
  ],
  [
    "client 2.x",
    "2026-07-28",
    (expectedIssuer: string, machine: Credentials = ROBOT) =>
      startModernJob(expectedIssuer, new ModernCredentials({ ...machine, expectedIssuer })),
  ],
] as const;
