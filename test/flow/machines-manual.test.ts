/** What docs/machines.md shows is run as it stands there, by a machine of the local tenant. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ROBOT } from "../../dev/tenant/machines.ts";
import { readBlocks } from "../support/documents.ts";
import { type House, startHouse, type TestWorker } from "../support/house.ts";

const DOCUMENT = "docs/machines.md";
const text = readFileSync(DOCUMENT, "utf8");

let house: House;
beforeAll(async () => {
  house = await startHouse();
});
afterAll(() => house.stop());

/** What a program prints, when it ends well. */
async function run(command: string, ...words: readonly string[]): Promise<string> {
  const child = spawn(command, words, {
    env: {
      ...process.env,
      MCP_URL: `${house.issuer}/mcp`,
      MCP_ISSUER: house.issuer,
      CLIENT_ID: ROBOT.clientId,
      CLIENT_SECRET: ROBOT.clientSecret,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const texts: string[] = [];
  child.stdout.setEncoding("utf8").on("data", (part: string) => texts.push(part));
  expect(await once(child, "close")).toEqual([0, null]);
  return texts.join("");
}

it("its job is the one that is run, and lists the tools of the machine", async () => {
  const [block] = [...text.matchAll(/```ts\n\/\/ job\.ts\n(.*?)```/gs)].map(([, code]) => code);
  expect(text.match(/```ts\n/g)).toHaveLength(1);
  expect(block).toBe(readFileSync("test/flow/manual/job.ts", "utf8"));
  expect((await run(process.execPath, "test/flow/manual/job.ts")).trim().split("\n")).toEqual([
    "get_user_info",
    "explain_access",
    "get_time",
    "count_down",
  ]);
});

it("its request by hand gets a token", async () => {
  const commands = readBlocks(DOCUMENT).flatMap((block) => block.commands);
  expect(commands).toHaveLength(1);
  const answer = JSON.parse(await run("sh", "-c", commands[0] ?? ""));
  expect(answer).toMatchObject({ token_type: "Bearer", expires_in: 3600 });
  expect(answer).not.toHaveProperty("refresh_token");
});

it("its company is read by a server as it stands", async () => {
  const [, json = ""] = [...text.matchAll(/```json\n(\[.*?)```/gs)].map(([, code]) => code ?? "");
  const other = await house.startAnother({ ENTERPRISE_ISSUERS: json });
  expect((await fetch(`${other.url}/ready`)).status).toBe(200);
  await other.stop();
});

it("its key is read by a server, once it is one", async () => {
  const [json = ""] = [...text.matchAll(/```json\n(\[.*?)```/gs)].map(([, code]) => code ?? "");
  const key = {
    x: "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
    y: "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
  };
  const [machine] = JSON.parse(json);
  const keys = machine.jwks.keys.map((each: object) => ({ ...each, ...key }));
  const other: TestWorker = await house.startAnother({
    PREREGISTERED_CLIENTS: JSON.stringify([{ ...machine, jwks: { keys } }]),
  });
  expect((await fetch(`${other.url}/ready`)).status).toBe(200);
  await other.stop();
});
