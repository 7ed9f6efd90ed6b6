/**
 * Membership of an Auth0 organization. Claims and the configured organization go in, a verdict
 * comes out.
 */

/**
 * Whether a token was issued for the organization. An identifier (`org_…`) is compared exactly with
 * `org_id`, a name without regard to case with `org_name` (Auth0: "Work with tokens and
 * organizations"). None configured: any will do.
 */
export function isForOrganization(
  claims: Readonly<Record<string, unknown>>,
  organization: string | undefined,
): boolean {
  if (organization === undefined) return true;
  if (organization.startsWith("org_")) return claims["org_id"] === organization;
  const name = claims["org_name"];
  return typeof name === "string" && name.toLowerCase() === organization.toLowerCase();
}
