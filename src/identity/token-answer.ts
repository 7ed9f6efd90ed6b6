/**
 * An answer of the identity provider's token endpoint, received but not judged. A response goes in;
 * its text and the refresh token that counts from now on come out.
 */
import * as z from "zod";
import { parseJson } from "../json.ts";
import type { UpstreamAnswer } from "./provider.ts";

/**
 * A token endpoint's good answer, received: its refresh token is kept before anything else of it is
 * judged. Undefined for a refusal, and for what is no answer at all.
 */
export async function receive(response: Response): Promise<UpstreamAnswer | undefined> {
  if (!response.ok) return undefined;
  const body = await response.clone().text();
  const read = receivedSchema.safeParse(parseJson(body)).data;
  if (read === undefined) return undefined;
  const { refresh_token: refreshToken } = read;
  return { body, ...(refreshToken === undefined ? {} : { refreshToken }) };
}

const receivedSchema = z.looseObject({
  refresh_token: z.string().min(1).optional().catch(undefined),
});

/** Such an answer again, to be judged. */
export function asResponse(body: string): Response {
  return new Response(body, { headers: { "Content-Type": "application/json" } });
}
