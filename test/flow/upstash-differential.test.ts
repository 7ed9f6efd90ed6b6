/**
 * The memory engine beside a real redis-server: the same requests go to both, equal answers come
 * back.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { MEMORY_COMMANDS } from "../../dev/upstash/memory-engine.ts";
import { makeRequests, type RandomRequest, SHAPES } from "../support/redis-requests.ts";
import { availableEngines, startStore, type TestStore } from "../support/store.ts";

const SEED = 20_261_123;
const REQUESTS = 1500;
const LEAST_COMMANDS = 3000;
/** Answers that carry data; two engines that refuse everything would agree, too. */
const LEAST_ANSWERS_WITH_DATA = 800;

describe.runIf(availableEngines().includes("redis"))("the memory engine and a real Redis", () => {
  let memory: TestStore;
  let redis: TestStore;

  beforeAll(async () => {
    [memory, redis] = await Promise.all([
      startStore({ engine: "memory" }),
      startStore({ engine: "redis" }),
    ]);
  });
  afterAll(() => Promise.all([memory.close(), redis.close()]));

  it("are asked every command in every shape", () => {
    const asked = makeRequests(SEED, REQUESTS).flatMap(({ commands }) => commands);
    const names = new Set(asked.map(({ command: [name] }) => name.toUpperCase()));
    const known = [...names].filter((name) => name !== "NOSUCH");
    expect(asked.length).toBeGreaterThanOrEqual(LEAST_COMMANDS);
    expect(new Set(asked.map(({ shape }) => shape))).toEqual(new Set(SHAPES));
    expect(known.toSorted()).toEqual([...MEMORY_COMMANDS].toSorted());
  });

  it("give equal answers", async () => {
    let answersWithData = 0;
    for (const [position, request] of makeRequests(SEED, REQUESTS).entries()) {
      const [ours, theirs] = [await ask(memory, request), await ask(redis, request)];
      const commands = request.commands.map(({ command }) => command);
      const place = `request ${position}: ${JSON.stringify(commands)}`;
      expect(ours.status, place).toBe(theirs.status);
      expect(ours.outcomes.length, place).toBe(theirs.outcomes.length);
      for (const [index, outcome] of ours.outcomes.entries())
        expectEqual(commands[index]?.[0] ?? "", [outcome, theirs.outcomes[index]], place);
      answersWithData += ours.outcomes.filter(hasData).length;
    }
    expect(answersWithData).toBeGreaterThan(LEAST_ANSWERS_WITH_DATA);
  }, 120_000);
});

const outcomeSchema = z.union([
  z.strictObject({ result: z.unknown() }),
  z.strictObject({ error: z.string().transform(withoutArguments) }),
]);
type Outcome = z.output<typeof outcomeSchema>;

/** A transaction that is refused as a whole has one outcome, as a single command has. */
const bodySchema = z.union([
  z.array(outcomeSchema),
  outcomeSchema.transform((outcome) => [outcome]),
]);

async function ask({ url, token }: TestStore, { path, isBase64, commands }: RandomRequest) {
  const list = commands.map(({ command }) => command);
  const response = await fetch(`${url}${path}`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${token}`,
      ...(isBase64 ? { "upstash-encoding": "base64" } : {}),
    },
    body: JSON.stringify(path === "/" ? list[0] : list),
  });
  return { status: response.status, outcomes: bodySchema.parse(await response.json()) };
}

/** Redis quotes the arguments of a command that it does not know; we never quote a value. */
function withoutArguments(error: string): string {
  return error.replace(/^(ERR unknown command '\w+').*/s, "$1");
}

function expectEqual(name: string, pair: [Outcome, Outcome | undefined], place: string): void {
  const [ours, theirs] = pair.map((outcome) => normalize(name.toUpperCase(), outcome));
  const tolerance = TIME_TOLERANCES[name.toUpperCase()];
  if (tolerance === undefined || typeof ours !== "number" || ours < 0)
    expect(ours, place).toEqual(theirs);
  else expect(Math.abs(ours - Number(theirs)), place).toBeLessThanOrEqual(tolerance);
}

function hasData(outcome: Outcome): boolean {
  if ("error" in outcome) return false;
  return Array.isArray(outcome.result) ? outcome.result.length > 0 : Boolean(outcome.result);
}

/**
 * The engines run one after the other, so that lifetimes differ a little; in each command's unit.
 */
const TIME_TOLERANCES: Readonly<Record<string, number>> = { TTL: 5, PTTL: 5000 };

/** An outcome without the order that Redis does not promise. */
function normalize(name: string, outcome: Outcome | undefined): unknown {
  if (outcome === undefined || "error" in outcome) return outcome;
  const { success, data: list } = z.array(z.unknown()).safeParse(outcome.result);
  if (!success) return outcome.result;
  if (name === "SCAN") return [list[0], z.array(z.string()).parse(list[1]).toSorted()];
  if (name === "HGETALL")
    return new Map(
      Array.from({ length: list.length / 2 }, (_, i) => [list[2 * i], list[2 * i + 1]]),
    );
  return ["SMEMBERS", "HVALS"].includes(name) ? list.toSorted() : list;
}
