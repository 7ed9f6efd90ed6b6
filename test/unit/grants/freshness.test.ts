import { describe, expect, it } from "vitest";
import {
  inWords,
  isFresh,
  newest,
  stillGranted,
  strictest,
} from "../../../src/grants/freshness.ts";

const NOW = 1_800_000_000;

describe("a sign-in", () => {
  it.each([
    [{ mfa: false }, {}, false],
    [{ mfa: false }, { at: 1 }, true],
    [{ mfa: false, maxAgeSeconds: 900 }, { at: NOW - 900 }, true],
    [{ mfa: false, maxAgeSeconds: 900 }, { at: NOW - 901 }, false],
    [{ mfa: false, maxAgeSeconds: 0 }, { at: NOW }, true],
    [{ mfa: true }, { at: NOW }, false],
    [{ mfa: true }, { at: NOW, mfaAt: 1 }, true],
    [{ mfa: true, maxAgeSeconds: 900 }, { at: NOW, mfaAt: NOW - 901 }, false],
    [{ mfa: true, maxAgeSeconds: 900 }, { at: NOW - 5000, mfaAt: NOW - 900 }, true],
  ])("wanted %o, known %o: good enough %s", (wanted, known, verdict) => {
    expect(isFresh(wanted, known, NOW)).toBe(verdict);
  });

  it("of several wishes the strictest holds", () => {
    expect(strictest([])).toBeUndefined();
    expect(strictest([{ mfa: false, maxAgeSeconds: 900 }, { mfa: true }])).toEqual({
      mfa: true,
      maxAgeSeconds: 900,
    });
    expect(strictest([{ mfa: true }])).toEqual({ mfa: true });
  });

  it("of two the newest of each kind is known", () => {
    expect(newest({ at: 5, mfaAt: 5 }, { at: 9 })).toEqual({ at: 9, mfaAt: 5 });
    expect(newest({ at: 9 }, { at: 5, mfaAt: 5 })).toEqual({ at: 9, mfaAt: 5 });
    expect(newest({}, {})).toEqual({});
  });
});

it.each([
  [900, "15 minutes"],
  [3600, "1 hour"],
  [90, "90 seconds"],
  [172_800, "2 days"],
])("%i seconds are %s", (seconds, words) => {
  expect(inWords(seconds)).toBe(words);
});

it("what was granted for a while ends at its time, and nothing else does", () => {
  const limited = { names: ["b"], until: NOW };
  expect(stillGranted(["a", "b"], limited, NOW - 1)).toEqual(["a", "b"]);
  expect(stillGranted(["a", "b"], limited, NOW)).toEqual(["a"]);
  expect(stillGranted(["a", "b"], undefined, NOW)).toEqual(["a", "b"]);
});
