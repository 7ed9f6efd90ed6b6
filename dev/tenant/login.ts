/**
 * Signing in at the local tenant: one button per person, and Deny. An interaction of oidc-provider
 * comes in; a login and a grant, or a refusal in Auth0's words, goes back to it. Keeps nothing
 * itself.
 */
import type { Context, Interaction, InteractionResult, Middleware, Provider } from "oidc-provider";
import { SECOND_FACTOR } from "../../src/grants/freshness.ts";
import { ACCOUNT_SCOPES } from "./accounts.ts";
import { OPENID_SCOPES, organizationScope, scopesOf } from "./claims.ts";
import { isLoginPath } from "./login-path.ts";
import { type Choice, signInEndedPage, signInPage } from "./pages.ts";
import {
  type Directory,
  isMember,
  type Organization,
  organizationOf,
  PEOPLE,
  type Person,
} from "./people.ts";
import { readBody } from "./traffic.ts";

const DENIED: InteractionResult = {
  error: "access_denied",
  error_description: "User did not authorize the request",
};
const BLOCKED: InteractionResult = { error: "unauthorized", error_description: "user is blocked" };

/** Serves the sign-in page and judges its form. */
export function login(provider: Provider, directory: Directory): Middleware {
  return async (ctx, next) => {
    if (!isLoginPath(ctx.path)) return next();
    const interaction = await provider.interactionDetails(ctx.req, ctx.res).catch(() => undefined);
    if (interaction === undefined) return showEnded(ctx);
    if (ctx.method !== "POST") return showPeople(ctx, directory);
    const person = await chosenPerson(ctx, directory);
    const result =
      person === undefined ? DENIED : await signIn({ provider, directory, interaction, person });
    ctx.respond = false;
    await provider.interactionFinished(ctx.req, ctx.res, result, {
      mergeWithLastSubmission: false,
    });
  };
}

function showEnded(ctx: Context): void {
  ctx.status = 400;
  ctx.type = "html";
  ctx.body = signInEndedPage();
}

function showPeople(ctx: Context, directory: Directory): void {
  ctx.type = "html";
  ctx.set("Cache-Control", "no-store");
  ctx.body = signInPage(Object.values(PEOPLE).map((person) => choiceOf(person, directory)));
}

/** "Ada — every permission", "Rob — tool:get_user_info only", "Eve — no permissions". */
function choiceOf(person: Person, directory: Directory): Choice {
  const may = describe(directory.permissionsOf(person), directory.allPermissions());
  const [firstName] = person.profile.name.split(" ");
  return { value: person.key, label: `${firstName} — ${may}` };
}

function describe(held: readonly string[], all: readonly string[]): string {
  if (held.length === 0) return "no permissions";
  return all.every((name) => held.includes(name)) ? "every permission" : `${held.join(", ")} only`;
}

/**
 * The person whose button was pressed; nobody for Deny. `holds`, which no button sends, is what an
 * administrator would do beforehand: from now on the person holds exactly these permissions.
 */
async function chosenPerson(ctx: Context, directory: Directory): Promise<Person | undefined> {
  const form = new URLSearchParams((await readBody(ctx.req)).toString());
  const person = directory.find(form.get("person") ?? "");
  const holds = form.get("holds");
  if (person !== undefined && holds !== null)
    directory.setPermissions(person.key, holds.split(/[\s,]+/).filter(Boolean));
  return person;
}

function notPartOf({ sub }: Person, { id }: Organization): InteractionResult {
  return {
    error: "access_denied",
    error_description: `user ${sub} is not part of the ${id} organization`,
  };
}

interface SignIn {
  readonly provider: Provider;
  readonly directory: Directory;
  readonly interaction: Interaction;
  readonly person: Person;
}

/**
 * Grants what was asked for; of the API's permissions only those the person holds, as Auth0's RBAC
 * does.
 */
async function signIn({
  provider,
  directory,
  interaction,
  person,
}: SignIn): Promise<InteractionResult> {
  if (directory.isBlocked(person)) return BLOCKED;
  const { client_id: clientId, scope, resource, organization } = interaction.params;
  const entered = organization === undefined ? undefined : organizationOf(organization);
  if (entered !== undefined && !isMember(person, entered)) return notPartOf(person, entered);
  const asked = scopesOf(scope);
  const askedOf = (names: readonly string[]): string =>
    names.filter((name) => asked.has(name)).join(" ");
  const held = directory.permissionsOf(person);
  const grant = new provider.Grant({ accountId: person.sub, clientId });
  grant.addOIDCScope(askedOf(OPENID_SCOPES));
  if (entered !== undefined) grant.addOIDCScope(organizationScope(entered));
  if (resource !== undefined) {
    grant.addResourceScope(resource, askedOf([...OPENID_SCOPES, ...ACCOUNT_SCOPES, ...held]));
    grant.rejectResourceScope(
      resource,
      askedOf(directory.allPermissions().filter((name) => !held.includes(name))),
    );
  }
  // As an Action does that asks for a second factor when it is wanted.
  const isStrong = interaction.params.acr_values?.split(" ").includes(SECOND_FACTOR) === true;
  const strength = isStrong ? { amr: ["mfa"], acr: SECOND_FACTOR } : {};
  return {
    login: { accountId: person.sub, ...strength },
    consent: { grantId: await grant.save() },
  };
}
