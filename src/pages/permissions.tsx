/**
 * What the signed-in person may do here: tools by permission, what they hold, what each of their
 * applications has of it, and what an administrator would create at Auth0. Lists go in, HTML comes
 * out.
 */
import { Layout } from "./layout.tsx";
import { PersonLine, type Profile } from "./person.tsx";
import { applicationName, printable } from "./printable.ts";
import { EFFECT_NAMES } from "./permission-choice.tsx";
import { auth0CliScript, dashboardLines, terraformScript } from "./permission-recipes.ts";
import type { PermissionFacts, ToolSummary } from "./scope.ts";

/** What one application has. */
export interface GrantedTo {
  readonly clientName: string;
  readonly permissions: readonly string[];
}

export interface PermissionsFacts {
  readonly profile: Profile;
  readonly permissions: readonly PermissionFacts[];
  readonly openTools: readonly ToolSummary[];
  readonly held: readonly string[];
  readonly grants: readonly GrantedTo[];
  /** The identifier of the API at Auth0. */
  readonly audience: string;
  readonly signInHref: string;
}

/** The matrix of a person. */
export function PermissionsPage(facts: PermissionsFacts) {
  const { permissions, held, openTools } = facts;
  const lacking = permissions.filter(({ name }) => !held.includes(name));
  return (
    <Layout title="What you may do" wide>
      <main class="sheet">
        <h1>What you may do</h1>
        <div class="split account">
          <PersonLine profile={facts.profile} />
          <a class="button slim" href={`${facts.signInHref}&account=other`}>
            Not you?
          </a>
        </div>
        <p class="quiet">
          {permissions.length === 0
            ? "No tool of this server needs a permission."
            : `You hold ${permissions.length - lacking.length} of ${permissions.length} permissions, as Auth0 said when you signed in. An application has one only when you allowed it.`}
        </p>
        <section>
          <ul class="rows">
            {permissions.map((permission) => (
              <PermissionRow permission={permission} facts={facts} />
            ))}
          </ul>
        </section>
        {openTools.length > 0 && (
          <p class="small quiet">
            Needs no permission: {openTools.map(({ title }) => printable(title, 100)).join(", ")}.
          </p>
        )}
        <ForAdministrators facts={facts} />
      </main>
      <footer>
        <a href="/connections">Your connections</a> · <a href="/">About this server</a>
      </footer>
    </Layout>
  );
}

function PermissionRow({
  permission,
  facts,
}: {
  permission: PermissionFacts;
  facts: PermissionsFacts;
}) {
  const { name, sentence, effect, tools } = permission;
  const isHeld = facts.held.includes(name);
  const having = facts.grants.filter(({ permissions }) => permissions.includes(name));
  return (
    <li class="permission">
      <h2>
        {sentence} <span class={`mark ${effect}`}>{EFFECT_NAMES[effect]}</span>
      </h2>
      <p class="small">
        <code class="chip">{name}</code>{" "}
        {tools.map(({ title }) => printable(title, 100)).join(", ")}
      </p>
      <p class={isHeld ? "small good" : "small quiet"}>
        {isHeld ? "You hold it." : "You do not hold it: an administrator can assign it to you."}{" "}
        <span class="quiet">
          {having.length === 0
            ? "No application has it."
            : `Allowed to ${having.map(({ clientName }) => applicationName(clientName)).join(", ")}.`}
        </span>
      </p>
    </li>
  );
}

function ForAdministrators({ facts }: { facts: PermissionsFacts }) {
  const { permissions, audience } = facts;
  if (permissions.length === 0) return <></>;
  return (
    <details>
      <summary>For an administrator of the Auth0 tenant: create all of them</summary>
      <p>
        In the dashboard: Applications → APIs → <code>{audience}</code> → Permissions. One line
        each, name and description:
      </p>
      <pre>
        <code>{dashboardLines(permissions)}</code>
      </pre>
      <p>With the Auth0 CLI, which replaces the API's whole list:</p>
      <pre>
        <code>{auth0CliScript(permissions, audience)}</code>
      </pre>
      <p>With Terraform:</p>
      <pre>
        <code>{terraformScript(permissions, audience)}</code>
      </pre>
      <p>Then assign them to a role (User Management → Roles), and the role to people.</p>
    </details>
  );
}
