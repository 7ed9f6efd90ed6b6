/**
 * Clocks: here, at Auth0, in the store, at the deployment. What each says goes in, a verdict comes
 * out. Two that agree are right.
 */
import { CLOCK_TOLERANCE_SECONDS } from "../../src/identity/signed-token.ts";
import { type Answer, isAnswer, type NoAnswer } from "./answers.ts";
import { ok, skipped, type Verdict, warning } from "./check.ts";

/** When an answer was made, in epoch seconds. */
export function timeOf(answer: Answer | NoAnswer): number | undefined {
  const time = Date.parse((isAnswer(answer) && answer.headers.get("Date")) || "") / 1000;
  return Number.isNaN(time) ? undefined : time;
}

/** Signed tokens carry times: clocks must agree within a minute. Epoch seconds. */
export function judgeClock(whose: string, theirs: number | undefined, here: number): Verdict {
  if (theirs === undefined) return skipped(`${whose} does not tell its time`);
  const apart = Math.round(here - theirs);
  if (Math.abs(apart) <= CLOCK_TOLERANCE_SECONDS)
    return ok(`the clocks here and of ${whose} are ${Math.abs(apart)} s apart`);
  return warning(
    `the clock here is ${Math.abs(apart)} s ${apart > 0 ? "ahead of" : "behind"} that of ${whose}`,
    "Set this machine's clock, if the other lines about clocks say the same; Cloudflare's is right. Signed tokens are refused beyond 60 s.",
  );
}
