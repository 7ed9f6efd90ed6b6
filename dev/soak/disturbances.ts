/**
 * What goes wrong around the Workers in a soak: store requests that fail, come late or twice, and
 * an Auth0 that is busy now and then. Nothing here judges what comes of it.
 */
import type { FaultKind, FaultOptions } from "../../test/support/store-faults.ts";
import type { Soak } from "./soak.ts";

const FAULTS: readonly (FaultOptions & { readonly kind: FaultKind })[] = [
  { kind: "refuse" },
  { kind: "lost" },
  { kind: "truncated" },
  { kind: "500" },
  { kind: "429" },
  { kind: "garbage" },
  { kind: "element-error" },
  { kind: "slow", milliseconds: 2000 },
  { kind: "slow", milliseconds: 4000 },
  { kind: "late" },
  { kind: "stray" },
  { kind: "echo" },
  { kind: "twice" },
  { kind: "overtaken" },
];

const DELIVERY_MS = 4000;
const AUTH0_BUSY_MS = 10_000;
const COUNTING_MS = 1000;

/** Begins; the returned function ends it and lets everything that is under way arrive. */
export function disturb({ house, random, tally }: Soak, share: number): () => Promise<void> {
  const { faults, wire } = house.store;
  const { control } = house.tenant;
  // Auth0's tokens live as long as a renewal is due within two minutes.
  control.shape({ accessTokenTtlSeconds: 420 });
  faults.randomly({ share, faults: FAULTS, random });
  const deliver = async () => tally.count("store requests that came late", await faults.deliver());
  const countWire = () => {
    for (const { commands, fault } of wire.take()) {
      tally.count("store requests");
      tally.count("store commands", commands.length);
      if (fault !== undefined) tally.count(`store fault: ${fault}`);
    }
  };
  const busy = { status: 429, times: 1, headers: { "retry-after": "1" } };
  const timers = [
    setInterval(() => void deliver(), DELIVERY_MS),
    setInterval(() => share > 0 && control.fail("token", busy), AUTH0_BUSY_MS),
    setInterval(countWire, COUNTING_MS),
  ];
  return async () => {
    for (const timer of timers) clearInterval(timer);
    faults.stop();
    await deliver();
    countWire();
  };
}
