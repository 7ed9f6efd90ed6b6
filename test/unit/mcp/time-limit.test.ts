/** How long a use may take, and what is said of one that does not end. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Use } from "../../../src/mcp/offer.ts";
import { runInTime, TimedOut } from "../../../src/mcp/time-limit.ts";
import type { ToolContext } from "../../../src/mcp/tool-context.ts";

const endless: Use<never> = {
  kind: "tool",
  name: "endless",
  title: "Endless",
  input: {},
  isReadOnly: true,
  run: () => new Promise(() => {}),
};
const warn = vi.fn<(message: string) => void>();
const context = { signal: new AbortController().signal, log: { warn } } as unknown as ToolContext;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  warn.mockClear();
  vi.useRealTimers();
});

it("tells the terminal of this machine, again and again, what has not ended", () => {
  void runInTime(endless, context, true);
  vi.advanceTimersByTime(25_000);
  expect(warn.mock.calls).toEqual([["has not ended after 10 s"], ["has not ended after 20 s"]]);
});

it("tells nobody elsewhere, and of nothing that has ended", async () => {
  void runInTime(endless, context, false);
  await runInTime({ ...endless, run: () => Promise.resolve("done") }, context, true);
  vi.advanceTimersByTime(25_000);
  expect(warn).not.toHaveBeenCalled();
});

it("stops one whose time is over, and leaves one that has ended alone", async () => {
  const stopped = runInTime({ ...endless, limitSeconds: 2 }, context, false);
  const ended = runInTime(
    { ...endless, limitSeconds: 2, run: ({ signal }) => Promise.resolve(signal) },
    context,
    false,
  );
  const signal = await ended;
  vi.advanceTimersByTime(2000);
  await expect(stopped).rejects.toThrow(TimedOut);
  expect(signal.aborted).toBe(false);
});
