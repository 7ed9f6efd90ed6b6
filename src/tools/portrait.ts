/** Sample: an image. A pattern of five by five fields that is always the same for a person. */
import * as z from "zod";
import { answer, defineTool, image } from "../mcp/tool.ts";

const FIELDS = 5;

export const portrait = defineTool({
  name: "portrait",
  title: "Portrait",
  description: "Draws a pattern that stands for the signed-in person, as a PNG.",
  permissions: [],
  annotations: {
    readOnlyHint: true,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: false,
  },
  input: z.object({ size: z.int().min(25).max(500).default(200).describe("Width in pixels") }),
  async run({ size }, { auth }) {
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(auth.userId));
    const png = await encodePng(size, paint(new Uint8Array(digest), size));
    return answer({ content: [image(png, "image/png")] });
  },
});

/** One byte of colour index per pixel; left and right mirror each other. */
function paint(seed: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const pixels = new Uint8Array(size * size);
  for (let at = 0; at < pixels.length; at += 1) {
    const column = Math.floor(((at % size) * FIELDS) / size);
    const row = Math.floor((Math.floor(at / size) * FIELDS) / size);
    const field = row * FIELDS + Math.min(column, FIELDS - 1 - column);
    pixels[at] = (seed[field] ?? 0) % 2;
  }
  return pixels;
}

/** PNG (W3C) with two colours: a header, a palette, the rows, the end. */
async function encodePng(size: number, pixels: Uint8Array): Promise<Uint8Array> {
  const header = new DataView(new ArrayBuffer(13));
  header.setUint32(0, size);
  header.setUint32(4, size);
  header.setUint8(8, 8);
  header.setUint8(9, 3);
  const rows = new Uint8Array(size * (size + 1));
  for (let row = 0; row < size; row += 1)
    rows.set(pixels.subarray(row * size, (row + 1) * size), row * (size + 1) + 1);
  return joined([
    new Uint8Array([137, 80, 78, 71, 13, 10, 26, 10]),
    chunk("IHDR", new Uint8Array(header.buffer)),
    chunk("PLTE", new Uint8Array([245, 245, 245, 11, 84, 137])),
    chunk("IDAT", await deflate(rows)),
    chunk("IEND", new Uint8Array()),
  ]);
}

async function deflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const body = joined([new TextEncoder().encode(type), data]);
  const frame = new DataView(new ArrayBuffer(8));
  frame.setUint32(0, data.length);
  frame.setUint32(4, checksum(body));
  const bytes = new Uint8Array(frame.buffer);
  return joined([bytes.subarray(0, 4), body, bytes.subarray(4)]);
}

/** CRC-32 (ISO 3309). */
function checksum(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xed_b8_83_20 : 0);
  }
  return ~crc >>> 0;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
