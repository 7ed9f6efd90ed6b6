/**
 * Files of variables, as Node and wrangler read them. Names and values go in and come out. Only the
 * owner may read such a file, and a reader never meets a half-written one.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { isDeepStrictEqual, parseEnv } from "node:util";

/** The variables in a file; none when there is no file. A `$` is written `\\$`, as wrangler has it. */
export function readEnvFile(file: string): Readonly<Record<string, string | undefined>> {
  return existsSync(file) ? parse(readFileSync(file, "utf8")) : {};
}

function parse(text: string): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(
    Object.entries(parseEnv(text)).map(([name, value]) => [name, value?.replaceAll("\\$", "$")]),
  );
}

/** Replaces a file as a whole; remarks in it stay where they are. */
export function writeEnvFile(file: string, variables: Readonly<Record<string, string>>): void {
  const before = existsSync(file) ? readFileSync(file, "utf8") : "";
  const draft = `${file}.${process.pid}`;
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(draft, render(linesOf(before), variables), { mode: 0o600 });
  renameSync(draft, file);
}

/** Lines with at most one variable each; none when a value goes over several. */
function linesOf(text: string): readonly string[] {
  const lines = text.split("\n");
  const single = Object.assign({}, ...lines.map(parse));
  const isWhole = isDeepStrictEqual(single, parse(text));
  return isWhole ? lines.filter((line, index) => line !== "" || index < lines.length - 1) : [];
}

function render(lines: readonly string[], variables: Readonly<Record<string, string>>): string {
  const left = new Map(Object.entries(variables));
  const kept = lines.flatMap((line) => {
    const [name] = Object.keys(parse(line));
    if (name === undefined) return [line];
    const value = left.get(name);
    left.delete(name);
    return value === undefined ? [] : [`${name}=${quote(value)}`];
  });
  const added = [...left].map(([name, value]) => `${name}=${quote(value)}`);
  return [...kept, ...added].map((line) => `${line}\n`).join("");
}

/**
 * Quoted so that neither a space, a `#` nor a quote ends it; wrangler would also expand a bare `$`.
 */
function quote(value: string): string {
  const mark = ["'", "`", '"'].find((candidate) => !value.includes(candidate)) ?? "'";
  return mark + value.replaceAll("$", String.raw`\$`) + mark;
}
