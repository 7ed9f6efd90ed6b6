import { describe, expect, it } from "vitest";
import {
  createSightings,
  isServedUnseen,
  judgeSighting,
  type Sighting,
} from "../../../src/grants/liveness.ts";

const NOW = 1_800_000_000;
const GRANT = { userId: "person", grantId: "grant" };

describe("a request of a grant", () => {
  it.each<[string, Sighting | undefined, number, string]>([
    ["never seen", undefined, 30, "look"],
    ["seen alive just now", { aliveAt: NOW }, 30, "alive"],
    ["seen alive 29 seconds ago", { aliveAt: NOW - 29 }, 30, "alive"],
    ["seen alive 30 seconds ago", { aliveAt: NOW - 30 }, 30, "look"],
    ["seen alive just now, when every request asks", { aliveAt: NOW }, 0, "look"],
    ["missing just now", { missingAt: NOW }, 30, "ended"],
    ["missing 30 seconds ago", { missingAt: NOW - 30 }, 30, "look"],
    ["missing just now, when every request asks", { missingAt: NOW }, 0, "look"],
    ["ended here", { ended: true }, 30, "ended"],
    ["ended here, when every request asks", { ended: true }, 0, "ended"],
  ])("%s", (_case, sighting, checkSeconds, verdict) => {
    expect(judgeSighting(sighting, { now: NOW, checkSeconds })).toBe(verdict);
  });

  it.each<[string, Sighting | undefined, number, boolean]>([
    ["never seen", undefined, 30, false],
    ["seen alive ten minutes ago", { aliveAt: NOW - 600 }, 30, true],
    ["seen alive longer ago", { aliveAt: NOW - 601 }, 30, false],
    ["seen alive just now, when every request asks", { aliveAt: NOW }, 0, false],
    ["missing", { missingAt: NOW }, 30, false],
    ["ended", { ended: true }, 30, false],
  ])(
    "is served without the store's answer, or not: %s",
    (_case, sighting, checkSeconds, served) => {
      expect(isServedUnseen(sighting, { now: NOW, checkSeconds })).toBe(served);
    },
  );
});

describe("sightings", () => {
  it("keep the latest, but a grant that ended here never lives again", () => {
    const sightings = createSightings();
    expect(sightings.of(GRANT)).toBeUndefined();
    sightings.noteMissing(GRANT, NOW);
    sightings.noteAlive(GRANT, NOW + 1);
    expect(sightings.of(GRANT)).toEqual({ aliveAt: NOW + 1 });
    sightings.noteEnded(GRANT);
    sightings.noteAlive(GRANT, NOW + 2);
    sightings.noteMissing(GRANT, NOW + 2);
    expect(sightings.of(GRANT)).toEqual({ ended: true });
  });

  it("know one grant from another of the same person", () => {
    const sightings = createSightings();
    sightings.noteEnded(GRANT);
    expect(sightings.of({ ...GRANT, grantId: "another" })).toBeUndefined();
  });

  it("are bounded: the one noted first is forgotten first", () => {
    const sightings = createSightings();
    const grant = (index: number) => ({ userId: "person", grantId: String(index) });
    for (let index = 0; index <= 10_000; index++) sightings.noteAlive(grant(index), NOW);
    expect(sightings.of(grant(0))).toBeUndefined();
    expect(sightings.of(grant(1))).toEqual({ aliveAt: NOW });
  });
});
