/**
 * A step-up by the official client 2.x, with its own OAuth code: what the person did not tick is held
 * and not granted, the client asks for it when it is needed, and the call goes through.
 */
import {
  Client,
  type OAuthClientInformationMixed,
  type OAuthDiscoveryState,
  type OAuthTokens,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from "@modelcontextprotocol/client";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type House, startHouse } from "../support/house.ts";
import { SHOP_PERMISSIONS } from "../support/shop-permissions.ts";
import { isConfirmation, locationOf, openConfirmation, openConsent } from "../support/stranger.ts";
import { type CookieJar, signIn, visit } from "../support/tenant.ts";

let house: House;

beforeAll(async () => {
  house = await startHouse({ variables: { TEST_OFFERINGS: "shop" } });
  house.tenant.control.setPermissions("ada", SHOP_PERMISSIONS);
});
afterAll(() => house.stop());

const REDIRECT_URI = "http://127.0.0.1:9/callback";

it.each(["auto", "legacy"] as const)(
  "asks the person once, and goes through (%s)",
  async (mode) => {
    const session = await connect(mode, ["permission=orders:write", "deleting=yes"]);
    expect(await session.call("list_orders")).toContain("list_orders was done");
    expect(await session.call("create_order", { turned: [] })).toContain("create_order was done");
    expect(session.pages).toEqual(["A shopper asks to connect", "A shopper asks for more"]);
    expect(await session.call("list_orders")).toContain("list_orders was done");
    // What it did not ask for, it still does not have.
    await expect(session.call("delete_order")).rejects.toThrow(UnauthorizedError);
  },
);

interface Asking {
  /** The boxes that the person turns when they are asked; absent when they must not be asked. */
  readonly turned: readonly string[];
}

async function connect(mode: "auto" | "legacy", turned: readonly string[]) {
  const memory = createMemory();
  const jar: CookieJar = new Map();
  const pages: string[] = [];
  const openTransport = () =>
    new StreamableHTTPClientTransport(new URL("/mcp", house.issuer), { authProvider: memory });
  const openClient = () =>
    new Client({ name: "shopper", version: "1.0.0" }, { versionNegotiation: { mode } });
  const answer = async (transport: StreamableHTTPClientTransport, boxes: readonly string[]) => {
    const { authorizationUrl } = memory.kept;
    memory.kept.authorizationUrl = undefined;
    if (authorizationUrl === undefined) throw new Error("the client did not ask for a browser");
    await transport.finishAuth(await decide(authorizationUrl, { jar, pages, turned: boxes }));
  };
  const first = openTransport();
  await expect(openClient().connect(first)).rejects.toThrow(UnauthorizedError);
  await answer(first, turned);
  return {
    pages,
    /** Calls a tool; when the client wants a browser and the person may be asked, again after that. */
    call: async (name: string, asking?: Asking): Promise<string> => {
      const transport = openTransport();
      const client = openClient();
      await client.connect(transport);
      const run = async () => JSON.stringify(await client.callTool({ name, arguments: {} }));
      try {
        return await run().catch(async (error: unknown) => {
          if (!(error instanceof UnauthorizedError) || asking === undefined) throw error;
          await answer(transport, asking.turned);
          return run();
        });
      } finally {
        await client.close();
      }
    },
  };
}

interface Browser {
  readonly jar: CookieJar;
  readonly pages: string[];
  readonly turned: readonly string[];
}

/** The person's part: the parameters with which the browser comes back to the client. */
async function decide(url: URL, { jar, pages, turned }: Browser): Promise<URLSearchParams> {
  const consent = await openConsent({ url }, jar);
  pages.push(/<h1>([^]*?)<\/h1>/.exec(consent.html)?.[1]?.replace(/<[^>]*>/g, "") ?? "");
  const back = await signIn(locationOf(await consent.decide("allow", turned)), "ada", jar);
  const onward = locationOf(await visit(back, jar));
  if (!isConfirmation(onward)) return onward.searchParams;
  return locationOf(await (await openConfirmation(onward, jar)).decide("allow")).searchParams;
}

function createMemory() {
  const kept: {
    information?: OAuthClientInformationMixed;
    tokens?: OAuthTokens;
    discovery?: OAuthDiscoveryState;
    authorizationUrl?: URL | undefined;
    verifier: string;
  } = { verifier: "" };
  return {
    kept,
    redirectUrl: REDIRECT_URI,
    clientMetadata: { client_name: "A shopper", redirect_uris: [REDIRECT_URI] },
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
  };
}
