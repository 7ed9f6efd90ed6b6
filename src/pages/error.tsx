/**
 * The page for what went wrong. Fixed words, a reason code and a request id go in; HTML comes out
 * that says what to do next. Never an exception's text, an upstream answer or a person's data.
 */
import { Layout } from "./layout.tsx";

interface Failure {
  readonly heading: string;
  readonly text: string;
  /** The code that the log has. */
  readonly reason: string;
  readonly requestId: string;
  readonly hints?: readonly string[];
  /** Whom the hints are for; the person, unless told otherwise. */
  readonly hintsFor?: "you" | "operator";
  /**
   * Where to go from here. `href` was validated by whoever made it: a client's redirect with the
   * OAuth error.
   */
  readonly action?: { readonly href: string; readonly label: string } | undefined;
}

/** A failure that a person reads. */
export function ErrorPage({
  heading,
  text,
  reason,
  requestId,
  hints = [],
  hintsFor = "you",
  action,
}: Failure) {
  return (
    <Layout title={heading}>
      <main class="sheet">
        <h1>{heading}</h1>
        <p>{text}</p>
        {hints.length > 0 && <Hints hints={hints} hintsFor={hintsFor} />}
        {action && (
          <div class="choice">
            <a class="button main" href={action.href}>
              {action.label}
            </a>
          </div>
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

function Hints({ hints, hintsFor }: { hints: readonly string[]; hintsFor: "you" | "operator" }) {
  return (
    <section>
      <h2>{hintsFor === "you" ? "What you can do" : "What the operator of this server can do"}</h2>
      {hints.length === 1 ? (
        <p>{hints[0]}</p>
      ) : (
        <ol>
          {hints.map((hint) => (
            <li>{hint}</li>
          ))}
        </ol>
      )}
    </section>
  );
}
