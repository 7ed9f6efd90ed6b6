/**
 * Where somebody signs in at the local tenant. An interaction goes in, its address comes out, and
 * whether an address is one.
 */

const PATH = "/u/login/";

/** Where an interaction is answered: each at its own path, so that two tabs have two cookies. */
export function loginPath(interaction: { readonly uid: string }): string {
  return PATH + interaction.uid;
}

/** Whether this path is that of an interaction. */
export function isLoginPath(path: string): boolean {
  return path.startsWith(PATH);
}
