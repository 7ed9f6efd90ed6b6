/**
 * Whether a client's document can be had at all. What the provider library says of a failure goes
 * in, a verdict comes out. Pure.
 */

/**
 * Whether a client's metadata document could be had later, judged by what the provider library says
 * of the failure: a website that is down is no wrong credential. A document that is missing or
 * wrong is one.
 */
export function isDocumentUnreachable(failure: string): boolean {
  return /HTTP (?:408|429|5\d\d)|timed out|aborted|connection|network|fetch failed/i.test(failure);
}
