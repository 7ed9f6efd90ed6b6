// src/tools/packing-skill.ts
import { defineSkill } from "../../../src/mcp/tool.ts";

export const packingSkill = defineSkill({
  permissions: [],
  files: {
    "SKILL.md": `---
name: packing
description: How to write a packing list with this server.
---
Read the city guide first. Never list more than twenty things.
`,
  },
});
