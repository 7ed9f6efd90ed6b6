/**
 * The command line of `npm run doctor`. Words go in; what to look at comes out, or how it is
 * written.
 */
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import * as z from "zod";
import { isLoopbackUrl } from "../../src/variables.ts";
import { deploymentFile } from "../deploy/file.ts";
import { Obstacle } from "../obstacle.ts";
import { optionObstacle } from "../options.ts";
import { LOCAL_FILE } from "../variables-file.ts";

export const CLIENT_NAMES = ["claude", "codex", "chatgpt", "cursor", "python"] as const;

export type ClientName = (typeof CLIENT_NAMES)[number];

export interface Wish {
  readonly url: URL | undefined;
  readonly file: string | undefined;
  /** Where they are when no file is named. */
  readonly usualFile: string;
  readonly environmentName: string | undefined;
  readonly isForDeployment: boolean;
  readonly login: boolean;
  readonly person: string | undefined;
  readonly client: ClientName | undefined;
  readonly directory: boolean;
  readonly json: boolean;
}

export const USAGE = `npm run doctor -- [options]
  --url https://mcp.example.com   looks at a deployment too; its variables are in .deploy.vars
  --file path                     where the variables are; .dev.vars when left out
  --env staging                   that environment of wrangler.toml, with .deploy.vars.staging
  --deploy                        the variables are for a deployment: .deploy.vars
  --login                         signs in at Auth0 and looks at the tokens
  --person ada|rob|eve            who signs in, at the local tenant; without it the browser opens
  --as ${CLIENT_NAMES.join("|")}
                                  goes the way of that client (needs --url, or npm run dev)
  --directory                     what Claude's and OpenAI's directories ask of the tools
  --json                          findings for machines
  --help                          this text

It ends with 0 when nothing is wrong, with 1 when something is, with 2 when it could not look.`;

const PEOPLE = ["ada", "rob", "eve"] as const;

const wishSchema = z.object({
  url: z
    .string()
    .transform((text) => URL.parse(/^https?:\/\//.test(text) ? text : withProtocol(text)))
    .refine((url) => url !== null, "--url is an address: https://mcp.example.com.")
    .transform((url) => new URL(url?.origin ?? ""))
    .optional(),
  file: z
    .string()
    .refine((file) => existsSync(file), "The file given with --file does not exist.")
    .optional(),
  env: z.string().optional(),
  deploy: z.boolean(),
  login: z.boolean(),
  person: z.enum(PEOPLE, `--person is ${PEOPLE.join(", ")}.`).optional(),
  as: z.enum(CLIENT_NAMES, `--as is ${CLIENT_NAMES.join(", ")}.`).optional(),
  directory: z.boolean(),
  json: z.boolean(),
});

/** People leave it out. */
function withProtocol(address: string): string {
  const url = URL.parse(`http://${address}`);
  return `${url !== null && isLoopbackUrl(url) ? "http" : "https"}://${address}`;
}

/**
 * Reads the command line; `undefined` when it asks for help. A client without an address meets the
 * local server.
 */
export function readArguments(words: readonly string[] = process.argv.slice(2)): Wish | undefined {
  const { help, ...values } = readWords(words);
  if (help) return undefined;
  const read = wishSchema.safeParse(values);
  if (!read.success)
    throw new Obstacle(read.error.issues.map(({ message }) => message).join("\n"), USAGE);
  const { as: client, env: environmentName, deploy: isForDeployment, ...wish } = read.data;
  const local = new URL(`http://localhost:${process.env["DEV_PORT"] || "8787"}`);
  return {
    ...wish,
    file: wish.file,
    usualFile: usualFileOf(read.data),
    person: wish.person,
    login: wish.login || wish.person !== undefined,
    url: wish.url ?? (client === undefined ? undefined : local),
    client,
    environmentName,
    isForDeployment,
  };
}

type Asked = Pick<z.output<typeof wishSchema>, "url" | "env" | "deploy">;

/** A deployment's variables are never those of this machine. */
function usualFileOf({ url, env, deploy }: Asked): string {
  const isHere = url === undefined || isLoopbackUrl(url);
  return deploy || env !== undefined || !isHere ? deploymentFile(env) : LOCAL_FILE;
}

function readWords(words: readonly string[]) {
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  const options = {
    url: text,
    file: text,
    env: text,
    deploy: flag,
    login: flag,
    person: text,
    as: text,
    directory: flag,
    json: flag,
    help: { ...flag, short: "h" },
  };
  try {
    return parseArgs({ args: [...words], options }).values;
  } catch (error) {
    throw optionObstacle(error, USAGE);
  }
}
