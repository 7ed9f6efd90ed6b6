/**
 * Request bodies with an upper bound. A request goes in; its bytes come out, or nothing when they
 * are too many. What the sender claims about the length is never believed, only used to refuse
 * earlier.
 */
import { Refusal } from "../errors.ts";

/** More than any honest form or client registration has. */
export const LONGEST_FORM_BYTES = 64 * 1024;

/**
 * The whole body, or undefined as soon as it is seen to be longer than `maxBytes`; reading stops
 * there.
 */
export async function readCapped(
  message: Pick<Request | Response, "body" | "headers">,
  maxBytes: number,
): Promise<Uint8Array | undefined> {
  if (Number(message.headers.get("Content-Length") ?? 0) > maxBytes) return undefined;
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of message.body ?? []) {
    sizeBytes += chunk.byteLength;
    // Leaving the loop cancels the stream.
    if (sizeBytes > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return joined(chunks, sizeBytes);
}

/** The body of a form or a registration. Refuses with `body_too_large` above 64 KB. */
export async function readSmallBody(request: Request): Promise<Uint8Array> {
  const body = await readCapped(request, LONGEST_FORM_BYTES);
  if (body === undefined) throw new Refusal("body_too_large");
  return body;
}

/** The fields of a body that is a form. */
export function readFields(body: Uint8Array): URLSearchParams {
  return new URLSearchParams(new TextDecoder().decode(body));
}

/** The same request with a body that can be read again. */
export function withBody(request: Request, bytes: Uint8Array): Request {
  return new Request(request, { body: bytes });
}

function joined(chunks: readonly Uint8Array[], sizeBytes: number): Uint8Array {
  const whole = new Uint8Array(sizeBytes);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return whole;
}
