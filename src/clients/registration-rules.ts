/**
 * What a client may register and where codes may be sent, beyond what the provider library checks.
 * Metadata and redirect URIs go in, verdicts come out. Pure.
 */
import * as z from "zod";

/**
 * Addresses in private schemes that clients in the field use and that we know to belong to them.
 * The MCP specification asks for https or loopback; each row is an exception with its reason.
 */
const PRIVATE_USE_REDIRECTS: readonly { readonly client: string; readonly pattern: RegExp }[] = [
  // https://forum.cursor.com, cartesia-mcp#73: the desktop application has no loopback listener.
  {
    client: "Cursor",
    pattern: /^cursor:\/\/anysphere\.cursor-(?:mcp|retrieval)\/oauth\/[\w/-]*callback$/,
  },
  // cline#8103: one address per server, named by a hash.
  {
    client: "Cline",
    pattern: /^vscode(?:-insiders)?:\/\/saoudrizwan\.claude-dev\/mcp-auth\/callback\/[\w-]+$/,
  },
];

const MOST_REDIRECT_URIS = 20;
const LONGEST_NAME_CHARACTERS = 200;
const LONGEST_URI_CHARACTERS = 2000;

const metadataSchema = z.looseObject({
  client_name: z.string().max(LONGEST_NAME_CHARACTERS).optional(),
  redirect_uris: z.array(z.string().max(LONGEST_URI_CHARACTERS)).max(MOST_REDIRECT_URIS),
  ...Object.fromEntries(
    ["client_uri", "logo_uri", "policy_uri", "tos_uri", "jwks_uri"].map((name) => [
      name,
      webAddress().optional(),
    ]),
  ),
});

/**
 * Refuses metadata that is larger than any honest client's, or whose links are no web addresses
 * (RFC 7591 §5).
 */
export function judgeRegistration(
  metadata: Readonly<Record<string, unknown>>,
): { code: string; description: string } | undefined {
  const problem = metadataSchema.safeParse(metadata).error?.issues[0];
  if (problem === undefined) return undefined;
  return {
    code: "invalid_client_metadata",
    description: `${String(problem.path[0] ?? "metadata")} is not acceptable`,
  };
}

/**
 * Whether a redirect URI that a client registered may be used: https, http on loopback (the
 * library's own rule, RFC 8252 §7.3), or a private-use address from the list above.
 */
export function isRedirectAllowed(redirectUri: string): boolean {
  return (
    /^https?:$/.test(URL.parse(redirectUri)?.protocol ?? "") ||
    PRIVATE_USE_REDIRECTS.some(({ pattern }) => pattern.test(redirectUri))
  );
}

/**
 * Whether a client's metadata document could be had later, judged by what the provider library says
 * of the failure: a website that is down is no wrong credential. A document that is missing or
 * wrong is one.
 */
export function isDocumentUnreachable(failure: string): boolean {
  return /HTTP (?:408|429|5\d\d)|timed out|aborted|connection|network|fetch failed/i.test(failure);
}

function webAddress() {
  return z.url({ protocol: /^https?$/ }).max(LONGEST_URI_CHARACTERS);
}
