/** The Worker with the fixtures of the official suite. Never deployed. */
import { createWorker } from "../../src/worker.ts";
import { site } from "../support/served.ts";
import { offerings } from "./fixtures.ts";

export default await createWorker({ site, offerings, version: "0.0.0" });
