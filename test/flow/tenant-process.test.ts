/** What of the local tenant outlives a restart, and what its process says. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { APPLICATION, createTenantClient, startTestTenant } from "../support/tenant-client.ts";

let dataDir: string;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "tenant-"));
});
afterEach(() => rm(dataDir, { recursive: true }));

const environment = {
  AUTH0_AUDIENCE: APPLICATION.audience,
  AUTH0_CLIENT_ID: APPLICATION.clientId,
  AUTH0_CLIENT_SECRET: APPLICATION.clientSecret,
  RESOURCE_BASE_URL: "http://localhost:8787",
};
const start = (variables: Readonly<Record<string, string>>) =>
  spawn(process.execPath, ["dev/tenant/main.ts"], {
    env: { DEV_DATA_DIR: dataDir, ...variables },
  });
const endOf = async (child: ReturnType<typeof start>) => {
  const [[code], output, errors] = await Promise.all([
    once(child, "close"),
    text(child.stdout),
    text(child.stderr),
  ]);
  return { code, output, errors };
};

describe("a tenant with a data directory", () => {
  it("keeps its keys and refresh tokens over a restart, for its owner only", async () => {
    const first = await startTestTenant({ dataDir });
    const { access_token, refresh_token = "" } = await (
      await createTenantClient(first)
    ).signIn("ada");
    await first.close();
    const files = await Promise.all(
      (await readdir(dataDir)).map((name) => stat(join(dataDir, name))),
    );
    expect(files.map(({ mode }) => mode & 0o777)).toEqual([0o600, 0o600]);

    const second = await startTestTenant({ dataDir, port: Number(new URL(first.url).port) });
    const client = await createTenantClient(second);
    expect(await client.claimsOf(access_token)).toHaveProperty("sub");
    expect((await client.refresh(refresh_token)).status).toBe(200);
    await second.close();
  });
});

describe("the tenant's process", () => {
  it("says one line when it serves, and leaves its state behind when it is stopped", async () => {
    const probe = await startTestTenant();
    const port = new URL(probe.url).port;
    await probe.close();
    const child = start({ ...environment, DEV_AUTH0_PORT: port });
    const end = endOf(child);
    await once(child.stdout, "data");
    expect((await fetch(`${probe.url}/.well-known/openid-configuration`)).status).toBe(200);
    child.kill("SIGTERM");
    expect(await end).toEqual({ code: 0, output: `Auth0 tenant at ${probe.issuer}\n`, errors: "" });
    expect((await readdir(dataDir)).toSorted()).toEqual([
      "tenant-keys.json",
      "tenant-records.json",
    ]);
  });

  it("says in one line that its port is taken", async () => {
    const tenant = await startTestTenant();
    const { port } = new URL(tenant.url);
    expect(await endOf(start({ ...environment, DEV_AUTH0_PORT: port }))).toEqual({
      code: 1,
      output: "",
      errors: `Auth0 tenant: Port ${port} is in use. Stop what listens there, or choose another with DEV_AUTH0_PORT.\n`,
    });
    await tenant.close();
  });

  it.each([
    ["a missing variable", { AUTH0_AUDIENCE: "" }, "AUTH0_AUDIENCE is missing."],
    ["a port that is none", { DEV_AUTH0_PORT: "http" }, "DEV_AUTH0_PORT must be a port number."],
  ])("names %s in one line", async (_, variables, problem) => {
    const end = await endOf(start({ ...environment, ...variables }));
    expect(end).toEqual({ code: 1, output: "", errors: `Auth0 tenant: ${problem}\n` });
  });
});
