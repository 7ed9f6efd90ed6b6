/** As `npm run types` would write it from the folder beside this file. */
import { readSkill } from "../../../dev/types/skill.ts";
import packing from "./skills/packing/SKILL.md?raw";

const files = new Map([["SKILL.md", new TextEncoder().encode(packing)]]);

export const skills = [readSkill("packing", files)];
