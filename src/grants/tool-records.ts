/**
 * What tools remember of a person, in the store: texts by name go in and out, sealed like every
 * record. Names are kept apart from all others.
 */
import type { Command, Reply } from "../storage/command.ts";
import { readLatest, writeLatest } from "../storage/latest.ts";
import type { AlsoRead } from "../storage/reading.ts";
import { beginWork } from "../storage/unit-of-work.ts";
import type { Vault } from "../storage/vault.ts";

interface FieldPlace {
  readonly collection: string;
  readonly field: string;
}

type Change =
  | { readonly put: string; readonly text: string; readonly ttlSeconds: number }
  | { readonly delete: string }
  | { readonly enter: FieldPlace; readonly text: string; readonly ttlSeconds: number }
  | { readonly leave: FieldPlace };

/** That something is gone is remembered longer than any request can be late. */
const GONE_TTL_SECONDS = 86_400;

const ENTRY = /^([\w-]+)=(.*)$/;

/** Takes what is to be read along on a trip. */
type Trip = (also: AlsoRead) => Promise<void>;

/** Each call is one round trip. `trip`: entries are read on one that is made anyhow. */
export function createToolRecords(vault: Vault, trip: Trip = onItsOwn(vault)) {
  return {
    read: (name: string) => readLatest(vault, named(name)),
    entries: (collection: string) => readEntries(vault, named(collection), trip),
    claimOnce: (name: string, ttlSeconds: number) =>
      beginWork(vault).claim(named(name), ttlSeconds),
    async write(changes: readonly Change[]): Promise<void> {
      await vault.transact(async () => {
        const commands = await Promise.all(changes.map((change) => commandsOf(vault, change)));
        return commands.flat();
      });
    },
  };
}

/** One trip for two that read: it is made when both have said what. */
export function shareTrip(trip: Trip): Trip {
  const wanted: AlsoRead[] = [];
  const made = Promise.withResolvers<void>();
  return async (also) => {
    wanted.push(also);
    if (wanted.length === 2) trip(joined(wanted)).then(made.resolve, made.reject);
    return made.promise;
  };
}

function joined(wanted: readonly AlsoRead[]): AlsoRead {
  let counts: readonly number[] = [];
  return {
    async make() {
      const all = await Promise.all(wanted.map((also) => also.make()));
      counts = all.map(({ length }) => length);
      return all.flat();
    },
    read(replies) {
      const rest = [...replies];
      wanted.forEach((also, at) => also.read(rest.splice(0, counts[at])));
    },
  };
}

async function commandsOf(vault: Vault, change: Change): Promise<readonly Command[]> {
  if ("put" in change) return writeLatest(vault, { ...change, name: named(change.put) });
  if ("delete" in change)
    return writeLatest(vault, {
      name: named(change.delete),
      text: "",
      ttlSeconds: GONE_TTL_SECONDS,
    });
  const { collection, field } = "enter" in change ? change.enter : change.leave;
  const key = await vault.keyOf(named(collection));
  if ("leave" in change) return [{ do: "deleteFields", key, fields: [field] }];
  const { text, ttlSeconds } = change;
  const value = `${field}=${await vault.seal(text, `${key}/${field}`)}`;
  // A list of what there is: an entry that comes back late names nothing, and has an end of its own.
  return [
    { do: "setFields", key, fields: { [field]: value } },
    { do: "bound", key, ttlSeconds },
    { do: "prolong", key, ttlSeconds },
  ];
}

function onItsOwn(vault: Vault): Trip {
  return async ({ make, read }) => read(await vault.transact(make));
}

async function readEntries(
  vault: Vault,
  collection: string,
  trip: Trip,
): Promise<readonly string[]> {
  const key = await vault.keyOf(collection);
  let reply: Reply | undefined;
  await trip({
    make: async () => [{ do: "getFields", key: await vault.keyOf(collection) }],
    read: ([first]) => void (reply = first),
  });
  const values = typeof reply === "object" && reply !== null ? reply : [];
  const texts = await Promise.all(
    values.map((value) => {
      const [, field = "", sealed = ""] = ENTRY.exec(value) ?? [];
      return vault.open(sealed, `${key}/${field}`);
    }),
  );
  return texts.filter((text) => text !== undefined);
}

function named(name: string): string {
  return `tool:${name}`;
}
