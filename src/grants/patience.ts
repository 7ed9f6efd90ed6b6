/**
 * How long a request waits for what goes on without it. Work goes in; its value comes out, or a
 * refusal that says to come again, while the work goes on and keeps what it brings.
 */
import { Refusal } from "../errors.ts";

/** Clients give up after half a minute at the earliest; people sooner. */
const LONGEST_WAIT_MS = 8000;

/** Waits for the work, eight seconds at most; then refuses with `identity_unavailable`. */
export async function waitWithPatience<Value>(work: Promise<Value>): Promise<Value> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Refusal("identity_unavailable", { retryAfterSeconds: 5 })),
    LONGEST_WAIT_MS,
  );
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
    late.promise.catch(() => undefined);
  }
}
