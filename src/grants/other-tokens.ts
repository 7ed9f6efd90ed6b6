/**
 * Tokens for other APIs in the person's name, kept until they end. A grant and an API go in, a token
 * comes out: from this isolate's memory, else from the store, else from the identity provider, which
 * is asked once however many ask here and elsewhere. What belongs to one grant is found under
 * that grant's name only, and opens nowhere else.
 */
import { waitUntil } from "cloudflare:workers";
import * as z from "zod";
import { isReason, type Reason, Refusal } from "../errors.ts";
import { createSingleFlight } from "../flight.ts";
import type {
  IdentityProvider,
  OtherApi,
  OtherToken,
  UpstreamTokens,
} from "../identity/provider.ts";
import type { Place } from "../storage/entry.ts";
import { readStored } from "../storage/stored-text.ts";
import type { UnitOfWork } from "../storage/unit-of-work.ts";
import type { TokenGrant } from "./grant.ts";
import { holdUntil } from "./holding.ts";
import { createMemory } from "./memory.ts";
import { waitWithPatience } from "./patience.ts";
import { otherTokensName } from "./record.ts";

/** A token that ends within this time is not handed out again. */
const CLOSE_TO_END_SECONDS = 60;

/** How long a refusal is not asked for again, unless the provider says for how long. */
const REFUSED_SECONDS = 5;

/** Longer than the provider may take for one answer and our commit together. */
const HOLD_TTL_SECONDS = 40;

/** Which APIs are asked for is the tools' to say; more than that of one grant stay in memory. */
const MOST_KEPT = 32;

const MOST_REMEMBERED = 1000;

const tokenSchema = z.object({
  token: z.string(),
  expiresAt: z.int(),
  scopes: z.array(z.string()).readonly(),
});

const keptSchema = z.union([
  tokenSchema,
  z.object({ refused: z.custom<Reason>(isReason), expiresAt: z.int() }),
]);

/** An answer of the provider's, good or bad, and until when it stands. */
type Kept = z.output<typeof keptSchema>;

/** A bad one with its facts, where it was given. */
type Answer = Kept & { readonly refusal?: Refusal };

interface OtherTokensParts {
  readonly identity: Pick<IdentityProvider, "exchange">;
  readonly beginWork: () => UnitOfWork;
  /** Epoch seconds. */
  readonly now: () => number;
  /** The person's own tokens, renewed when it is due. */
  readonly upstreamTokens: (grant: TokenGrant) => Promise<UpstreamTokens>;
}

/** Makes what gives these tokens in this isolate. Refuses as `IdentityProvider.exchange` does. */
export function createOtherTokens(parts: OtherTokensParts) {
  const remembered = createMemory<Answer>(MOST_REMEMBERED);
  const flights = new Map<string, () => Promise<Answer>>();
  return async function tokenFor(grant: TokenGrant, api: OtherApi): Promise<OtherToken> {
    const place = placeOf(grant, api);
    const name = `${place.collection} ${place.entry}`;
    const now = parts.now();
    const known = remembered.recall(name, { now, maxAgeSeconds: Number.POSITIVE_INFINITY });
    if (known !== undefined && stands(known, now)) return asToken(known);
    const obtaining = flights.get(name) ?? createSingleFlight(() => obtain(parts, grant, api));
    flights.set(name, obtaining);
    const work = obtaining().finally(() => flights.delete(name));
    // Goes on when the client hangs up: others wait for what it holds.
    waitUntil(work.catch(() => undefined));
    const kept = await waitWithPatience(work);
    remembered.keep(name, kept, parts.now());
    return asToken(kept);
  };
}

/** The same scopes in another order are the same. */
function placeOf(grant: TokenGrant, { audience, scopes }: OtherApi): Place {
  const entry = JSON.stringify([audience, ...[...new Set(scopes)].toSorted()]);
  return { collection: otherTokensName(grant), entry };
}

/** Whether a kept answer is still one. Pure. */
export function stands(kept: Kept, now: number): boolean {
  return kept.expiresAt - now > ("token" in kept ? CLOSE_TO_END_SECONDS : 0);
}

function asToken(answer: Answer): OtherToken {
  if ("token" in answer) return answer;
  throw answer.refusal ?? new Refusal(answer.refused);
}

/** From the store, or from the provider by the one request that holds this place. */
async function obtain(parts: OtherTokensParts, grant: TokenGrant, api: OtherApi): Promise<Answer> {
  const place = placeOf(grant, api);
  const work = parts.beginWork();
  const read = () => readStanding(work, place, parts.now());
  try {
    const stored = await read();
    if (stored !== undefined) return stored;
    const found = await work.find(place);
    const generation = found.state === "current" ? found.generation : 0;
    const name = `hold:${place.collection}:${place.entry}:${generation}`;
    await holdUntil(work, {
      claim: { name, ttlSeconds: HOLD_TTL_SECONDS, isHold: true },
      collections: [place.collection],
      isSettled: async () => (await read()) !== undefined,
    });
    const settled = await read();
    if (settled !== undefined) return settled;
    const answer = await ask(parts, grant, api);
    await keep(work, place, { answer, now: parts.now() });
    return answer;
  } finally {
    await work.discard();
  }
}

async function readStanding(
  work: UnitOfWork,
  place: Place,
  now: number,
): Promise<Kept | undefined> {
  const found = await work.find(place);
  if (found.state !== "current") return undefined;
  const kept = readStored(keptSchema, found.text);
  return stands(kept, now) ? kept : undefined;
}

/** What the provider answers. That it refuses is an answer too, and stands for a while. */
async function ask(parts: OtherTokensParts, grant: TokenGrant, api: OtherApi): Promise<Answer> {
  const tokens = await parts.upstreamTokens(grant);
  try {
    return await parts.identity.exchange(tokens, api);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { retryAfterSeconds = REFUSED_SECONDS, reason } = error;
    return { refused: reason, expiresAt: parts.now() + retryAfterSeconds, refusal: error };
  }
}

/** Keeps an answer for other isolates. When the store fails, this one has it all the same. */
async function keep(
  work: UnitOfWork,
  place: Place,
  { answer, now }: { readonly answer: Answer; readonly now: number },
): Promise<void> {
  const kept = await work.list(place.collection);
  if (!stands(answer, now) || kept.length >= MOST_KEPT) return;
  const { refusal: _, ...text } = answer;
  const ttlSeconds = Math.max(1, answer.expiresAt - now);
  work.advance(place, JSON.stringify(text), { ttlSeconds });
  await work.commit().catch(ignoreRefusal);
}

function ignoreRefusal(error: unknown): void {
  if (!(error instanceof Refusal)) throw error;
}
