import { describe, expect, it } from "vitest";
import { readCapped } from "../../../src/capped.ts";
import { withBody } from "../../../src/edge/body.ts";

const post = (body: BodyInit, headers: HeadersInit = {}) =>
  new Request("https://mcp.example.com/token?a=1", { method: "POST", body, headers });

const text = (bytes: Uint8Array | undefined) => bytes && new TextDecoder().decode(bytes);

/** A body of a hundred 1 KiB chunks, sent without a length, that counts what was taken from it. */
function long() {
  const taken = { chunks: 0, isCancelled: false };
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        taken.chunks += 1;
        controller.enqueue(new Uint8Array(1024));
        if (taken.chunks === 100) controller.close();
      },
      cancel() {
        taken.isCancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, taken };
}

describe("readCapped", () => {
  it("gives the bytes of a body up to the cap", async () => {
    expect(text(await readCapped(post("12345"), 5))).toBe("12345");
  });

  it("gives nothing for one byte more", async () => {
    expect(await readCapped(post("123456"), 5)).toBeUndefined();
  });

  it("joins a body that comes in pieces", async () => {
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const piece of ["ab", "", "cde"]) controller.enqueue(new TextEncoder().encode(piece));
        controller.close();
      },
    });
    expect(text(await readCapped(post(stream), 5))).toBe("abcde");
  });

  it("stops reading a body without a length at the cap", async () => {
    const { stream, taken } = long();
    expect(await readCapped(post(stream), 4096)).toBeUndefined();
    expect(taken.chunks).toBeLessThanOrEqual(6);
    expect(taken.isCancelled).toBe(true);
  });

  it("reads nothing of a body that announces too much", async () => {
    const { stream, taken } = long();
    expect(await readCapped(post(stream, { "Content-Length": "99999" }), 4096)).toBeUndefined();
    expect(taken.chunks).toBe(0);
  });

  it.each(["1", "0", "-5", "nonsense"])(
    "does not believe an announced length of %s",
    async (length) => {
      const { stream } = long();
      expect(await readCapped(post(stream, { "Content-Length": length }), 4096)).toBeUndefined();
    },
  );

  it("gives no bytes for no body", async () => {
    expect(await readCapped(new Request("https://mcp.example.com/"), 5)).toEqual(new Uint8Array());
  });
});

describe("withBody", () => {
  it("makes a request that was read readable again, method, URL and headers kept", async () => {
    const read = post("grant_type=x", { "Content-Type": "application/x-www-form-urlencoded" });
    const bytes = (await readCapped(read, 100)) ?? new Uint8Array();
    const request = withBody(read, bytes);
    expect(request.method).toBe("POST");
    expect(request.url).toBe("https://mcp.example.com/token?a=1");
    expect((await request.formData()).get("grant_type")).toBe("x");
  });
});
