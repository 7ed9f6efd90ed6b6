/* oxlint-disable */
// Written by `npm run types`, `npm run dev` and `npm run deploy` from the folders of skills/: change those.
import type { SkillDefinition } from "../mcp/tool.ts";

export const skills: readonly SkillDefinition[] = [
  {
    "name": "explain-access",
    "permissions": [],
    "frontmatter": {
      "name": "explain-access",
      "description": "What to do when a tool of this server was refused or is not in the list. Use it before you tell a person that something is impossible.",
      "metadata": {
        "permissions": ""
      }
    },
    "files": {
      "SKILL.md": "---\nname: explain-access\ndescription: What to do when a tool of this server was refused or is not in the list. Use it before you tell a person that something is impossible.\nmetadata:\n  permissions: \"\"\n---\n\n# A tool was refused, or is not there\n\n1. Call `explain_access`: it says of every tool which permissions it needs, and what becomes of a call by this person.\n2. `step_up`: the person has the permission and did not allow it to this application. Call the tool; they are asked once.\n3. `denied`: their account lacks it. Name the permission, and say that an administrator can assign it. Do not try again.\n4. Never ask for more than the task at hand needs.\n"
    },
    "problems": []
  }
];
