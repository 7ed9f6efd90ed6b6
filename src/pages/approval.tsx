/**
 * The page on which a person answers what a tool asks, when their application cannot ask them.
 * Questions go in, HTML with one form comes out. The words are the tool's; the application's name it
 * chose itself.
 */
import { Layout } from "./layout.tsx";
import { SignInFirst } from "./sign-in-first.tsx";
import { Remark } from "./remark.tsx";
import { applicationName, printable } from "./printable.ts";

/** One thing a tool wants to know, as MCP's forms describe it. */
export interface Field {
  readonly name: string;
  readonly label: string;
  readonly description?: string | undefined;
  readonly kind: "text" | "number" | "integer" | "boolean" | "choice";
  readonly choices: readonly string[];
  readonly isRequired: boolean;
}

interface AskedQuestion {
  readonly message: string;
  /** A page to open first. */
  readonly url?: string | undefined;
  readonly fields: readonly Field[];
}

interface ApprovalFacts {
  readonly tool: string;
  /** The application that called it; absent when its connection has ended. */
  readonly clientName?: string | undefined;
  readonly questions: readonly AskedQuestion[];
  /** What the person has done for it already. */
  readonly remark?: string | undefined;
  /** Proves that the form came from this page. */
  readonly csrf: string;
  /** Where the form posts to. */
  readonly action: string;
}

/** The questions and the form that answers them. */
export function ApprovalPage(facts: ApprovalFacts) {
  const { tool, clientName, questions, remark, csrf, action } = facts;
  const hasForm = questions.some(({ fields }) => fields.length > 0);
  return (
    <Layout title="Your answer is needed">
      <main class="sheet">
        <h1>Your answer is needed</h1>
        <p class="quiet">
          {clientName === undefined ? "An application" : applicationName(clientName)} called{" "}
          <b>{shown(tool)}</b> for you. Answer only if you asked it to.
        </p>
        <form method="post" action={action}>
          <input type="hidden" name="csrf" value={csrf} />
          {remark !== undefined && (
            <p>
              <Remark kind="good">{remark}</Remark> Go on with it now?
            </p>
          )}
          {questions.map((question) => (
            <fieldset>
              <legend>{shown(question.message)}</legend>
              {question.url !== undefined && (
                <p>
                  Open first: <a href={question.url}>{shown(question.url)}</a>
                </p>
              )}
              {question.fields.map((field) => (
                <p>
                  <FieldInput field={field} />
                </p>
              ))}
            </fieldset>
          ))}
          <div class="choice">
            <button class="button" name="decision" value="decline" formnovalidate>
              {hasForm ? "Do not answer" : "No"}
            </button>
            <button class="button main" name="decision" value="accept">
              {hasForm ? "Send the answer" : "Yes"}
            </button>
          </div>
        </form>
      </main>
    </Layout>
  );
}

/** After the answer: what happens next is up to the application. */
export function AnsweredPage({
  isAccepted,
  isSignIn = false,
}: {
  isAccepted: boolean;
  isSignIn?: boolean;
}) {
  const counts = isSignIn
    ? "Your sign-in counts as long as the tool lets it."
    : "Your answer counts once, for the next ten minutes.";
  return (
    <Layout title={isAccepted ? "Answered" : "Declined"}>
      <main class="sheet">
        <h1>{isAccepted ? "Thank you" : "Nothing will be done"}</h1>
        <p>
          {isAccepted
            ? `Go back to your application and tell it to go on. ${counts}`
            : "Your application is told that you declined."}
        </p>
      </main>
    </Layout>
  );
}

/** The same address before the person has signed in. */
export function ApprovalSignInPage({ signInHref }: { signInHref: string }) {
  return (
    <SignInFirst title="Your answer is needed" signInHref={signInHref}>
      An application called a tool that asks you first. Sign in to see what it asks.
    </SignInFirst>
  );
}

/** Somebody whose sign-in is too old, or was without a second factor. */
export function FreshSignInPage({
  tool,
  wanted,
  signInHref,
}: {
  tool: string;
  /** How they have to sign in. */
  wanted: string;
  signInHref: string;
}) {
  return (
    <SignInFirst title="Please sign in again" signInHref={signInHref}>
      An application wants to use <b>{shown(tool)}</b> in your name. That takes somebody who signed
      in {wanted}.
    </SignInFirst>
  );
}

function FieldInput({ field }: { field: Field }) {
  const { name, kind, choices, isRequired } = field;
  const label = (
    <>
      {shown(field.label)}
      {field.description !== undefined && <span class="quiet"> {shown(field.description)}</span>}
    </>
  );
  if (kind === "boolean")
    return (
      <label>
        <input type="checkbox" name={name} value="true" /> {label}
      </label>
    );
  if (kind === "choice")
    return (
      <label>
        {label}{" "}
        <select name={name} required={isRequired}>
          {choices.map((choice) => (
            <option value={choice}>{shown(choice)}</option>
          ))}
        </select>
      </label>
    );
  const isNumber = kind === "number" || kind === "integer";
  return (
    <label>
      {label}{" "}
      <input
        type={isNumber ? "number" : "text"}
        step={kind === "number" ? "any" : undefined}
        name={name}
        maxlength={isNumber ? undefined : 2000}
        required={isRequired}
      />
    </label>
  );
}

const LONGEST_SHOWN_CHARACTERS = 1000;

function shown(text: string): string {
  return printable(text, LONGEST_SHOWN_CHARACTERS);
}
