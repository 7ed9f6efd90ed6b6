/**
 * Accounts of people at other services, as we note them: what a tool asked to be connected, and what
 * was connected here. Texts of the store go in and out, parsed once; no token is among them.
 */
import * as z from "zod";
import { hashText } from "../keys.ts";
import { readStored } from "../storage/stored-text.ts";
import type { createToolRecords } from "./tool-records.ts";

type Records = Pick<ReturnType<typeof createToolRecords>, "entries" | "read" | "write">;

const requestSchema = z
  .object({
    userId: z.string(),
    grantId: z.string(),
    /** What asks, in words for the person. */
    tool: z.string(),
    /** The connection at the identity provider, such as `google-oauth2`. */
    connection: z.string(),
    scopes: z.array(z.string()).readonly(),
    /** Epoch seconds. */
    until: z.int(),
  })
  .readonly();

export type AccountRequest = z.output<typeof requestSchema>;

/** How long a person has to follow the link. */
export const REQUEST_TTL_SECONDS = 600;

/** The record's name among what is remembered for tools. */
export function requestName(id: string): string {
  return `connect:${id}`;
}

/** What was asked; undefined when there is none, or its time is over. */
export async function readRequest(
  records: Records,
  id: string,
  now: number,
): Promise<AccountRequest | undefined> {
  const text = await records.read(requestName(id));
  const request = text === undefined ? undefined : readStored(requestSchema, text);
  return request !== undefined && request.until > now ? request : undefined;
}

const accountSchema = z
  .object({
    /** At the identity provider. */
    id: z.string(),
    connection: z.string(),
    scopes: z.array(z.string()).readonly(),
    /** Epoch seconds. */
    connectedAt: z.int(),
  })
  .readonly();

export type Account = z.output<typeof accountSchema>;

/** A year after it was connected last, an account is connected anew before it is shown again. */
const ACCOUNT_TTL_SECONDS = 366 * 86_400;

/** The accounts that a person has connected here. */
export async function listAccounts(records: Records, userId: string): Promise<readonly Account[]> {
  const texts = await records.entries(collectionOf(userId));
  return texts.map((text) => readStored(accountSchema, text));
}

/** Notes one, or that it has ended. Of one connection there is one: the newest. */
export async function noteAccount(
  records: Records,
  userId: string,
  account: Account,
): Promise<void> {
  const enter = { collection: collectionOf(userId), field: await fieldOf(account) };
  const text = JSON.stringify(account);
  return records.write([{ enter, text, ttlSeconds: ACCOUNT_TTL_SECONDS }]);
}

/** Takes one off the list. */
export async function dropAccount(
  records: Records,
  userId: string,
  account: Account,
): Promise<void> {
  const leave = { collection: collectionOf(userId), field: await fieldOf(account) };
  return records.write([{ leave }]);
}

function collectionOf(userId: string): string {
  return `accounts:${userId}`;
}

function fieldOf({ connection }: Account): Promise<string> {
  return hashText(connection);
}
