/**
 * A machine for one client: a home of its own, a browser, and our server, which is the whole house
 * with its tenant and its store. Addresses elsewhere are answered here: the documents of clients.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { type House, startHouse } from "../../support/house.ts";
import { type Browser, createBrowser } from "./browser.ts";

export interface Place {
  readonly house: House;
  readonly browser: Browser;
  /** The address that a person was given. */
  readonly url: string;
  readonly home: string;
  /** For the processes of the client. */
  readonly env: Readonly<Record<string, string>>;
  /** How far our clock is ahead of the client's. */
  readonly aheadMs: () => number;
  /** Lets so much time pass for us; a client notices by what we answer. */
  wait(seconds: number): Promise<void>;
  leave(): Promise<void>;
}

const COMMANDS = join(import.meta.dirname, "../node_modules/.bin");

export async function preparePlace(
  variables: Readonly<Record<string, string>> = {},
): Promise<Place> {
  const [house, home] = await Promise.all([
    startHouse({ elsewhere: describeClient, variables }),
    mkdtemp(join(tmpdir(), "client-")),
  ]);
  let aheadSeconds = 0;
  return {
    house,
    aheadMs: () => aheadSeconds * 1000,
    wait: (seconds) => house.shiftClock((aheadSeconds += seconds)),
    browser: createBrowser(),
    url: `${house.issuer}/mcp`,
    home,
    env: {
      PATH: [COMMANDS, dirname(process.execPath), process.env["PATH"] ?? ""].join(delimiter),
      HOME: home,
      XDG_CONFIG_HOME: join(home, ".config"),
      TERM: "dumb",
      // Each command starts anew; what it loads need not be compiled anew.
      NODE_COMPILE_CACHE: join(COMMANDS, "../.compile-cache"),
      // Nothing opens a browser but us.
      BROWSER: "true",
    },
    leave: async () => {
      await house.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** A client's metadata document, of the kind that Claude Code and Codex publish. */
function describeClient({ url }: Request): Response {
  if (!url.endsWith("client.json") && !url.endsWith("client-metadata"))
    return new Response(null, { status: 404 });
  return Response.json({
    client_id: url,
    client_name: "A client with a document",
    redirect_uris: ["http://localhost/callback", "http://127.0.0.1/callback"],
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    token_endpoint_auth_method: "none",
  });
}
