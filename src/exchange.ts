import type { Limits } from "./edge/limits.ts";

/** One request on its way through the house, as every room may know it. Types only. */
export interface Exchange {
  /** Names this request in the log, in `X-Request-Id` and on error pages. */
  readonly requestId: string;
  readonly execution: ExecutionContext;
  /** How often whoever asks may do so; absent where nobody is counted. */
  readonly limits?: Limits | undefined;
  /** Which kind of client asks: one of a fixed list. */
  readonly clientFamily: string;
  /**
   * Adds fields to this request's log line. Never a secret, a token, a stored value or a person's
   * data.
   */
  note(fields: Readonly<Record<string, string | number | boolean>>): void;
}
