/**
 * What `npm run dev` asks its parts: whether they serve, and which permissions the Worker's tools
 * require. Addresses go in, answers come out. No question changes anything.
 */
import { lookup } from "node:dns/promises";
import { setTimeout as pause } from "node:timers/promises";
import * as z from "zod";
import { Obstacle } from "../obstacle.ts";
import { OPENID_SCOPES } from "../tenant/claims.ts";
import { OWN_REQUEST_ID } from "./log-lines.ts";

const PATIENCE_MS = 60_000;
const PAUSE_MS = 50;

/** Makes the log of the Worker skip the request. */
const OURS = { headers: { "cf-ray": OWN_REQUEST_ID } };

/** Waits until an address answers at all, for a minute. `name` says whose address it is. */
export async function untilItAnswers(name: string, url: string): Promise<void> {
  const patience = AbortSignal.timeout(PATIENCE_MS);
  while (!(await answers(url, patience))) {
    if (patience.aborted) throw new Obstacle(`${name} did not answer at ${url} within a minute.`);
    await pause(PAUSE_MS);
  }
}

async function answers(url: string, patience: AbortSignal): Promise<boolean> {
  try {
    await fetch(url, { ...OURS, signal: patience });
    return true;
  } catch {
    return false;
  }
}

const metadataSchema = z.object({ scopes_supported: z.array(z.string()) });

/**
 * The permissions that the Worker's tools require: the scopes it knows beside those of OpenID
 * Connect. `undefined` while it does not serve.
 */
export async function askPermissions(workerUrl: string): Promise<readonly string[] | undefined> {
  const response = await fetch(`${workerUrl}/.well-known/oauth-authorization-server`, OURS);
  const { data } = metadataSchema.safeParse(await response.json());
  return data?.scopes_supported.filter((scope) => !OPENID_SCOPES.includes(scope));
}

const readinessSchema = z.object({ checks: z.record(z.string(), z.string()) });

/** What the Worker cannot reach, each with the reason code of its log. */
export async function askProblems(workerUrl: string): Promise<readonly string[]> {
  const response = await fetch(`${workerUrl}/ready`, OURS);
  const { data } = readinessSchema.safeParse(await response.json());
  if (response.status === 500) return ["what is named above must be mended first."];
  return Object.entries(data?.checks ?? {}).flatMap(([part, found]) =>
    found === "ok" ? [] : [`${part}: ${found}`],
  );
}

const NETWORK_PATIENCE_MS = 1500;

/** Whether names of the public network cannot be resolved, at least not soon. */
export async function isOffline(): Promise<boolean> {
  const found = lookup("modelcontextprotocol.io").then(
    () => false,
    () => true,
  );
  return Promise.race([found, pause(NETWORK_PATIENCE_MS, true, { ref: false })]);
}
