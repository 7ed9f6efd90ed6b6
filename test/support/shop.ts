/**
 * A shop: tools of every kind, for tests of what people see and decide. `shopLater` is the same shop
 * after another deployment, with tools that came later.
 */
import * as z from "zod";
import { defineTool, type Offerings } from "../../src/mcp/tool.ts";

const READS = { readOnlyHint: true, destructiveHint: false };
const CHANGES = { readOnlyHint: false, destructiveHint: false };
const DELETES = { readOnlyHint: false, destructiveHint: true };

function tool(name: string, permission: string, hints: typeof READS) {
  const title = name.replace(/_/g, " ").replace(/^./, (letter) => letter.toUpperCase());
  return defineTool({
    name,
    title,
    description: `${title}, in this shop only.`,
    permissions: permission === "" ? [] : permission.split(" "),
    annotations: { ...hints, idempotentHint: false, openWorldHint: false },
    input: z.object({}),
    run: () => `${name} was done`,
  });
}

export const shop: Offerings = {
  tools: [
    tool("list_orders", "orders:read", READS),
    tool("get_order", "orders:read", READS),
    tool("list_customers", "customers:read", READS),
    tool("create_order", "orders:write", CHANGES),
    tool("delete_order", "orders:delete", DELETES),
    tool("purge_customer", "customers:purge", DELETES),
    tool("opening_hours", "", READS),
  ],
  permissions: {
    "orders:read": "See your orders",
    "customers:read": "See your customers",
    "orders:write": "Place orders in your name",
    "orders:delete": "Delete orders",
  },
};

export const shopLater: Offerings = {
  ...shop,
  tools: [
    ...shop.tools,
    tool("search_orders", "orders:read", READS),
    tool("void_order", "orders:delete", DELETES),
    tool("copy_order", "orders:write", CHANGES),
  ],
};
