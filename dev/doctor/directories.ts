/**
 * What Claude's and OpenAI's directories ask of a server and its tools. The tools and the site go in,
 * a verdict for each rule comes out.
 */
import { site } from "../../src/site.ts";
import type { Site } from "../../src/site-definition.ts";
import { isObject } from "./answers.ts";
import { type Check, failure, ok, skipped, type Verdict, warning } from "./check.ts";
import type { CatalogueTool } from "./tools.ts";

export const DIRECTORY_CHECKS: readonly Check[] = [
  {
    id: "directory",
    area: "Directories",
    examine: ({ tools, looksAtDirectories }) =>
      looksAtDirectories ? [...judgeTools(tools), ...judgeSite(site)] : undefined,
  },
];

interface Rule {
  readonly asks: string;
  readonly isKept: (tool: CatalogueTool) => boolean;
  readonly fix: string;
}

const LONGEST_NAME_CHARACTERS = 64;
const LONGEST_DESCRIPTION_CHARACTERS = 1024;

/** anthropic's directory policy; OpenAI's Apps SDK guidelines. */
const RULES: readonly Rule[] = [
  {
    asks: "a name of at most 64 letters, digits, _ and -",
    isKept: ({ name }) => name.length <= LONGEST_NAME_CHARACTERS && /^[\w-]+$/.test(name),
    fix: "Shorten it; a dot or a slash is not taken by every client.",
  },
  {
    asks: "a title for people",
    isKept: ({ title }) => (title ?? "").trim() !== "",
    fix: "title: in the tool's definition.",
  },
  {
    asks: "a description of at most 1,024 characters",
    isKept: ({ description = "" }) =>
      description.trim() !== "" && description.length <= LONGEST_DESCRIPTION_CHARACTERS,
    fix: "Say what it does and when to use it, and nothing about other tools.",
  },
  {
    asks: "readOnlyHint: true, or destructiveHint said either way",
    isKept: ({ annotations = {} }) =>
      annotations["readOnlyHint"] === true || typeof annotations["destructiveHint"] === "boolean",
    fix: "annotations: { readOnlyHint: true } or { readOnlyHint: false, destructiveHint: … }.",
  },
  {
    asks: "openWorldHint said either way",
    isKept: ({ annotations = {} }) => typeof annotations["openWorldHint"] === "boolean",
    fix: "annotations: { openWorldHint: … }: does it reach beyond your own systems?",
  },
  {
    asks: "icons, if any, at https addresses or in place (data:)",
    isKept: ({ icons }) => iconsOf(icons).every((src) => /^(https:\/\/|data:image\/)/.test(src)),
    fix: 'icons: [{ src: "https://…" }] in the tool\'s definition, or none.',
  },
  {
    asks: "a description that gives the model no orders about other tools",
    isKept: ({ description = "" }) =>
      !/\b(always (use|call|prefer)|instead of (any|other)|ignore (all|any|previous)|do not use other)\b/i.test(
        description,
      ),
    fix: "Describe what the tool does; directories refuse descriptions that steer.",
  },
];

function iconsOf(icons: unknown): readonly string[] {
  return Array.isArray(icons) ? icons.filter(isObject).map(({ src }) => String(src)) : [];
}

/** What a listing shows beside the tools: forms of both directories ask for it. */
const LISTING: readonly (readonly [has: (site: Site) => unknown, asks: string, fix: string])[] = [
  [({ links }) => links?.privacy, "a privacy policy", "links.privacy"],
  [({ links }) => links?.documentation, "documentation for people", "links.documentation"],
  [({ contact }) => contact, "somebody to ask for help", "contact"],
  [({ logo }) => logo, "an icon of its own", "logo"],
];

/** One warning for all that the site does not say: a server that is in no directory needs none of it. */
export function judgeSite(said: Site): readonly Verdict[] {
  const missing = LISTING.filter(([has]) => !has(said));
  if (missing.length === 0) return [ok("the site has what a listing shows")];
  return [
    warning(
      `a listing also needs ${missing.map(([, asks]) => asks).join(", ")}`,
      `src/site.ts: ${missing.map(([, , field]) => field).join(", ")}.`,
    ),
  ];
}

/** One verdict for each rule that some tool breaks. */
export function judgeTools(tools: readonly CatalogueTool[] | undefined): readonly Verdict[] {
  if (tools === undefined)
    return [
      skipped("the tools cannot be loaded by Node", "Deploy them; their list shows the same."),
    ];
  const broken = RULES.flatMap(({ asks, isKept, fix }) => {
    const names = tools.filter((tool) => !isKept(tool)).map(({ name }) => name);
    return names.length === 0 ? [] : [failure(`${names.join(", ")}: ${asks}`, fix)];
  });
  return broken.length > 0
    ? broken
    : [ok(`${tools.length} tools have what Claude's and OpenAI's directories ask for`)];
}
