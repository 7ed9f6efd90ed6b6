/**
 * The one place where a failure becomes a response. Anything thrown goes in; a page or OAuth JSON
 * with fixed words comes out. The message, the stack and the cause of what was thrown never leave.
 */
import { type Facts, REFUSALS, Refusal, type RefusalText, type Reason } from "../errors.ts";
import { adviceFor } from "../pages/advice.ts";
import { ErrorPage } from "../pages/error.tsx";
import { renderPage } from "../pages/layout.tsx";
import type { Look } from "../pages/look.ts";
import { applicationName } from "../pages/printable.ts";

interface FailureForm {
  /** Whoever reads it: a person, a client, or a client that waits for its tokens. */
  readonly wants: "page" | "oauth" | "token";
  readonly requestId: string;
  readonly look: Look;
  /** Where clients are sent that came to no address of ours. */
  readonly endpoint?: string;
  /** The client's validated redirect with the OAuth error, offered on a page as the way back. */
  readonly returnTo?: { readonly href: string; readonly clientName: string } | undefined;
}

const RETRY_AFTER_SECONDS = 5;

/** Instead of the words for clients, which name settings: a person cannot change those. */
const OPERATOR_MUST_ACT =
  "You did nothing wrong. The operator of this server has to change something before you can connect.";

/** Answers a refusal, or anything else that was thrown as `internal_error`, with its own status. */
export function renderRefusal(error: unknown, form: FailureForm): Response {
  const { reason } = explainFailure(error);
  const { code, status, text } = form.wants === "token" ? atToken(reason) : REFUSALS[reason];
  const headers = new Headers({ "Cache-Control": "no-store" });
  const retryAfterSeconds =
    retryAfterSecondsOf(error) ?? (status === 503 ? RETRY_AFTER_SECONDS : undefined);
  if (retryAfterSeconds !== undefined)
    headers.set("Retry-After", String(Math.ceil(retryAfterSeconds)));
  const detail = detailOf(error);
  if (form.wants !== "page") {
    const direction = isLost(status) && form.endpoint ? `MCP is at ${form.endpoint}.` : "";
    const description = [text, detail, direction].filter((part) => part !== "").join(" ");
    return Response.json({ error: code, error_description: description }, { status, headers });
  }
  const { heading, reader, steps } = adviceFor(reason);
  const page = ErrorPage({
    heading,
    text: reader === "operator" ? OPERATOR_MUST_ACT : text,
    reason,
    requestId: form.requestId,
    ...(reader === "operator" ? { operatorHints: steps } : { hints: steps }),
    detail,
    contact: form.look.site.contact,
    action: form.returnTo && {
      href: form.returnTo.href,
      label: `Return to ${applicationName(form.returnTo.clientName)}`,
    },
  });
  return renderPage(page, form.look, { status, headers });
}

/**
 * RFC 6749 §5.2 knows no `server_error`, and both official SDKs answer it by throwing the session
 * away and opening a browser. What only an operator or patience can mend is said in the one word
 * that makes them wait, whatever the status.
 */
function atToken(reason: Reason): RefusalText {
  const refusal = REFUSALS[reason];
  return refusal.code === "server_error"
    ? { ...refusal, code: "temporarily_unavailable" }
    : refusal;
}

/**
 * What the log says of a failure: the reason and its facts, and for a fault the class of the error
 * and its place in our bundle. Not its message: the store's client, for one, quotes commands in it.
 */
export function explainFailure(
  error: unknown,
): Facts & { readonly reason: Reason; readonly fault?: string; readonly place?: string } {
  const known = error instanceof Refusal ? error : undefined;
  const beneath = known?.cause instanceof Refusal ? known.cause.facts : {};
  const explained = {
    ...beneath,
    ...known?.facts,
    reason: known?.reason ?? "internal_error",
  } as const;
  const fault = known === undefined ? error : known.cause;
  if (!(fault instanceof Error)) return explained;
  const place = /([\w-]+\.[jt]sx?:\d+:\d+)\)?$/m.exec(fault.stack ?? "")?.[1];
  return { ...explained, fault: fault.name, ...(place === undefined ? {} : { place }) };
}

/** Which parameter is wrong, as a sentence for the maker of the client. */
function detailOf(error: unknown): string {
  const flaw = error instanceof Refusal ? error.flaw : undefined;
  return flaw === undefined ? "" : `${flaw.parameter} ${flaw.problem}.`;
}

function isLost(status: number): boolean {
  return status === 404 || status === 410;
}

/**
 * The message and the stack of a fault, for the terminal of whoever develops on this machine. Never
 * noted elsewhere: a message may quote anything.
 */
export function revealFault(error: unknown): { readonly error?: string; readonly stack?: string } {
  const fault = error instanceof Refusal ? error.cause : error;
  if (!(fault instanceof Error)) return {};
  const stack = fault.stack ?? "";
  return {
    error: `${fault.name}: ${fault.message}`,
    stack: stack.slice(Math.max(0, stack.search(/^\s+at /m))),
  };
}

function retryAfterSecondsOf(error: unknown): number | undefined {
  return error instanceof Refusal ? error.retryAfterSeconds : undefined;
}
