/**
 * Files that hold keys and tokens of the local tenant. JSON goes in and comes out. Only the owner
 * may read them, and a reader never meets a half-written one.
 */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * The content of a JSON file, or `undefined` when there is none (or none that can be read as JSON).
 */
export async function readPrivateFile(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, "utf8"));
  } catch {
    return undefined;
  }
}

/** Replaces a file as a whole: written beside it (mode 0600), then renamed over it. */
export async function writePrivateFile(file: string, content: unknown): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}.tmp`;
  await writeFile(draft, JSON.stringify(content), { mode: 0o600 });
  await rename(draft, file);
}
