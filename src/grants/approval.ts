/**
 * What a tool asked a person whose client cannot ask: written at the resource server, answered at a
 * page of ours, read when the call is made again. Texts of the store go in and out, parsed once.
 */
import * as z from "zod";
import { readStored } from "../storage/stored-text.ts";

const questionSchema = z
  .object({
    name: z.string(),
    message: z.string(),
    /** A page to open first. */
    url: z.string().exactOptional(),
    /** What the form asks for: a flat object (MCP, client/elicitation, requested schema). */
    properties: z.record(z.string(), z.looseObject({})).readonly(),
    required: z.array(z.string()).readonly(),
  })
  .readonly();

const approvalSchema = z
  .object({
    userId: z.string(),
    grantId: z.string(),
    /** Names this asking: its answer is used once. */
    nonce: z.string(),
    /** Epoch seconds. */
    until: z.int(),
    /** What asks, in words for the person. */
    tool: z.string(),
    questions: z.array(questionSchema).readonly(),
    /** The person is to sign in: so recently, so strongly. Then nothing is asked. */
    wanted: z
      .object({ maxAgeSeconds: z.int().exactOptional(), mfa: z.boolean() })
      .readonly()
      .exactOptional(),
    /** By question, as a client would have sent them; those of earlier rounds too. */
    answers: z.record(z.string(), z.unknown()).readonly(),
    isAnswered: z.boolean(),
  })
  .readonly();

export type Approval = z.output<typeof approvalSchema>;
export type Question = z.output<typeof questionSchema>;

/** How long a person has to answer, and the call to be made again. */
export const APPROVAL_TTL_SECONDS = 600;

/** The record's name among what is remembered for tools. */
export function approvalName(id: string): string {
  return `approval:${id}`;
}

/** What was asked under this id; undefined when its time is over. `now` is in epoch seconds. */
export async function loadApproval(
  records: { read(name: string): Promise<string | undefined> },
  id: string,
  now: number,
): Promise<Approval | undefined> {
  return readApproval(await records.read(approvalName(id)), now);
}

/** Reads a record; undefined when its time is over. `now` is in epoch seconds. */
export function readApproval(text: string | undefined, now: number): Approval | undefined {
  const approval = text === undefined ? undefined : readStored(approvalSchema, text);
  return approval !== undefined && approval.until > now ? approval : undefined;
}
