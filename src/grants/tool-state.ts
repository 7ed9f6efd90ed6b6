/**
 * What tools remember of a person, listed: which tool, how many things, until when. A person goes in;
 * the list comes out, or all of it is forgotten. What was remembered is not read here.
 */
import * as z from "zod";
import { readStored } from "../storage/stored-text.ts";
import type { createToolRecords } from "./tool-records.ts";

type Records = Pick<ReturnType<typeof createToolRecords>, "entries" | "write">;

/** `until` is in epoch seconds: an entry outlives its value. */
const entrySchema = z.object({ tool: z.string(), field: z.string(), until: z.int() }).readonly();

export type StateEntry = z.output<typeof entrySchema>;

/** The collection that lists what is remembered of a person. */
export function stateCollection(userId: string): string {
  return `state:${userId}`;
}

/** The record of one thing. */
export function stateName(userId: string, field: string): string {
  return `state:${userId}:${field}`;
}

/** What the list says, what has run out included. One round trip. */
export async function listState(records: Records, userId: string): Promise<readonly StateEntry[]> {
  const texts = await records.entries(stateCollection(userId));
  return texts.map((text) => readStored(entrySchema, text));
}

/** Forgets what a tool remembers of a person; without one, what any does. Two round trips. */
export async function forgetState(records: Records, userId: string, tool?: string): Promise<void> {
  const entries = await listState(records, userId);
  const going = entries.filter((entry) => tool === undefined || entry.tool === tool);
  if (going.length > 0) await records.write(going.flatMap(({ field }) => forget(userId, field)));
}

/** The changes that take one thing away. */
export function forget(userId: string, field: string) {
  return [
    { delete: stateName(userId, field) },
    { leave: { collection: stateCollection(userId), field } },
  ];
}
