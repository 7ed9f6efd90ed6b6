/**
 * Skills (io.modelcontextprotocol/skills, SEP-2640): folders of instructions that a host loads when
 * their description fits. Texts go in; entries with digests and readable files come out.
 */
import type { SkillDefinition } from "./definition.ts";
import type { ResourceOffer } from "./offer.ts";
import { sha256 } from "./tool-meta.ts";

export const SKILL_EXTENSION = "io.modelcontextprotocol/skills";

/** An entry of `skills/list`. */
interface SkillEntry {
  readonly uri: string;
  readonly frontmatter: Readonly<Record<string, string>>;
  readonly resources: readonly { readonly uri: string; readonly digest: string }[];
}

export interface SkillOffer {
  readonly item: Pick<SkillDefinition, "permissions">;
  readonly wire: SkillEntry;
  /** By URI. */
  readonly files: ReadonlyMap<string, ResourceOffer>;
}

/** What a skill calls itself. */
export function skillName({ files }: SkillDefinition): string {
  const frontmatter = readFrontmatter(files["SKILL.md"]);
  return typeof frontmatter === "string" ? "without a name" : (frontmatter["name"] ?? "");
}

/** Prepares a skill. Its frontmatter has been judged. */
export async function offerSkill(skill: SkillDefinition): Promise<SkillOffer> {
  const frontmatter = readFrontmatter(skill.files["SKILL.md"]);
  if (typeof frontmatter === "string") throw new TypeError(frontmatter);
  const base = `skill://${frontmatter["name"]}`;
  const files = Object.entries(skill.files).map(
    ([path, text]) => [`${base}/${path}`, text] as const,
  );
  const resources = await Promise.all(
    files.map(async ([uri, text]) => ({ uri, digest: `sha256:${await sha256(text)}` })),
  );
  const main = `${base}/SKILL.md`;
  return {
    item: skill,
    wire: Object.freeze({
      uri: main,
      frontmatter,
      resources: [
        ...resources.filter(({ uri }) => uri === main),
        ...resources.filter(({ uri }) => uri !== main),
      ],
    }),
    files: new Map(files.map(([uri, text]) => [uri, fileOf(uri, text, skill)])),
  };
}

function fileOf(uri: string, text: string, { permissions }: SkillDefinition): ResourceOffer {
  const mimeType = uri.endsWith(".md") ? "text/markdown" : "text/plain";
  const contents = [{ uri, mimeType, text }];
  return {
    item: { name: uri, permissions },
    wire: { uri, name: uri, mimeType },
    use: {
      kind: "resource",
      name: uri,
      title: uri,
      input: { uri },
      isReadOnly: true,
      run: () => Promise.resolve({ contents }),
    },
  };
}

/**
 * The frontmatter of a `SKILL.md`: lines `key: text` between two lines of three dashes. What is
 * wrong with it comes out as words.
 */
export function readFrontmatter(text: string): Readonly<Record<string, string>> | string {
  const [, head] = /^---\r?\n([\s\S]*?)\r?\n---(?:\r?\n|$)/.exec(text) ?? [];
  if (head === undefined) return "SKILL.md does not begin with frontmatter between lines of ---";
  const entries: [string, string][] = [];
  for (const line of head.split(/\r?\n/)) {
    const [, key, value] = /^([\w-]+):\s+(\S.*?)\s*$/.exec(line) ?? [];
    if (key === undefined || value === undefined)
      return `SKILL.md: “${line}” is not of the form key: text`;
    entries.push([key, value.replace(/^(["'])(.*)\1$/, "$2")]);
  }
  const frontmatter = Object.fromEntries(entries);
  if (!/^[a-z\d]+(?:-[a-z\d]+)*$/.test(frontmatter["name"] ?? ""))
    return "SKILL.md needs a name of lower-case letters, digits and single hyphens";
  if ((frontmatter["description"] ?? "") === "") return "SKILL.md needs a description";
  return frontmatter;
}
