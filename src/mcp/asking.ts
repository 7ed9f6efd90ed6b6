/**
 * Asking in the middle of a call (MCP 2026-07-28, basic/patterns/mrtr), without keeping anything:
 * the questions and a sealed state go to the client, answers and state come back with the same call.
 * The state opens for the same person, grant, method and arguments only, and for ten minutes.
 */
import {
  inputRequired,
  type InputRequiredResult,
  inputResponse,
  type Root,
} from "@modelcontextprotocol/server";
import * as z from "zod";
import { ToolError } from "./answer.ts";
import type { Services } from "./services.ts";
import type { Ask, ModelAnswer, Reply } from "./tool-context.ts";

export type InputRequest = NonNullable<InputRequiredResult["inputRequests"]>[string];

/** Ends a run that asked: nobody but the runner should catch it. */
class InputNeeded extends Error {
  constructor() {
    super("This call goes on when its question is answered.");
    this.name = "InputNeeded";
  }
}

const stateSchema = z.object({
  /** Names this round; claimed where something then happens. */
  nonce: z.string(),
  /** Epoch seconds. */
  until: z.int(),
  /** The client's answers of earlier rounds, by question. */
  answers: z.record(z.string(), z.unknown()),
});

export type OpenState = z.output<typeof stateSchema>;

const STATE_TTL_SECONDS = 600;

/** Opens the state of a round; `undefined` when it is not ours, not for this call, or too old. */
export async function openState(
  sealed: string,
  boundTo: string,
  { seal, now }: Pick<Services, "seal" | "now">,
): Promise<OpenState | undefined> {
  const text = await seal.open(sealed, boundTo);
  const state = text === undefined ? undefined : stateSchema.parse(JSON.parse(text));
  return state !== undefined && state.until > now() ? state : undefined;
}

/** What a call brings along of earlier rounds. */
export interface Round {
  readonly state: OpenState | undefined;
  /** By question; as the client sent them, unchecked. */
  readonly responses: Readonly<Record<string, unknown>>;
  /** Its single use has been taken already. */
  readonly isClaimed?: boolean;
}

interface AskerParts {
  /** Asked for once, when the first question comes. */
  loadRound(): Promise<Round>;
  /** Nothing happens after an answer, so it may come without a state and twice. */
  readonly isReadOnly: boolean;
  /** Whether this round is used for the first time. */
  claim(nonce: string): Promise<boolean>;
}

export interface Asker {
  readonly ask: Ask;
  /** What is asked of the client, when the run has ended with questions. */
  pending(): ReadonlyMap<string, InputRequest>;
  /** Every answer so far, for the state of the next round. */
  answers(): Readonly<Record<string, unknown>>;
}

/** Makes `ask` for one run of one call. */
export function createAsker(parts: AskerParts): Asker {
  const book = openBook(parts);
  const form = <S extends z.ZodObject>({ message, schema, name }: FormQuestion<S>) =>
    book.answer({
      name: book.nameOf(name),
      request: inputRequired.elicit({ message, requestedSchema: schema }),
      read: (response) => readReply(response, schema),
    });
  return {
    pending: () => book.pending,
    answers: () => book.kept,
    ask: Object.assign(form, {
      url: ({ message, url, name }: UrlQuestion) => {
        const request = inputRequired.elicitUrl({ message, url });
        return book.answer({ name: book.nameOf(name), request, read: readUrlReply });
      },
      model: ({ name, ...params }: ModelQuestion) => {
        const request = inputRequired.createMessage(params);
        return book.answer({ name: book.nameOf(name), request, read: readMessage });
      },
      roots: ({ name }: { readonly name?: string } = {}) => {
        const request = inputRequired.listRoots();
        return book.answer({ name: book.nameOf(name), request, read: readRoots });
      },
    }),
  };
}

interface Question<T> {
  readonly name: string;
  readonly request: InputRequest;
  /** What a response says; `undefined` when it does not answer the question: it is asked again. */
  read(response: unknown): T | undefined;
}

/** The questions and answers of one run. */
function openBook(parts: AskerParts) {
  let loaded: Promise<Given> | undefined;
  const pending = new Map<string, InputRequest>();
  const kept: Record<string, unknown> = {};
  let count = 0;
  return {
    pending,
    kept,
    nameOf(name: string | undefined): string {
      count += 1;
      return name ?? `question_${count}`;
    },
    async answer<T>({ name, request, read }: Question<T>): Promise<T> {
      const { given, once } = await (loaded ??= loadGiven(parts));
      const understood = Object.hasOwn(given, name) ? read(given[name]) : undefined;
      if (understood === undefined) {
        pending.set(name, request);
        throw new InputNeeded();
      }
      kept[name] = given[name];
      await once();
      return understood;
    },
  };
}

interface FormQuestion<S> {
  readonly message: string;
  readonly schema: S;
  readonly name?: string;
}
type UrlQuestion = Parameters<Ask["url"]>[0];
type ModelQuestion = Parameters<Ask["model"]>[0];

interface Given {
  readonly given: Readonly<Record<string, unknown>>;
  once(): Promise<void>;
}

async function loadGiven(parts: AskerParts): Promise<Given> {
  const round = await parts.loadRound();
  return {
    given: {
      ...(round.state === undefined && !parts.isReadOnly ? {} : round.responses),
      ...round.state?.answers,
    },
    once: singleUse(round, parts),
  };
}

/** An answer after which something happens counts once, however often it is sent. */
function singleUse(round: Round, { isReadOnly, claim }: AskerParts): () => Promise<void> {
  let claimed: Promise<boolean> | undefined;
  return async () => {
    if (isReadOnly || round.state === undefined || round.isClaimed === true) return;
    claimed ??= claim(round.state.nonce);
    if (!(await claimed))
      throw new ToolError("This answer was used already. Make the call again to be asked anew.");
  };
}

/** The state and the questions of a run that asked. */
export async function inputRequiredOf(
  asker: Asker,
  boundTo: string,
  { seal, now }: Pick<Services, "seal" | "now">,
): Promise<InputRequiredResult> {
  const state: OpenState = {
    nonce: crypto.randomUUID(),
    until: now() + STATE_TTL_SECONDS,
    answers: { ...asker.answers() },
  };
  return inputRequired({
    inputRequests: Object.fromEntries(asker.pending()),
    requestState: await seal.seal(JSON.stringify(state), boundTo),
  });
}

function readReply<S extends z.ZodObject>(
  response: unknown,
  schema: S,
): Reply<z.output<S>> | undefined {
  const view = inputResponse({ response }, "response");
  if (view.kind !== "elicit") return undefined;
  if (view.action !== "accept") return { action: view.action };
  const content = schema.safeParse(view.content ?? {});
  return content.success ? { action: "accept", content: content.data } : undefined;
}

function readUrlReply(response: unknown): Reply<undefined> | undefined {
  const view = inputResponse({ response }, "response");
  if (view.kind !== "elicit") return undefined;
  return view.action === "accept"
    ? { action: "accept", content: undefined }
    : { action: view.action };
}

function readMessage(response: unknown): ModelAnswer | undefined {
  const view = inputResponse({ response }, "response");
  return view.kind === "sampling" ? view.result : undefined;
}

function readRoots(response: unknown): readonly Root[] | undefined {
  const view = inputResponse({ response }, "response");
  return view.kind === "roots" ? view.roots : undefined;
}
