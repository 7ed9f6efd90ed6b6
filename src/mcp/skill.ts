/**
 * Skills (io.modelcontextprotocol/skills, SEP-2640): folders of instructions that a host loads when
 * their description fits. What a folder has goes in; entries with digests and readable files come
 * out.
 */
import { resourceContent } from "./answer.ts";
import type { SkillDefinition } from "./definition.ts";
import type { Settled } from "./settled.ts";
import type { ResourceOffer } from "./offer.ts";
import { sha256 } from "./tool-meta.ts";

export const SKILL_EXTENSION = "io.modelcontextprotocol/skills";

/** An entry of `skills/list`. */
interface SkillEntry {
  readonly uri: string;
  readonly frontmatter: SkillDefinition["frontmatter"];
  readonly resources: readonly { readonly uri: string; readonly digest: string }[];
}

export interface SkillOffer {
  readonly item: Pick<Settled<SkillDefinition>, "permissions" | "fresh">;
  readonly wire: SkillEntry;
  /** By URI. */
  readonly files: ReadonlyMap<string, ResourceOffer>;
}

/** Prepares a skill that has been judged. */
export async function offerSkill(skill: Settled<SkillDefinition>): Promise<SkillOffer> {
  const { name, frontmatter } = skill;
  const main = `skill://${name}/SKILL.md`;
  const files = Object.entries(skill.files)
    .map(([path, content]) => ({ uri: `skill://${name}/${path}`, content: bytesOf(content) }))
    .toSorted((one, other) => Number(other.uri === main) - Number(one.uri === main));
  const resources = files.map(async ({ uri, content }) => ({
    uri,
    digest: `sha256:${await sha256(content)}`,
  }));
  return {
    item: skill,
    wire: Object.freeze({ uri: main, frontmatter, resources: await Promise.all(resources) }),
    files: new Map(files.map((file) => [file.uri, offerFile(file, skill)])),
  };
}

interface File {
  readonly uri: string;
  readonly content: string | Uint8Array;
}

function offerFile(
  { uri, content }: File,
  { permissions, fresh }: Settled<SkillDefinition>,
): ResourceOffer {
  const mimeType = mimeTypeOf(uri);
  const contents = [resourceContent({ uri, mimeType }, content)];
  return {
    item: { name: uri, permissions, ...(fresh && { fresh }) },
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

function bytesOf(content: SkillDefinition["files"][string]): string | Uint8Array {
  if (typeof content === "string") return content;
  return Uint8Array.from(atob(content.base64), (character) => character.charCodeAt(0));
}

const MIME_TYPES: Readonly<Record<string, string>> = {
  md: "text/markdown",
  json: "application/json",
  yaml: "application/yaml",
  html: "text/html",
  csv: "text/csv",
  svg: "image/svg+xml",
  png: "image/png",
  jpg: "image/jpeg",
  pdf: "application/pdf",
};

function mimeTypeOf(uri: string): string {
  return MIME_TYPES[uri.split(".").at(-1) ?? ""] ?? "text/plain";
}
