/**
 * The doctor: every failure that it claims to find, against the local parts misconfigured in just
 * that way. The Worker, the tenant and the store are the real local ones.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createMemoryEngine } from "../../dev/upstash/memory-engine.ts";
import { createRestApi, jsonAnswer, type RestApi } from "../../dev/upstash/rest.ts";
import { serveRest, type UpstashServer } from "../../dev/upstash/server.ts";
import { type Ask, createAsk } from "../../dev/doctor/answers.ts";
import { readArguments } from "../../dev/doctor/arguments.ts";
import { judgeBindings, judgeWrangler } from "../../dev/doctor/wrangler.ts";
import { judgeSite, judgeTools } from "../../dev/doctor/directories.ts";
import { site } from "../../src/site.ts";
import { judgeSilence } from "../../dev/doctor/intermediary.ts";
import { judgeDistance } from "../../dev/doctor/deployment.ts";
import { LIMIT_BINDINGS } from "../../src/edge/limits.ts";
import { examine, type Finding, type Status } from "../../dev/doctor/check.ts";
import { CHECKS } from "../../dev/doctor/checks.ts";
import { createSubject, type Subject } from "../../dev/doctor/subject.ts";
import { judgeTheirs } from "../../dev/doctor/variables.ts";
import { loadTools } from "../../dev/doctor/tools.ts";
import type { Changes } from "../../dev/tenant/dashboard.ts";
import type { Shape } from "../../dev/tenant/forgery.ts";
import type { Endpoint, Fault } from "../../dev/tenant/traffic.ts";
import { type Habit, stand } from "../support/before-worker.ts";
import { type House, MANAGEMENT_TOKEN, randomKey, startHouse } from "../support/house.ts";
import { freePort } from "../support/port.ts";

let house: House;
let folder: string;
/** Bundled once. */
const tools = loadTools();

beforeAll(async () => {
  house = await startHouse();
  folder = await mkdtemp(join(tmpdir(), "doctor-"));
});
afterAll(async () => {
  await Promise.all([house.stop(), rm(folder, { recursive: true, force: true })]);
});
beforeEach(() => {
  house.tenant.control.clear();
  house.store.faults.clear();
});

type Set = Readonly<Record<string, string>>;

const PER_APP: Changes = {
  api: { subject_type_authorization: { user: { policy: "require_client_grant" } } },
};
type Expected = readonly [id: string, status: Status, says: RegExp, fix?: RegExp];

/** The findings about the house's variables, some of them changed. */
async function findings(
  variables: Set = {},
  options: Partial<Subject> = {},
): Promise<readonly Finding[]> {
  const set = Object.entries({ ...house.variables, ...variables }).filter(([, value]) => value);
  const subject = createSubject({
    variables: Object.fromEntries(set),
    file: join(folder, "none"),
    url: undefined,
    isForDeployment: false,
    login: undefined,
    client: undefined,
    looksAtDirectories: false,
    environmentName: undefined,
    managementToken: undefined,
    ...((await tools) ?? { tools: undefined, permissions: undefined }),
    ...options,
  });
  return examine(CHECKS, { ...subject, ...(options.ask && { ask: options.ask }) });
}

function expectFinding(found: readonly Finding[], [id, status, says, fix = /./]: Expected): void {
  expect(found.filter((finding) => finding.id === id)).toContainEqual(
    expect.objectContaining({
      status,
      says: expect.stringMatching(says),
      ...(status === "ok" || status === "skipped" ? {} : { fix: expect.stringMatching(fix) }),
    }),
  );
}

const failed = (found: readonly Finding[]) => found.filter(({ status }) => status === "failure");

it("finds nothing wrong where nothing is, with and without a deployment", async () => {
  const found = await findings({}, { managementToken: MANAGEMENT_TOKEN, looksAtDirectories: true });
  expect(failed(found)).toEqual([]);
  expectFinding(found, ["directory", "ok", /^\d+ tools have what/]);
  const deployed = await findings({}, { url: new URL(house.issuer) });
  expect(failed(deployed)).toEqual([]);
  const areas = ["Variables", "Auth0", "Auth0's settings", "Store", "wrangler.toml", "Deployment"];
  expect([...new Set(deployed.map(({ area }) => area))]).toEqual(areas);
});

it("says no value of a variable, whatever is wrong", async () => {
  const canary = { AUTH0_CLIENT_SECRET: "canary-1", UPSTASH_REDIS_REST_TOKEN: "canary-2" };
  const found = await findings({
    ...canary,
    JWT_SIGNING_KEY: "canary-3",
    AUTH0_DOMAIN: "canary 4",
  });
  expect(JSON.stringify([found, await findings(canary)])).not.toContain("canary");
});

describe("variables", () => {
  const guessable = Buffer.from("correct horse battery staple 123").toString("base64");
  const cases: readonly [string, Set, Expected][] = [
    [
      "missing",
      { AUTH0_CLIENT_ID: "" },
      ["variables", "failure", /^AUTH0_CLIENT_ID is missing/, /Client ID/],
    ],
    [
      "in quotes",
      { AUTH0_DOMAIN: '"a.test"' },
      ["variables", "failure", /AUTH0_DOMAIN is wholly in quotes/],
    ],
    [
      "misspelt",
      { AUTH0_ORGANISATION: "org_1" },
      ["variables", "failure", /AUTH0_ORGANIZATION meant/],
    ],
    [
      "not ours",
      { AUTH0_SCOPE: "openid" },
      ["unknown-names", "warning", /^AUTH0_SCOPE is not read/],
    ],
    [
      "a placeholder",
      { AUTH0_CLIENT_ID: "YOUR_CLIENT_ID" },
      ["placeholders", "failure", /^AUTH0_CLIENT_ID/],
    ],
    [
      "a placeholder in brackets",
      { AUTH0_AUDIENCE: "<audience>" },
      ["placeholders", "failure", /^AUTH0_AUDIENCE/],
    ],
    [
      "a typed key",
      { JWT_SIGNING_KEY: guessable },
      ["key-strength", "failure", /^JWT_SIGNING_KEY/, /openssl/],
    ],
    [
      "a constant key",
      { STORAGE_ENCRYPTION_KEY: btoa("\u0007".repeat(32)) },
      ["key-strength", "failure", /^STORAGE/],
    ],
    [
      "two keys",
      { JWT_SIGNING_KEY: `${randomKey()},${randomKey()}` },
      ["key-strength", "warning", /2 keys/, /rotation/],
    ],
    ["no sign-in", { AUTH_ENABLED: "false" }, ["variables", "warning", /open to everybody/]],
  ];
  it.each(cases)("%s", async (_, variables, expected) => {
    expectFinding(await findings(variables), expected);
  });

  it.each<readonly [string, Set, RegExp]>([
    ["our own address", {}, /^RESOURCE_BASE_URL is an address of this machine/],
    ["Auth0", {}, /^AUTH0_DOMAIN is an address of this machine/],
    ["the store", {}, /^UPSTASH_REDIS_REST_URL is an address of this machine/],
    ["no address", { RESOURCE_BASE_URL: "" }, /^RESOURCE_BASE_URL is missing/],
  ])("for a deployment: %s", async (_, variables, says) => {
    const found = await findings(variables, { isForDeployment: true, managementToken: undefined });
    expect(failed(found).map((finding) => finding.says)).toContainEqual(
      expect.stringMatching(says),
    );
  });

  it("a secret that a tool needs", () => {
    const example = ["AUTH0_DOMAIN", "INVOICES_API_KEY"];
    expect(judgeTheirs({ AUTH0_DOMAIN: "a.test" }, example)).toMatchObject([
      { status: "failure", says: "INVOICES_API_KEY is missing, which a tool needs" },
    ]);
    expect(judgeTheirs({ INVOICES_API_KEY: "a" }, example)).toEqual([]);
  });

  it("a file that others may read, and one that git would take", async () => {
    const file = join(folder, ".dev.vars");
    await writeFile(file, "", { mode: 0o644 });
    await chmod(file, 0o644);
    expectFinding(await findings({}, { file }), [
      "secrets-file",
      "warning",
      /can be read by others/,
      /chmod 600/,
    ]);
    expectFinding(await findings({}, { file: "README.md" }), [
      "secrets-file",
      "failure",
      /not ignored by git/,
    ]);
  });
});

describe("Auth0", () => {
  const faults: readonly [string, Endpoint, Fault, Expected][] = [
    ["away", "discovery", "reset", ["tenant", "failure", /^nothing answers at AUTH0_DOMAIN/]],
    ["in trouble", "discovery", { status: 503 }, ["tenant", "failure", /answers 503/, /status/]],
    ["no tenant", "discovery", { status: 404 }, ["tenant", "failure", /no Auth0 tenant/]],
    [
      "of another name",
      "discovery",
      { status: 200, body: { issuer: "https://a.test/" } },
      ["issuer", "failure", /calls itself https:\/\/a\.test\//, /custom domain/],
    ],
    [
      "without keys",
      "jwks",
      { status: 200, body: { keys: [{ kty: "oct", k: "AA" }] } },
      ["keys", "failure", /no RSA signing key/],
    ],
    ["busy", "token", { status: 429 }, ["credentials", "failure", /answers 429/]],
  ];
  it.each(faults)("%s", async (_, endpoint, fault, expected) => {
    house.tenant.control.fail(endpoint, fault);
    expectFinding(await findings(), expected);
  });

  it("with a clock that is not ours", async () => {
    const headers = { date: new Date(Date.now() - 600_000).toUTCString() };
    const metadata = await fetch(`${house.tenant.issuer}.well-known/openid-configuration`);
    house.tenant.control.fail("discovery", { status: 200, body: await metadata.json(), headers });
    expectFinding(await findings(), ["clock", "warning", /(599|600|601) s ahead of that of Auth0/]);
  });

  const variables: readonly [string, Set, Expected][] = [
    ["nowhere", { AUTH0_DOMAIN: "http://localhost:9" }, ["tenant", "failure", /nothing answers/]],
    [
      "of another secret",
      { AUTH0_CLIENT_SECRET: "another" },
      ["credentials", "failure", /does not accept the application/, /AUTH0_CLIENT_SECRET/],
    ],
    [
      "of another application",
      { AUTH0_CLIENT_ID: "another" },
      ["credentials", "failure", /does not accept/],
    ],
    [
      "with another API",
      { AUTH0_AUDIENCE: "https://api.example.test" },
      ["authorize", "failure", /no API of this identifier/, /trailing slash/],
    ],
    [
      "without our callback",
      { RESOURCE_BASE_URL: "http://localhost:9999" },
      [
        "authorize",
        "failure",
        /does not send people back to http:\/\/localhost:9999\/auth\/callback/,
        /Allowed Callback URLs/,
      ],
    ],
  ];
  it.each(variables)("%s", async (_, set, expected) => {
    expectFinding(await findings(set), expected);
  });

  const settings: readonly [string, Changes, Set, Expected, Expected?][] = [
    [
      "no authorization code",
      { application: { grant_types: ["refresh_token"] } },
      {},
      ["credentials", "failure", /may not use authorization codes/],
      ["application", "failure", /may not use authorization codes/],
    ],
    [
      "no refresh token",
      { application: { grant_types: ["authorization_code"] } },
      {},
      ["refresh-grant", "failure", /may not use refresh tokens/],
      ["application", "failure", /may not use refresh tokens/],
    ],
    [
      "organizations only",
      { application: { organization_usage: "require" } },
      {},
      ["authorize", "failure", /members of an organization only/, /AUTH0_ORGANIZATION/],
      ["application", "failure", /members of an organization/],
    ],
    [
      "no organizations",
      { application: { organization_usage: "deny" } },
      { AUTH0_ORGANIZATION: "org_1" },
      ["authorize", "failure", /takes no organization/],
      ["application", "failure", /takes no organization/],
    ],
    [
      "pushed requests only",
      { application: { require_pushed_authorization_requests: true } },
      {},
      ["authorize", "failure", /pushed authorization/, /AUTH0_PAR=true/],
      ["application", "failure", /pushed authorization/],
    ],
    [
      "pushed requests only, as AUTH0_PAR has them",
      { application: { require_pushed_authorization_requests: true } },
      { AUTH0_PAR: "true" },
      ["authorize", "ok", /a sign-in would begin/],
      ["application", "ok", /Authorization Code/],
    ],
    [
      "per-app authorization without a grant",
      PER_APP,
      {},
      ["authorize", "failure", /access policy/, /Application Access Policy/],
      ["client-grant", "failure", /has none for people/, /User Access/],
    ],
    [
      "per-app authorization with a smaller grant than the tools need",
      { ...PER_APP, clientGrant: { scope: ["tool:explain_access"] } },
      {},
      ["authorize", "ok", /a sign-in would begin/],
      ["client-grant", "failure", /lacks tool:get_user_info$/, /tick them/],
    ],
    [
      "per-app authorization with everything",
      { ...PER_APP, clientGrant: { scope: [], allow_all_scopes: true } },
      {},
      ["authorize", "ok", /a sign-in would begin/],
      ["client-grant", "ok", /with every permission/],
    ],
  ];
  it.each(settings)(
    "%s, seen from outside and in the dashboard",
    async (_, changes, set, outside, inside) => {
      house.tenant.control.configure(changes);
      const found = await findings(set, { managementToken: MANAGEMENT_TOKEN });
      expectFinding(found, outside);
      if (inside !== undefined) expectFinding(found, inside);
    },
  );

  const switches: readonly [string, Changes, Expected][] = [
    [
      "HS256 tokens",
      { api: { signing_alg: "HS256" } },
      ["api", "failure", /signs with HS256/, /RS256/],
    ],
    ["no RBAC", { api: { enforce_policies: false } }, ["api", "failure", /^Enable RBAC is off/]],
    [
      "no permissions",
      { api: { token_dialect: "access_token" } },
      ["api", "failure", /^Add Permissions/],
    ],
    [
      "no offline access",
      { api: { allow_offline_access: false } },
      ["api", "failure", /^Allow Offline Access/],
    ],
    [
      "encrypted tokens",
      { api: { token_encryption: { format: "compact-nested-jwe" } } },
      ["api", "failure", /encrypted/],
    ],
    [
      "nobody's API",
      { api: { subject_type_authorization: { user: { policy: "deny_all" } } } },
      ["api", "failure", /denies access/],
    ],
    [
      "a page application",
      { application: { app_type: "spa" } },
      ["application", "warning", /Regular Web/],
    ],
    [
      "HS256 ID tokens",
      { application: { jwt_configuration: { alg: "HS256" } } },
      ["application", "failure", /ID tokens with HS256/],
    ],
    [
      "no rotation",
      { application: { refresh_token: { rotation_type: "non-rotating", leeway: 0 } } },
      ["application", "warning", /Rotation is off/],
    ],
    [
      "no overlap",
      { application: { refresh_token: { rotation_type: "rotating", leeway: 0 } } },
      ["application", "warning", /Overlap/],
    ],
    [
      "one revocation for all",
      { tenant: { flags: { revoke_refresh_token_grant: true } } },
      ["tenant-settings", "warning", /ends all of them/],
    ],
  ];
  it.each(switches)("in the dashboard: %s", async (_, changes, expected) => {
    house.tenant.control.configure(changes);
    expectFinding(await findings({}, { managementToken: MANAGEMENT_TOKEN }), expected);
  });

  it("lacks a permission that a tool names", async () => {
    const permissions = ["tool:get_user_info", "invoices:read"];
    const found = await findings({}, { managementToken: MANAGEMENT_TOKEN, permissions });
    expectFinding(found, [
      "permissions-exist",
      "failure",
      /^the API lacks invoices:read$/,
      /Permissions/,
    ]);
  });

  it("has organizations that their members cannot come to", async () => {
    house.tenant.control.configure({ application: { organization_usage: "deny" } });
    const set = { AUTH0_ORGANIZATIONS: "acme,globex=org_1" };
    const found = await findings(set);
    expectFinding(found, ["organization", "failure", /^\/mcp\/o\/acme: .*takes no organization/]);
    expectFinding(found, ["organization", "failure", /^\/mcp\/o\/globex: /]);
    house.tenant.control.clear();
    expectFinding(await findings(set), ["organization", "ok", /^\/mcp\/o\/acme: a sign-in/]);
  });

  it("has a Custom API Client of another secret", async () => {
    expectFinding(await findings(), ["api-client", "ok", /id and secret are right/]);
    expectFinding(await findings({ AUTH0_API_CLIENT_SECRET: "another" }), [
      "api-client",
      "failure",
      /does not accept the Custom API Client/,
      /AUTH0_API_CLIENT_SECRET/,
    ]);
  });

  it("a company that vouches for its people, without keys", async () => {
    const issuer = { issuer: "https://idp.acme.test", max_permissions: ["a"] };
    const set = (jwks_uri: string) => ({
      ENTERPRISE_ISSUERS: JSON.stringify([{ ...issuer, jwks_uri }]),
    });
    const keys = `${house.tenant.issuer}.well-known/jwks.json`;
    expectFinding(await findings(set(keys)), [
      "enterprise",
      "ok",
      /^https:\/\/idp\.acme\.test pub/,
    ]);
    expectFinding(await findings(set(`${house.tenant.issuer}nowhere`)), [
      "enterprise",
      "failure",
      /no RSA signing key/,
      /jwks_uri/,
    ]);
  });

  it("a machine that publishes its keys, and does not", async () => {
    const set = (place: string) => ({
      PREREGISTERED_CLIENTS: JSON.stringify([
        {
          client_id: "build-robot",
          client_name: "Build robot",
          grant_types: ["client_credentials"],
          jwks_uri: `${house.tenant.issuer}${place}`,
          permissions: ["a"],
        },
      ]),
    });
    expectFinding(await findings(set(".well-known/jwks.json")), [
      "machine-keys",
      "ok",
      /^build-robot publishes [1-9]/,
    ]);
    for (const place of ["nowhere", ".well-known/openid-configuration"])
      expectFinding(await findings(set(place)), [
        "machine-keys",
        "failure",
        /^build-robot publishes no public key/,
        /PREREGISTERED_CLIENTS/,
      ]);
  });

  it("a token of the Management API that is none", async () => {
    expectFinding(await findings({}, { managementToken: "none" }), [
      "management",
      "failure",
      /does not answer \(401\)/,
    ]);
    expectFinding(await findings(), ["management", "skipped", /were not read/]);
  });
});

describe("the store", () => {
  let server: UpstashServer | undefined;
  afterAll(() => server?.close());

  const variables: readonly [string, Set, Expected][] = [
    [
      "nowhere",
      { UPSTASH_REDIS_REST_URL: "http://localhost:9" },
      ["store", "failure", /^nothing answers/, /30 idle days/],
    ],
    [
      "of another token",
      { UPSTASH_REDIS_REST_TOKEN: "another" },
      ["store", "failure", /does not accept the token/],
    ],
  ];
  it.each(variables)("%s", async (_, set, expected) => {
    expectFinding(await findings(set), expected);
  });

  it("is something else", async () => {
    const set = { UPSTASH_REDIS_REST_URL: house.issuer };
    expectFinding(await findings(set), ["store", "failure", /does not|no Upstash|answers 4/]);
  });

  /** What a database in trouble answers to commands of this name. */
  const troubles: readonly [string, string, unknown, Expected][] = [
    [
      "read-only, per command",
      "SET",
      "NOPERM this user has no permissions to run the 'set' command",
      ["store-writable", "failure", /can only be read/, /Read-Only off/],
    ],
    [
      "full",
      "SET",
      "ERR Max database size limit exceeded",
      ["store-writable", "failure", /is full/, /Eviction stays off/],
    ],
    [
      "over its quota",
      "PING",
      "ERR max requests limit exceeded. Limit: 500000",
      ["store", "failure", /commands is used up/],
    ],
    ["of an older Redis", "SET", "ERR syntax error", ["store-writable", "failure", /answers/]],
    [
      "evicting",
      "CONFIG",
      ["maxmemory-policy", "allkeys-lru"],
      ["store-eviction", "failure", /drops records/, /Eviction off/],
    ],
    [
      "not evicting",
      "CONFIG",
      ["maxmemory-policy", "noeviction"],
      ["store-eviction", "ok", /never drops/],
    ],
    [
      "evicting, as INFO has it",
      "INFO",
      { text: "# Memory\r\nmaxmemory_policy:volatile-lru\r\n" },
      ["store-eviction", "failure", /drops records .*volatile-lru/],
    ],
    ["nearly full", "DBSIZE", 170_000, ["store-size", "warning", /170000 records/, /256 MB/]],
    [
      "nearly full by its own count",
      "INFO",
      { text: "used_memory:900000000\r\nmaxmemory:1000000000\r\n" },
      ["store-size", "warning", /about 859 of 954 MB/, /larger plan/],
    ],
    [
      "of another time",
      "TIME",
      [String(Math.floor(Date.now() / 1000) - 400), "0"],
      ["store-clock", "warning", /4\d\d s ahead of that of the store/, /clock/],
    ],
  ];
  it.each(troubles)("%s", async (_, name, reply, expected) => {
    const token = "token";
    const api = createRestApi({ engine: createMemoryEngine({}), token });
    server = await serveRest(troubled(api, name, reply), { port: 0 });
    const set = { UPSTASH_REDIS_REST_URL: server.url, UPSTASH_REDIS_REST_TOKEN: token };
    expectFinding(await findings(set), expected);
    await server.close();
  });

  const account = { email: "a@b.test", apiKey: "key" };
  const described: readonly [string, object, Expected][] = [
    ["evicts", { eviction: true }, ["store-settings", "failure", /Eviction is on/, /Eviction off/]],
    [
      "is put away",
      { state: "suspended" },
      ["store-settings", "failure", /is suspended/, /Restore/],
    ],
    [
      "has read regions",
      { read_regions: ["eu-west-1", "us-east-1"] },
      ["store-settings", "warning", /billed 3 times/, /Regions/],
    ],
    ["is free", { type: "free" }, ["store-settings", "warning", /500,000 commands/, /Pay as You/]],
    [
      "has a budget",
      { type: "payg", budget: 20 },
      ["store-settings", "warning", /of \$20/, /Budget/],
    ],
    ["is right", { type: "payg" }, ["store-settings", "ok", /is in eu-central-1/]],
    ["is another's", { endpoint: "b.upstash.io" }, ["store-settings", "failure", /no database of/]],
  ];
  it.each(described)("%s, as Upstash's Developer API has it", async (_, change, expected) => {
    const usual = { endpoint: "localhost", state: "active", primary_region: "eu-central-1" };
    const asked: unknown[] = [];
    const real = createAsk();
    const ask: Ask = async (url, question) => {
      if (new URL(url).host !== "api.upstash.com") return real(url, question);
      asked.push(question?.headers?.["Authorization"]);
      const json = [{ ...usual, endpoint: new URL(house.store.url).hostname, ...change }];
      return { status: 200, headers: new Headers(), text: "", json, durationMs: 1 };
    };
    const found = await findings({}, { ask, upstashAccount: account });
    expectFinding(found, expected);
    expect(asked).toEqual([`Basic ${btoa("a@b.test:key")}`]);
    expect(failed(found).filter(({ id }) => id !== "store-settings")).toEqual([]);
  });

  it("without an account at Upstash says what was not read", async () => {
    expectFinding(await findings(), ["store-settings", "skipped", /region, plan and eviction/]);
  });

  it("far away", async () => {
    house.store.faults.latencyMs = 130;
    expectFinding(await findings(), ["store-latency", "warning", /takes 1[3-9]\d ms/, /region/]);
  });
});

/** A text that is no error stands in an object. */
function resultOf(reply: unknown): unknown {
  const isText = typeof reply === "object" && reply !== null && "text" in reply;
  return isText ? reply.text : reply;
}

/** A REST API in which one command answers otherwise: a text is an error, alone or in its place. */
function troubled(api: RestApi, name: string, reply: unknown): RestApi {
  return async (request) => {
    const commands = JSON.parse(request.body ?? "[]");
    const isBatch = Array.isArray(commands[0]);
    const names = isBatch ? commands.map(([word]: string[]) => word) : [commands[0]];
    if (!names.includes(name)) return api(request);
    const answer = typeof reply === "string" ? { error: reply } : { result: resultOf(reply) };
    if (!isBatch) return jsonAnswer("error" in answer ? 400 : 200, answer);
    return jsonAnswer(
      200,
      names.map((word: string) => (word === name ? answer : { result: null })),
    );
  };
}

describe("a deployment", () => {
  const look = (url: string) => findings({}, { url: new URL(url) });

  it("that is not there", async () => {
    expectFinding(await look(`http://localhost:${await freePort()}`), [
      "deployment",
      "failure",
      /^nothing answers there: nobody listens/,
      /npm run dev/,
    ]);
  });

  it.each([
    ["ENOTFOUND", /its name is not known/, /routes/],
    ["CERT_HAS_EXPIRED", /its certificate/, /Edge Certificates/],
    ["ERR_TLS_CERT_ALTNAME_INVALID", /its certificate/, /Edge Certificates/],
    ["timeout", /does not answer in 10 s/, /reachable/],
    ["ODD", /no answer \(ODD\)/, /Try again/],
  ])("%s says why", (code, says, fix) => {
    const verdict = judgeSilence("/mcp", { failure: code });
    expect(verdict.says).toMatch(says);
    expect(verdict.fix).toMatch(fix);
  });

  it("that is open to everybody", async () => {
    const open = await house.startAnother({ AUTH_ENABLED: "false", RESOURCE_BASE_URL: "" });
    expectFinding(await look(open.url), ["challenge", "warning", /open to everybody/]);
    await open.stop();
  });

  it("whose variables are wrong", async () => {
    const worker = await house.startAnother({ AUTH0_AUDIENCE: "" });
    expectFinding(await look(worker.url), [
      "deployment",
      "failure",
      /not configured/,
      /wrangler tail/,
    ]);
    await worker.stop();
  });

  it("that knows itself by another address", async () => {
    const worker = await house.startAnother({ RESOURCE_BASE_URL: "https://mcp.acme.test" });
    expect(failed(await look(worker.url)).map(({ says }) => says)).toContainEqual(
      expect.stringMatching(/host name|calls itself/),
    );
    await worker.stop();
  });

  it("that cannot reach Auth0 or its store", async () => {
    const worker = await house.startAnother({ UPSTASH_REDIS_REST_TOKEN: "another" });
    const port = Number(new URL(worker.url).port);
    const found = await look(`http://localhost:${port}`);
    expectFinding(found, ["readiness", "failure", /^from the Worker: store store_auth_failed/]);
    await worker.stop();
  });

  it("of other organizations", async () => {
    const set = { AUTH0_ORGANIZATIONS: "acme,globex" };
    const worker = await house.startAnother({ AUTH0_ORGANIZATIONS: "acme" });
    const here = { url: new URL(worker.url) };
    const served = await house.startAnother({ ...set, RESOURCE_BASE_URL: "" });
    expectFinding(await findings(set, here), [
      "organizations",
      "failure",
      /\/mcp\/o\/globex/,
      /deploy/,
    ]);
    expectFinding(await findings(set, { url: new URL(served.url) }), [
      "organizations",
      "ok",
      /^2 organizations are served/,
    ]);
    await Promise.all([worker.stop(), served.stop()]);
  });

  it("of other tools", async () => {
    const found = await findings(
      {},
      { url: new URL(house.issuer), permissions: ["invoices:read"] },
    );
    expectFinding(found, [
      "permissions-deployed",
      "warning",
      /does not know invoices:read yet/,
      /deploy/,
    ]);
  });

  const standing: readonly [string, Habit, Expected][] = [
    [
      "a challenge",
      { answer: () => ({ status: 403, headers: { "cf-mitigated": "challenge" } }) },
      ["deployment", "failure", /challenges clients/, /bot fight/],
    ],
    [
      "a firewall",
      {
        answer: ({ path }) =>
          path === "/mcp" ? { status: 403, body: "<h1>Access denied</h1>" } : undefined,
      },
      ["challenge", "failure", /a firewall/, /Security/],
    ],
    [
      "Access",
      {
        answer: () => ({
          status: 302,
          headers: { location: "https://a.cloudflareaccess.com/x" },
        }),
      },
      ["deployment", "failure", /Cloudflare Access/],
    ],
    [
      "something else",
      { answer: () => ({ body: "<h1>hello</h1>" }) },
      ["deployment", "failure", /something else answers there \(200, HTML\)/],
    ],
    [
      "a proxy that reaches nobody",
      { answer: () => ({ status: 502, body: "<h1>Bad gateway</h1>" }) },
      ["deployment", "failure", /cannot reach it \(502, HTML\)/, /routes/],
    ],
    [
      "a Worker that Cloudflare stops",
      { answer: () => ({ status: 500, body: "error code: 1102" }) },
      ["deployment", "failure", /1101 or 1102/, /CPU/],
    ],
    [
      "a proxy that drops the challenge",
      { change: ({ headers }) => void delete headers["www-authenticate"] },
      ["challenge", "failure", /without a challenge/],
    ],
    [
      "a proxy that keeps /.well-known",
      {
        answer: ({ path }) =>
          path.startsWith("/.well-known/oauth-protected") ? { status: 404 } : undefined,
      },
      ["resource-metadata", "failure", /cannot be read \(404, empty\)/],
    ],
    [
      "a cache with an older document",
      {
        change: (returning, { path }) => {
          if (path.endsWith("/openid-configuration")) returning.body = '{"issuer":"older"}';
        },
      },
      ["server-metadata", "failure", / differ$/, /cache/],
    ],
    [
      "a proxy that keeps OPTIONS",
      { answer: ({ method }) => (method === "OPTIONS" ? { status: 405 } : undefined) },
      ["cors", "warning", /may not ask/],
    ],
  ];
  it.each(standing)("behind %s", async (_, habit, expected) => {
    const port = await freePort();
    const proxy = await stand(port, () => house.url);
    proxy.does({
      ...habit,
      answer: (passing) => {
        passing.headers.host = new URL(house.issuer).host;
        return habit.answer?.(passing);
      },
    });
    expectFinding(await look(`http://localhost:${port}`), expected);
    proxy.close();
  });
});

it("a Worker that is far from its store", () => {
  expect(judgeDistance(40)).toEqual([]);
  expect(judgeDistance(800)).toMatchObject([{ status: "warning", says: /800 ms/ }].map(matching));
});

function matching({ status, says }: { status: string; says: RegExp }) {
  return { status, says: expect.stringMatching(says) };
}

describe("wrangler.toml", () => {
  const ratelimits = LIMIT_BINDINGS.map((name, index) => ({ name, namespace_id: String(index) }));
  const right = {
    keep_vars: true,
    preview_urls: false,
    ratelimits,
    triggers: { crons: ["*/10 * * * *"] },
    compatibility_flags: ["global_fetch_strictly_public", "nodejs_als", "enable_request_signal"],
  };
  const judged = { variables: {}, isForDeployment: true, url: undefined };
  const base = { RESOURCE_BASE_URL: "https://mcp.acme.test" };

  it.each<readonly [string, object, object, Status, RegExp]>([
    ["as it is", {}, {}, "ok", /as it should be/],
    ["keep_vars", { keep_vars: false }, {}, "warning", /takes away the variables/],
    ["preview_urls", { preview_urls: true }, {}, "warning", /preview URL/],
    ["no limits", { ratelimits: [] }, {}, "warning", /no rate-limit binding: strangers/],
    ["one limit", { ratelimits: ratelimits.slice(1) }, {}, "warning", /binding LIMIT_REGISTER/],
    [
      "limits of production",
      { ratelimits },
      { production: { ratelimits: ratelimits.slice(0, 1) } },
      "warning",
      /^LIMIT_REGISTER counts together/,
    ],
    ["no cron", { triggers: {} }, {}, "warning", /no cron/],
    ["no flag", { compatibility_flags: ["nodejs_als"] }, {}, "failure", /strictly_public/],
    [
      "another route",
      { routes: [{ pattern: "a.test", custom_domain: true }] },
      { variables: base },
      "failure",
      /routes say a\.test, RESOURCE_BASE_URL says mcp\.acme\.test/,
    ],
    [
      "two doors",
      { routes: [{ pattern: "mcp.acme.test" }], workers_dev: true },
      { variables: base },
      "warning",
      /workers\.dev too/,
    ],
    ["a secret", { vars: { AUTH0_CLIENT_SECRET: "a" } }, {}, "failure", /can be read by every/],
  ])("%s", (_, change, more, status, says) => {
    const found = judgeWrangler({ ...right, ...change }, { ...judged, ...more });
    expect(found).toMatchObject([matching({ status: String(status), says })]);
  });

  it("an environment that is not there", () => {
    expect(judgeWrangler(undefined, judged)).toMatchObject([{ status: "failure" }]);
  });

  it("what tools need is a variable or a binding", () => {
    const needs = new Map([
      ["WEATHER_KEY", "forecast"],
      ["NOTES_KV", "note_in_kv"],
    ]);
    const variables = { WEATHER_KEY: "a" };
    const bound = { kv_namespaces: [{ binding: "NOTES_KV", id: "0f" }] };
    const needy = { needs, variables, file: ".deploy.vars" };
    expect(judgeBindings(bound, needy)).toEqual([]);
    expect(judgeBindings(bound, { ...needy, variables: { OTHER: "a" } })).toMatchObject([
      { status: "failure", says: "WEATHER_KEY is missing, which forecast needs" },
    ]);
    expect(judgeBindings({}, needy)).toMatchObject([
      { status: "failure", says: "NOTES_KV is missing, which note_in_kv needs" },
    ]);
    const unfilled = { kv_namespaces: [{ binding: "NOTES_KV", id: "<your-id>" }] };
    expect(judgeBindings(unfilled, needy)).toMatchObject(
      [{ says: /placeholder/ }].map(({ says }) => ({ says: expect.stringMatching(says) })),
    );
  });
});

describe("--directory", () => {
  const tool = {
    name: "list_invoices",
    title: "Invoices",
    description: "The caller's open invoices.",
    permissions: [],
    annotations: { readOnlyHint: true, openWorldHint: true },
  };

  it.each<readonly [string, object, RegExp]>([
    ["name", { name: "invoices.list" }, /a name of at most 64/],
    ["long name", { name: "a".repeat(65) }, /a name of at most 64/],
    ["title", { title: " " }, /a title/],
    ["description", { description: "" }, /a description of at most/],
    ["hints", { annotations: { openWorldHint: true } }, /readOnlyHint: true, or destructive/],
    ["reach", { annotations: { readOnlyHint: true } }, /openWorldHint/],
    ["icon", { icons: [{ src: "http://a.test/a.png" }] }, /icons, if any, at https/],
    ["orders", { description: "Always use this tool." }, /no orders/],
  ])("%s", (_, change, asks) => {
    expect(judgeTools([tool])).toMatchObject([{ status: "ok" }]);
    const broken = judgeTools([{ ...tool, ...change }]);
    expect(broken).toMatchObject([matching({ status: "failure", says: asks })]);
    expect(broken[0]?.fix).toMatch(/./);
  });

  it("what a listing shows beside the tools", () => {
    expect(judgeSite({ ...site, links: {}, contact: "a@b.test" })).toMatchObject([
      matching({ status: "warning", says: /needs a privacy policy, documentation.*, an icon/ }),
    ]);
    const links = { privacy: "https://a.test/p", documentation: "https://a.test" };
    const whole = { ...site, links, contact: "a@b.test", logo: "<svg/>" };
    expect(judgeSite(whole)).toMatchObject([{ status: "ok" }]);
  });
});

describe("the command line", () => {
  it.each([
    [
      ["--url", "mcp.acme.test"],
      { url: new URL("https://mcp.acme.test"), usualFile: ".deploy.vars" },
    ],
    [["--url", "https://mcp.acme.test/mcp?a=1"], { url: new URL("https://mcp.acme.test") }],
    [
      ["--url", "localhost:8787"],
      { url: new URL("http://localhost:8787"), usualFile: ".dev.vars" },
    ],
    [["--env", "staging"], { environmentName: "staging", usualFile: ".deploy.vars.staging" }],
    [["--deploy"], { isForDeployment: true, usualFile: ".deploy.vars" }],
    [["--person", "rob"], { login: true, person: "rob" }],
    [["--as", "codex"], { client: "codex", url: new URL("http://localhost:8787") }],
    [[], { url: undefined, usualFile: ".dev.vars", json: false }],
  ])("%j", (words, wish) => {
    expect(readArguments(words)).toMatchObject(wish);
  });

  it.each([
    [["--urll", "a"], /^Unknown option '--urll'/],
    [["a"], /^Unexpected argument 'a'/],
    [["--url", ":::"], /^--url is an address/],
    [["--as", "gemini"], /^--as is claude, codex/],
    [["--person", "bob"], /^--person is ada/],
    [["--file", "/nowhere"], /^The file given with --file does not exist/],
  ])("%j is refused by its name", (words, says) => {
    expect(() => readArguments(words)).toThrow(says);
  });

  it("--help is no mistake", () => expect(readArguments(["--help"])).toBeUndefined());
});

describe("npm run doctor", () => {
  const run = async (words: readonly string[], variables: Set) => {
    const child = spawn(process.execPath, ["dev/doctor.ts", ...words], {
      env: { PATH: process.env["PATH"] ?? "", ...variables },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const texts: string[] = [];
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => texts.push(text));
    const [code] = await once(child, "close");
    return { code, output: texts.join("") };
  };

  it("ends with 0 when nothing is wrong, and tells machines so", async () => {
    const { code, output } = await run(["--json"], house.variables);
    expect(JSON.parse(output)).toMatchObject({ healthy: true });
    expect(code).toBe(0);
  });

  it("ends with 1 when something is, and says what to do", async () => {
    const { code, output } = await run([], { ...house.variables, AUTH0_CLIENT_SECRET: "another" });
    expect(output).toMatch(/✗ Auth0 does not accept the application.*\n +→ Compare/);
    expect(code).toBe(1);
  });

  it("ends with 2 when it was not asked well", async () => {
    const asked = await run(["--as", "nobody"], {});
    expect(asked).toMatchObject({ code: 2, output: expect.stringContaining("--as claude|codex") });
  });
});

describe("--login", () => {
  let port: number;
  beforeAll(async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    port = typeof address === "object" && address !== null ? address.port : 0;
    server.close();
    await once(server, "close");
  });

  const lookAtTokens = (variables: Set = {}, options: Partial<Subject> = {}) =>
    findings(variables, { login: { person: "ada" }, ...options });

  it("finds an honest tenant in order, but for the overlap that the local one has not", async () => {
    const found = await lookAtTokens();
    const signIn = found.filter(({ area }) => area === "Sign-in");
    expect(signIn.map(({ id, status }) => [id, status])).toEqual([
      ["login", "ok"],
      ["access-token", "ok"],
      ["permissions", "ok"],
      ["id-token", "ok"],
      ["userinfo", "ok"],
      ["refresh-token", "ok"],
      ["refresh-token", "warning"],
      ["calling-further", "skipped"],
    ]);
  });

  const changes: readonly [string, Changes, Expected][] = [
    [
      "RBAC is off",
      { api: { enforce_policies: false } },
      ["permissions", "failure", /sends no permissions/, /Enable RBAC/],
    ],
    [
      "permissions are not added",
      { api: { token_dialect: "rfc9068_profile" } },
      ["permissions", "failure", /sends no permissions/],
    ],
    [
      "the API signs with HS256",
      { api: { signing_alg: "HS256" } },
      ["access-token", "failure", /HS256/, /RS256/],
    ],
    [
      "tokens are encrypted",
      { api: { token_encryption: { format: "compact-nested-jwe" } } },
      ["access-token", "failure", /opaque or encrypted/],
    ],
    [
      "offline access is off",
      { api: { allow_offline_access: false } },
      ["refresh-token", "failure", /no refresh token/, /Allow Offline Access/],
    ],
    [
      "ID tokens are HS256",
      { application: { jwt_configuration: { alg: "HS256" } } },
      ["id-token", "failure", /HS256/, /JSON Web Token Signature/],
    ],
    [
      "nothing rotates",
      { application: { refresh_token: { rotation_type: "non-rotating", leeway: 0 } } },
      ["refresh-token", "warning", /not rotated/],
    ],
  ];
  it.each(changes)("finds that %s", async (_, change, expected) => {
    house.tenant.control.configure(change);
    expectFinding(await lookAtTokens(), expected);
  });

  const shapes: readonly [string, Shape, Expected][] = [
    [
      "the token is another application's",
      { accessToken: "wrong-azp" },
      ["access-token", "failure", /another application/],
    ],
    [
      "the issuer is another",
      { accessToken: "wrong-iss" },
      ["access-token", "failure", /does not pass our checks/, /One domain/],
    ],
    [
      "the audience is another",
      { accessToken: "wrong-aud" },
      ["access-token", "failure", /does not pass our checks/],
    ],
  ];
  it.each(shapes)("finds that %s", async (_, shape, expected) => {
    house.tenant.control.shape(shape);
    expectFinding(await lookAtTokens(), expected);
  });

  it("finds that a person lacks a permission, and that /userinfo refuses", async () => {
    expectFinding(await lookAtTokens({}, { login: { person: "eve" } }), [
      "permissions",
      "warning",
      /lacks tool:/,
      /Roles/,
    ]);
    house.tenant.control.fail("userinfo", { status: 401 });
    expectFinding(await lookAtTokens(), [
      "userinfo",
      "failure",
      /refuses the token \(401\)/,
      /custom domain/,
    ]);
  });

  it("finds that a token is not for the organization", async () => {
    house.tenant.control.shape({ accessToken: { claims: { org_id: "org_1", org_name: "1" } } });
    expectFinding(await lookAtTokens({ AUTH0_ORGANIZATION: "org_other" }), [
      "access-token",
      "failure",
      /not for the organization/,
    ]);
  });

  it("finds that a person says no, and that their callback is missing", async () => {
    expectFinding(await lookAtTokens({}, { login: { person: "deny" } }), [
      "login",
      "failure",
      /was refused \(access_denied\)/,
    ]);
    const elsewhere = { RESOURCE_BASE_URL: `http://localhost:${port}` };
    expectFinding(await lookAtTokens(elsewhere), ["login", "failure", /does not send people back/]);
  });
});
