/**
 * What can be said about the variables without asking anybody. Names and values go in, verdicts
 * come out. Pure, but for the file's own mode; no value is ever part of a verdict.
 */
import { execFileSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { VARIABLES } from "../../src/config.ts";
import { findMeantName } from "../../src/near-miss.ts";
import { isLoopbackUrl } from "../../src/variables.ts";
import { readEnvFile } from "../start/env-file.ts";
import { type Check, failure, ok, skipped, type Verdict, warning } from "./check.ts";
import { DOCTOR_VARIABLES } from "./own-variables.ts";
import type { Subject } from "./subject.ts";

/** Where each is found, for whoever lacks it. */
const WHERE: Readonly<Record<string, string>> = {
  AUTH0_DOMAIN: "Auth0 → Applications → your application → Settings → Domain.",
  AUTH0_CLIENT_ID: "Auth0 → Applications → your application → Settings → Client ID.",
  AUTH0_CLIENT_SECRET: "Auth0 → Applications → your application → Settings → Client Secret.",
  AUTH0_AUDIENCE:
    "Auth0 → Applications → APIs → your API → Identifier, exactly as it stands there.",
  UPSTASH_REDIS_REST_URL: "Upstash → your database → REST API → HTTPS endpoint.",
  UPSTASH_REDIS_REST_TOKEN: "Upstash → your database → REST API → Token; not the read-only one.",
  JWT_SIGNING_KEY: "Make it with: openssl rand -base64 32",
  STORAGE_ENCRYPTION_KEY: "Make another one with: openssl rand -base64 32",
  RESOURCE_BASE_URL: "The https origin where clients reach this server: https://mcp.example.com",
};

export const VARIABLE_CHECKS: readonly Check[] = [
  { id: "variables", area: "Variables", examine: judgeProblems },
  { id: "unknown-names", area: "Variables", examine: ({ variables }) => judgeNames(variables) },
  {
    id: "tool-secrets",
    area: "Variables",
    examine: ({ variables }) => (isEmpty(variables) ? [] : judgeTheirs(variables, readExample())),
  },
  {
    id: "placeholders",
    area: "Variables",
    examine: ({ variables }) => judgePlaceholders(variables),
  },
  { id: "key-strength", area: "Variables", examine: ({ config }) => judgeKeys(keysOf(config)) },
  { id: "addresses", area: "Variables", needs: ["variables"], examine: judgeAddresses },
  { id: "secrets-file", area: "Variables", examine: ({ file }) => judgeFile(readFileState(file)) },
];

function judgeProblems(subject: Subject): readonly Verdict[] {
  const { problems, config, variables, isForDeployment, file, url } = subject;
  const hasNone = isEmpty(variables);
  if (hasNone && url !== undefined)
    return [
      skipped(
        `the variables were not looked at: there are none, neither in ${file} nor in the environment`,
        "--file says where they are. Without them only what clients see can be judged.",
      ),
    ];
  if (hasNone)
    return [
      failure(
        `there are no variables, neither in ${file} nor in the environment`,
        isForDeployment
          ? "npm run setup -- --deploy makes them."
          : "npm run setup makes them. (npm run dev needs none: it brings its own Auth0 and store.)",
      ),
    ];
  if (config !== undefined && config.auth === undefined)
    return [
      warning(
        "AUTH_ENABLED=false: /mcp is open to everybody on this machine",
        "Leave it out to have people sign in.",
      ),
    ];
  if (problems.length === 0) return [ok("every variable is there and well formed")];
  return problems.map(({ variable, problem }) =>
    failure(`${variable} ${problem}`, WHERE[variable] ?? "What each means: .dev.vars.example."),
  );
}

/** Without any there is nothing to say of single ones. */
function isEmpty(variables: Readonly<Record<string, string>>): boolean {
  return !VARIABLES.some((name) => name in variables);
}

/** Auth0's and Upstash's own names that this server does not read are often ours, misremembered. */
export function judgeNames(variables: Readonly<Record<string, string>>): readonly Verdict[] {
  const unread = Object.keys(variables).filter(
    (name) =>
      /^(AUTH0|UPSTASH_REDIS)_/.test(name) &&
      !DOCTOR_VARIABLES.includes(name) &&
      !VARIABLES.includes(name) &&
      findMeantName(name, VARIABLES) === undefined,
  );
  return unread.map((name) =>
    warning(
      `${name} is not read by this server`,
      "Remove it, unless a tool of yours reads it. Every name: .dev.vars.example.",
    ),
  );
}

/** What a team's tools need stands in `.dev.vars.example`, beside the server's own. */
export function judgeTheirs(
  variables: Readonly<Record<string, string>>,
  example: readonly string[],
): readonly Verdict[] {
  const theirs = example.filter((name) => !VARIABLES.includes(name));
  return theirs
    .filter((name) => !variables[name])
    .map((name) =>
      failure(
        `${name} is missing, which a tool needs`,
        ".dev.vars.example says what it is. Set it where the other variables are.",
      ),
    );
}

function readExample(): readonly string[] {
  return Object.keys(readEnvFile(".dev.vars.example"));
}

export const PLACEHOLDER =
  /^(<.*>|\{.*\}|\[.*\]|x{3,}|\*{3,}|\.{3}|…|todo|tbd|change[-_ ]?me|replace[-_ ]?me|(your|insert|enter|paste|put)[-_ ].*|.*\b(your[-_](domain|tenant|client|app|api|database|token|host)|YOUR-HOST)\b.*)$/i;

/** A value that stands in documents in place of one. */
export function judgePlaceholders(variables: Readonly<Record<string, string>>): readonly Verdict[] {
  return VARIABLES.filter((name) => PLACEHOLDER.test(variables[name]?.trim() ?? "")).map((name) =>
    failure(`${name} is a placeholder`, WHERE[name] ?? "What each means: .dev.vars.example."),
  );
}

type Keys = Readonly<Record<string, readonly Uint8Array[]>>;

function keysOf(config: Subject["config"]): Keys {
  if (config?.auth === undefined) return {};
  return {
    JWT_SIGNING_KEY: config.auth.signingKeys,
    STORAGE_ENCRYPTION_KEY: config.auth.store.encryptionKeys,
  };
}

/** 32 random bytes have about 30 different ones; fewer than 20 never happen by chance. */
const LEAST_DIFFERENT_BYTES = 20;

/** 32 bytes that somebody typed, repeated or counted are no key. */
export function judgeKeys(keys: Keys): readonly Verdict[] {
  return Object.entries(keys).flatMap(([name, ring]) => {
    if (ring.some(isGuessable))
      return [
        failure(`${name} has a key that is not random`, "Make it with: openssl rand -base64 32"),
      ];
    if (ring.length > 1)
      return [
        warning(
          `${name} has ${ring.length} keys: the first is used, all are accepted`,
          "Remove the older ones once the rotation is over (docs/operations.md).",
        ),
      ];
    return [ok(`${name} is one random key`)];
  });
}

function isGuessable(key: Uint8Array): boolean {
  const isTyped = key.every((byte) => byte >= 0x20 && byte < 0x7f);
  const steps = new Set(key.subarray(1).map((byte, index) => byte - (key[index] ?? 0)));
  return isTyped || new Set(key).size < LEAST_DIFFERENT_BYTES || steps.size < 3;
}

/** Whether the addresses fit each other and the place they are meant for. */
function judgeAddresses({ config, variables, url, isForDeployment }: Subject): readonly Verdict[] {
  if (config === undefined) return [];
  return judgePlaces({
    base: variables["RESOURCE_BASE_URL"],
    issuer: config.auth?.identity.issuer,
    store: config.auth?.store.url,
    deployment: url?.origin,
    isForDeployment,
  });
}

export interface Addresses {
  readonly base: string | undefined;
  readonly issuer: string | undefined;
  readonly store: string | undefined;
  readonly deployment: string | undefined;
  readonly isForDeployment: boolean;
}

/** A server on the internet has no part on this machine, and knows its own address. */
export function judgePlaces(addresses: Addresses): readonly Verdict[] {
  const { issuer, store, deployment, isForDeployment } = addresses;
  if (!isForDeployment && (deployment === undefined || isLocal(deployment))) return [];
  const verdicts = [
    judgeBase(addresses),
    ...Object.entries({ AUTH0_DOMAIN: issuer, UPSTASH_REDIS_REST_URL: store }).map(
      ([name, address]) =>
        address === undefined || !isLocal(address)
          ? undefined
          : failure(`${name} is an address of this machine`, WHERE[name] ?? ""),
    ),
  ].filter((verdict) => verdict !== undefined);
  return verdicts.length === 0 ? [ok("the addresses are public ones")] : verdicts;
}

function judgeBase({ base, deployment }: Addresses): Verdict | undefined {
  const where = WHERE["RESOURCE_BASE_URL"] ?? "";
  if (base === undefined) return failure("RESOURCE_BASE_URL is missing", where);
  if (isLocal(base)) return failure("RESOURCE_BASE_URL is an address of this machine", where);
  if (deployment === undefined || URL.parse(base)?.origin === deployment) return undefined;
  return failure(
    "RESOURCE_BASE_URL is not the address given with --url",
    "Clients reach one address: the one in RESOURCE_BASE_URL. Change it, or look at that one.",
  );
}

function isLocal(address: string): boolean {
  const url = URL.parse(address);
  return url !== null && isLoopbackUrl(url);
}

export interface FileState {
  readonly file: string;
  /** Whether others than its owner may read it. */
  readonly isOpen: boolean;
  /** Whether git would take it. */
  readonly isTracked: boolean;
}

/** Secrets are for their owner, and for no repository. */
export function judgeFile(state: FileState | undefined): readonly Verdict[] {
  if (state === undefined) return [];
  const { file, isOpen, isTracked } = state;
  return [
    isOpen
      ? warning(`${file} can be read by others on this machine`, `chmod 600 ${file}`)
      : ok(`${file} is for its owner only`),
    ...(isTracked
      ? [failure(`${file} is not ignored by git`, `Add ${file} to .gitignore before you commit.`)]
      : []),
  ];
}

function readFileState(file: string): FileState | undefined {
  if (!existsSync(file)) return undefined;
  const isOpen = process.platform !== "win32" && (statSync(file).mode & 0o077) !== 0;
  return { file, isOpen, isTracked: !isIgnored(file) };
}

/** Outside of a repository nothing is tracked. */
function isIgnored(file: string): boolean {
  try {
    execFileSync("git", ["check-ignore", "-q", file], { stdio: "ignore" });
    return true;
  } catch (error) {
    return !(error instanceof Error && "status" in error && error.status === 1);
  }
}
