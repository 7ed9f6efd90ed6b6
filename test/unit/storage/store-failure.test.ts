import { describe, expect, it } from "vitest";
import { nameFailure, nameSilence } from "../../../src/storage/store-failure.ts";

/** What Redis 7.0 and Upstash say, and what it is. */
const SAYINGS: readonly (readonly [string, string])[] = [
  ["OOM command not allowed when used memory > 'maxmemory'.", "store_full"],
  ["ERR DB capacity quota exceeded. Limit: 268435456 bytes, Usage: 268435999 bytes", "store_full"],
  ["ERR Max database size limit exceeded. Limit: 256MB", "store_full"],
  ["READONLY You can't write against a read only replica.", "store_read_only"],
  ["NOPERM this user has no permissions to run the 'set' command", "store_read_only"],
  [
    "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist",
    "store_read_only",
  ],
  ["ERR database is in read-only mode", "store_read_only"],
  ["WRONGPASS invalid or missing auth token", "store_auth_failed"],
  ["NOAUTH Authentication required.", "store_auth_failed"],
  ["ERR max requests limit exceeded. Limit: 500000, Usage: 500000.", "store_quota_exceeded"],
  ["ERR max daily request limit exceeded. Limit: 10000, Usage: 10001.", "store_quota_exceeded"],
  ["ERR max monthly bandwidth limit exceeded", "store_quota_exceeded"],
  ["ERR monthly budget is used up", "store_quota_exceeded"],
  ["ERR max concurrent connections exceeded", "store_rate_limited"],
  ["ERR max commands per second limit exceeded", "store_rate_limited"],
  ["ERR rate limit exceeded", "store_rate_limited"],
  ["ERR database was not found", "store_gone"],
  ["ERR the database has been archived", "store_gone"],
  ["LOADING Redis is loading the dataset in memory", "store_unavailable"],
  ["ERR value is not an integer or out of range", "store_answer_invalid"],
];

describe("a store that says no is named the same", () => {
  it.each(SAYINGS)("%s", (error, reason) => {
    const replies = [{ result: "OK" }, { error }, { result: null }];
    expect(nameFailure(400, JSON.stringify({ error })).reason).toBe(reason);
    expect(nameFailure(200, JSON.stringify({ error })).reason).toBe(reason);
    expect(nameFailure(200, JSON.stringify(replies)).reason).toBe(reason);
  });

  it.each([
    [401, "", "store_auth_failed"],
    [403, "<html>", "store_auth_failed"],
    [404, "", "store_gone"],
    [410, "", "store_gone"],
    [429, "", "store_rate_limited"],
    [500, "", "store_unavailable"],
    [502, "<html>", "store_unavailable"],
    [530, "error code: 1016", "store_gone"],
    [530, "error code: 1033", "store_unavailable"],
    [200, "<html>", "store_answer_invalid"],
  ])("%i %s", (status, text, reason) => {
    expect(nameFailure(status, text)).toMatchObject({ reason, facts: { storeStatus: status } });
  });
});

it("what one command's error leaves unsaid of the others may be asked again only when that can help", () => {
  const failed = (error: string) => nameFailure(200, JSON.stringify([{ result: 1 }, { error }]));
  expect(failed("ERR value is not an integer").isOpen).toBe(true);
  expect(failed("OOM command not allowed").isOpen).toBe(false);
});

it.each([
  [new DOMException("The operation timed out", "TimeoutError"), "store_unavailable", "timeout"],
  [new DOMException("The operation was aborted", "AbortError"), "store_unavailable", "timeout"],
  [new Error("DNS lookup failed."), "store_gone", "name_resolution"],
  [new TypeError("Network connection lost."), "store_unavailable", "network"],
  ["thrown text", "store_unavailable", "network"],
])("silence has a name too: %s", (error, reason, storeFault) => {
  expect(nameSilence(error)).toEqual({ reason, isOpen: true, facts: { storeFault } });
});

it("nothing of what the store said comes along", () => {
  const failure = nameFailure(400, JSON.stringify({ error: "ERR canary, command was: canary" }));
  expect(JSON.stringify([failure, nameSilence(new Error("canary"))])).not.toContain("canary");
});
