/**
 * The repository's documents, taken apart: commands, links, headings. Markdown goes in; what can be
 * run or followed comes out.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface Block {
  readonly file: string;
  readonly line: number;
  readonly commands: readonly string[];
  /** Why it is not run, when the document says so: `<!-- not run: … -->` or
   * `<!-- not run here: … -->` before it. */
  readonly mark: string | undefined;
}

export interface Link {
  readonly file: string;
  readonly target: string;
}

/** Every Markdown file that is ours. */
export function findDocuments(folder = "."): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory())
      return /^(node_modules|\.git|\.wrangler|\.dev|dist)$/.test(entry.name)
        ? []
        : findDocuments(path);
    return entry.name.endsWith(".md") ? [path] : [];
  });
}

/** The shell commands of a document, block by block, without their remarks. */
export function readBlocks(file: string): readonly Block[] {
  const text = readFileSync(file, "utf8");
  const pattern = /(?:<!-- not run(?: here)?: ([^>]*?) -->\n[ ]*)?```sh\n(.*?)```/gs;
  return [...text.matchAll(pattern)].map((match) => ({
    file,
    line: text.slice(0, match.index).split("\n").length,
    mark: match[1],
    commands: (match[2] ?? "")
      .split("\n")
      .map((line) => line.replace(/(^|\s)#.*$/, "").trim())
      .filter(Boolean),
  }));
}

/** The languages of a document's code blocks, as they are written. */
export function readLanguages(file: string): readonly string[] {
  const fences = [...readFileSync(file, "utf8").matchAll(/^ *(`{3,}|~{3,})(.*)$/gm)];
  return fences.filter((_, index) => index % 2 === 0).map(([, , language = ""]) => language.trim());
}

/** Every `npm run …` of a document, in a block or in a sentence, up to where its code ends. */
export function readNpmRuns(file: string): readonly string[] {
  return [...readFileSync(file, "utf8").matchAll(/npm run [^`\n#|]*/g)].map(([words]) =>
    words.trim(),
  );
}

/** Paths of this repository that a document names in code. */
export function readPaths(file: string): readonly string[] {
  const text = readFileSync(file, "utf8").replaceAll(/```.*?```/gs, "");
  return [...text.matchAll(/`((?:src|dev|test|docs|bench)\/[a-z\d./-]+)`/g)].map(
    ([, path = ""]) => path,
  );
}

/** The rows of a document's tables, cell by cell; from some heading on, up to the next of its kind. */
export function readRows(file: string, heading = ""): readonly (readonly string[])[] {
  const text = readFileSync(file, "utf8");
  const from = heading === "" ? text : text.slice(text.indexOf(`\n${heading}\n`) + 1);
  const section = heading === "" ? text : (from.split("\n## ")[0] ?? "");
  const lines = section.match(/^\|.*\|$/gm) ?? [];
  return lines.map((line) =>
    line
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim()),
  );
}

/** What a document links to, code left out. */
export function readLinks(file: string): readonly Link[] {
  const prose = readFileSync(file, "utf8").replaceAll(/```.*?```|`[^`\n]*`/gs, "");
  const targets = prose.matchAll(/\]\(([^)\s]+)\)|^\[[^\]]+\]: *(\S+)|<(https?:[^>\s]*)>/gm);
  return [...targets].map(([, inline, reference, bare]) => ({
    file,
    target: inline ?? reference ?? bare ?? "",
  }));
}

/** The anchors of a document, as GitHub makes them. */
export function readAnchors(file: string): readonly string[] {
  const text = readFileSync(file, "utf8").replaceAll(/```.*?```/gs, "");
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-"),
  );
}
