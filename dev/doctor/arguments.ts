/**
 * The command line of `npm run doctor`. Words go in; what to look at comes out, or how it is
 * written.
 */
import { parseArgs } from "node:util";
import * as z from "zod";
import { Obstacle } from "../obstacle.ts";

export const CLIENT_NAMES = ["claude", "codex", "chatgpt", "cursor", "python"] as const;

export type ClientName = (typeof CLIENT_NAMES)[number];

export interface Wish {
  readonly url: URL | undefined;
  readonly file: string | undefined;
  readonly environmentName: string | undefined;
  readonly isForDeployment: boolean;
  readonly login: boolean;
  readonly person: string | undefined;
  readonly client: ClientName | undefined;
  readonly directory: boolean;
  readonly json: boolean;
}

export const USAGE = `npm run doctor -- [options]
  --url https://mcp.example.com   looks at a deployment too
  --file .dev.vars.production     where the variables are; .dev.vars when left out
  --env staging                   which environment of wrangler.toml
  --deploy                        the variables are for a deployment
  --login                         signs in at Auth0 and looks at the tokens
  --person ada|rob|eve            who signs in, at the local tenant; without it the browser opens
  --as ${CLIENT_NAMES.join("|")}   goes the way of that client (needs --url, or npm run dev)
  --directory                     what Claude's and OpenAI's directories ask of the tools
  --json                          findings for machines`;

const wishSchema = z.object({
  url: z
    .url({ protocol: /^https?$/ })
    .transform((text) => new URL(new URL(text).origin))
    .optional(),
  file: z.string().optional(),
  env: z.string().optional(),
  deploy: z.boolean(),
  login: z.boolean(),
  person: z.enum(["ada", "rob", "eve"]).optional(),
  as: z.enum(CLIENT_NAMES).optional(),
  directory: z.boolean(),
  json: z.boolean(),
});

/** Reads the command line; a client without an address meets the local server. */
export function readArguments(words: readonly string[] = process.argv.slice(2)): Wish {
  try {
    const { as, env, deploy, url, ...rest } = wishSchema.parse(readWords(words));
    const local = new URL(`http://localhost:${process.env["DEV_PORT"] || "8787"}`);
    return {
      ...rest,
      file: rest.file,
      person: rest.person,
      url: url ?? (as === undefined ? undefined : local),
      client: as,
      environmentName: env,
      isForDeployment: deploy,
    };
  } catch {
    throw new Obstacle("That is not how it is written.", USAGE);
  }
}

function readWords(words: readonly string[]) {
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  return parseArgs({
    args: [...words],
    options: {
      url: text,
      file: text,
      env: text,
      deploy: flag,
      login: flag,
      person: text,
      as: text,
      directory: flag,
      json: flag,
    },
  }).values;
}
