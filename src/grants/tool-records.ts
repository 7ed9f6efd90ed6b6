/**
 * What tools remember of a person, in the store: texts by name go in and out, sealed like every
 * record. Names are kept apart from all others.
 */
import type { UnitOfWork } from "../storage/unit-of-work.ts";

interface FieldPlace {
  readonly collection: string;
  readonly field: string;
}

type Change =
  | { readonly put: string; readonly text: string; readonly ttlSeconds: number }
  | { readonly delete: string }
  | { readonly enter: FieldPlace; readonly text: string; readonly ttlSeconds: number }
  | { readonly leave: FieldPlace };

/** Each call is a unit of work of its own: one round trip. */
export function createToolRecords(beginWork: () => UnitOfWork) {
  return {
    read: (name: string) => beginWork().get(named(name)),
    entries: (collection: string) => beginWork().fields(named(collection)),
    claimOnce: (name: string, ttlSeconds: number) => beginWork().claim(named(name), ttlSeconds),
    async write(changes: readonly Change[]): Promise<void> {
      const work = beginWork();
      for (const change of changes) apply(work, change);
      await work.commit();
    },
  };
}

function apply(work: UnitOfWork, change: Change): void {
  if ("put" in change) work.put(named(change.put), change.text, change.ttlSeconds);
  else if ("delete" in change) work.delete(named(change.delete));
  else if ("enter" in change) work.putField(placed(change.enter), change.text, change.ttlSeconds);
  else work.deleteField(placed(change.leave));
}

function placed({ collection, field }: FieldPlace): FieldPlace {
  return { collection: named(collection), field };
}

function named(name: string): string {
  return `tool:${name}`;
}
