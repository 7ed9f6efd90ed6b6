/**
 * A developer's first minute: `npm run dev` and `npm run try` as processes, with nothing prepared.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { visit } from "../../dev/try/visitor.ts";
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
let ports: readonly [number, number, number];
let environment: Record<string, string>;
const running = new Set<Command>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dev-"));
  ports = [await freePort(), await freePort(), await freePort()];
  const [worker, tenant, store] = ports.map(String);
  environment = {
    PATH: process.env["PATH"] ?? "",
    HOME: process.env["HOME"] ?? "",
    DEV_DIR: folder,
    DEV_PORT: worker ?? "",
    DEV_AUTH0_PORT: tenant ?? "",
    DEV_UPSTASH_PORT: store ?? "",
  };
});
afterAll(async () => {
  await stopAll();
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

  it.each(["keys.env", "worker.env"])(
    "keeps its secrets in %s, for its owner's eyes only",
    async (name) => {
      const file = join(folder, name);
      const [, key = ""] = /JWT_SIGNING_KEY='(.*)'/.exec(await readFile(file, "utf8")) ?? [];
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      expect(Buffer.from(key, "base64")).toHaveLength(32);
      expect(dev.output()).not.toContain(key);
    },
  );

  it("shows the log of the Worker, one short line for each request", async () => {
    await fetch(`http://localhost:${ports[0]}/llms.txt`);
    await dev.untilItSays(/^\d\d:\d\d:\d\d {2}200 {2}GET {3}\/llms\.txt {2}\d+ ms/m);
    expect(dev.output()).not.toContain("wrangler:info");
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
      ["connection", "MCP 2026-07-28 with auth0-mcp-worker"],
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
    ["an unknown person", ["--as", "bob"], /^That is not how it is written\./, "--as ada|rob|eve"],
  ])("has npm run try say what to do about %s", async (_, given, problem, advice) => {
    const trial = launch("dev/try.ts", typeof given === "function" ? given() : given);
    expect(await trial.exitCode).toBe(1);
    expect(trial.output()).toMatch(problem);
    expect(trial.output()).toContain(advice);
    expect(trial.output()).not.toMatch(SECRET);
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

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
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
