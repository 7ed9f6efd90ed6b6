/**
 * What Claude's and OpenAI's directories ask of a server's tools. The tools go in, a verdict for
 * each rule comes out.
 */
import { type Check, failure, ok, skipped, type Verdict } from "./check.ts";
import type { CatalogueTool } from "./tools.ts";

export const DIRECTORY_CHECKS: readonly Check[] = [
  {
    id: "directory",
    area: "Directories",
    examine: ({ tools, looksAtDirectories }) =>
      looksAtDirectories ? judgeTools(tools) : undefined,
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
    asks: "a description that gives the model no orders about other tools",
    isKept: ({ description = "" }) =>
      !/\b(always (use|call|prefer)|instead of (any|other)|ignore (all|any|previous)|do not use other)\b/i.test(
        description,
      ),
    fix: "Describe what the tool does; directories refuse descriptions that steer.",
  },
];

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
