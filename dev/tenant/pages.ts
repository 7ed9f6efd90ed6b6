/**
 * The tenant's pages: plain HTML that works without JavaScript, on a narrow screen and in the dark.
 * Text goes in, a document comes out, with every text escaped.
 */

/** One button of the sign-in form. */
export interface Choice {
  readonly value: string;
  readonly label: string;
}

/** Asks who is signing in. Posts `person` back to the same address. */
export function signInPage(choices: readonly Choice[]): string {
  const buttons = choices.map(({ value, label }) => button(value, label)).join("");
  return page(
    "Who is signing in?",
    `<p>This stands in for Auth0 while you develop. There are no passwords.</p>
    <form method="post">${buttons}${button("deny", "Deny")}</form>`,
  );
}

/** Stands in for another service that asks whether an account may be used. */
export function accountPage(service: string, scopes: readonly string[]): string {
  const asked = scopes.map((scope) => `<li>${escape(scope)}</li>`).join("");
  return page(
    `Allow the use of your ${service} account?`,
    `<ul>${asked}</ul><form method="post"><button name="allow">Allow</button><button name="deny">Cancel</button></form>`,
  );
}

/** Asks whether to sign out; `form` is oidc-provider's own, named `op.logoutForm`. */
export function signOutPage(form: string): string {
  return page(
    "Sign out?",
    `${form}<button form="op.logoutForm" name="logout" value="yes">Sign out</button>`,
  );
}

/** After a logout that names no address to return to. */
export function signedOutPage(): string {
  return messagePage("You are signed out", "You may close this page.");
}

/** For a sign-in that was finished, or never begun in this browser. */
export function signInEndedPage(): string {
  return messagePage("This sign-in has ended", "Go back to the application and start again.");
}

/** The refusal that never reaches the application, in Auth0's words. */
export function callbackMismatchPage(): string {
  return messagePage(
    "Callback URL mismatch",
    "The provided redirect_uri is not in the list of allowed callback URLs.",
  );
}

/** Any other reason not to go on. */
export function errorPage(reason: string): string {
  return messagePage("Oops!, something went wrong", reason);
}

function messagePage(heading: string, message: string): string {
  return page(heading, `<p>${escape(message)}</p>`);
}

function button(value: string, label: string): string {
  return `<button name="person" value="${escape(value)}">${escape(label)}</button>`;
}

function page(heading: string, body: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>Local Auth0 tenant</title>
    <style>${STYLE}</style>
  </head>
  <body>
    <main>
      <p class="where">Local Auth0 tenant</p>
      <h1>${escape(heading)}</h1>
      ${body}
    </main>
  </body>
</html>
`;
}

const STYLE = `
  :root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
  body { margin: 0; padding: 2rem 1rem; }
  main { max-width: 26rem; margin: 0 auto; overflow-wrap: anywhere; }
  h1 { margin: 0 0 .5rem; font-size: 1.5rem; line-height: 1.25; }
  .where { margin: 0; font-size: .875rem; }
  button { display: block; width: 100%; min-height: 3rem; margin: .75rem 0 0; padding: .5rem 1rem; font: inherit; text-align: start; }
`;

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character);
}
