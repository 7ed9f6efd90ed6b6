/** What this server offers. A new tool is a file beside this one and a line here. */
import type { Offerings } from "../mcp/tool.ts";
import { checkAccess } from "./check-access.ts";
import { countDown } from "./count-down.ts";
import { eraseNote } from "./erase-note.ts";
import { explainAccess } from "./explain-access.ts";
import { getTime } from "./get-time.ts";
import { getUserInfo } from "./get-user-info.ts";
import { listOrders } from "./list-orders.ts";
import { note } from "./note.ts";
import { permissionGuide } from "./permission-guide.ts";
import { portrait } from "./portrait.ts";
import { skills } from "./skills.ts";

import { permissions } from "./permissions.ts";

export const offerings: Offerings = {
  tools: [getUserInfo, explainAccess, getTime, countDown, note, eraseNote, listOrders, portrait],
  prompts: [checkAccess],
  resources: [permissionGuide],
  skills,
  permissions,
};
