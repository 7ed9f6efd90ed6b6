/**
 * What a team says of its server in `site.ts`, and whether that can work. Data goes in; what is
 * wrong with it comes out, by name. The frame's: a new field is optional, so that every older
 * `site.ts` goes on working.
 */
import * as z from "zod";
import type { ConfigProblem } from "./config.ts";

export interface Site {
  /** What programs call this server: letters, digits and `. _ -` (MCP `serverInfo.name`). */
  readonly name: string;
  /** What people call it: on every page, and in a client's list of servers. */
  readonly title: string;
  /** What it is for, in a sentence or two. People and models read it. */
  readonly description: string;
  /** What a model should know before it uses the tools. How permissions work is added to it. */
  readonly instructions?: string;
  /** A square SVG document, as text. Without it: a mark in the colour below. */
  readonly logo?: string;
  /** `#rrggbb`. The pages use shades of it that stay legible, in the light and in the dark. */
  readonly colour: `#${string}`;
  /** Where people ask for help: an e-mail address or an https URL. */
  readonly contact?: string;
  /** https URLs. They stand on the pages and in the OAuth metadata. */
  readonly links?: {
    readonly documentation?: string;
    readonly privacy?: string;
    readonly terms?: string;
  };
  /** Whether the landing page shows the tools to people who have not signed in. */
  readonly listsToolsPublicly: boolean;
}

const text = (maxCharacters: number) =>
  z
    .string({ error: "must be a text" })
    .trim()
    .min(1, "must not be empty")
    .max(maxCharacters, `must have at most ${maxCharacters} characters`);

const httpsUrl = z.url({ protocol: /^https$/, error: "must be an https URL" });

const siteSchema = z.object({
  name: z
    .string()
    .regex(/^[\w.-]{1,64}$/, "may have letters, digits and . _ - only, at most 64 of them"),
  title: text(60),
  description: text(500),
  instructions: text(5000).optional(),
  logo: z
    .string()
    .regex(/^\s*<svg\b[^>]*\bxmlns="http:\/\/www\.w3\.org\/2000\/svg"[^]*<\/svg>\s*$/, {
      error: 'must be an SVG document: <svg xmlns="http://www.w3.org/2000/svg" …>…</svg>',
    })
    .optional(),
  colour: z.string().regex(/^#[\da-f]{6}$/i, "must be written as #rrggbb"),
  contact: z
    .union([z.email(), httpsUrl], { error: "must be an e-mail address or an https URL" })
    .optional(),
  links: z
    .strictObject({
      documentation: httpsUrl.optional(),
      privacy: httpsUrl.optional(),
      terms: httpsUrl.optional(),
    })
    .optional(),
  listsToolsPublicly: z.boolean(),
});

/** Everything that is wrong with a site, by the name of the field; nothing when it can be used. */
export function checkSite(site: Site): readonly ConfigProblem[] {
  return (siteSchema.safeParse(site).error?.issues ?? []).map(({ path, message }) => ({
    variable: `src/site.ts: ${path.join(".")}`,
    problem: message,
  }));
}
