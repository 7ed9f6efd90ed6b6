/**
 * The end of an answer. A response goes in; the same comes out, and somebody is told when it has
 * ended, and how: at once, unless it is an event stream.
 */

/** `client_gone`: nobody wanted the rest. `broken`: there was no rest. */
type Ending = "sent" | "client_gone" | "broken";

/** Tells `ended` once, when the response has been sent, or will not be. */
export function whenEnded(
  response: Response,
  execution: ExecutionContext,
  ended: (how: Ending) => void,
): Response {
  const isStream = response.headers.get("content-type")?.startsWith("text/event-stream") ?? false;
  if (!isStream || response.body === null) {
    ended("sent");
    return response;
  }
  const { promise, resolve } = Promise.withResolvers<Ending>();
  // A client that goes takes the request's context with it, but for this.
  execution.waitUntil(promise.then(ended));
  return new Response(watched(response.body, resolve), response);
}

function watched(
  body: ReadableStream<Uint8Array>,
  ended: (how: Ending) => void,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        controller.close();
        ended("sent");
      } catch (error) {
        ended("broken");
        controller.error(error);
      }
    },
    cancel(reason) {
      ended("client_gone");
      return reader.cancel(reason);
    },
  });
}
