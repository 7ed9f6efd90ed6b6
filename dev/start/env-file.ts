/**
 * Files of variables, as Node and wrangler read them. Names and values go in and come out. Only the
 * owner may read such a file, and a reader never meets a half-written one.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseEnv } from "node:util";

/** The variables in a file; none when there is no file. */
export function readEnvFile(file: string): Readonly<Record<string, string | undefined>> {
  return existsSync(file) ? parseEnv(readFileSync(file, "utf8")) : {};
}

/** Replaces a file as a whole. */
export function writeEnvFile(file: string, variables: Readonly<Record<string, string>>): void {
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${quote(value)}\n`);
  const draft = `${file}.${process.pid}`;
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(draft, lines.join(""), { mode: 0o600 });
  renameSync(draft, file);
}

/**
 * Quoted so that neither a space, a `#` nor a quote ends it; wrangler would also expand a bare `$`.
 */
function quote(value: string): string {
  const mark = ["'", "`", '"'].find((candidate) => !value.includes(candidate)) ?? "'";
  return mark + value.replaceAll("$", "\\$") + mark;
}
