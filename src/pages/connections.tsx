/**
 * The page on which a person sees who is connected in their name, narrows it and ends it. A person
 * and a list of connections go in, HTML with the forms of each comes out. Names were chosen by the
 * applications themselves.
 */
import { Address } from "./address.tsx";
import { type AccountsFacts, AccountsSection } from "./connect.tsx";
import { Layout } from "./layout.tsx";
import { SignInFirst } from "./sign-in-first.tsx";
import { type Choice, PermissionChoice } from "./permission-choice.tsx";
import { PersonLine, type Profile } from "./person.tsx";
import { applicationName } from "./printable.ts";
import { type Remembered, RememberedSection } from "./remembered.tsx";
import { UtcTime } from "./time.tsx";

/** One grant, as its owner sees it. */
export interface Connection {
  readonly id: string;
  readonly clientName: string;
  /** In which organization it acts, when it was connected to one's address. */
  readonly organization?: string | undefined;
  /** Of its metadata document; absent for one that nobody vouches for. */
  readonly verifiedAddress?: string | undefined;
  /** Which kind of client used it last, as it calls itself: a word of the log. */
  readonly clientFamily?: string | undefined;
  /** Epoch seconds. */
  readonly connectedAt: number;
  /** Epoch seconds; absent when it was never used. */
  readonly lastUsedAt?: number | undefined;
  /** How many permissions it has. */
  readonly permissionCount: number;
  /** What it may do now; absent when that, and its end, are shown at an address of their own. */
  readonly permissions?: readonly Choice[] | undefined;
  readonly isOpen?: boolean;
  /** After how many days without use it ends. */
  readonly idleDays: number;
  /** When it ends in any case, epoch seconds. */
  readonly endsAt?: number | undefined;
}

/** Kinds of clients as people call them. */
const CLIENT_KINDS: ReadonlyMap<string, string> = new Map([
  ["claude", "Claude"],
  ["codex", "Codex"],
  ["chatgpt", "ChatGPT"],
  ["cursor", "Cursor"],
  ["vscode", "VS Code"],
  ["inspector", "MCP Inspector"],
  ["gemini", "Gemini CLI"],
  ["mcp-sdk", "a program"],
  ["browser", "a web page"],
]);

interface ConnectionsFacts extends AccountsFacts {
  readonly profile?: Profile | undefined;
  readonly connections: readonly Connection[];
  readonly remembered: readonly Remembered[];
  /** What a person may choose from, the longest first. */
  readonly idleDaysChoices: readonly number[];
  /** Where one connection is shown with all that it may do. */
  readonly hrefOf: (id: string) => string;
  readonly signInHref: string;
  readonly signOutAction: string;
}

/** A signed-in person's connections. */
export function ConnectionsPage(facts: ConnectionsFacts) {
  const { connections, profile, signInHref } = facts;
  return (
    <Layout title="Your connections" wide>
      <main class="sheet">
        <h1>Your connections</h1>
        {profile !== undefined && (
          <div class="split account">
            <PersonLine profile={profile} />
            <a class="button slim" href={`${signInHref}?account=other`}>
              Not you?
            </a>
          </div>
        )}
        <p class="quiet">
          {connections.length === 0
            ? "No application is connected in your name."
            : "These applications may use this server in your name. What you change here holds from their next call on. What you end can ask you again."}
        </p>
        {connections.length > 0 && (
          <section>
            <ul class="rows">
              {connections.map((connection, at) => (
                <ConnectionRow connection={connection} at={at} facts={facts} />
              ))}
            </ul>
          </section>
        )}
        {connections.length > 1 && <EndAll facts={facts} />}
        {connections.length > 0 && (
          <p class="small quiet">
            “Disconnect” in an application need not reach this server: Claude's, for one, only
            forgets. What you end here has ended.
          </p>
        )}
        <AccountsSection {...facts} />
        <RememberedSection {...facts} />
      </main>
      <footer class="split">
        <span>
          <a href="/permissions">What you may do</a> · <a href="/">About this server</a>
        </span>
        <form method="post" action={facts.signOutAction}>
          <button class="button slim">Sign out</button>
        </form>
      </footer>
    </Layout>
  );
}

/** An address of a person's own pages before they have signed in. */
export function SignedOutPage({ signInHref, title }: { signInHref: string; title: string }) {
  return (
    <SignInFirst title={title} signInHref={signInHref}>
      Sign in to see which applications may use this server in your name, what each may do, and to
      change it.
    </SignInFirst>
  );
}

interface Row {
  readonly connection: Connection;
  readonly at: number;
  readonly facts: ConnectionsFacts;
}

function ConnectionRow({ connection, at, facts }: Row) {
  const { id, permissions, permissionCount } = connection;
  return (
    <li id={connection.isOpen ? "shown" : undefined}>
      <div class="split">
        <ConnectionFacts connection={connection} />
        <ActionForm facts={facts} id={connection.id} action="end">
          <button class="button slim">
            Disconnect
            <span class="unseen"> {applicationName(connection.clientName)}</span>
          </button>
        </ActionForm>
      </div>
      {permissions === undefined ? (
        <p>
          <a href={facts.hrefOf(id)}>{summaryOf(permissionCount)}</a>
        </p>
      ) : (
        <details open={connection.isOpen}>
          <summary>{summaryOf(permissionCount)}</summary>
          <Details connection={connection} choices={permissions} at={at} facts={facts} />
        </details>
      )}
    </li>
  );
}

function Details({ connection, choices, at, facts }: Row & { choices: readonly Choice[] }) {
  return (
    <>
      {choices.length > 0 && (
        <ActionForm facts={facts} id={connection.id} action="narrow">
          <input type="hidden" name="choices" value="shown" />
          <PermissionChoice choices={choices} idPrefix={`c${at}-`} />
          <p>
            <button class="button slim">Keep only what is ticked</button>
          </p>
        </ActionForm>
      )}
      <ActionForm facts={facts} id={connection.id} action="idle">
        <IdleChoice connection={connection} at={at} choices={facts.idleDaysChoices} />
      </ActionForm>
    </>
  );
}

function IdleChoice({
  connection,
  at,
  choices,
}: {
  connection: Connection;
  at: number;
  choices: readonly number[];
}) {
  const id = `c${at}-idle`;
  return (
    <p class="inline">
      <label for={id}>End it when it was not used for</label>{" "}
      <select id={id} name="idleDays">
        {choices.map((days) => (
          <option value={String(days)} selected={days === connection.idleDays}>
            {days === 1 ? "1 day" : `${days} days`}
          </option>
        ))}
      </select>{" "}
      <button class="button slim">Set</button>
    </p>
  );
}

function EndAll({ facts }: { facts: ConnectionsFacts }) {
  return (
    <details>
      <summary>Disconnect all of them</summary>
      <ActionForm facts={facts} action="end-all">
        <p>Each of the {facts.connections.length} has to ask you again.</p>
        <p>
          <button class="button slim">Disconnect all {facts.connections.length}</button>
        </p>
      </ActionForm>
    </details>
  );
}

function ActionForm({
  facts,
  id,
  action,
  children,
}: {
  facts: ConnectionsFacts;
  id?: string;
  action: "end" | "end-all" | "narrow" | "idle";
  children: import("hono/jsx").Child;
}) {
  return (
    <form method="post" action={facts.action}>
      <input type="hidden" name="csrf" value={facts.csrf} />
      <input type="hidden" name="do" value={action} />
      {id !== undefined && <input type="hidden" name="id" value={id} />}
      {children}
    </form>
  );
}

function ConnectionFacts({ connection }: { connection: Connection }) {
  const { clientName, organization, verifiedAddress, clientFamily = "" } = connection;
  const { connectedAt, lastUsedAt, endsAt } = connection;
  const clientKind = CLIENT_KINDS.get(clientFamily);
  return (
    <div>
      <h2>
        <bdi>{applicationName(clientName)}</bdi>
      </h2>
      {organization !== undefined && (
        <p class="small">
          In the organization <b>{organization}</b>
        </p>
      )}
      <p class="small quiet">
        {verifiedAddress === undefined ? (
          "Unverified: it chose this name itself"
        ) : (
          <>
            Verified: <Address url={verifiedAddress} />
          </>
        )}
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
        {clientKind !== undefined && ` from ${clientKind}`}
        {endsAt !== undefined && (
          <>
            {" "}
            · ends <UtcTime at={endsAt} />
          </>
        )}
      </p>
    </div>
  );
}

function summaryOf(permissions: number): string {
  const none = "It has no permission, only what is open to everyone";
  const many = permissions === 1 ? "It has 1 permission" : `It has ${permissions} permissions`;
  return `${permissions === 0 ? none : many}, and when it ends`;
}
