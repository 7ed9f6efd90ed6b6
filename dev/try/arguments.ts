/**
 * The command line of `npm run try`. Words go in; what to try, and as whom, comes out, or how to
 * write it.
 */
import { parseArgs } from "node:util";
import * as z from "zod";
import { Obstacle } from "../obstacle.ts";

const PEOPLE = ["ada", "rob", "eve"] as const;

export interface Wish {
  /** The MCP endpoint. */
  readonly url: URL;
  /** Who signs in at the local tenant; absent when whoever sits at the browser does. */
  readonly person?: (typeof PEOPLE)[number];
  readonly tool?: string;
  readonly input: Record<string, unknown>;
}

const USAGE = `npm run try -- [options]
  --url https://mcp.example.com   which server; the local one when left out
  --as ada|rob|eve                signs in by itself, at the local tenant
  --tool name                     which tool to call
  --input '{"time_zone":"UTC"}'   what to call it with`;

const wishSchema = z.object({
  url: z.url({ protocol: /^https?$/ }).transform(endpointOf),
  as: z.enum(PEOPLE).optional(),
  tool: z.string().optional(),
  input: z
    .string()
    .transform((text): unknown => JSON.parse(text))
    .pipe(z.record(z.string(), z.unknown())),
});

/** Reads the command line; `DEV_PORT` says where the local server is. */
export function readArguments(): Wish {
  try {
    const { as: person, tool, url, input } = wishSchema.parse(readWords());
    return { url, input, ...(person && { person }), ...(tool && { tool }) };
  } catch {
    throw new Obstacle("That is not how it is written.", USAGE);
  }
}

function readWords() {
  return parseArgs({
    options: {
      url: { type: "string", default: `http://localhost:${process.env["DEV_PORT"] || "8787"}` },
      as: { type: "string" },
      tool: { type: "string" },
      input: { type: "string", default: "{}" },
    },
  }).values;
}

/** A base URL means its `/mcp`. */
function endpointOf(text: string): URL {
  const url = new URL(text);
  return url.pathname === "/" ? new URL("/mcp", url) : url;
}
