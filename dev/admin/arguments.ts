/** The command line of `npm run admin`. Words go in; a command and whom it is about come out. */
import { parseArgs } from "node:util";
import * as z from "zod";
import { Obstacle } from "../obstacle.ts";
import { joinValues, optionObstacle } from "../options.ts";

export const USAGE = `npm run admin -- <command> [options]
  people --sub 'auth0|…'          who that is in the log, and which clients hold grants of theirs
  people                          everybody who holds a grant
  access --sub … [--client …]     which tools they can call, through which client, and what says no
  revoke --sub … | --user … | --client … | --grant user:grant | --all [--since 2026-11-26T08:00]
                                  ends grants, here and at Auth0; asks --yes for more than one person
  clients [--remove id]           registered clients; removes one, and ends its grants
  block --client ID | --permission NAME | --registration | --all
                                  switches it off everywhere within a minute; ends and loses nothing
  unblock …                       … and on again
  blocked                         what is off
  count                           how many of what there are
  tell                            tells Auth0 what it is still to be told of ended grants
  trace --request id | --client … | --user … | --at 2026-11-26T08:00  [--log file]
                                  one sign-in, step by step, from the log (a file, or standard input);
                                  --at: whatever came within two minutes of that time
options
  --file .deploy.vars             where the variables are; .dev.vars when left out
  --json                          for machines

It ends with 0 when it was done, with 2 when it was not.`;

const PERSON = ["sub", "user"];
const SWITCH = ["client", "permission", "registration", "all"];

/** What each command takes: an option that it would pass over may have been meant to spare somebody. */
const COMMANDS = {
  people: [...PERSON, "client", "grant", "since"],
  access: [...PERSON, "client", "grant", "since"],
  revoke: [...PERSON, "client", "grant", "all", "since", "yes"],
  clients: ["remove"],
  block: SWITCH,
  unblock: SWITCH,
  blocked: [],
  count: [],
  tell: [],
  trace: ["request", "client", "user", "at", "log"],
} as const satisfies Readonly<Record<string, readonly string[]>>;

const ANYWHERE = ["file", "json"];

const TIME = "is a time: 2026-11-26T08:00.";

const orderSchema = z.object({
  command: z.custom<keyof typeof COMMANDS>(),
  sub: z.string().optional(),
  user: z.string().optional(),
  client: z.string().optional(),
  grant: z
    .string()
    .regex(/^[\w-]+:[\w-]+$/, "--grant is user:grant, as the command people has it.")
    .optional(),
  all: z.boolean(),
  permission: z.string().optional(),
  registration: z.boolean(),
  since: z.iso
    .datetime({ local: true, offset: true, error: `--since ${TIME}` })
    .transform((text) => Date.parse(text) / 1000)
    .optional(),
  remove: z.string().optional(),
  request: z.string().optional(),
  at: z.iso
    .datetime({ local: true, offset: true, error: `--at ${TIME}` })
    .transform((text) => Date.parse(text))
    .optional(),
  log: z.string().optional(),
  file: z.string().optional(),
  yes: z.boolean(),
  json: z.boolean(),
});

export type Order = z.output<typeof orderSchema>;

/** Whether the command line asks what can be asked. */
export function asksForHelp(words: readonly string[] = process.argv.slice(2)): boolean {
  return words.length === 0 || words.some((word) => word === "--help" || word === "-h");
}

const text = { type: "string" } as const;
const flag = { type: "boolean", default: false } as const;

const OPTIONS = {
  sub: text,
  user: text,
  client: text,
  grant: text,
  all: flag,
  permission: text,
  registration: flag,
  since: text,
  remove: text,
  request: text,
  at: text,
  log: text,
  file: text,
  yes: flag,
  json: flag,
};

/** Reads the command line, or says what of it is wrong. */
export function readArguments(words: readonly string[] = process.argv.slice(2)): Order {
  const { values, positionals } = readWords(words);
  const [command = "", ...more] = positionals;
  if (!isCommand(command)) throw new Obstacle(`There is no command '${command}'.`, USAGE);
  if (more.length > 0) throw new Obstacle(`Unexpected argument '${more.join(" ")}'.`, USAGE);
  const takes: readonly string[] = [...COMMANDS[command], ...ANYWHERE];
  const strange = Object.entries(values).find(
    ([name, value]) => value !== undefined && value !== false && !takes.includes(name),
  );
  if (strange !== undefined)
    throw new Obstacle(`'${command}' takes no option '--${strange[0]}'.`, USAGE);
  const read = orderSchema.safeParse({ ...values, command });
  if (read.success) return read.data;
  throw new Obstacle(read.error.issues.map(({ message }) => message).join("\n"), USAGE);
}

function isCommand(word: string): word is keyof typeof COMMANDS {
  return Object.hasOwn(COMMANDS, word);
}

function readWords(words: readonly string[]) {
  try {
    const args = joinValues(words, OPTIONS);
    return parseArgs({ args, allowPositionals: true, options: OPTIONS });
  } catch (error) {
    throw optionObstacle(error, USAGE);
  }
}
