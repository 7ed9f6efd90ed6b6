/**
 * A skill as its folder has it (Agent Skills, agentskills.io). The folder's name and its files go in;
 * what the server offers of it comes out, with everything that is wrong with it in words for its
 * author. Pure.
 */
import { parse } from "yaml";
import * as z from "zod";

type Content = string | { readonly base64: string };

/** As `SkillDefinition` of `src/mcp/definition.ts`, which the compiler holds the result against. */
interface Skill {
  readonly name: string;
  readonly permissions: readonly string[];
  readonly frontmatter: Readonly<Record<string, unknown>>;
  readonly files: Readonly<Record<string, Content>>;
  readonly problems: readonly string[];
}

/** A Worker carries all of it in its memory. */
const LARGEST_BYTES = 256 * 1024;

/** Names as OAuth scopes, with spaces between or as a list. */
const permissionsSchema = z.union([
  z.string().transform((text) => text.split(/\s+/).filter(Boolean)),
  z.array(z.string()),
]);

const SAYS = {
  frontmatter: "SKILL.md does not begin with frontmatter between lines of ---",
  yaml: "SKILL.md has frontmatter that is no YAML",
  name: "SKILL.md needs a name of lower-case letters, digits and single hyphens, 64 at most",
  description: "SKILL.md needs a description of 1024 characters at most",
  permissions:
    'SKILL.md needs permissions under metadata: names with spaces between, or "" for everyone who is signed in',
} as const;

const headSchema = z.looseObject({
  name: z
    .string()
    .max(64)
    .regex(/^[a-z\d]+(?:-[a-z\d]+)*$/),
  description: z.string().trim().min(1).max(1024),
  metadata: z.looseObject({ permissions: permissionsSchema }),
});

/** Reads it. What has problems is never served. */
export function readSkill(folder: string, found: ReadonlyMap<string, Uint8Array>): Skill {
  const files = Object.fromEntries([...found].map(([path, bytes]) => [path, contentOf(bytes)]));
  const { head, problems } = readHead(files["SKILL.md"]);
  const sizeBytes = [...found.values()].reduce((sum, { length }) => sum + length, 0);
  const name = typeof head["name"] === "string" ? head["name"] : folder;
  return {
    name: folder,
    permissions: permissionsSchema.safeParse(metadataOf(head)["permissions"]).data ?? [],
    frontmatter: head,
    files,
    problems: [
      ...problems,
      ...(name === folder ? [] : [`SKILL.md calls it ${name}, its folder ${folder}`]),
      ...(sizeBytes > LARGEST_BYTES ? [`is larger than ${LARGEST_BYTES / 1024} KB`] : []),
    ],
  };
}

interface Head {
  readonly head: Readonly<Record<string, unknown>>;
  readonly problems: readonly string[];
}

function readHead(text: Content | undefined): Head {
  if (typeof text !== "string") return { head: {}, problems: ["has no SKILL.md that is a text"] };
  const [, yaml] = /^\uFEFF?---\r?\n([\s\S]*?)\r?\n---(?:\r?\n|$)/.exec(text) ?? [];
  if (yaml === undefined) return { head: {}, problems: [SAYS.frontmatter] };
  const head = z.record(z.string(), z.unknown()).safeParse(parseYaml(yaml)).data;
  if (head === undefined) return { head: {}, problems: [SAYS.yaml] };
  const issues = headSchema.safeParse(head).error?.issues ?? [];
  const members = new Set(issues.map(({ path: [member] }) => member));
  return {
    head,
    problems: [
      ...(members.has("name") ? [SAYS.name] : []),
      ...(members.has("description") ? [SAYS.description] : []),
      ...(members.has("metadata") ? [SAYS.permissions] : []),
    ],
  };
}

function parseYaml(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

function metadataOf({ metadata }: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return z.record(z.string(), z.unknown()).safeParse(metadata).data ?? {};
}

/** A text, as it stands to the byte; anything else in base64. */
function contentOf(bytes: Uint8Array): Content {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return { base64: btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")) };
  }
}
