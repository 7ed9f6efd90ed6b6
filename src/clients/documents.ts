/**
 * What clients publish about themselves: metadata documents and keys. An address goes in, the
 * document comes out, or a Refusal that says whose fault it is. It asks public https hosts only,
 * follows no redirect, takes nothing but JSON, and asks for one document once in ten seconds.
 */
import { readCapped } from "../capped.ts";
import { addFacts, Refusal } from "../errors.ts";
import type { Flaw } from "../flaw.ts";
import { explainDocument, straightenDocument } from "./metadata.ts";
import { type AddressRules, judgeAddress } from "./document-address.ts";

export interface Documents {
  /** Fetches a document. */
  fetch(address: string): Promise<Response>;
  /** Why nothing came of the document of this address: it could not be had, or it does not pass. */
  explain(address: string): Refusal;
}

/** The world outside, handed in. */
interface Outward {
  readonly send: typeof fetch;
  /** Epoch seconds. */
  readonly now: () => number;
}

/** A document, or why there is none. */
type Outcome = { readonly text: string; readonly headers: Headers } | { readonly refusal: Refusal };

/** One request of a client's asks several times; a website that is down is left alone for a while. */
const REMEMBERED_SECONDS = 10;
const MOST_REMEMBERED = 200;

const PATIENCE_MS = 5000;

/** The provider library takes 5 KB of metadata and 64 KB of keys; it counts again. */
const LARGEST_DOCUMENT_BYTES = 64 * 1024;

/** Answers that say for good that there is nothing at this address. */
const GONE: ReadonlySet<number> = new Set([404, 410]);

/** Fetches documents by these rules; an isolate's memory is its own. */
export function createDocuments(rules: AddressRules, { send, now }: Outward): Documents {
  const outcomes = new Map<string, { readonly at: number; readonly outcome: Outcome }>();
  const recall = (address: string): Outcome | undefined => {
    const known = outcomes.get(address);
    return known !== undefined && now() - known.at < REMEMBERED_SECONDS ? known.outcome : undefined;
  };
  const keep = (address: string, outcome: Outcome): Outcome => {
    outcomes.delete(address);
    outcomes.set(address, { at: now(), outcome });
    if (outcomes.size > MOST_REMEMBERED) outcomes.delete(outcomes.keys().next().value ?? address);
    return outcome;
  };
  const refuse = (error: unknown): Outcome => ({ refusal: refusalOf(error) });
  return {
    async fetch(address) {
      const outcome =
        recall(address) ?? keep(address, await ask(address, rules, send).catch(refuse));
      if ("refusal" in outcome) throw outcome.refusal;
      return new Response(outcome.text, { headers: outcome.headers });
    },
    explain(address) {
      const outcome = recall(address) ?? judged(address, rules);
      if ("refusal" in outcome) return outcome.refusal;
      return invalid("content", explainDocument(outcome.text, address));
    },
  };
}

/** The library has rules of its own about addresses, and may not have asked us. */
function judged(address: string, rules: AddressRules): Outcome {
  const check = judgeAddress(address, rules) ?? "spelling";
  return { refusal: new Refusal("client_address_refused", { facts: { check } }) };
}

async function ask(address: string, rules: AddressRules, send: typeof fetch): Promise<Outcome> {
  const problem = judgeAddress(address, rules);
  if (problem !== undefined)
    throw new Refusal("client_address_refused", { facts: { check: problem } });
  const response = await send(address, {
    headers: { Accept: "application/json" },
    redirect: "manual",
    cache: "no-store",
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  assertDocument(response);
  const bytes = await readCapped(response, LARGEST_DOCUMENT_BYTES);
  if (bytes === undefined) throw invalid("size");
  const text = straightenDocument(new TextDecoder().decode(bytes));
  return { text, headers: response.headers };
}

/**
 * What is no verdict on a document's content is none on its client: a website that is down, busy, or
 * does not let us in is asked again later. A redirect is no document (§5): an open redirector on a
 * trusted site could speak in that site's name.
 */
function assertDocument({ status, headers }: Response): void {
  const facts = { documentStatus: status };
  if (status >= 300 && status < 400) throw addFacts(invalid("redirect"), facts);
  if (GONE.has(status)) throw addFacts(invalid("missing"), facts);
  if (status !== 200) throw new Refusal("client_unreachable", { facts });
  if (!/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(headers.get("Content-Type") ?? ""))
    throw invalid("content_type");
}

function invalid(check: string, flaw?: Flaw): Refusal {
  return new Refusal("client_document_invalid", { facts: { check }, ...(flaw && { flaw }) });
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  const name = error instanceof Error ? error.name : "";
  const documentFault = /timeout|abort/i.test(name) ? "timeout" : "network";
  return new Refusal("client_unreachable", { facts: { documentFault } });
}
