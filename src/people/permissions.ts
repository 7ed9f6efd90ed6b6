/**
 * GET `/permissions`: what the signed-in person may do here. Their cookie comes in; tools by
 * permission, what they hold and what each of their applications has come out.
 */
import type { Exchange } from "../exchange.ts";
import { scopesNow } from "../grants/connections.ts";
import { SignedOutPage } from "../pages/connections.tsx";
import { renderPage } from "../pages/layout.tsx";
import { PermissionsPage } from "../pages/permissions.tsx";
import { describePermissions } from "../pages/scope.ts";
import type { Parts } from "../parts.ts";
import { readPage } from "./connections.ts";
import { readPerson } from "./person.ts";

const SIGN_IN = "/connections/sign-in?to=/permissions";

/** Shows the page; who is not signed in, or was by an older version of us, is asked to. */
export async function showPermissions(
  request: Request,
  exchange: Exchange,
  parts: Parts,
): Promise<Response> {
  const person = await readPerson(request, parts);
  const page = person && (await readPage(parts, person));
  if (person === undefined || page?.facts === undefined)
    return renderPage(SignedOutPage({ signInHref: SIGN_IN, title: "What you may do" }), parts.look);
  exchange.note({ user: person.userId });
  const { profile, held } = page.facts;
  const html = PermissionsPage({
    profile,
    held,
    permissions: describePermissions(parts.permissions, parts),
    openTools: parts.tools.filter(({ permissions }) => permissions.length === 0),
    grants: page.connections.map((connection) => ({
      clientName: connection.clientName,
      permissions: scopesNow(connection, parts.now()),
    })),
    audience: parts.config.auth.identity.audience,
    signInHref: SIGN_IN,
  });
  return renderPage(html, parts.look, { picture: profile.picture });
}
