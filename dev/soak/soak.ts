/** What everybody in a soak shares. No code. */
import type { House, TestWorker } from "../../test/support/house.ts";
import type { Ended } from "./ended.ts";
import type { Random } from "./random.ts";
import type { Tally } from "./tally.ts";

export interface Soak {
  readonly house: House;
  /** All of them, the house's own first. */
  readonly isolates: readonly TestWorker[];
  readonly tally: Tally;
  readonly random: Random;
  readonly ended: Ended;
  /** How long a person pauses between two steps, on average. */
  readonly pauseMs: number;
  /** After how many steps a session is ended, on average. */
  readonly steps: number;
  isOver(): boolean;
}
