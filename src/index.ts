/**
 * The door: what is yours (the site and the tools) meets the frame that serves it. No logic.
 */
import { version } from "../package.json";
import { site } from "./site.ts";
import { offerings } from "./tools/index.ts";
import { createWorker } from "./worker.ts";

export default createWorker({ site, offerings, version });
