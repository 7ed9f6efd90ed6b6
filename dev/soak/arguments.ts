/** The command line of `npm run soak`. Words go in; what to play comes out, within bounds. */
import { parseArgs } from "node:util";
import * as z from "zod";

export interface Wish {
  readonly minutes: number;
  readonly people: number;
  readonly isolates: number;
  /** Which share of the store's requests meets a fault. */
  readonly faultShare: number;
  readonly seed: number;
}

const USAGE = `npm run soak -- [options]
  --minutes 5      how long (0.2 to 240)
  --people 100     how many people (1 to 1000)
  --isolates 4     how many isolates (1 to 16)
  --faults 1       which per cent of the store's requests meet a fault (0 to 50)
  --seed 1         for the choice of what happens; a random one when left out`;

const wishSchema = z
  .object({
    minutes: z.coerce.number().min(0.2).max(240),
    people: z.coerce.number().int().min(1).max(1000),
    isolates: z.coerce.number().int().min(1).max(16),
    faults: z.coerce.number().min(0).max(50),
    seed: z.coerce.number().int(),
  })
  .transform(({ faults, ...rest }) => ({ ...rest, faultShare: faults / 100 }));

/** Reads the command line; ends the process with the usage when it cannot be read. */
export function readArguments(): Wish {
  try {
    return wishSchema.parse(readWords());
  } catch {
    console.error(USAGE);
    return process.exit(2);
  }
}

function readWords() {
  return parseArgs({
    options: {
      minutes: { type: "string", default: "5" },
      people: { type: "string", default: "100" },
      isolates: { type: "string", default: "4" },
      faults: { type: "string", default: "1" },
      seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
    },
  }).values;
}
