/**
 * The command line of `npm run try`. Words go in; what to try, and as whom, comes out, or what is
 * wrong with them and how they are written.
 */
import { parseArgs } from "node:util";
import * as z from "zod";
import { Obstacle } from "../obstacle.ts";
import { ROBOT } from "../tenant/machines.ts";
import { joinValues, optionObstacle } from "../options.ts";

/** Each without a name lists what there is. */
const LISTED = ["tool", "prompt", "read"] as const;

const PEOPLE = ["ada", "rob", "eve"] as const;

export interface Wish {
  /** The MCP endpoint. */
  readonly url: URL;
  /** Who signs in at the local tenant; absent when whoever sits at the browser does. */
  readonly person?: (typeof PEOPLE)[number];
  /** A machine signs in with its id and secret; the local tenant's robot, or one by its id. */
  readonly machine?: string;
  /** What that person holds from now on; absent when it stays as it is. */
  readonly holds?: readonly string[];
  /** The scopes to ask for, in place of what the server says. */
  readonly scope?: string;
  readonly tool?: string;
  readonly prompt?: string;
  /** The URI of a resource. */
  readonly read?: string;
  /** What is only to be listed. */
  readonly lists?: (typeof LISTED)[number];
  readonly input: Record<string, unknown>;
  /** What is answered when a tool asks back; absent when whoever sits here is asked. */
  readonly answer?: Record<string, unknown> | "decline";
}

export const USAGE = `npm run try -- [options]
  --url https://mcp.example.com      which server; the local one when left out
  --as ada|rob|eve                   signs in by itself, at the local tenant
  --machine [ID]                     a machine, not a person: the local robot, or this id with MACHINE_SECRET
  --holds invoices:read,files:write  what that person holds there from now on; "" is nothing
  --scope "openid invoices:read"     asks for these scopes only: what else is held is not granted
  --tool list_invoices               which tool to call; without a name: lists them
  --prompt pack_for                  which prompt to get, with --input; without a name: lists them
  --read city://lyon                 which resource to read; without an address: lists them
  --input '{"year":2026}'            what to call it with
  --answer '{"sure":true}'           what to answer when it asks back, or decline
  --help                             this text`;

const jsonObject = z
  .string()
  .transform((text, { issues }): unknown => {
    try {
      return JSON.parse(text);
    } catch (error) {
      const message = error instanceof Error ? error.message : "";
      issues.push({ code: "custom", message: `must be JSON: ${message}`, input: text });
      return z.NEVER;
    }
  })
  .pipe(z.record(z.string(), z.unknown(), { error: "must be a JSON object" }));

const wishSchema = z
  .object({
    url: z
      .url({ protocol: /^https?$/, error: "must be an http or https address" })
      .transform(endpointOf),
    as: z.enum(PEOPLE, { error: `must be ${PEOPLE.join(", ")}` }).optional(),
    machine: z.string().min(1).optional(),
    holds: z
      .string()
      .transform((text) => text.split(/[\s,]+/).filter(Boolean))
      .optional(),
    scope: z.string().optional(),
    tool: z.string().optional(),
    prompt: z.string().optional(),
    read: z.string().optional(),
    lists: z.enum(LISTED).optional(),
    input: jsonObject,
    answer: z.union([z.literal("decline"), jsonObject]).optional(),
  })
  .refine(({ as, machine }) => as === undefined || machine === undefined, {
    path: ["machine"],
    error: "is nobody who signs in: leave --as out",
  })
  .refine(({ as, holds }) => holds === undefined || as !== undefined, {
    path: ["holds"],
    error: "needs --as: it says who holds them",
  });

/** Reads the command line; `undefined` when it asks for help. */
export function readArguments(given: readonly string[] = process.argv.slice(2)): Wish | undefined {
  const words = readWords(given);
  if (words === undefined) return undefined;
  const read = wishSchema.safeParse(words);
  if (!read.success) {
    const problems = read.error.issues.map(
      ({ path, message }) => `--${String(path[0])} ${message}.`,
    );
    throw new Obstacle(problems.join("\n"), USAGE);
  }
  const { as: person, ...wish } = read.data;
  return { ...withoutAbsent(wish), ...(person && { person }) };
}

/** `--tool` without a name is a wish for the list, `--machine` without one for the robot. */
function readWords(words: readonly string[]) {
  const isAlone = (word: string, index: number): boolean =>
    word.startsWith("--") && (words[index + 1] ?? "--").startsWith("--");
  const given = words.map((word, index) =>
    word === "--machine" && isAlone(word, index) ? `--machine=${ROBOT.clientId}` : word,
  );
  const lists = LISTED.find((kind) =>
    given.some((word, index) => word === `--${kind}` && isAlone(word, index)),
  );
  const wished = given.filter((word, index) => !(word === `--${lists}` && isAlone(word, index)));
  const args = joinValues(wished, OPTIONS);
  try {
    const { help, ...values } = parseArgs({ args, options: OPTIONS }).values;
    return help ? undefined : { ...values, lists };
  } catch (error) {
    throw optionObstacle(error, USAGE);
  }
}

const OPTIONS = {
  url: { type: "string", default: `http://localhost:${process.env["DEV_PORT"] || "8787"}` },
  as: { type: "string" },
  machine: { type: "string" },
  holds: { type: "string" },
  scope: { type: "string" },
  tool: { type: "string" },
  prompt: { type: "string" },
  read: { type: "string" },
  input: { type: "string", default: "{}" },
  answer: { type: "string" },
  help: { type: "boolean", short: "h", default: false },
} as const;

type Present<T> = { [Name in keyof T]: Exclude<T[Name], undefined> };

function withoutAbsent<T extends object>(value: T): Present<T> {
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(entries) as Present<T>;
}

/** A base URL means its `/mcp`. */
function endpointOf(text: string): URL {
  const url = new URL(text);
  return url.pathname === "/" ? new URL("/mcp", url) : url;
}
