/**
 * Where the stand-in's data outlives the process: one file, readable by its owner only, replaced as
 * a whole so that a crash leaves the old one or the new one.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

export interface SnapshotSaver {
  /** Saves within `SAVE_DELAY_MS`, together with whatever else changes until then. */
  saveSoon(): void;
  /** Saves now. */
  save(): void;
}

const SAVE_DELAY_MS = 100;

/** What was saved last; `undefined` when nothing was. */
export function readSnapshotFile(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}

/** Saves what `content` gives at the time of saving. Touches nothing until asked. */
export function createSnapshotSaver(path: string, content: () => string): SnapshotSaver {
  let timer: NodeJS.Timeout | undefined;
  const save = () => {
    clearTimeout(timer);
    timer = undefined;
    replaceFile(path, content());
  };
  return {
    saveSoon() {
      timer ??= setTimeout(save, SAVE_DELAY_MS);
    },
    save,
  };
}

function replaceFile(path: string, text: string): void {
  const draft = `${path}.${process.pid}`;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(draft, text, { mode: 0o600 });
  renameSync(draft, path);
}
