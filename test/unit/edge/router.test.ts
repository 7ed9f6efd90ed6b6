import { expect, it } from "vitest";
import { createRouter } from "../../../src/edge/router.ts";

function found(router: ReturnType<typeof createRouter<string>>, method: string, path: string) {
  return router.match(method, path)[0].map(([handler]) => handler);
}

function openRouter() {
  const router = createRouter<string>();
  router.add("ALL", "/pages/*", "counted");
  router.add("GET", "/pages/one", "one");
  router.add("ALL", "/pages/one", "refused");
  router.add("GET", "/pages/:id", "some");
  return router;
}

it.each([
  ["GET", "/pages/one", ["counted", "one", "refused", "some"]],
  ["POST", "/pages/one", ["counted", "refused"]],
  ["GET", "/pages/two", ["counted", "some"]],
  ["GET", "/pages", ["counted"]],
  ["GET", "/elsewhere", []],
])("finds the routes of %s %s in their order, the first time and later", (method, path, routes) => {
  const router = openRouter();
  expect(found(router, method, path)).toEqual(routes);
  expect(found(router, method, path)).toEqual(routes);
});

it("finds once what is at an address that is written out, and looks again at any other", () => {
  const router = openRouter();
  expect(router.match("GET", "/pages/one")).toBe(router.match("GET", "/pages/one"));
  expect(router.match("GET", "/pages/two")).not.toBe(router.match("GET", "/pages/two"));
});

it("finds a route that was added later too", () => {
  const router = openRouter();
  expect(found(router, "POST", "/pages/one")).toEqual(["counted", "refused"]);
  router.add("POST", "/pages/:id", "late");
  expect(found(router, "POST", "/pages/one")).toEqual(["counted", "refused", "late"]);
});

it("tells methods apart at one address", () => {
  const router = openRouter();
  expect(found(router, "GET", "/pages/one")).toHaveLength(4);
  expect(found(router, "POST", "/pages/one")).toEqual(["counted", "refused"]);
});
