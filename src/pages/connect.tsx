/**
 * The pages on which a person connects an account at another service, and the list of those that are
 * connected. What was asked goes in, HTML comes out; the names are the operator's and the tool's.
 */
import { Layout } from "./layout.tsx";
import { applicationName, printable } from "./printable.ts";
import { SignInFirst } from "./sign-in-first.tsx";
import { UtcTime } from "./time.tsx";

/** Connections as people call them. */
const SERVICES: ReadonlyMap<string, string> = new Map([
  ["google-oauth2", "Google"],
  ["github", "GitHub"],
  ["windowslive", "Microsoft"],
]);

interface ConnectFacts {
  readonly tool: string;
  /** The application that called it; absent when its connection has ended. */
  readonly clientName?: string | undefined;
  readonly connection: string;
  readonly scopes: readonly string[];
  readonly csrf: string;
  readonly action: string;
}

/** Says what is to be connected, and for what. */
export function ConnectPage(facts: ConnectFacts) {
  const { tool, clientName, connection, scopes, csrf, action } = facts;
  const service = serviceName(connection);
  return (
    <Layout title={`Connect ${service}`}>
      <main class="sheet">
        <h1>Connect your {service} account</h1>
        <p class="quiet">
          {clientName === undefined ? "An application" : applicationName(clientName)} called{" "}
          <b>{printable(tool, 100)}</b> for you, which needs it. Connect it only if you asked for
          that. Auth0 keeps the access; you see and end it at your connections.
        </p>
        {scopes.length > 0 && (
          <>
            <p>{service} will ask you to allow:</p>
            <ul>
              {scopes.map((scope) => (
                <li>
                  <code>{printable(scope, 200)}</code>
                </li>
              ))}
            </ul>
          </>
        )}
        <form method="post" action={action}>
          <input type="hidden" name="csrf" value={csrf} />
          <div class="choice">
            <button class="button main">Go to {service}</button>
          </div>
        </form>
      </main>
    </Layout>
  );
}

/** The same address before the person has signed in. */
export function ConnectSignInPage({ signInHref }: { signInHref: string }) {
  return (
    <SignInFirst title="Connect an account" signInHref={signInHref}>
      A tool needs an account of yours at another service. Sign in to see which.
    </SignInFirst>
  );
}

/** It is done. */
export function ConnectedPage({ connection }: { connection: string }) {
  return (
    <Layout title="Connected">
      <main class="sheet">
        <h1>Your {serviceName(connection)} account is connected</h1>
        <p>Go back to your application and tell it to go on.</p>
        <p>
          <a href="/connections">Your connections</a>
        </p>
      </main>
    </Layout>
  );
}

interface ConnectedAccount {
  readonly connection: string;
  readonly scopes: readonly string[];
  /** Epoch seconds. */
  readonly connectedAt: number;
}

export interface AccountsFacts {
  readonly accounts: readonly ConnectedAccount[];
  /** Proves that a form came from this page. */
  readonly csrf: string;
  /** Where the forms post to. */
  readonly action: string;
}

/** The section of a person's connections; nothing when no account is connected. */
export function AccountsSection({ accounts, csrf, action }: AccountsFacts) {
  if (accounts.length === 0) return <></>;
  return (
    <section>
      <h2>Accounts at other services</h2>
      <p class="quiet">Tools use them for you. To end one you sign in once more.</p>
      <ul class="rows">
        {accounts.map(({ connection, scopes, connectedAt }) => (
          <li class="split">
            <div>
              <b>{serviceName(connection)}</b>
              <p class="small quiet">
                Connected <UtcTime at={connectedAt} />
                {scopes.length > 0 &&
                  `: ${scopes.map((scope) => printable(scope, 200)).join(", ")}`}
              </p>
            </div>
            <form method="post" action={action}>
              <input type="hidden" name="csrf" value={csrf} />
              <input type="hidden" name="do" value="end-account" />
              <input type="hidden" name="id" value={connection} />
              <button class="button slim">
                Disconnect<span class="unseen"> {serviceName(connection)}</span>
              </button>
            </form>
          </li>
        ))}
      </ul>
    </section>
  );
}

function serviceName(connection: string): string {
  return SERVICES.get(connection) ?? printable(connection, 80);
}
