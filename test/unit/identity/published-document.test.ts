import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Refusal } from "../../../src/errors.ts";
import {
  createPublishedDocument,
  type PublishedDocument,
} from "../../../src/identity/published-document.ts";

let now: number;
let loads: number;
let answer: () => Promise<string>;
let document: PublishedDocument<string>;

const isAway = (): Promise<string> => Promise.reject(new Refusal("identity_unavailable"));
const lies = (): Promise<string> => Promise.reject(new Refusal("identity_metadata_invalid"));

beforeEach(() => {
  now = 1_000_000;
  loads = 0;
  answer = async () => `version ${loads}`;
  document = createPublishedDocument(
    () => {
      loads += 1;
      return answer();
    },
    () => now,
  );
});

afterEach(() => void vi.useRealTimers());

it("loads nothing before it is read", () => {
  expect(loads).toBe(0);
});

it("is loaded once in ten minutes", async () => {
  expect(await document.read()).toBe("version 1");
  now += 599;
  expect(await document.read()).toBe("version 1");
  now += 1;
  expect(await document.read()).toBe("version 2");
});

it("is loaded once for readers that come together", async () => {
  const versions = await Promise.all(Array.from({ length: 50 }, () => document.read()));
  expect(new Set(versions)).toEqual(new Set(["version 1"]));
  expect(loads).toBe(1);
});

it("refuses while it was never loaded, and tries each time", async () => {
  answer = isAway;
  await expect(document.read()).rejects.toMatchObject({ reason: "identity_unavailable" });
  answer = async () => "back";
  expect(await document.read()).toBe("back");
});

it("is served stale while the provider is away, asking every 30 s", async () => {
  await document.read();
  now += 600;
  answer = isAway;
  expect(await document.read()).toBe("version 1");
  now += 29;
  expect(await document.read()).toBe("version 1");
  expect(loads).toBe(2);
  now += 1;
  expect(await document.read()).toBe("version 1");
  expect(loads).toBe(3);
});

it("is not served any more when the provider contradicts it", async () => {
  await document.read();
  now += 600;
  answer = lies;
  await expect(document.read()).rejects.toMatchObject({ reason: "identity_metadata_invalid" });
  await expect(document.read()).rejects.toMatchObject({ reason: "identity_metadata_invalid" });
});

it("is reread at most every 30 s", async () => {
  await document.read();
  expect(await document.reread()).toBe("version 1");
  now += 30;
  expect(await document.reread()).toBe("version 2");
  now += 29;
  expect(await document.reread()).toBe("version 2");
  expect(loads).toBe(2);
});

it("tells a rereader that the provider is away, also within the 30 s, and still serves readers", async () => {
  await document.read();
  now += 30;
  answer = isAway;
  await expect(document.reread()).rejects.toMatchObject({ reason: "identity_unavailable" });
  await expect(document.reread()).rejects.toMatchObject({ reason: "identity_unavailable" });
  expect(await document.read()).toBe("version 1");
  expect(loads).toBe(2);
});

it("does not wait for ever for the load of a request that was cut off", async () => {
  vi.useFakeTimers();
  answer = () => new Promise(() => {});
  void document.read();
  const second = Promise.withResolvers<string>();
  answer = () => second.promise;
  const later = [document.read(), document.read()];
  await vi.advanceTimersByTimeAsync(3000);
  second.resolve("version 2");
  expect(await Promise.all(later)).toEqual(["version 2", "version 2"]);
  expect(loads).toBe(2);
});
