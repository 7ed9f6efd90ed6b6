/**
 * A copy of this project in a folder of its own, with the tests' site and tools in the place of the
 * team's: for commands that run what stands in `src/`. Files can be changed there as an editor does.
 */
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Project {
  readonly folder: string;
  /** Writes a file as a whole; its name is relative to the project. */
  write(name: string, text: string): Promise<void>;
  edit(name: string, change: (text: string) => string): Promise<void>;
  remove(): Promise<void>;
}

const COPIED = [
  "package.json",
  "wrangler.toml",
  "tsconfig.json",
  ".dev.vars.example",
  "src",
  "dev",
  "test/support/served.ts",
];

/** Copies it. */
export async function copyProject(): Promise<Project> {
  const folder = await mkdtemp(join(tmpdir(), "project-"));
  for (const name of COPIED) await cp(name, join(folder, name), { recursive: true });
  await symlink(join(process.cwd(), "node_modules"), join(folder, "node_modules"), "dir");
  const project: Project = {
    folder,
    write: (name, text) => writeFile(join(folder, name), text),
    edit: async (name, change) =>
      writeFile(join(folder, name), change(await readFile(join(folder, name), "utf8"))),
    remove: () => rm(folder, { recursive: true }),
  };
  await rm(join(folder, "src/tools"), { recursive: true });
  await mkdir(join(folder, "src/tools"));
  await project.write(
    "src/tools/index.ts",
    'export { offerings } from "../../test/support/served.ts";\n',
  );
  await project.write("src/site.ts", 'export { site } from "../test/support/served.ts";\n');
  return project;
}
