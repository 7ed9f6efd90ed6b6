/**
 * The small bodies of requests: forms and registrations. A request goes in; its bytes or its fields
 * come out, or a refusal when they are too many.
 */
import { readCapped } from "../capped.ts";
import { Refusal } from "../errors.ts";

/** More than any honest form or client registration has. */
export const LONGEST_FORM_BYTES = 64 * 1024;

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
