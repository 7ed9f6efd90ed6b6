/**
 * The page on which a person sees who is connected in their name, and ends it. A list of
 * connections goes in, HTML with one form for each comes out. Names were chosen by the applications
 * themselves.
 */
import { Layout } from "./layout.tsx";
import { applicationName, printable } from "./printable.ts";
import { explainScopes, type ToolSummary } from "./scope.ts";

/** One grant, as its owner sees it. */
export interface Connection {
  readonly id: string;
  readonly clientName: string;
  /** Verified, or absent. */
  readonly clientDomain?: string | undefined;
  /** Epoch seconds. */
  readonly connectedAt: number;
  /** Epoch seconds; absent when it was never used. */
  readonly lastUsedAt?: number | undefined;
  readonly scopes: readonly string[];
}

interface ConnectionsFacts {
  readonly connections: readonly Connection[];
  readonly tools: readonly ToolSummary[];
  /** Proves that a form came from this page. */
  readonly csrf: string;
  /** Where the forms post to. */
  readonly action: string;
  readonly signOutAction: string;
}

/** A signed-in person's connections. */
export function ConnectionsPage({
  connections,
  tools,
  csrf,
  action,
  signOutAction,
}: ConnectionsFacts) {
  return (
    <Layout title="Your connections" wide>
      <main class="sheet">
        <h1>Your connections</h1>
        <p class="quiet">
          {connections.length === 0
            ? "No application is connected in your name."
            : "These applications may use this server in your name. Disconnecting one ends its access at once; it can ask again."}
        </p>
        {connections.length > 0 && (
          <section>
            <ul class="rows">
              {connections.map((connection) => (
                <li class="split">
                  <ConnectionFacts connection={connection} tools={tools} />
                  <form method="post" action={action}>
                    <input type="hidden" name="csrf" value={csrf} />
                    <input type="hidden" name="id" value={connection.id} />
                    <button class="button slim">
                      Disconnect
                      <span class="unseen"> {applicationName(connection.clientName)}</span>
                    </button>
                  </form>
                </li>
              ))}
            </ul>
          </section>
        )}
      </main>
      <footer class="split">
        <a href="/">About this server</a>
        <form method="post" action={signOutAction}>
          <button class="button slim">Sign out</button>
        </form>
      </footer>
    </Layout>
  );
}

/** The same address before a person has signed in. */
export function SignedOutPage({ signInHref }: { signInHref: string }) {
  return (
    <Layout title="Your connections">
      <main class="sheet">
        <h1>Your connections</h1>
        <p>
          Sign in to see which applications may use this server in your name, and to disconnect
          them.
        </p>
        <div class="choice">
          <a class="button main" href={signInHref}>
            Sign in
          </a>
        </div>
      </main>
    </Layout>
  );
}

function ConnectionFacts({
  connection,
  tools,
}: {
  connection: Connection;
  tools: readonly ToolSummary[];
}) {
  const { clientName, clientDomain, connectedAt, lastUsedAt, scopes } = connection;
  const asks = explainScopes(scopes, tools).filter((ask) => ask.scopes.length > 0);
  return (
    <div>
      <h2>
        <bdi>{applicationName(clientName)}</bdi>
      </h2>
      <p class="small quiet">
        {clientDomain === undefined
          ? "Unverified name"
          : `Verified: ${printable(clientDomain, 253)}`}
      </p>
      <p class="small quiet">
        Connected <UtcTime at={connectedAt} /> ·{" "}
        {lastUsedAt === undefined ? (
          "never used"
        ) : (
          <>
            last used <UtcTime at={lastUsedAt} />
          </>
        )}
      </p>
      <ul class="small quiet">
        {asks.map((ask) => (
          <li>{ask.heading}</li>
        ))}
      </ul>
    </div>
  );
}

/** An absolute date, the same wherever it is read: `23 Nov 2026 14:38 UTC`. */
function UtcTime({ at }: { at: number }) {
  const date = new Date(at * 1000);
  return <time datetime={date.toISOString()}>{date.toUTCString().slice(5, 22)} UTC</time>;
}
