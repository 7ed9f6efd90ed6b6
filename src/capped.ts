/**
 * Bodies with an upper bound, of requests and of answers alike. One goes in; its bytes come out, or
 * nothing when they are too many. What the sender claims about the length is never believed, only
 * used to refuse earlier.
 */

/**
 * The whole body, or undefined as soon as it is seen to be longer than `maxBytes`; reading stops
 * there.
 */
export async function readCapped(
  { headers, body }: Pick<Request | Response, "headers" | "body">,
  maxBytes: number,
): Promise<Uint8Array | undefined> {
  if (Number(headers.get("Content-Length") ?? 0) > maxBytes) return undefined;
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of body ?? []) {
    sizeBytes += chunk.byteLength;
    // Leaving the loop cancels the stream.
    if (sizeBytes > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return joined(chunks, sizeBytes);
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
