/** A folder with a SKILL.md becomes what the server offers: what is read, what is refused. */
import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readSkill } from "../../dev/types/skill.ts";
import { writeSkills } from "../../dev/types/skills.ts";

const HEAD = `name: packing
description: >
  How to write a packing list,
  and when.
metadata:
  permissions: cities:read weather:read`;

const skillOf = (head: string, others: Readonly<Record<string, Uint8Array>> = {}) =>
  readSkill(
    "packing",
    new Map([["SKILL.md", Buffer.from(`---\n${head}\n---\nPack.\n`)], ...Object.entries(others)]),
  );

describe("a SKILL.md", () => {
  it("says name, description and permissions in YAML, and is kept to the byte", () => {
    expect(skillOf(HEAD)).toEqual({
      name: "packing",
      permissions: ["cities:read", "weather:read"],
      frontmatter: {
        name: "packing",
        description: "How to write a packing list, and when.\n",
        metadata: { permissions: "cities:read weather:read" },
      },
      files: { "SKILL.md": `---\n${HEAD}\n---\nPack.\n` },
      problems: [],
    });
  });

  it.each([
    ['""', []],
    ["[]", []],
    ["[cities:read]", ["cities:read"]],
    ["cities:read", ["cities:read"]],
  ])("may say permissions: %s", (written, permissions) => {
    const skill = skillOf(HEAD.replace("cities:read weather:read", written));
    expect(skill).toMatchObject({ permissions, problems: [] });
  });

  it.each([
    ["no permissions", HEAD.replace(/\n {2}permissions.*/, " {}"), /needs permissions/],
    ["permissions without a value", HEAD.replace(/(permissions:).*/, "$1"), /needs permissions/],
    ["no metadata", HEAD.replace(/\nmetadata[^]*/, ""), /needs permissions/],
    ["no description", HEAD.replace(/description[^]*(?=metadata)/, ""), /needs a description/],
    ["a name that is none", HEAD.replace("packing", "Packing List"), /needs a name/],
    ["the name of another folder", HEAD.replace("packing", "unpacking"), /its folder packing/],
    ["something that is no YAML", "name: [", /no YAML/],
    ["something that is no map", "- packing", /no YAML/],
  ])("is refused with %s, in words for its author", (_, head, problem) => {
    expect(skillOf(head).problems.join("\n")).toMatch(problem);
  });

  it.each([
    ["no SKILL.md", new Map([["README.md", Buffer.from("x")]]), /has no SKILL.md/],
    ["no frontmatter", new Map([["SKILL.md", Buffer.from("# Pack\n")]]), /frontmatter/],
    ["a SKILL.md that is no text", new Map([["SKILL.md", Buffer.from([0xff])]]), /no SKILL.md/],
  ])("a folder with %s is refused", (_, files, problem) => {
    expect(readSkill("packing", files).problems.join("\n")).toMatch(problem);
  });

  it("may be accompanied by bytes, not by too many", () => {
    expect(skillOf(HEAD, { "dot.png": Buffer.from([0x89, 0xff]) }).files["dot.png"]).toEqual({
      base64: "if8=",
    });
    expect(skillOf(HEAD, { "big.bin": new Uint8Array(300_000) }).problems).toEqual([
      "is larger than 256 KB",
    ]);
  });
});

describe("the module", () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "skills-"));
    await mkdir(join(root, "src/tools"), { recursive: true });
  });
  afterEach(() => rm(root, { recursive: true }));
  const put = async (path: string, text: string) => {
    const file = join(root, "src/tools/skills", path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  };
  const module = () => readFile(join(root, "src/tools/skills.ts"), "utf8");

  it("is not written where there are no skills", async () => {
    writeSkills(root);
    await expect(module()).rejects.toThrow("ENOENT");
  });

  it("has each folder in order, without hidden files and without what links lead to", async () => {
    await put("packing/SKILL.md", `---\n${HEAD}\n---\n`);
    await put("packing/references/cold.md", "Cold.\n");
    await put("packing/.DS_Store", "hidden");
    await put("a-first/SKILL.md", "no frontmatter");
    await put("loose.md", "in no folder");
    await writeFile(join(root, "secret"), "secret");
    await symlink(join(root, "secret"), join(root, "src/tools/skills/packing/linked.md"));
    writeSkills(root);
    const text = await module();
    const [, json = ""] = /SkillDefinition\[\] = ([^]*);\n$/.exec(text) ?? [];
    expect(JSON.parse(json)).toMatchObject([
      { name: "a-first", problems: [expect.stringContaining("frontmatter")] },
      { name: "packing", files: { "references/cold.md": "Cold.\n" }, problems: [] },
    ]);
    for (const absent of ["hidden", "secret", "in no folder"]) expect(text).not.toContain(absent);
  });

  it("is left alone while it says the same, and empty when the last skill is gone", async () => {
    await put("packing/SKILL.md", `---\n${HEAD}\n---\n`);
    writeSkills(root);
    const { mtimeMs } = await stat(join(root, "src/tools/skills.ts"));
    writeSkills(root);
    expect((await stat(join(root, "src/tools/skills.ts"))).mtimeMs).toBe(mtimeMs);
    await rm(join(root, "src/tools/skills"), { recursive: true });
    writeSkills(root);
    expect(await module()).toContain("SkillDefinition[] = [];");
  });
});
