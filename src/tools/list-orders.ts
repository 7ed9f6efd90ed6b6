/**
 * Sample: a call to another API of the team's, as the person and with a secret. `tokenFor` gives a
 * token for that API; Auth0's token for this server goes nowhere else (docs/calling-apis.md).
 */
import * as z from "zod";
import { defineTool, ToolError } from "../mcp/tool.ts";

/** Set in `.dev.vars`, and with `wrangler secret put`. A tool of yours names them in `needs`. */
const settingsSchema = z.object({
  ORDERS_API_URL: z.url(),
  /** Its identifier at Auth0. */
  ORDERS_API_AUDIENCE: z.string().min(1),
  ORDERS_API_KEY: z.string().min(1),
});

const ordersSchema = z.array(
  z.object({ id: z.string(), total: z.number(), placed_at: z.iso.datetime() }),
);

export const listOrders = defineTool({
  name: "list_orders",
  title: "List orders",
  description: "Lists the orders of the signed-in person.",
  permissions: [],
  annotations: {
    readOnlyHint: true,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: true,
  },
  input: z.object({ limit: z.int().min(1).max(100).default(10) }),
  output: z.object({ orders: ordersSchema }),
  async run({ limit }, { auth, env, signal }) {
    const settings = settingsSchema.safeParse(env);
    if (!settings.success)
      throw new ToolError(
        "Orders are not set up here: ORDERS_API_URL, ORDERS_API_AUDIENCE and ORDERS_API_KEY.",
      );
    const { ORDERS_API_URL, ORDERS_API_AUDIENCE, ORDERS_API_KEY } = settings.data;
    const { token } = await auth.tokenFor({ audience: ORDERS_API_AUDIENCE, scope: "orders:read" });
    const response = await fetch(new URL(`orders?limit=${limit}`, ORDERS_API_URL), {
      headers: { Authorization: `Bearer ${token}`, "X-Api-Key": ORDERS_API_KEY },
      signal,
    });
    if (response.status === 403) throw new ToolError("You may not see these orders.");
    if (!response.ok) throw new ToolError("The orders cannot be read right now. Try again later.");
    return { orders: ordersSchema.parse(await response.json()) };
  },
});
