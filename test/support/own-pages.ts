/** A browser in which a person is signed in at our own pages, and the forms there. */
import type { PersonKey } from "../../dev/tenant/people.ts";
import { locationOf } from "./stranger.ts";
import { type CookieJar, signIn, visit } from "./tenant.ts";

/** The cookies of that browser. `issuer` is ours. */
export async function signInHere(issuer: string, person: PersonKey): Promise<CookieJar> {
  const jar: CookieJar = new Map();
  const away = locationOf(await visit(new URL("/connections/sign-in", issuer), jar));
  await visit(await signIn(away, person, jar), jar);
  return jar;
}

/** The proof in the forms of a page. */
export function csrfOf(html: string): string {
  return /name="csrf" value="([^"]*)"/.exec(html)?.[1] ?? "";
}
