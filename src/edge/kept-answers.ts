/**
 * Answers that are the same for everybody who asks in the same way: each is made once and sent
 * again. Never for one in which anything depends on who asks, or when.
 */
import { securedHeaders } from "./headers.ts";

interface Kept {
  readonly status: number;
  readonly headers: Headers;
  readonly body: ArrayBuffer | null;
}

/** Sends the answer of this name, which `make` makes the first time. */
export type KeptAnswers<Name extends string> = (
  name: Name,
  make: () => Promise<Response>,
) => Response | Promise<Response>;

/** None kept yet. `Name` is a closed list, so that no request can fill the memory. */
export function createKeptAnswers<Name extends string>(): KeptAnswers<Name> {
  const answers = new Map<Name, Kept>();
  const makeFirst = async (name: Name, make: () => Promise<Response>): Promise<Response> => {
    const kept = await keep(await make());
    answers.set(name, kept);
    return new Response(kept.body, kept);
  };
  return (name, make) => {
    const kept = answers.get(name);
    return kept === undefined ? makeFirst(name, make) : new Response(kept.body, kept);
  };
}

async function keep(response: Response): Promise<Kept> {
  const { status, headers, body } = response;
  return {
    status,
    headers: securedHeaders(headers),
    body: body === null ? null : await response.arrayBuffer(),
  };
}
