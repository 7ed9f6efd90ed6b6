/**
 * Machines as Auth0's access tokens show them. Verified claims go in; whether nobody signed in for
 * them, and what the machine may do, come out. Pure.
 */
import * as z from "zod";
import { readPermissions } from "./access-token.ts";

type Claims = Readonly<Record<string, unknown>>;

const textsSchema = z.array(z.string()).catch([]);

/** What Agents as Principal (early access) calls callers that are no person. */
const MACHINE_PROFILES = new Set(["ai_agent", "service"]);

/**
 * Whether an access token speaks for an application itself (RFC 6749 §4.4): Auth0 says so by `gty`,
 * or by a subject that is the application, with or without `@clients`. A person's subject names
 * their connection before a `|`, and is never a machine's.
 */
export function isMachine(claims: Claims): boolean {
  const { sub, gty, azp, client_id: clientId = azp, sub_profile: profile } = claims;
  if (typeof sub !== "string" || sub.includes("|")) return false;
  const isApplication = sub === clientId || sub.endsWith("@clients");
  return (
    gty === "client-credentials" ||
    isApplication ||
    textsSchema.parse([profile].flat()).some((each) => MACHINE_PROFILES.has(each))
  );
}

/**
 * What a machine may do: its client grant. Auth0 names it in `scope`, and with RBAC in `permissions`
 * too. For a person `scope` is only what was asked for, and grants nothing.
 */
export function readMachinePermissions(claims: Claims): readonly string[] {
  const permissions = readPermissions(claims);
  if (typeof permissions !== "string") return permissions;
  const { scope } = claims;
  return typeof scope === "string" ? [...new Set(scope.split(" ").filter(Boolean))] : [];
}
