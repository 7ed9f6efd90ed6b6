/**
 * What the makers of an application write around a client library: where its session is kept, and
 * how a person is sent to the browser and comes back. One provider serves every library that follows
 * the SDK's interface.
 */
import { approve } from "../../support/stranger.ts";
import type { Place } from "./place.ts";

const REDIRECT_URI = "http://127.0.0.1:9/callback";

/** What the person's way back brought. */
interface Return {
  readonly code: string;
  readonly state: string;
  readonly issuer: string;
}

type Scope = "all" | "client" | "tokens" | "verifier" | "discovery";

/** An application with a session of its own. */
export function createApplication(place: Place) {
  const kept = new Map<string, unknown>();
  let asked: URL | undefined;
  const read = (name: string) => kept.get(name) as never;
  const keep = (name: string) => (value: unknown) => void kept.set(name, value);
  const provider = {
    redirectUrl: REDIRECT_URI,
    clientMetadata: { client_name: "An application", redirect_uris: [REDIRECT_URI] },
    clientInformation: () => read("client"),
    saveClientInformation: keep("client"),
    tokens: () => read("tokens"),
    saveTokens: keep("tokens"),
    codeVerifier: () => read("verifier"),
    saveCodeVerifier: keep("verifier"),
    isClientInformationDynamicallyRegistered: () => true,
    state: () => "the state of the application",
    storedState: () => "the state of the application",
    redirectToAuthorization: (url: URL) => void (asked = url),
    invalidateCredentials: (scope: Scope) => {
      if (scope === "all") kept.clear();
      else kept.delete(scope);
    },
  };

  async function comeBack(): Promise<Return> {
    if (asked === undefined) throw new Error("the client did not ask for a browser");
    place.browser.visits.push(asked);
    const { searchParams } = await approve({ url: asked }, place.browser.person);
    asked = undefined;
    const error = searchParams.get("error");
    if (error !== null) throw new Error(error);
    return {
      code: searchParams.get("code") ?? "",
      state: searchParams.get("state") ?? "",
      issuer: searchParams.get("iss") ?? "",
    };
  }

  return {
    provider,
    /** Does something; when the library asks for the person, that is done, and the thing once more. */
    async signedIn<Result>(
      act: () => Promise<Result>,
      finish: (back: Return) => Promise<unknown>,
    ): Promise<Result> {
      try {
        return await act();
      } catch (error) {
        if (asked === undefined) throw error;
        await finish(await comeBack());
        return act();
      }
    },
  };
}
