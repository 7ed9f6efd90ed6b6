/**
 * Which routes an address has. Routes go in; for a method and a path, those that match come out.
 * Hono's smallest router tries them all, one after the other; what it finds at an address that is
 * written out in the routes is found once.
 */
import type { Result, Router } from "hono/router";
import { PatternRouter } from "hono/router/pattern-router";

/** No path that is not a route's own is remembered, so that nobody can fill the memory. */
const VARIABLE = /[:*]/;

/** A router without routes. */
export function createRouter<Handler>(): Router<Handler> {
  const router = new PatternRouter<Handler>();
  const written = new Map<string, Map<string, Result<Handler>>>();
  return {
    name: router.name,
    add(method, path, handler) {
      router.add(method, path, handler);
      if (!VARIABLE.test(path)) written.set(path, new Map());
      for (const found of written.values()) found.clear();
    },
    match(method, path) {
      const known = written.get(path);
      const found = known?.get(method) ?? router.match(method, path);
      known?.set(method, found);
      return found;
    },
  };
}
