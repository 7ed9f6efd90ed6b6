/**
 * A developer's first minute: `npm run dev` and `npm run try` as processes, with nothing prepared.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createStandstill } from "../../dev/start/standstill.ts";
import { visit } from "../../dev/try/visitor.ts";
import { freePort } from "../support/port.ts";
import { copyProject, type Project } from "../support/project.ts";
import { VARIABLES } from "../../src/config.ts";

const PATIENCE_MS = 120_000;
/**
 * The Worker gets it through a file, the tenant directly: nobody signs in unless it arrives
 * unchanged.
 */
const AWKWARD_SECRET = "a $b ${HOME} \"c\" 'd' #e \\f";

/** A JWT, a token of any kind in a header, a code in a URL. */
const SECRET = /eyJ[\w-]+\.|Bearer [\w-]{20}|[?&]code=/;

let folder: string;
/** A copy of this project with tools of its own. */
let project: Project;
let ports: readonly [number, number, number];
let environment: Record<string, string>;
const running = new Set<Command>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dev-"));
  project = await copyProject();
  ports = [await freePort(), await freePort(), await freePort()];
  const [worker, tenant, store] = ports.map(String);
  environment = {
    PATH: process.env["PATH"] ?? "",
    HOME: process.env["HOME"] ?? "",
    DEV_DIR: folder,
    DEV_PORT: worker ?? "",
    DEV_AUTH0_PORT: tenant ?? "",
    DEV_UPSTASH_PORT: store ?? "",
    DEV_INSPECTOR_PORT: String(await freePort()),
  };
});
afterAll(async () => {
  await stopAll();
  await project.remove();
  await rm(folder, { recursive: true });
});

describe("npm run dev", { timeout: PATIENCE_MS }, () => {
  let dev: Command;

  beforeAll(async () => {
    dev = await startDev();
  }, PATIENCE_MS);
  afterAll(() => dev.stop("SIGTERM"));

  it("says what is where and what to try, within a minute", async () => {
    const said = dev.output();
    expect(Number(/Ready in ([\d.]+) s/.exec(said)?.[1])).toBeLessThan(60);
    expect(said).toContain(`http://localhost:${ports[0]}/mcp`);
    expect(said).toContain(`http://localhost:${ports[1]}/`);
    expect(said).toContain(`http://127.0.0.1:${ports[2]}`);
    expect(said).toContain(`npm run try -- --url http://localhost:${ports[0]} --as ada`);
    expect(said).toContain(
      `claude mcp add --transport http local http://localhost:${ports[0]}/mcp`,
    );
  });

  it("is ready as a whole when it says so", async () => {
    const response = await fetch(`http://localhost:${ports[0]}/ready`);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ status: "ready" });
  });

  it("keeps its secrets in a file for its owner's eyes only", async () => {
    const file = join(folder, "keys.env");
    const [, key = ""] = /JWT_SIGNING_KEY='(.*)'/.exec(await readFile(file, "utf8")) ?? [];
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(Buffer.from(key, "base64")).toHaveLength(32);
    expect(dev.output()).not.toContain(key);
  });

  it("says where a debugger attaches, and one is there", async () => {
    const port = environment["DEV_INSPECTOR_PORT"];
    expect(dev.output()).toContain(`A debugger attaches to port ${port}`);
    const targets = await (await fetch(`http://127.0.0.1:${port}/json`)).json();
    expect(targets).toMatchObject([
      { webSocketDebuggerUrl: expect.stringContaining(String(port)) },
    ]);
  });

  it("shows the log of the Worker, one short line for each request", async () => {
    await fetch(`http://localhost:${ports[0]}/llms.txt`);
    await dev.untilItSays(/^\d\d:\d\d:\d\d {2}200 {2}GET {3}\/llms\.txt {2}\d+ ms/m);
    expect(dev.output()).not.toContain("wrangler:info");
  });

  it("lets npm run try come as a machine, list the tools and call one", async () => {
    const trial = launch("dev/try.ts", ["--machine"]);
    expect(await trial.exitCode).toBe(0);
    expect(stepsOf(trial.output())).toEqual([
      ["without a token", "401, as it should be"],
      ["resource metadata", `http://localhost:${ports[0]}/mcp`],
      ["server metadata", `http://localhost:${ports[0]}`],
      ["token", "robot: Bearer for 3600 s, not renewable: tool:get_user_info tool:explain_access"],
      ["connection", "MCP 2026-07-28 with house"],
      ["tools/list", "get_user_info, explain_access, get_time, count_down"],
      ["tools/call", "explain_access"],
    ]);
    expect(trial.output()).not.toMatch(SECRET);
  });

  it("does not start a second time, and names each port that is taken", async () => {
    const second = launch("dev/start.ts");
    expect(await second.exitCode).toBe(1);
    expect(second.output().trim().split("\n")).toEqual([
      `Port ${ports[0]} is in use. Stop what listens there, or choose another port with DEV_PORT.`,
      `Port ${ports[1]} is in use. Stop what listens there, or choose another port with DEV_AUTH0_PORT.`,
      `Port ${ports[2]} is in use. Stop what listens there, or choose another port with DEV_UPSTASH_PORT.`,
    ]);
  });

  it.each([
    ["ada", "get_user_info, explain_access, get_time, count_down", "get_user_info"],
    ["rob", "get_user_info, get_time, count_down", "get_user_info"],
    ["eve", "get_time, count_down", "get_time"],
  ])("lets npm run try sign in as %s, list the tools and call one", async (person, list, tool) => {
    const trial = launch("dev/try.ts", ["--as", person]);
    expect(await trial.exitCode).toBe(0);
    expect(stepsOf(trial.output())).toEqual([
      ["without a token", "401, as it should be"],
      ["resource metadata", `http://localhost:${ports[0]}/mcp`],
      ["server metadata", `http://localhost:${ports[0]}`],
      ["registration", expect.stringMatching(/^client \S+$/)],
      ["sign-in", `${person}, allowed`],
      ["token", expect.stringMatching(/^Bearer for 3600 s, renewable: openid profile email /)],
      ["connection", "MCP 2026-07-28 with house"],
      ["tools/list", list],
      ["tools/call", tool],
    ]);
    expect(trial.output()).toMatch(/\nDone in \d+ ms\.\n$/);
    expect(trial.output()).not.toMatch(SECRET);
  });

  it.each([
    [
      "a tool that is not for them",
      ["--as", "eve", "--tool", "get_user_info"],
      /tools\/call +You do not have every permission.*tool:get_user_info/,
      "--as ada is somebody who may use every tool.",
    ],
    [
      "input that a tool does not take",
      ["--as", "ada", "--tool", "count_down", "--input", '{"from":0}'],
      /tools\/call +.*from/,
      "--input gives it what it needs",
    ],
    [
      "another name for the same server",
      () => ["--url", `http://127.0.0.1:${ports[0]}`],
      /resource metadata +The server calls itself http:\/\/localhost:\d+\/mcp, not http:\/\/127/,
      "Set RESOURCE_BASE_URL",
    ],
    [
      "an address without a server",
      () => ["--url", `http://localhost:${ports[0]}/nothing`],
      /without a token +404/,
      "--url takes the server's base URL or its /mcp.",
    ],
    ["an unknown person", ["--as", "bob"], /^--as must be ada, rob, eve\./, "--as ada|rob|eve"],
    ["an unknown option", ["--tol", "x"], /^Unknown option '--tol'\./, "--tool list_invoices"],
    ["input that is no JSON", ["--input", "{year"], /^--input must be JSON: /, "--input '{"],
    ["input that is no object", ["--input", "1"], /^--input must be a JSON object\./, "--input '{"],
    ["an option without its value", ["--as"], /^Option '--as <value>' argument missing\./, "--as"],
    ["permissions of nobody", ["--holds", "a"], /^--holds needs --as/, "--as ada|rob|eve"],
    [
      "a tool that is not there",
      ["--as", "eve", "--tool", "get_tim"],
      /tools\/call +.*get_tim/,
      "--tool takes one of these: get_time, count_down.",
    ],
  ])("has npm run try say what to do about %s", async (_, given, problem, advice) => {
    const trial = launch("dev/try.ts", typeof given === "function" ? given() : given);
    expect(await trial.exitCode).toBe(1);
    expect(trial.output()).toMatch(problem);
    expect(trial.output()).toContain(advice);
    expect(trial.output()).not.toMatch(SECRET);
  });
});

describe("npm run try, further", { timeout: PATIENCE_MS }, () => {
  let dev: Command;

  beforeAll(async () => {
    dev = await startDev();
  }, PATIENCE_MS);
  afterAll(() => dev.stop("SIGTERM"));

  const run = async (...options: string[]): Promise<string> => {
    const trial = launch("dev/try.ts", options);
    const code = await trial.exitCode;
    return `${code}\n${trial.output()}`;
  };

  it("explains itself", async () => {
    expect(await run("--help")).toMatch(/^0\nnpm run try -- \[options\]\n(?: {2}--.*\n)+$/);
  });

  it("lists the tools with what they take", async () => {
    const said = await run("--as", "eve", "--tool");
    expect(said).toMatch(/^0\n/);
    expect(said).toContain("count_down(from?, step_ms?)\n  Count down. Counts down");
    expect(said).not.toContain("tools/call");
  });

  it.each([
    [["--prompt"], /^check_\S+\(/m],
    [["--read"], /^\S+:\/\/\S+\n {2}\S/m],
    [["--prompt", "nope"], /--prompt without a name lists what there is\./],
    [["--read", "nope://x"], /--read without an address lists what there is\./],
  ])("gets prompts and reads resources: %s", async (words, shown) => {
    const trial = launch("dev/try.ts", ["--as", "ada", ...words]);
    expect(await trial.exitCode).toBe(words.length - 1);
    expect(trial.output()).toMatch(shown);
  });

  it("shows progress", async () => {
    const input = '{"from":3,"step_ms":1}';
    const said = await run("--as", "eve", "--tool", "count_down", "--input", input);
    expect([...said.matchAll(/(\d\/3) {2}(\d) to go/g)].map(([, ...found]) => found)).toEqual([
      ["1/3", "2"],
      ["2/3", "1"],
      ["3/3", "0"],
    ]);
    expect(said).toContain("Lift-off.");
  });

  it("lets a person hold whatever is wanted, and shows what is held but not granted", async () => {
    const held = "tool:get_user_info,tool:explain_access";
    const all = await run("--as", "eve", "--holds", held, "--tool", "explain_access");
    expect(all).toMatch(
      /sign-in +eve, who now holds tool:get_user_info, tool:explain_access, allowed/,
    );
    expect(all).toMatch(/^0\n/);
    const scope = "openid tool:get_user_info";
    const some = await run("--as", "eve", "--scope", scope, "--tool", "explain_access");
    expect(some).toMatch(/tools\/call +403 insufficient_scope/);
    const none = await run("--as", "eve", "--holds", "", "--tool", "explain_access");
    expect(none).toMatch(/who now holds nothing/);
    expect(none).toMatch(/tools\/call +You do not have every permission/);
  });
});

describe("npm run try without --as", { timeout: PATIENCE_MS }, () => {
  let dev: Command;

  beforeAll(async () => {
    dev = await startDev([], { AUTH0_CLIENT_SECRET: AWKWARD_SECRET });
  }, PATIENCE_MS);
  afterAll(() => dev.stop("SIGTERM"));

  it("waits for whoever signs in with a browser, whatever else comes to its port", async () => {
    const { trial, page, callback } = await startTrial();
    callback.searchParams.set("state", "another");
    expect((await fetch(callback)).status).toBe(400);
    await visit(page, { until: callback, press: ["allow", "ada"] });
    expect(await trial.exitCode).toBe(0);
    expect(trial.output()).toMatch(/sign-in +in the browser, allowed/);
  });

  it("says that the person denied", async () => {
    const { trial, page, callback } = await startTrial();
    await visit(page, { until: callback, press: ["deny"] });
    expect(await trial.exitCode).toBe(1);
    expect(trial.output()).toMatch(/sign-in +access_denied/);
    expect(trial.output()).toContain("Run it again and choose Allow");
  });

  it.each([
    ["no", undefined],
    ["another", "https://evil.test"],
  ])("refuses an answer with %s issuer, and shows nothing of it", async (_, issuer) => {
    const { trial, callback } = await startTrial();
    if (issuer !== undefined) callback.searchParams.set("iss", issuer);
    callback.searchParams.set("error_description", "call this number");
    await fetch(callback);
    expect(await trial.exitCode).toBe(1);
    expect(trial.output()).toMatch(/sign-in +Issuer mismatch/);
    expect(trial.output()).not.toContain("call this number");
  });

  /** No browser can be found; the page and the callback are those that it prints. */
  async function startTrial() {
    const trial = launch("dev/try.ts", [], { PATH: folder });
    const said = await trial.untilItSays(/\/authorize\?\S+\n/);
    const page = new URL(/http\S+\/authorize\?\S+/.exec(said)?.[0] ?? "");
    const callback = new URL(page.searchParams.get("redirect_uri") ?? "");
    callback.searchParams.set("state", page.searchParams.get("state") ?? "");
    return { trial, page, callback };
  }
});

describe("npm run dev, started and ended", { timeout: PATIENCE_MS }, () => {
  afterEach(stopAll);

  it("ends all of it when asked, knows its clients afterwards, and forgets them with --fresh", async () => {
    const first = await startDev();
    const clientId = await register();
    const keys = await readFile(join(folder, "keys.env"), "utf8");
    expect(await first.stop("SIGINT")).toBe(0);
    expect(await listening()).toEqual([false, false, false]);

    const second = await startDev();
    expect((await authorize(clientId)).status).toBe(200);
    expect(await second.stop("SIGTERM")).toBe(0);
    expect(await listening()).toEqual([false, false, false]);

    const third = await startDev(["--fresh"]);
    expect((await authorize(clientId)).status).toBe(400);
    expect(await third.stop("SIGHUP")).toBe(0);
    expect(await listening()).toEqual([false, false, false]);
    expect(await readFile(join(folder, "keys.env"), "utf8")).toBe(keys);
  });

  it("ends all of it when npm is ended, which passes no signal on", async () => {
    const npm = spawn("npm", ["run", "dev"], {
      cwd: project.folder,
      env: environment,
      stdio: ["ignore", "pipe", "inherit"],
    });
    for await (const chunk of npm.stdout) if (String(chunk).includes("Ready")) break;
    npm.kill("SIGTERM");
    await expect.poll(listening, { timeout: 10_000 }).toEqual([false, false, false]);
  });

  it("ends while it starts, too", async () => {
    const dev = launch("dev/start.ts");
    await dev.untilItSays(/Starting/);
    expect(await dev.stop("SIGINT")).toBe(0);
    expect(await listening()).toEqual([false, false, false]);
  });

  it("ends all of it when a part of it fails, and says which", async () => {
    await writeFile(join(folder, "data", "upstash.json"), "of another version");
    const dev = launch("dev/start.ts");
    expect(await dev.exitCode).toBe(1);
    expect(dev.output()).toMatch(/--fresh starts without it$/m);
    expect(dev.output()).toMatch(/^The local store has stopped by itself \(exit code 1\)\.$/m);
    expect(await listening()).toEqual([false, false, false]);
  });

  it("takes another store's and another tenant's variables from the environment, values unseen", async () => {
    const dev = launch("dev/start.ts", [], {
      AUTH0_DOMAIN: "tenant.acme.test",
      AUTH0_CLIENT_SECRET: "a secret that is not shown",
      UPSTASH_REDIS_REST_URL: "http://store.acme.test",
    });
    expect(await dev.exitCode).toBe(1);
    expect(dev.output().trim().split("\n")).toEqual([
      "The environment sets variables that do not work:",
      "  AUTH0_CLIENT_ID is missing.",
      "  AUTH0_AUDIENCE is missing.",
      "  UPSTASH_REDIS_REST_URL must be https (http is for loopback hosts only).",
      "  UPSTASH_REDIS_REST_TOKEN is missing.",
    ]);
  });

  it("starts neither tenant nor store for AUTH_ENABLED=false", async () => {
    await startDev([], { AUTH_ENABLED: "false" });
    expect(await listening()).toEqual([true, false, false]);
    const trial = launch("dev/try.ts");
    expect(await trial.exitCode).toBe(0);
    expect(stepsOf(trial.output())[0]).toEqual([
      "without a token",
      "let in: this server asks nobody to sign in",
    ]);
  });

  it.each([
    [{ DEV_PORT: "none" }, "DEV_PORT must be a port."],
    [{ DEV_AUTH0_PORT: "70000" }, "DEV_AUTH0_PORT must be a port."],
  ])("refuses %j", async (wrong, problem) => {
    const dev = launch("dev/start.ts", [], wrong);
    expect(await dev.exitCode).toBe(1);
    expect(dev.output().trim()).toBe(problem);
  });

  it("has npm run try say how to start it when nothing answers", async () => {
    const trial = launch("dev/try.ts");
    expect(await trial.exitCode).toBe(1);
    expect(trial.output()).toMatch(
      /without a token +ECONNREFUSED no answer from http:\/\/localhost/,
    );
    expect(trial.output()).toContain("Start it with “npm run dev” in another terminal.");
  });
});

describe("npm run dev with a team's own tools", { timeout: PATIENCE_MS }, () => {
  let dev: Command;
  const PROBE = "src/tools/probe.ts";
  const SKILL = "src/tools/skills/probing/SKILL.md";

  beforeAll(async () => {
    await project.write(PROBE, probeSource());
    await project.write("src/tools/index.ts", INDEX);
    await mkdir(join(project.folder, "src/tools/skills/probing"), { recursive: true });
    await project.write(SKILL, skillSource());
    await project.edit("wrangler.toml", (text) => text.replace(/^main = .*$/m, `$&\n${BINDINGS}`));
    await project.write(".dev.vars", DEV_VARS);
    dev = await startDev(["--fresh"], { SHELL_SECRET: "from the shell", UNNAMED: "not for tools" });
  }, PATIENCE_MS);
  afterAll(() => dev.stop("SIGTERM"));

  it("answers under its local address, whatever the routes of the deployment are", async () => {
    const response = await fetch(`http://localhost:${ports[0]}/mcp`, { method: "POST" });
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toContain(`http://localhost:${ports[0]}/`);
  });

  it("gives a tool what it needs: variables of .dev.vars and the shell, and local bindings", async () => {
    expect(await probe()).toEqual({
      calls: 1,
      file: "from a file",
      shell: "from the shell",
      plain: "from wrangler.toml",
    });
    expect(dev.output()).toContain("AUTH0_DOMAIN, STORAGE_ENCRYPTION_KEY.");
    expect(dev.output()).not.toContain("from a file");
  });

  it("takes over a change of .dev.vars", async () => {
    await project.write(".dev.vars", DEV_VARS.replace("from a file", "changed"));
    await expect
      .poll(() => probe(), { timeout: 30_000, interval: 500 })
      .toMatchObject({ file: "changed" });
  });

  it("says that a saved tool no longer type-checks, and that it does again", async () => {
    await project.write(PROBE, probeSource('title: "A probe"', "title: 5"));
    await dev.untilItSays(/src\/tools\/probe\.ts\(\d+,\d+\): error TS\d+/);
    await project.write(PROBE, probeSource());
    await dev.untilItSays(/The source type-checks again\./);
  });

  it.each([
    [
      "throws while it is loaded",
      'throw new Error("a canary");',
      /src\/tools Error: a canary at src\/tools\/probe\.ts:\d+:\d+/,
    ],
    ["cannot be parsed", "const = ;", /src\/tools\/probe\.ts:\d+:\d+/],
  ])(
    "lives on when a tool %s, names the place, and serves once it is mended",
    async (_, broken, place) => {
      const before = dev.output().length;
      await project.write(PROBE, `${probeSource()}\n${broken}\n`);
      await expect.poll(() => dev.output().slice(before), { timeout: 30_000 }).toMatch(place);
      await project.write(PROBE, probeSource());
      await expect
        .poll(() => probe().catch(() => ({})), { timeout: 30_000, interval: 500 })
        .toHaveProperty("calls");
    },
  );

  it("takes over a saved SKILL.md, and says what is wrong with it", async () => {
    await project.write(SKILL, skillSource("permissions: 5"));
    await dev.untilItSays(/skill probing.*SKILL\.md needs permissions under metadata/);
    await project.write(SKILL, skillSource());
    await expect
      .poll(() => probe().catch(() => ({})), { timeout: 30_000, interval: 500 })
      .toHaveProperty("calls");
  });

  it.each([
    ["threw", '{"fail":true}', "the canary sang", "RangeError"],
    ["never awaited", '{"stray":true}', "the stray canary sang", "SyntaxError"],
  ])(
    "shows what a tool %s: message, place in the source, request id, tool",
    async (_what, input, message, kind) => {
      const trial = launch("dev/try.ts", ["--as", "eve", "--tool", "probe", "--input", input]);
      expect(await trial.exitCode).toBe(kind === "RangeError" ? 1 : 0);
      expect(trial.output()).not.toContain(message);
      const said = await dev.untilItSays(new RegExp(`${kind}: ${message}\\n(?: {4}at .*\\n)+`));
      const [, above = "", below = ""] =
        new RegExp(`([^\\n]*)\\n {2}${kind}: ${message}\\n(.*)\\n`).exec(said) ?? [];
      expect(above).toMatch(/requestId"?[=:]"?[\w-]+/);
      expect(above).toMatch(/tool"?[=:]"?probe/);
      expect(below).toMatch(/^ {4}at .*src\/tools\/probe\.ts:\d+:\d+/);
    },
  );

  it("shows which request it was in which a tool threw, to both sides", async () => {
    const trial = launch("dev/try.ts", [
      "--as",
      "eve",
      "--tool",
      "probe",
      "--input",
      '{"fail":true}',
    ]);
    expect(await trial.exitCode).toBe(1);
    const [, requestId = ""] = /request id ([\w-]+)/.exec(trial.output()) ?? [];
    expect(trial.output()).toContain("The terminal of “npm run dev” shows");
    const said = await dev.untilItSays(new RegExp(`requestId=${requestId}\\n`));
    const [line = ""] = said.split("\n").filter((text) => text.includes(requestId));
    expect(line).toMatch(/POST {2}\/mcp/);
    for (const fact of ["tool=probe", "rpc=tools/call", "clientFamily=", "reason=tool_failed"])
      expect(line).toContain(fact);
  });

  it("has npm run try answer what a tool asks, and save its picture", async () => {
    const ask = ["--as", "eve", "--tool", "probe", "--input", '{"ask":true}'];
    const yes = launch("dev/try.ts", [...ask, "--answer", '{"sure":true}']);
    expect(await yes.exitCode).toBe(0);
    expect(yes.output()).toContain("Are you sure?");
    const [, file = ""] = /\[image\/png, saved as (\S+)\]/.exec(yes.output()) ?? [];
    expect(await readFile(join(project.folder, file), "utf8")).toBe("a picture");
    const no = launch("dev/try.ts", [...ask, "--answer", "decline"]);
    expect(await no.exitCode).toBe(0);
    expect(no.output()).toContain("declined");
  });

  it("keeps the data of local bindings, and forgets it with --fresh", async () => {
    const { calls } = await probe();
    await dev.stop("SIGTERM");
    dev = await startDev();
    expect((await probe()).calls).toBe(calls + 1);
    await dev.stop("SIGTERM");
    dev = await startDev(["--fresh"]);
    expect((await probe()).calls).toBe(1);
  });

  async function probe(): Promise<{ readonly calls: number }> {
    const trial = launch("dev/try.ts", ["--as", "eve", "--tool", "probe"]);
    if ((await trial.exitCode) !== 0) throw new Error(trial.output());
    return JSON.parse(/^\{.*\}$/m.exec(trial.output())?.[0] ?? "");
  }
});

const INDEX = `
import { offerings as others } from "../../test/support/served.ts";
import { probe } from "./probe.ts";
import { skills } from "./skills.ts";
export const offerings = { ...others, tools: [probe, ...others.tools], skills };
`;

const BINDINGS = `routes = [{ pattern = "mcp.acme.test", custom_domain = true }]
kv_namespaces = [{ binding = "COUNTS" }]
vars = { PLAIN = "from wrangler.toml" }`;

const DEV_VARS = `FILE_SECRET=from a file
AUTH0_DOMAIN=acme.eu.auth0.com
STORAGE_ENCRYPTION_KEY=the real one
`;

function skillSource(permissions = 'permissions: ""'): string {
  return `---\nname: probing\ndescription: How to probe.\nmetadata:\n  ${permissions}\n---\nProbe.\n`;
}

/** A tool that says what it was given. */
function probeSource(text = "", other = ""): string {
  return `
import { env } from "cloudflare:workers";
import * as z from "zod";
import { defineTool } from "../mcp/tool.ts";

interface Given {
  COUNTS: KVNamespace;
  FILE_SECRET: string;
  SHELL_SECRET: string;
  PLAIN: string;
}
const given = env as unknown as Given;

export const probe = defineTool({
  name: "probe",
  title: "A probe",
  description: "Tells what a tool is given.",
  permissions: [],
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: false, openWorldHint: false },
  input: z.object({ fail: z.boolean().optional(), stray: z.boolean().optional(), ask: z.boolean().optional() }),
  async run({ fail, stray, ask: isAsking }, { ask }) {
    if (stray === true) {
      void Promise.resolve().then(() => { throw new SyntaxError("the stray canary sang"); });
      await given.COUNTS.get("calls");
    }
    if (fail === true) await new Promise((_, reject) => setTimeout(() => reject(new RangeError("the canary sang")), 1));
    if (isAsking === true) {
      const answer = await ask({ message: "Are you sure?", schema: z.object({ sure: z.boolean() }) });
      if (answer.action !== "accept") return "declined";
      return [{ type: "image" as const, mimeType: "image/png", data: btoa("a picture") }];
    }
    const calls = Number((await given.COUNTS.get("calls")) ?? 0) + 1;
    await given.COUNTS.put("calls", String(calls));
    const { FILE_SECRET: file, SHELL_SECRET: shell, PLAIN: plain } = given;
    return JSON.stringify({ calls, file, shell, plain });
  },
});
`.replace(text, other);
}

it("tells once of each standstill of the Worker, and of none while it cannot be built", async () => {
  let isStuck = true;
  const asked: string[] = [];
  const server = createHttpServer((request, response) => {
    asked.push(request.url ?? "");
    if (!isStuck) response.end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const told: string[] = [];
  const standstill = createStandstill(
    `http://127.0.0.1:${port}/health`,
    (text) => told.push(text),
    { everyMs: 5, patienceMs: 50 },
  );
  const askedAgain = (times: number) => {
    const before = asked.length;
    return expect.poll(() => asked.length, { timeout: 30_000 }).toBeGreaterThan(before + times);
  };
  standstill.watch(true);
  await expect.poll(() => told.length, { timeout: 30_000 }).toBe(1);
  await askedAgain(2);
  expect(told).toEqual([expect.stringContaining("has not answered for a while")]);
  isStuck = false;
  await askedAgain(3);
  isStuck = true;
  await expect.poll(() => told.length, { timeout: 30_000 }).toBeGreaterThan(1);
  standstill.watch(false);
  server.closeAllConnections();
  server.close();
});

it("has every variable of the Worker in .dev.vars.example", async () => {
  const example = await readFile(".dev.vars.example", "utf8");
  expect(VARIABLES.filter((name) => !new RegExp(`^(# )?${name}=`, "m").test(example))).toEqual([]);
});

interface Command {
  readonly exitCode: Promise<number | null>;
  /** Everything it has printed so far. */
  output(): string;
  /** What it has printed, once the pattern is in it. Rejects when it ends before. */
  untilItSays(pattern: RegExp): Promise<string>;
  /** Sends the signal, if it still runs; its exit code. */
  stop(signal: NodeJS.Signals): Promise<number | null>;
}

async function stopAll(): Promise<void> {
  await Promise.all([...running].map((command) => command.stop("SIGTERM")));
  running.clear();
}

/** Runs one of our commands in an environment that holds nothing else. */
function launch(
  file: string,
  options: readonly string[] = [],
  variables: Readonly<Record<string, string>> = {},
): Command {
  const child = spawn(process.execPath, [file, ...options], {
    cwd: project.folder,
    env: { ...environment, ...variables },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  const exitCode = once(child, "close").then(([code]: (number | null)[]) => code ?? null);
  const command: Command = {
    exitCode,
    output: () => output,
    async untilItSays(pattern) {
      while (!pattern.test(output)) {
        const next = await Promise.race([
          once(child.stdout, "data"),
          exitCode.then(() => undefined),
        ]);
        if (next === undefined) throw new Error(`It ended without saying ${pattern}:\n${output}`);
      }
      return output;
    },
    stop(signal) {
      child.kill(signal);
      return exitCode;
    },
  };
  running.add(command);
  return command;
}

async function startDev(
  options: readonly string[] = [],
  variables: Readonly<Record<string, string>> = {},
): Promise<Command> {
  const dev = launch("dev/start.ts", options, variables);
  await dev.untilItSays(/The log of the Worker/);
  return dev;
}

/** Name and remark of each step that was printed. */
function stepsOf(output: string): readonly (readonly string[])[] {
  return [...output.matchAll(/^ *\d+ ms {2}(.{18}) (.*)$/gm)].map(([, name = "", remark = ""]) => [
    name.trim(),
    remark,
  ]);
}

const REDIRECT_URI = "http://localhost:33418/callback";

async function register(): Promise<string> {
  const response = await fetch(`http://localhost:${ports[0]}/register`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ redirect_uris: [REDIRECT_URI], token_endpoint_auth_method: "none" }),
  });
  expect(response.status).toBe(201);
  const { client_id }: { client_id: string } = await response.json();
  return client_id;
}

function authorize(clientId: string): Promise<Response> {
  const url = new URL(`http://localhost:${ports[0]}/authorize`);
  url.search = new URLSearchParams({
    client_id: clientId,
    redirect_uri: REDIRECT_URI,
    response_type: "code",
    code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    code_challenge_method: "S256",
  }).toString();
  return fetch(url, { redirect: "manual" });
}

/** Which of the three ports somebody listens on. */
function listening(): Promise<boolean[]> {
  return Promise.all(
    ports.map(async (port) => {
      const socket = connect(port, "127.0.0.1");
      const answered = await once(socket, "connect").then(
        () => true,
        () => false,
      );
      socket.destroy();
      return answered;
    }),
  );
}
