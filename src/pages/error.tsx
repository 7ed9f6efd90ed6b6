/**
 * The page for what went wrong. Fixed words, a reason code and a request id go in; HTML comes out
 * that says what happened, what to do next, and carries to an administrator what only they can do.
 * Never an exception's text, an upstream answer or a person's data.
 */
import { Layout } from "./layout.tsx";

interface Failure {
  readonly heading: string;
  readonly text: string;
  /** The code that the log has. */
  readonly reason: string;
  readonly requestId: string;
  /** What the person can do. */
  readonly hints?: readonly string[];
  /** What only whoever runs this server can do. */
  readonly operatorHints?: readonly string[];
  /** What is wrong with the request, for the maker of the application. */
  readonly detail?: string | undefined;
  /** Where people ask for help: an e-mail address or a URL. */
  readonly contact?: string | undefined;
  /**
   * Where to go from here. `href` was validated by whoever made it: a client's redirect with the
   * OAuth error.
   */
  readonly action?: { readonly href: string; readonly label: string } | undefined;
}

/** A failure that a person reads. */
export function ErrorPage(failure: Failure) {
  const { heading, text, reason, requestId, hints = [], operatorHints = [], detail } = failure;
  return (
    <Layout title={heading}>
      <main class="sheet">
        <h1>{heading}</h1>
        <p>{text}</p>
        {hints.length > 0 && (
          <section>
            <h2>What you can do</h2>
            <Steps steps={hints} />
          </section>
        )}
        <Ways failure={failure} />
        {operatorHints.length > 0 && (
          <details>
            <summary>For whoever runs this server</summary>
            <Steps steps={operatorHints} />
          </details>
        )}
        {detail && (
          <details>
            <summary>For the maker of the application</summary>
            <p>{detail}</p>
          </details>
        )}
        <dl class="pairs facts">
          <dt>Reason</dt>
          <dd>
            <code>{reason}</code>
          </dd>
          <dt>Request</dt>
          <dd>
            <code>{requestId}</code>
          </dd>
        </dl>
      </main>
    </Layout>
  );
}

function Ways({ failure }: { failure: Failure }) {
  const { action, operatorHints = [] } = failure;
  return (
    <div class="choice">
      {action && (
        <a class="button main" href={action.href}>
          {action.label}
        </a>
      )}
      {operatorHints.length > 0 && (
        <a class={action ? "button" : "button main"} href={reportHref(failure)}>
          Tell an administrator
        </a>
      )}
      {!action && operatorHints.length === 0 && (
        <a class="button" href="/">
          About this server
        </a>
      )}
    </div>
  );
}

function Steps({ steps }: { steps: readonly string[] }) {
  if (steps.length === 1) return <p>{steps[0]}</p>;
  return (
    <ol>
      {steps.map((step) => (
        <li>{step}</li>
      ))}
    </ol>
  );
}

/** A message with everything an administrator needs; without an address the person chooses one. */
function reportHref({ heading, reason, requestId, operatorHints = [], contact = "" }: Failure) {
  const isMail = contact.includes("@") && !contact.startsWith("https:");
  if (contact !== "" && !isMail) return contact;
  const body = [
    "I could not connect to the MCP server. It says:",
    `${heading} (reason ${reason}, request ${requestId})`,
    ...operatorHints.map((hint, at) => `${at + 1}. ${hint}`),
  ].join("\r\n\r\n");
  const fields = { subject: `MCP server: ${heading}`, body };
  const query = Object.entries(fields).map(
    ([name, value]) => `${name}=${encodeURIComponent(value)}`,
  );
  return `mailto:${isMail ? contact : ""}?${query.join("&")}`;
}
