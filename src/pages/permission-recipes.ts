/**
 * The permissions of this server as an administrator creates them at Auth0. Permissions and the
 * identifier of the API go in; text to paste comes out, made from the tools.
 */
import type { PermissionFacts } from "./scope.ts";

type Named = Pick<PermissionFacts, "name" | "sentence">;

/** For the form of the dashboard: name, tab, description. */
export function dashboardLines(permissions: readonly Named[]): string {
  return permissions.map(({ name, sentence }) => `${name}\t${sentence}`).join("\n");
}

/** https://auth0.github.io/auth0-cli/auth0_apis_update.html */
export function auth0CliScript(permissions: readonly Named[], audience: string): string {
  const scopes = permissions.map(({ name }) => name).join(",");
  return `auth0 apis update ${quoted(audience)} --scopes ${quoted(scopes)}`;
}

/** Adds each, and leaves what else the API has (Terraform provider auth0/auth0). */
export function terraformScript(permissions: readonly Named[], audience: string): string {
  return [
    'resource "auth0_resource_server_scope" "mcp" {',
    "  for_each = {",
    ...permissions.map(({ name, sentence }) => `    ${literal(name)} = ${literal(sentence)}`),
    "  }",
    `  resource_server_identifier = ${literal(audience)}`,
    "  scope                      = each.key",
    "  description                = each.value",
    "}",
  ].join("\n");
}

/** For a POSIX shell: nothing inside single quotes means anything. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A string of HCL: `${` and `%{` would begin a template. */
function literal(text: string): string {
  return JSON.stringify(text).replace(/[$%]\{/g, (begin) => begin.charAt(0) + begin);
}
