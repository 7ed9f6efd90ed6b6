/**
 * What the doctor looks at: variables, what the Worker makes of them, the tools, and the world
 * outside. Options go in, a subject comes out. Nothing is asked of anybody yet.
 */
import { type Config, type ConfigProblem, isConfig, loadConfig } from "../../src/config.ts";
import type { CatalogueTool } from "./tools.ts";
import type { Account } from "../smoke/browser.ts";
import { type Ask, createAsk } from "./answers.ts";
import type { ClientName } from "./arguments.ts";
import { MANAGEMENT_TOKEN, UPSTASH_ACCOUNT } from "./own-variables.ts";

export interface Subject {
  readonly variables: Readonly<Record<string, string>>;
  /** The file they come from. */
  readonly file: string;
  /** What the Worker makes of them; absent when it refuses them. */
  readonly config: Config | undefined;
  readonly problems: readonly ConfigProblem[];
  /** The deployment to look at: its origin. */
  readonly url: URL | undefined;
  /** Whether the variables are meant for a deployment. */
  readonly isForDeployment: boolean;
  /** Whether somebody is to sign in, and who, at the local tenant. */
  readonly login: { readonly person?: string; readonly account?: Account } | undefined;
  readonly client: ClientName | undefined;
  readonly looksAtDirectories: boolean;
  readonly environmentName: string | undefined;
  readonly tools: readonly CatalogueTool[] | undefined;
  /** Permissions that the tools require. */
  readonly permissions: readonly string[] | undefined;
  /** What of `env` something needs, and what needs it. */
  readonly needs?: ReadonlyMap<string, string>;
  readonly managementToken: string | undefined;
  /** Opens Upstash's Developer API. */
  readonly upstashAccount?: { readonly email: string; readonly apiKey: string } | undefined;
  readonly ask: Ask;
  /** Epoch seconds. */
  readonly now: () => number;
}

type Options = Omit<Subject, "ask" | "config" | "problems" | "now">;

/** What the doctor alone reads: in the environment, or beside the variables. */
export function readAccounts(
  variables: Readonly<Record<string, string>>,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Pick<Subject, "managementToken" | "upstashAccount"> {
  const read = (name: string) => environment[name] || variables[name];
  const [email, apiKey] = UPSTASH_ACCOUNT.map(read);
  return {
    managementToken: read(MANAGEMENT_TOKEN),
    upstashAccount: email && apiKey ? { email, apiKey } : undefined,
  };
}

/** The Worker's own schema judges the variables. */
export function createSubject(options: Options): Subject {
  const local = new URL(options.url ?? "http://localhost:8787");
  const loaded = loadConfig(options.variables, local);
  return {
    ...options,
    config: isConfig(loaded) ? loaded : undefined,
    problems: isConfig(loaded) ? [] : loaded,
    ask: createAsk(),
    now: () => Math.floor(Date.now() / 1000),
  };
}
