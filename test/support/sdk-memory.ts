/**
 * What an application keeps for the OAuth code of an official SDK, either generation, and the way of
 * its person through the browser.
 */
import type { OAuthDiscoveryState } from "@modelcontextprotocol/sdk/client/auth.js";
import type {
  OAuthClientInformationMixed,
  OAuthTokens,
} from "@modelcontextprotocol/sdk/shared/auth.js";
import { expect } from "vitest";
import type { PersonKey } from "../../dev/tenant/people.ts";
import { approve } from "./stranger.ts";

/**
 * What a client's makers write to plug its OAuth code into their application; it remembers one
 * session.
 */
export function createMemory() {
  const kept: {
    information?: OAuthClientInformationMixed;
    tokens?: OAuthTokens;
    discovery?: OAuthDiscoveryState;
    authorizationUrl?: URL;
    verifier: string;
  } = { verifier: "" };
  return {
    kept,
    redirectUrl: "http://127.0.0.1:9/callback",
    clientMetadata: { client_name: "a client", redirect_uris: ["http://127.0.0.1:9/callback"] },
    clientInformation: () => kept.information,
    saveClientInformation: (information: OAuthClientInformationMixed) =>
      void (kept.information = information),
    tokens: () => kept.tokens,
    saveTokens: (tokens: OAuthTokens) => void (kept.tokens = tokens),
    discoveryState: () => kept.discovery,
    saveDiscoveryState: (state: OAuthDiscoveryState) => void (kept.discovery = state),
    saveCodeVerifier: (verifier: string) => void (kept.verifier = verifier),
    codeVerifier: () => kept.verifier,
    redirectToAuthorization: (url: URL) => void (kept.authorizationUrl = url),
    state: () => "state of the client",
  };
}

/** The browser part, once the client has asked for it; `bend` changes what it asks. */
export async function authorize(
  { kept }: ReturnType<typeof createMemory>,
  person: PersonKey,
  bend: (url: URL) => void = () => {},
): Promise<URLSearchParams> {
  const { authorizationUrl: url } = kept;
  if (url === undefined) throw new Error("the client did not ask for a browser");
  delete kept.authorizationUrl;
  bend(url);
  const callback = await approve({ url }, person);
  expect(callback.searchParams.get("state")).toBe("state of the client");
  return callback.searchParams;
}
