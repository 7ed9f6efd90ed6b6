/**
 * Imported for its effect: what the provider library prints by itself, with texts that strangers
 * chose, does not reach the log. What it has to say comes to us by `onError` and by what it throws.
 */

/** How its messages begin: all of them, as a test that reads its source makes sure. */
export const PROVIDER_MESSAGES = [
  "CIMD fetch failed for ",
  "CIMD (Client ID Metadata Document) is disabled",
  "Failed to renew client registration ",
  "Failed to revoke grant ",
  "OAuth error response: ",
] as const;

const { warn } = console;

console.warn = (...words: readonly unknown[]) => {
  const [first] = words;
  const isProviders =
    typeof first === "string" && PROVIDER_MESSAGES.some((begin) => first.startsWith(begin));
  if (!isProviders) warn.apply(console, [...words]);
};
