/** The frame without a team's tools, as an entry of its own: for what is claimed of its size. */
import { createWorker } from "../../src/worker.ts";
import { site } from "./served.ts";

export default await createWorker({ site, offerings: { tools: [] }, version: "1.2.3" });
