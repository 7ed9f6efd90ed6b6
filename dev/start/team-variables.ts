/**
 * Variables that are not ours: what the tools need. Files, the environment of this process and the
 * texts that may name a variable go in; what arrives in a tool's `env` comes out. A value is never
 * printed.
 */
import { existsSync, globSync, readFileSync, watch } from "node:fs";
import { join, resolve } from "node:path";
import { parseEnv } from "node:util";

type Variables = Readonly<Record<string, string>>;

export interface FromFiles {
  readonly variables: Variables;
  /** Names that were left out: this command brings its own. */
  readonly leftOut: readonly string[];
}

/** As wrangler knows them; of two, the later one wins. */
const FILES = [".env", ".dev.vars"];

/** Where a variable is named before it has a value. */
const NAMING = ["wrangler.toml", ".dev.vars.example", "src/tools/**/*.{ts,tsx,js,json}"];

/**
 * What stands in `.env` and `.dev.vars`. Those belong to the real Auth0 and Upstash too, in whose
 * place this command starts local ones: variables that say where these are and with which keys stay
 * where they are.
 */
export function readFiles(root: string): FromFiles {
  const found: Record<string, string> = {};
  for (const name of FILES) {
    const file = join(root, name);
    if (existsSync(file)) Object.assign(found, parseEnv(readFileSync(file, "utf8")));
  }
  const entries = Object.entries(found).filter(([, value]) => value.trim() !== "");
  return {
    variables: Object.fromEntries(entries.filter(([name]) => !isBroughtHere(name))),
    leftOut: entries.map(([name]) => name).filter(isBroughtHere),
  };
}

function isBroughtHere(name: string): boolean {
  return (
    /^(AUTH0|UPSTASH)_/.test(name) ||
    ["JWT_SIGNING_KEY", "STORAGE_ENCRYPTION_KEY", "RESOURCE_BASE_URL"].includes(name)
  );
}

/**
 * What the environment holds of the variables that are named in the project: by a file of
 * variables, by `wrangler.toml` or by a tool. The rest of the environment is nobody's business.
 */
export function chooseNamed(
  environment: Readonly<Record<string, string | undefined>>,
  root: string,
): Variables {
  const texts = globSync([...FILES, ...NAMING], { cwd: root }).map((name) =>
    readFileSync(join(root, name), "utf8"),
  );
  const named = new Set(texts.flatMap((text) => text.match(/\b[A-Za-z_]\w{2,}\b/g) ?? []));
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      value !== undefined && value.trim() !== "" && named.has(name) && !OURS.test(name)
        ? [[name, value]]
        : [],
    ),
  );
}

/** Tells of every change of the files, also of one that is made later. */
export function watchVariables(onChange: () => void): void {
  watch(resolve(import.meta.dirname, "../.."), (_event, name) => {
    if (name !== null && FILES.includes(name)) onChange();
  }).unref();
}

/** Every shell has these, and every npm. */
const OURS = /^(?:PATH|HOME|USER|SHELL|PWD|LANG|TERM|NODE\w*|DEV_\w+|npm_\w+)$/;
