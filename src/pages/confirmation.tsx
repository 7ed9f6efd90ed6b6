/**
 * The page between the sign-in and the client, where what the person holds is not what they ticked,
 * or where a client that has access asks for more. Facts go in; what it will get, what it will not,
 * and a way on, back, or to another account come out.
 */
import { Destination } from "./address.tsx";
import { Decision } from "./decision.tsx";
import { Layout } from "./layout.tsx";
import { PermissionList } from "./permission-choice.tsx";
import { PersonLine, type Profile } from "./person.tsx";
import { applicationName, printable } from "./printable.ts";
import { Remark } from "./remark.tsx";
import type { PermissionFacts, ToolSummary } from "./scope.ts";

export interface Confirmation {
  readonly clientName: string;
  readonly redirectUri: string;
  readonly profile: Profile;
  /** Ticked and held, and not allowed to this client before. */
  readonly gained: readonly PermissionFacts[];
  /** What this client may do already. */
  readonly kept: readonly PermissionFacts[];
  /** Ticked, but this account does not have them. */
  readonly missing: readonly PermissionFacts[];
  /** Tools that change something and came later under what it has. */
  readonly tools: readonly ToolSummary[];
  /** Sent back by the form: it names the sign-in and proves that the page was ours. */
  readonly handle: string;
  readonly action: string;
}

/** Tells the person what they did not know when they were asked, and asks once more. */
export function ConfirmationPage(confirmation: Confirmation) {
  const { profile, missing, kept } = confirmation;
  const name = applicationName(confirmation.clientName);
  return (
    <Layout title={`Connect ${name}?`}>
      <main class="sheet">
        <h1>{headingOf(confirmation)}</h1>
        <form method="post" action={confirmation.action}>
          <input type="hidden" name="handle" value={confirmation.handle} />
          <div class="split account">
            <PersonLine profile={profile} />
            <button class="button slim" name="decision" value="switch">
              Not you?
            </button>
          </div>
          <Missing name={name} missing={missing} />
          <Gained name={name} confirmation={confirmation} />
          {kept.length > 0 && (
            <section>
              <h2>It has already</h2>
              <PermissionList permissions={kept} />
            </section>
          )}
          <Decision yes="Continue" no="Cancel" />
          <p class="small quiet">
            Either way you go back to <Destination redirectUri={confirmation.redirectUri} />; with
            Cancel it gets nothing.
          </p>
        </form>
      </main>
    </Layout>
  );
}

function Gained({ name, confirmation }: { name: string; confirmation: Confirmation }) {
  const { gained, kept, tools } = confirmation;
  return (
    <section>
      <h2>
        <bdi>{name}</bdi> {kept.length > 0 ? "will also get" : "will get"}
      </h2>
      {gained.length + tools.length === 0 && (
        <p class="quiet">
          {kept.length > 0
            ? "Nothing more."
            : "Only who you are, and what is open to everyone who signs in."}
        </p>
      )}
      <PermissionList permissions={gained} />
      {tools.length > 0 && (
        <ul>
          {tools.map((tool) => (
            <li>
              <b>{printable(tool.title, 100)}</b>: {printable(tool.description, 300)} It came after
              you allowed what it needs.
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function headingOf({ missing, gained, kept, tools }: Confirmation): string {
  if (missing.length > 0) return "Not all of that is in your account";
  return kept.length > 0 && gained.length + tools.length > 0
    ? "This is more than before"
    : "Connect with this account?";
}

function Missing({ name, missing }: { name: string; missing: readonly PermissionFacts[] }) {
  if (missing.length === 0) return <></>;
  return (
    <section>
      <h2>Not in your account</h2>
      <PermissionList permissions={missing} />
      <Remark kind="warn">
        <bdi>{name}</bdi> connects without them. An administrator can assign them to you in Auth0;
        it then has them too, since you allowed them.
      </Remark>
    </section>
  );
}
