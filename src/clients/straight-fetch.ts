/**
 * Imported for its effect: the global `fetch`, with which the provider library reads what clients
 * publish about themselves, follows no redirect (draft-ietf-oauth-client-id-metadata-document-02
 * §5). Else an open redirector on a trusted site could speak in that site's name, and our consent
 * page would call it verified.
 */
const fetchDirectly = globalThis.fetch.bind(globalThis);

globalThis.fetch = (input, init) => fetchDirectly(input, { redirect: "manual", ...init });
