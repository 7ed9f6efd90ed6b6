/**
 * One data point for each request, for Workers Analytics Engine when it is bound. The fields of a
 * log line go in; the point, with its columns in a fixed order, comes out. No id of a person or a
 * client is ever part of it: it counts.
 */
import { eventOf, type Fields } from "./events.ts";

/** The binding `METRICS`, as far as it is used. */
export interface Metrics {
  writeDataPoint(point: {
    readonly indexes: string[];
    readonly blobs: string[];
    readonly doubles: number[];
  }): void;
}

/** The order of the columns: `blob1`, `blob2`, … as docs/metrics.md queries them. */
export const BLOBS = ["event", "route", "clientFamily", "reason", "tool", "version"] as const;
export const DOUBLES = ["status", "durationMs", "storeCommands"] as const;

/** The point of one line. It is sampled by its event, so that rare ones stay. */
export function pointOf(line: Fields): Parameters<Metrics["writeDataPoint"]>[0] {
  const named = { ...line, event: eventOf(line) };
  return {
    indexes: [named.event],
    blobs: BLOBS.map((name) => String(read(named, name) ?? "")),
    doubles: DOUBLES.map((name) => Number(read(named, name) ?? 0)),
  };
}

function read(line: Fields, name: string): string | number | boolean | undefined {
  return line[name];
}
