/**
 * The folders under `src/tools/skills/` as one module beside them, so that a `SKILL.md` is all that
 * its author writes. The root of a project goes in; `src/tools/skills.ts` is written when it would
 * say something else.
 */
import {
  existsSync,
  globSync,
  lstatSync,
  readdirSync,
  readFileSync,
  watch,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { readSkill } from "./skill.ts";

const FOLDER = "src/tools/skills";
const MODULE = "src/tools/skills.ts";

/** Writes the module; without a folder and without a module there is nothing to write. */
export function writeSkills(root: string): void {
  const target = join(root, MODULE);
  const before = existsSync(target) ? readFileSync(target, "utf8") : undefined;
  if (before === undefined && !existsSync(join(root, FOLDER))) return;
  const now = renderSkills(root);
  if (now !== before) writeFileSync(target, now);
}

/** Writes it after every change of the folder. */
export function watchSkills(root: string): void {
  watch(join(root, "src/tools"), { recursive: true }, (_event, name) => {
    if (name?.startsWith("skills") === true && name !== "skills.ts") writeSkills(root);
  }).unref();
}

function renderSkills(root: string): string {
  const folder = join(root, FOLDER);
  const names = existsSync(folder)
    ? readdirSync(folder, { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
        .map(({ name }) => name)
        .toSorted()
    : [];
  const skills = names.map((name) => readSkill(name, filesOf(join(folder, name))));
  return `/* oxlint-disable */
// Written by \`npm run types\`, \`npm run dev\` and \`npm run deploy\` from the folders of skills/: change those.
import type { SkillDefinition } from "../mcp/tool.ts";

export const skills: readonly SkillDefinition[] = ${JSON.stringify(skills, undefined, 2)};
`;
}

/** Plain files, whatever their depth; hidden ones and links are left alone. */
function filesOf(folder: string): ReadonlyMap<string, Uint8Array> {
  const paths = globSync("**/*", { cwd: folder }).toSorted();
  const plain = paths.filter((path) => lstatSync(join(folder, path)).isFile());
  return new Map(
    plain.map((path) => [path.replaceAll("\\", "/"), readFileSync(join(folder, path))]),
  );
}
