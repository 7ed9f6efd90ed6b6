/**
 * The door: what is yours (the site and the tools) meets the frame that serves it. No logic.
 */
import { version } from "../package.json";
import { site } from "./site.ts";
import { createWorker } from "./worker.ts";

export default await createWorker({
  site,
  version,
  // What a tool's file throws is a problem like another, so it is not loaded before it can be told.
  offerings: async () => (await import("./tools/index.ts")).offerings,
});
