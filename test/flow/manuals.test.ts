/**
 * The documents, held to their word: every command is run here or by `.ci/run`, or says why not;
 * every link leads somewhere; every reason of the log has its cause written down.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BLOBS, DOUBLES } from "../../src/edge/metrics.ts";
import { isReason, REFUSALS } from "../../src/errors.ts";
import { adviceFor } from "../../src/pages/advice.ts";
import {
  findDocuments,
  readAnchors,
  readBlocks,
  readLanguages,
  readLinks,
  readNpmRuns,
  readPaths,
  readRows,
} from "../support/documents.ts";
import { type House, startHouse } from "../support/house.ts";

const documents = findDocuments();
const ci = readFileSync(".ci/run", "utf8");
const blocks = documents.flatMap(readBlocks);
const unmarked = new Set(
  blocks.filter(({ mark }) => mark === undefined).flatMap(({ commands }) => commands),
);

/** What is run here, as it stands, with the variables of the local parts. */
const RUN_HERE = [
  "npm run deploy -- --dry-run",
  "npm run deploy -- --env staging --dry-run",
  "npm run doctor",
  "npm run doctor -- --directory",
  "npm run rotate-keys",
  "npm run setup -- --dry-run",
];

let house: House;
beforeAll(async () => {
  house = await startHouse();
});
afterAll(() => house.stop());

describe("a command in a document", () => {
  it("is run here or in CI, or says why it is not", () => {
    expect(blocks.length).toBeGreaterThan(5);
    expect(blocks.filter(({ mark }) => mark !== undefined && mark.length < 10)).toEqual([]);
    const neither = [...unmarked].filter(
      (command) => !RUN_HERE.includes(command) && !ci.includes(`\n${command}\n`),
    );
    expect(neither).toEqual([]);
  });

  it("is in a block that is looked at: shell is called sh, and nothing is without a language", () => {
    const known = /^(sh|ts|tsx|toml|json|js|sql|md|diff|text|http|)$/;
    const shell = /^ *(\$ |npm |npx |node |curl |git )/m;
    expect(documents.flatMap(readLanguages).filter((language) => !known.test(language))).toEqual(
      [],
    );
    const plain = documents.filter((file) =>
      [...readFileSync(file, "utf8").matchAll(/^ *```\n(.*?)^ *```/gms)].some(([, code = ""]) =>
        shell.test(code),
      ),
    );
    expect(plain).toEqual([]);
  });

  it("that CI is said to run, it runs", () => {
    const said = blocks.filter(({ mark = "" }) => mark.includes(".ci/run"));
    const parts = said.flatMap(({ commands }) => commands).flatMap((line) => line.split(" && "));
    expect(parts.length).toBeGreaterThan(2);
    expect(parts.filter((part) => !ci.includes(`\n${part}`))).toEqual([]);
  });

  it("is one of package.json's, with options that it has", () => {
    const { scripts } = JSON.parse(readFileSync("package.json", "utf8"));
    const wrong = documents.flatMap(readNpmRuns).filter((words) => {
      const [, name = "", rest = ""] = /^npm run ([\w:-]+)(.*)$/.exec(words) ?? [];
      const asked = [...rest.matchAll(/(?<=\s)--([a-z][\w-]+)/g)].map(([, option = ""]) => option);
      const source = sourceOf(scripts[name]);
      return source === undefined || asked.some((option) => !isOption(source, option));
    });
    expect(wrong).toEqual([]);
  });

  it.each(RUN_HERE.filter((command) => unmarked.has(command)))(
    "%s",
    { timeout: 120_000 },
    async (command) => {
      const child = spawn("sh", ["-c", command], {
        env: { ...process.env, ...house.variables, DEV_PORT: new URL(house.issuer).port },
        stdio: ["ignore", "pipe", "pipe"],
      });
      const texts: string[] = [];
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding("utf8").on("data", (text: string) => texts.push(text));
      const [code] = await once(child, "close");
      const output = texts.join("");
      expect({ code, output: code === 0 ? "" : output }).toEqual({ code: 0, output: "" });
      expect(output).not.toContain(house.variables["AUTH0_CLIENT_SECRET"]);
      if (command.includes("deploy")) expect(output).toMatch(/Total Upload: .* gzip/);
    },
  );
});

/** What a script of package.json is written in: its file, and the folder of its name. */
function sourceOf(script: string | undefined): string | undefined {
  if (script === undefined) return undefined;
  const [, place = ""] = /^node (\S+)\.ts$/.exec(script) ?? [];
  const folder = place !== "" && existsSync(place) ? readdirSync(place) : [];
  const files = [`${place}.ts`, ...folder.map((name) => join(place, name))];
  return files
    .filter((file) => file.endsWith(".ts") && existsSync(file))
    .map((file) => readFileSync(file, "utf8"))
    .join("\n");
}

/** Another program than ours takes what it takes. */
function isOption(source: string, option: string): boolean {
  return source === "" || new RegExp(`--${option}\\b|\\b${option}"?:`).test(source);
}

describe("a path in a document", () => {
  it("is there", () => {
    const named = documents.flatMap((file) => readPaths(file).map((path) => ({ file, path })));
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter(({ path }) => !existsSync(path))).toEqual([]);
  });
});

describe("a link in a document", () => {
  const links = documents.flatMap(readLinks);
  it("leads to a file and a heading that are there", () => {
    const broken = links.filter(({ file, target }) => {
      if (/^https?:/.test(target)) return URL.parse(target) === null;
      const [path = "", anchor] = target.split("#");
      const place = path === "" ? file : normalize(join(dirname(file), path));
      if (!existsSync(place)) return true;
      return anchor !== undefined && !readAnchors(place).includes(anchor);
    });
    expect(broken).toEqual([]);
    expect(links.length).toBeGreaterThan(5);
  });
});

/** Said of the store, in words that stand nowhere as a reason. */
const UNWRITTEN = ["record_unreadable", "store_emptied", "store_replaced"];

describe("a reason in the log", () => {
  const OPERATIONS = "docs/operations.md";
  const rows = readRows(OPERATIONS, "### Every reason").filter(([first = ""]) =>
    /^\**`[a-z_]+`/.test(first),
  );
  const explained = rows.flatMap(([first = "", ...others]) =>
    [...first.matchAll(/`([a-z_]+)`/g)].map(([, reason = ""]) => ({
      reason,
      cause: others.at(-1) ?? "",
    })),
  );

  /** Refusals, and whatever else stands in the same field: read from the source. */
  const said = new Set([
    ...Object.keys(REFUSALS),
    ...UNWRITTEN,
    ...[...readSource("src").matchAll(/\breason: "([a-z_]+)"|warnOnce\("([a-z_]+)"/g)].map(
      ([, noted, warned]) => noted ?? warned ?? "",
    ),
  ]);

  it("has one row in docs/operations.md, with its cause", () => {
    expect(said.size).toBeGreaterThan(100);
    const count = (reason: string) => explained.filter((row) => row.reason === reason).length;
    expect([...said].filter((reason) => count(reason) !== 1)).toEqual([]);
    expect(explained.filter(({ cause }) => cause.length < 10)).toEqual([]);
  });

  it("is one that there is", () => {
    expect(explained.filter(({ reason }) => !said.has(reason))).toEqual([]);
  });

  it("has a page whose heading stands in a table, beside the reason", () => {
    const pages = [...readRows(OPERATIONS), ...readRows("docs/auth0-setup.md")];
    const reasons = Object.keys(REFUSALS).filter(isReason);
    const missing = reasons.filter((reason) => {
      const { heading } = adviceFor(reason);
      const shown = pages.filter(([first = ""]) => first.includes(`“${heading}”`));
      const isShared =
        /^(Please start again|Please try again shortly|Something went wrong|Page not)/;
      const isNamed = shown.some((cells) => cells.join(" ").includes(`\`${reason}\``));
      return shown.length === 0 || (!isShared.test(heading) && !isNamed);
    });
    expect(missing).toEqual([]);
  });
});

/** All of a folder's TypeScript. */
function readSource(folder: string): string {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => /\.tsx?$/.test(file))
    .map((file) => readFileSync(join(folder, file), "utf8"))
    .join("\n");
}

describe("the queries of docs/metrics.md", () => {
  const text = readFileSync("docs/metrics.md", "utf8");
  const queries = [...text.matchAll(/```sql\n(.*?)```/gs)].map(([, query = ""]) => query.trim());

  it("are those of the dashboard, and ask for columns and events that are written", () => {
    const { panels } = JSON.parse(readFileSync("docs/dashboard.json", "utf8"));
    expect(panels.map(({ targets }: { targets: [{ query: string }] }) => targets[0].query)).toEqual(
      queries,
    );
    const columns = new Set([...BLOBS.keys()].map((index) => `blob${index + 1}`));
    for (const index of DOUBLES.keys()) columns.add(`double${index + 1}`);
    const asked = queries.flatMap((query) => query.match(/\b(?:blob|double)\d+\b/g) ?? []);
    expect(asked.filter((column) => !columns.has(column))).toEqual([]);
  });
});
