/**
 * Imported for its effect: the provider library reads what clients publish with the global `fetch`,
 * which is the only way to hand it another. Its requests, known by the name it gives itself, go to
 * `documents.ts`; everybody else's stay as they are.
 */
import type { Documents } from "./documents.ts";

const fetchDirectly = globalThis.fetch.bind(globalThis);

const PROVIDER_AGENT = /^workers-oauth-provider\//;

let documents: Documents | undefined;

/** From now on the library's requests are answered by these. */
export function serveDocuments(served: Documents): void {
  documents = served;
}

globalThis.fetch = async (input, init) => {
  const agent = new Headers(init?.headers).get("User-Agent") ?? "";
  if (!PROVIDER_AGENT.test(agent)) return fetchDirectly(input, init);
  if (documents === undefined) throw new TypeError("nobody serves documents");
  return documents.fetch(input instanceof Request ? input.url : String(input));
};

export { fetchDirectly };
