/**
 * The documents, held to their word: every command is run here or by `.ci/run`, or says why not;
 * every link leads somewhere; every reason of the log has its cause written down.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BLOBS, DOUBLES } from "../../src/edge/metrics.ts";
import { REFUSALS } from "../../src/errors.ts";
import { findDocuments, readAnchors, readBlocks, readLinks } from "../support/documents.ts";
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

describe("a reason in the log", () => {
  const explained = ["docs/operations.md", "docs/auth0-setup.md"]
    .map((file) => readFileSync(file, "utf8"))
    .join("");

  it("stands in docs/operations.md or docs/auth0-setup.md, with its cause", () => {
    expect(Object.keys(REFUSALS).filter((reason) => !explained.includes(`\`${reason}\``))).toEqual(
      [],
    );
  });
});

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
