/**
 * The Worker as tests run it: the real one with the tests' own site and tools, a clock that can be set and, as a control for the
 * races, a store that reads and writes one key at a time. Never deployed.
 */
import { env as environment } from "cloudflare:workers";
import type { Env } from "../../src/config.ts";
import { createWorker } from "../../src/worker.ts";
import { beginNaiveWork } from "./naive-work.ts";
import { served } from "./served.ts";

const realNow = Date.now.bind(Date);
let offsetMs = 0;
Date.now = () => realNow() + offsetMs;

const isNaive = Reflect.get(environment, "TEST_NAIVE_STORE") === "true";
const hidesDocuments = Reflect.get(environment, "TEST_HIDE_DOCUMENTS") === "true";
const worker = await createWorker(served, isNaive ? { beginWork: beginNaiveWork } : {});

export default {
  async fetch(request: Request, env: Env, execution: ExecutionContext): Promise<Response> {
    const url = new URL(request.url);
    if (url.pathname === "/__clock") {
      offsetMs = Number(url.searchParams.get("offsetSeconds")) * 1000;
      return new Response(null, { status: 204 });
    }
    const response = await worker.fetch(atNetwork(request), env, execution);
    return hidesDocuments && url.pathname.endsWith("/oauth-authorization-server")
      ? withoutDocuments(response)
      : response;
  },
};

/** For clients that register themselves only where no document would do. */
async function withoutDocuments(response: Response): Promise<Response> {
  const metadata: Record<string, unknown> = await response.json();
  const hidden = { ...metadata, client_id_metadata_document_supported: false };
  return Response.json(hidden, { headers: response.headers });
}

/** The request as it would come from another network: `x-test-network: 3320/DE`. */
function atNetwork(request: Request): Request {
  const [, asn, country] =
    /^(\d+)\/(\w\w)$/.exec(request.headers.get("x-test-network") ?? "") ?? [];
  return asn === undefined ? request : new Request(request, { cf: { asn: Number(asn), country } });
}
