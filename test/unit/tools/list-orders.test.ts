import { expect, it } from "vitest";
import { listOrders } from "../../../src/tools/list-orders.ts";
import { serve } from "../../support/tool-kit.ts";

const env = {
  ORDERS_API_URL: "https://orders.example/v1/",
  ORDERS_API_AUDIENCE: "https://orders.example/",
  ORDERS_API_KEY: "the-key-of-this-test",
};
const orders = [{ id: "1", total: 9.5, placed_at: "2026-11-26T07:00:00Z" }];

it("calls the API as the person, with the secret", async () => {
  const seen: Request[] = [];
  const answer = (request: Request) => {
    seen.push(request);
    return Response.json(orders.map((order) => ({ ...order, internal: "canary" })));
  };
  const { structured, text } = await serve({ tools: [listOrders] }, { env, fetch: answer })
    .as()
    .call("list_orders", { limit: 5 });
  expect(structured).toEqual({ orders });
  expect(text).not.toContain("canary");
  expect(seen.map(({ url }) => url)).toEqual(["https://orders.example/v1/orders?limit=5"]);
  expect(seen[0]?.headers.get("Authorization")).toBe(
    "Bearer token of ada for https://orders.example/",
  );
  expect(seen[0]?.headers.get("X-Api-Key")).toBe("the-key-of-this-test");
});

it.each([
  [403, "You may not see these orders."],
  [500, "The orders cannot be read right now. Try again later."],
])("says what a person can do about %i", async (status, words) => {
  const answer = () => new Response("canary", { status });
  const { isError, text } = await serve({ tools: [listOrders] }, { env, fetch: answer })
    .as()
    .call("list_orders");
  expect(isError).toBe(true);
  expect(text).toBe(words);
});

it("says what is not set up", async () => {
  const { text } = await serve({ tools: [listOrders] })
    .as()
    .call("list_orders");
  expect(text).toContain("ORDERS_API_KEY");
});
