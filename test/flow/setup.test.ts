/**
 * From variables to a deployment, without an account: the interview against the local parts, the
 * plan for Auth0 against a CLI that keeps what it is told, the deployment with a wrangler that
 * notes its words, and both commands rehearsed as they are.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { parseEnv } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { VARIABLES } from "../../src/config.ts";
import { deploy, type Deployment, findAddress, rehearse } from "../../dev/deploy/steps.ts";
import { findAtAuth0, perform } from "../../dev/setup/auth0-cli.ts";
import { planSettings, type Wanted } from "../../dev/setup/auth0-plan.ts";
import { interview, type Person, type Variables, withKeys } from "../../dev/setup/interview.ts";
import { readEnvFile, writeEnvFile } from "../../dev/start/env-file.ts";
import { type House, randomKey, startHouse } from "../support/house.ts";

let house: House;
let folder: string;

beforeAll(async () => {
  house = await startHouse();
  folder = await mkdtemp(join(tmpdir(), "setup-"));
});
afterAll(async () => {
  await Promise.all([house.stop(), rm(folder, { recursive: true, force: true })]);
});
beforeEach(() => house.tenant.control.clear());

/** Says these, one after the other, to each question of that name; keeps nothing that is wrong. */
function createPerson(answers: Readonly<Record<string, readonly string[]>>) {
  const told: string[] = [];
  const left = new Map(Object.entries(answers).map(([name, list]) => [name, [...list]]));
  const person: Person = {
    ask: async ({ variable }, known) => left.get(variable)?.shift() ?? known,
    confirm: async () => false,
    tell: (text) => void told.push(text),
  };
  return { person, told };
}

describe("the interview", () => {
  const options = { isForDeployment: false, permissions: undefined };

  it("judges each answer at once, and asks again until it is right", async () => {
    const { person, told } = createPerson({
      AUTH0_DOMAIN: ["http://localhost:9", ` "${house.tenant.issuer}" `],
      AUTH0_AUDIENCE: ["<audience>", house.variables["AUTH0_AUDIENCE"] ?? ""],
      AUTH0_CLIENT_ID: [house.variables["AUTH0_CLIENT_ID"] ?? ""],
      AUTH0_CLIENT_SECRET: ["another", house.variables["AUTH0_CLIENT_SECRET"] ?? ""],
      UPSTASH_REDIS_REST_URL: ["redis://a.test", `UPSTASH_REDIS_REST_URL="${house.store.url}"`],
      UPSTASH_REDIS_REST_TOKEN: ["another", house.store.token],
    });
    const known = { RESOURCE_BASE_URL: house.issuer };
    const variables = await interview({ ...options, person, known });
    const asked = Object.fromEntries(
      Object.entries(house.variables).filter(([name]) => !/^(RATE_LIMITS|AUTH0_API_)/.test(name)),
    );
    expect(variables).toEqual({
      ...asked,
      JWT_SIGNING_KEY: expect.any(String),
      STORAGE_ENCRYPTION_KEY: expect.any(String),
    });
    expect(told.filter((text) => text.startsWith("✗")).join("\n")).toMatch(
      /nothing answers at AUTH0_DOMAIN[^]*placeholder[^]*does not accept the application[^]*UPSTASH_REDIS_REST_URL must be[^]*does not accept the token/,
    );
    expect(told.join("\n")).not.toContain(house.variables["AUTH0_CLIENT_SECRET"]);
  });

  it("keeps what is there, and makes no key twice", async () => {
    const { person } = createPerson({});
    expect(await interview({ ...options, person, known: house.variables })).toEqual(
      house.variables,
    );
    const made = withKeys({});
    expect(withKeys(made)).toEqual(made);
    expect(made["JWT_SIGNING_KEY"]).not.toBe(made["STORAGE_ENCRYPTION_KEY"]);
    expect(Buffer.from(made["JWT_SIGNING_KEY"] ?? "", "base64")).toHaveLength(32);
  });

  it("writes a file for its owner only, which is read as it was written", async () => {
    const file = join(folder, ".deploy.vars");
    const values = { A: "with 'one' and \"two\"", B: "a#b $c", C: randomKey(), D: "p$4w$x" };
    writeEnvFile(file, values);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(readEnvFile(file)).toEqual(values);
    // What is for wrangler to expand has a backslash before it.
    expect(parseEnv(await readFile(file, "utf8"))).toMatchObject({ D: String.raw`p\$4w\$x` });
  });

  it("leaves remarks and what it does not know in a file that is there, and no value twice", async () => {
    const file = join(folder, ".edited.vars");
    await writeFile(file, '# Ours\nA=one\n\n# A tool\'s\nKEY="a b" # theirs\nGONE=1\n');
    writeEnvFile(file, { A: "two", KEY: "a b", NEW: "n" });
    expect(await readFile(file, "utf8")).toBe(
      "# Ours\nA='two'\n\n# A tool's\nKEY='a b'\nNEW='n'\n",
    );
    await writeFile(file, 'PEM="one\ntwo"\nA=1\n');
    writeEnvFile(file, { PEM: "three", A: "2" });
    expect(await readFile(file, "utf8")).toBe("PEM='three'\nA='2'\n");
  });
});

describe("the Auth0 side", () => {
  const wanted: Wanted = {
    audience: "https://mcp.acme.test/",
    callbackUrl: "https://mcp.acme.test/auth/callback",
    loginUrl: "https://mcp.acme.test/login",
    permissions: ["invoices:read", "invoices:write"],
  };
  let path: string | undefined;

  /** An `auth0` that keeps what it is told in a file, as a tenant would. */
  beforeAll(async () => {
    const program = join(folder, "auth0");
    await writeFile(
      program,
      `#!${process.execPath}
const fs = require("node:fs");
const file = ${JSON.stringify(join(folder, "tenant.json"))};
const state = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, "utf8")) : {};
const [, , , method, path, , data] = process.argv;
const [kind, id, part] = (path ?? "").split("/");
const key = kind === "clients" ? "client_id" : "id";
const list = (state[kind] ??= []);
let answer = list;
if (method === "post" && part === undefined) {
  answer = { ...JSON.parse(data), [key]: kind + "-" + (list.length + 1), ...(kind === "clients" && { client_secret: "made" }) };
  list.push(answer);
}
if (method === "patch") answer = Object.assign(list.find((item) => item[key] === id), JSON.parse(data));
if (part !== undefined) { list.find((item) => item[key] === id)[part] = JSON.parse(data)[part]; answer = undefined; }
fs.writeFileSync(file, JSON.stringify(state));
if (answer !== undefined) console.log(JSON.stringify(answer));
`,
    );
    await chmod(program, 0o755);
    path = process.env["PATH"];
    process.env["PATH"] = folder + delimiter + path;
  });
  afterAll(() => void (process.env["PATH"] = path));

  it("is made once: the second time there is nothing left to do", async () => {
    const said: string[] = [];
    const made = await perform(
      wanted,
      await findAtAuth0(wanted, undefined),
      (text) => void said.push(text),
    );
    expect(made).toEqual({ clientId: "clients-1", clientSecret: "made" });
    expect(said).toHaveLength(4);
    const found = await findAtAuth0(wanted, "clients-1");
    expect(planSettings(wanted, found)).toEqual([]);
    await perform(wanted, found, () => {});
    const tenant = JSON.parse(await readFile(join(folder, "tenant.json"), "utf8"));
    expect(
      [tenant["resource-servers"], tenant["clients"], tenant["roles"]].map((list) => list.length),
    ).toEqual([1, 1, 1]);
    expect(tenant["roles"][0].permissions).toHaveLength(2);
  });

  it("mends what is there, and takes nothing away", async () => {
    const found = await findAtAuth0(wanted, "clients-1");
    const api = { ...found.api, allow_offline_access: false, scopes: [{ value: "other:read" }] };
    const application = {
      ...found.application,
      callbacks: ["http://localhost:8787/auth/callback"],
    };
    const [first, second] = planSettings(wanted, { ...found, api, application });
    expect(first).toMatchObject({
      method: "patch",
      body: {
        allow_offline_access: true,
        scopes: [{ value: "other:read" }, { value: "invoices:read" }, { value: "invoices:write" }],
      },
    });
    expect(second?.body).toEqual({
      callbacks: ["http://localhost:8787/auth/callback", "https://mcp.acme.test/auth/callback"],
    });
  });
});

it("before the first deployment at workers.dev the plan has no callback, and takes none away", () => {
  const nothing = { api: undefined, application: undefined, role: undefined };
  const wanted = { audience: "a", callbackUrl: undefined, loginUrl: undefined, permissions: [] };
  const [, creation] = planSettings(wanted, nothing);
  expect(creation?.does).toBe("create the application auth0-mcp-worker");
  expect(creation?.body).not.toHaveProperty("callbacks");
});

describe("the deployment", () => {
  const variables: Variables = {
    AUTH0_DOMAIN: "tenant.acme.test",
    AUTH0_CLIENT_ID: "id",
    AUTH0_CLIENT_SECRET: "a secret that is not shown",
    AUTH0_AUDIENCE: "https://mcp.acme.test/",
    JWT_SIGNING_KEY: randomKey(),
    STORAGE_ENCRYPTION_KEY: randomKey(),
    UPSTASH_REDIS_REST_URL: "https://store.acme.test",
    UPSTASH_REDIS_REST_TOKEN: "another secret",
    INVOICES_API_KEY: "a tool's secret",
  };

  function createDeployment(set: Variables, printed = "") {
    const calls: { words: readonly string[]; secrets: unknown; mode: number }[] = [];
    const said: string[] = [];
    const kept: Variables[] = [];
    const deployment: Deployment = {
      variables: set,
      file: join(folder, ".deploy.vars"),
      environment: undefined,
      say: (text) => void said.push(text),
      keep: (values) => void kept.push(values),
      async wrangler(words) {
        const file = words[words.indexOf("--secrets-file") + 1];
        const hasFile = words.includes("--secrets-file") && file !== undefined;
        calls.push({
          words,
          secrets: hasFile ? JSON.parse(await readFile(file, "utf8")) : undefined,
          mode: hasFile ? (await stat(file)).mode & 0o777 : 0,
        });
        return printed;
      },
    };
    return { deployment, calls, said, kept };
  }

  it("is refused before anything is uploaded when something is wrong", async () => {
    const { deployment, calls, said } = createDeployment({
      ...variables,
      RESOURCE_BASE_URL: "http://localhost:8787",
    });
    await expect(deploy(deployment)).rejects.toThrow("Something is wrong.");
    expect(calls).toEqual([]);
    expect(said.join("\n")).toContain("RESOURCE_BASE_URL is an address of this machine");
  });

  it("at workers.dev uploads, learns its address, keeps it, and goes on with it", async () => {
    const printed =
      "Deployed auth0-mcp-worker triggers\n  https://auth0-mcp-worker.acme.workers.dev\n";
    const { RESOURCE_BASE_URL: _, ...set } = house.variables;
    const { deployment, calls, said, kept } = createDeployment(set, printed);
    // Auth0 and the store of this test are real, and do not know that address.
    await expect(deploy(deployment)).rejects.toMatchObject({
      message: expect.stringMatching(
        /✗ Auth0 does not send people back to https:\/\/auth0-mcp[^]*half of it is done/,
      ),
      advice: expect.stringMatching(/^Add .*workers\.dev\/auth\/callback .*deploy again/),
    });
    expect(calls).toHaveLength(1);
    expect(calls[0]).toMatchObject({ secrets: set, mode: 0o600 });
    const file = calls[0]?.words[calls[0].words.indexOf("--secrets-file") + 1] ?? "";
    expect(existsSync(file)).toBe(false);
    const address = "https://auth0-mcp-worker.acme.workers.dev";
    expect(kept).toEqual([{ ...set, RESOURCE_BASE_URL: address }]);
    expect(said.join("\n")).toContain(`Its address is ${address}.`);
    for (const secret of [set["AUTH0_CLIENT_SECRET"] ?? "", set["JWT_SIGNING_KEY"] ?? ""])
      expect(JSON.stringify([said, calls.map(({ words }) => words)])).not.toContain(secret);
  });

  it("at workers.dev uploads nothing when something is wrong that has no address in it", async () => {
    const { RESOURCE_BASE_URL: _, ...set } = house.variables;
    const wrong = { ...set, AUTH0_CLIENT_SECRET: "another" };
    const { deployment, calls, said } = createDeployment(wrong);
    await expect(deploy(deployment)).rejects.toThrow("Something is wrong.");
    expect(calls).toEqual([]);
    expect(said.join("\n")).toContain("does not accept the application");
  });

  it("finds the address in what wrangler prints, or none", () => {
    expect(findAddress("  https://a-b.c.workers.dev (3 s)")).toBe("https://a-b.c.workers.dev");
    expect(findAddress("https://dash.cloudflare.com/x")).toBeUndefined();
  });

  it("rehearsed, names what it would upload and no value", async () => {
    const { deployment, calls, said } = createDeployment(variables);
    await rehearse(deployment);
    expect(calls).toMatchObject([{ words: ["deploy", "--dry-run", "--env="], secrets: undefined }]);
    expect(said.join("\n")).toMatch(/Would upload: .*AUTH0_DOMAIN.*INVOICES_API_KEY/);
    expect(said.join("\n")).not.toContain("secret that");
  });

  it("rehearsed in a clean copy, goes on without variables, and uploads no account of the doctor's", async () => {
    const clean = createDeployment({});
    await rehearse(clean.deployment);
    expect(clean.said.join("\n")).toMatch(/There is no .*\.deploy\.vars yet/);
    expect(clean.calls).toHaveLength(1);
    const own = {
      AUTH0_MANAGEMENT_TOKEN: "one",
      UPSTASH_API_KEY: "two",
      UPSTASH_EMAIL: "a@b.test",
    };
    const known = createDeployment({ ...variables, ...own });
    await rehearse(known.deployment);
    expect(known.said.join("\n")).not.toMatch(/MANAGEMENT|UPSTASH_API_KEY|UPSTASH_EMAIL/);
  });
});

describe("the commands themselves", () => {
  const run = async (words: readonly string[]) => {
    const child = spawn(process.execPath, words, {
      env: { PATH: process.env["PATH"] ?? "", HOME: folder, ...house.variables },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const texts: string[] = [];
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => texts.push(text));
    const [code] = await once(child, "close");
    return { code, output: texts.join("") };
  };

  it("npm run setup -- --dry-run says what it would do, and writes nothing", async () => {
    const { code, output } = await run(["dev/setup.ts", "--env", "rehearsal", "--dry-run"]);
    expect(output).toMatch(/Would write \.deploy\.vars\.rehearsal:[^]*AUTH0_DOMAIN {2}\(kept\)/);
    expect(output).toMatch(/auth0 api post "resource-servers" --data '\{.*tool:/);
    expect(output).not.toContain(house.variables["AUTH0_CLIENT_SECRET"]);
    expect(existsSync(".deploy.vars.rehearsal")).toBe(false);
    expect(code).toBe(0);
  });

  it("npm run setup without a terminal says so, and writes nothing", async () => {
    const { code, output } = await run(["dev/setup.ts", "--env", "rehearsal"]);
    expect(output).toMatch(/^There is nobody to ask: this is not a terminal\.\n\nCopy/);
    expect(existsSync(".deploy.vars.rehearsal")).toBe(false);
    expect(code).toBe(1);
  });

  it("npm run deploy without its file says how to make it", async () => {
    const { code, output } = await run(["dev/deploy.ts", "--env", "nowhere"]);
    expect({ code, output: output.trim() }).toEqual({
      code: 1,
      output: "There is no file .deploy.vars.nowhere.\n\nnpm run setup -- --env nowhere makes it.",
    });
  });
});

describe("what Cloudflare's Deploy button asks of a template", () => {
  it("asks for what is needed and nothing else, with a description each and no local value", async () => {
    const example = parseEnv(await readFile(".dev.vars.example", "utf8"));
    // A team's own variables are theirs to describe.
    const ours = Object.keys(example).filter((name) => VARIABLES.includes(name));
    const { cloudflare } = JSON.parse(await readFile("package.json", "utf8"));
    expect(Object.keys(cloudflare.bindings)).toEqual(expect.arrayContaining(ours));
    expect(ours.length).toBeGreaterThan(8);
    expect(ours.filter((name) => example[name])).toEqual([]);
    for (const { description } of Object.values<{ description: string }>(cloudflare.bindings))
      expect(description).toMatch(/^[^{}]{10,300}$/);
  });
});
