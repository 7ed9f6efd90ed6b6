/**
 * The local tenant as a process of its own, as `npm run dev` starts it. The environment goes in,
 * one line comes out when it serves. Prints no secret.
 */
import { startTenant, type Tenant } from "./tenant.ts";

const { DEV_AUTH0_PORT = "4400", DEV_DATA_DIR = ".dev/data", DEV_PERMISSIONS = "" } = process.env;

const port = Number(DEV_AUTH0_PORT);
if (!Number.isInteger(port) || port < 1 || port > 65_535)
  fail("DEV_AUTH0_PORT must be a port number.");

const baseUrl = required("RESOURCE_BASE_URL").replace(/\/$/, "");
const tenant = await startTenant({
  port,
  audience: required("AUTH0_AUDIENCE"),
  clientId: required("AUTH0_CLIENT_ID"),
  clientSecret: required("AUTH0_CLIENT_SECRET"),
  callbackUrls: [`${baseUrl}/auth/callback`],
  backchannelLogoutUri: `${baseUrl}/auth/backchannel-logout`,
  ...readApiClient(process.env),
  permissions: DEV_PERMISSIONS.split(",")
    .map((name) => name.trim())
    .filter(Boolean),
  dataDir: DEV_DATA_DIR,
}).catch(explain);

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => void stop(tenant));
console.log(`Auth0 tenant at ${tenant.issuer}`);

/** Any audience is another API here: which ones there are, only the real tenant knows. */
function readApiClient({
  AUTH0_API_CLIENT_ID: clientId,
  AUTH0_API_CLIENT_SECRET: clientSecret,
}: NodeJS.ProcessEnv) {
  return clientId && clientSecret ? { apiClient: { clientId, clientSecret } } : {};
}

async function stop(running: Tenant): Promise<void> {
  await running.close();
  process.exit(0);
}

function required(variable: string): string {
  return process.env[variable]?.trim() || fail(`${variable} is missing.`);
}

function explain(error: Error): never {
  if ("code" in error && error.code === "EADDRINUSE")
    fail(`Port ${port} is in use. Stop what listens there, or choose another with DEV_AUTH0_PORT.`);
  fail(error.message);
}

function fail(problem: string): never {
  console.error(`Auth0 tenant: ${problem}`);
  process.exit(1);
}
