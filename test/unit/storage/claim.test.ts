import { expect, it } from "vitest";
import {
  type ClaimVerdict,
  createClaim,
  judgeClaim,
  strandClaim,
} from "../../../src/storage/claim.ts";
import type { Reply } from "../../../src/storage/command.ts";

const claim = createClaim("name", 60);
const another = createClaim("name", 60);

it.each<[string, Reply | undefined, Reply | undefined, ClaimVerdict]>([
  ["nobody had it", null, null, "ours"],
  ["a repeated question met itself", claim.nonce, null, "ours"],
  ["another has it", another.nonce, null, "taken"],
  ["another had it and gave it back", another.nonce, another.nonce, "given_back"],
  ["it was given back before a late claim arrived", null, another.nonce, "given_back"],
  ["our own was given back, and is asked for again late", claim.nonce, claim.nonce, "given_back"],
  ["there is no answer", undefined, undefined, "taken"],
  ["there is a count", 1, null, "taken"],
])("a claim of which %s", (_case, holder, returned, verdict) => {
  expect(judgeClaim(claim, [holder, returned])).toBe(verdict);
});

it("counts as given back when this isolate gave it up and could not say so", () => {
  const stranded = createClaim("name", 60);
  strandClaim(stranded);
  expect(judgeClaim(claim, [stranded.nonce, null])).toBe("given_back");
});
