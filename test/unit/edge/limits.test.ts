import { beforeEach, expect, it } from "vitest";
import { createLimits, type Limits } from "../../../src/edge/limits.ts";

/** The most callers that an isolate remembers to be over a limit. */
const MOST = 10_000;

let limits: Limits;
let nowMs: number;
/** The keys that the binding counted. */
let counted: string[];

beforeEach(() => {
  counted = [];
  nowMs = 1_800_000_000_000;
  const limit = async ({ key }: { readonly key: string }) => {
    counted.push(key);
    return { success: false };
  };
  limits = createLimits({ LIMIT_CALLS: { limit } }, () => nowMs)(new Request("https://a.test"));
});

/** Which of these callers the binding is asked about; all are refused. */
async function askedOf(...callers: readonly number[]): Promise<string[]> {
  counted = [];
  for (const caller of callers)
    await expect(limits.hold("calls", `caller ${caller}`)).rejects.toMatchObject({
      reason: "rate_limited",
    });
  return counted;
}

it("nobody is asked about a caller that is over its limit, until the minute ends", async () => {
  expect(await askedOf(0, 0)).toEqual(["calls caller 0"]);
  nowMs += 59_999;
  expect(await askedOf(0)).toEqual([]);
  nowMs += 1;
  expect(await askedOf(0)).toEqual(["calls caller 0"]);
});

it("no more than ten thousand are remembered, and the oldest goes first", async () => {
  const callers = Array.from({ length: MOST }, (_, index) => index);
  await askedOf(...callers);
  expect(await askedOf(0, 1, MOST - 1)).toEqual([]);
  expect(await askedOf(MOST, 1, MOST - 1, 0)).toEqual([`calls caller ${MOST}`, "calls caller 0"]);
});
