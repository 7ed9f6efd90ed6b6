/**
 * What an operator switches off and on again while the server runs: one sealed notice in the feed that
 * every isolate reads. An order goes in, what is off from then on comes out.
 */
import { FEED, NOTICE_SCORE } from "../../src/storage/notice.ts";
import { readStored } from "../../src/storage/stored-text.ts";
import { noticeSchema, type SwitchedOff } from "../../src/switches.ts";
import { Obstacle } from "../obstacle.ts";
import type { Order } from "./arguments.ts";
import type { OperatorParts } from "./parts.ts";

/** Another operator may be first; what they said is read again each time. */
const MOST_TRIES = 5;

/** A notice counts until there is another one. */
const CENTURY_SECONDS = 3_155_760_000;

interface Standing {
  readonly off: SwitchedOff;
  readonly generation: number;
  /** As they lie there, the newest last. */
  readonly members: readonly string[];
}

/** What is off, beside what the variables say. */
export async function readSwitches(parts: OperatorParts): Promise<SwitchedOff> {
  return (await readStanding(parts)).off;
}

/** Switches what the order names off, or on again. Running Workers hear of it within a minute. */
export async function turn(
  parts: OperatorParts,
  order: Order,
  isOff: boolean,
): Promise<SwitchedOff> {
  const { client, permission, registration, all } = order;
  if (client === undefined && permission === undefined && !registration && !all)
    throw new Obstacle("What? Name a client, a permission, --registration or --all.");
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const before = await readStanding(parts);
    const off = change(before.off, order, isOff);
    const written = await write(parts, before, off);
    const after = await readStanding(parts);
    if (after.members.at(-1) === written) return off;
  }
  throw new Obstacle("Somebody else is switching at the same time.", "Try again.");
}

/** What is off after an order. Pure. */
function change(off: SwitchedOff, order: Order, isOff: boolean): SwitchedOff {
  const { client, permission, registration, all } = order;
  const turned = (names: readonly string[], name: string | undefined): readonly string[] => {
    const others = names.filter((one) => one !== name);
    return name !== undefined && isOff ? [...others, name] : others;
  };
  return {
    everything: all ? isOff : off.everything,
    registration: registration ? isOff : off.registration,
    clients: turned(off.clients, client),
    permissions: turned(off.permissions, permission),
  };
}

async function readStanding({ vault }: OperatorParts): Promise<Standing> {
  const key = vault.keyAt(FEED);
  const [reply] = await vault.redis.transact(
    [{ do: "readNotes", key, from: NOTICE_SCORE, skip: 0, most: 100, withScores: true }],
    { isPatient: true },
  );
  const flat = typeof reply === "object" && reply !== null ? reply : [];
  const members = flat.filter((_, index) => index % 2 === 0);
  const text = await vault.open(members.at(-1), key);
  return {
    off: readStored(noticeSchema, text ?? "{}"),
    generation: Number(flat.at(-1) ?? NOTICE_SCORE) - NOTICE_SCORE,
    members,
  };
}

/** The next notice, in place of all before it; a copy of this that comes late is an older one. */
async function write(
  { vault }: OperatorParts,
  { generation, members }: Standing,
  off: SwitchedOff,
): Promise<string> {
  const key = vault.keyAt(FEED);
  const sealed = await vault.seal(JSON.stringify(off), key);
  await vault.redis.transact(
    [
      { do: "note", key, score: NOTICE_SCORE + generation + 1, members: [sealed] },
      { do: "bound", key, ttlSeconds: CENTURY_SECONDS },
      { do: "prolong", key, ttlSeconds: CENTURY_SECONDS },
      ...(members.length === 0 ? [] : [{ do: "dropNotes", key, members } as const]),
    ],
    { isPatient: true },
  );
  return sealed;
}
