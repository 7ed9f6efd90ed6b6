/**
 * The Worker as tests run it: the real one with the tests' own site and tools, a clock that can be set and, as a control for the
 * races, a store that reads and writes one key at a time. Never deployed.
 */
import { env as environment } from "cloudflare:workers";
import type { Env } from "../../src/config.ts";
import { createWorker, type Theirs } from "../../src/worker.ts";
import { callers } from "./machine-tools.ts";
import { beginNaiveWork } from "./naive-work.ts";
import { served } from "./served.ts";
import { calling } from "./calling.ts";
import { payments } from "./payments.ts";
import { shop, shopLater } from "./shop.ts";

const realNow = Date.now.bind(Date);
let offsetMs = 0;
Date.now = () => realNow() + offsetMs;

/** What a test asks of its Worker. */
const wish = (name: string): unknown => Reflect.get(environment, name);
const isNaive = wish("TEST_NAIVE_STORE") === "true";
const hidesDocuments = wish("TEST_HIDE_DOCUMENTS") === "true";
const worker = await createWorker(theirs(), isNaive ? { beginWork: beginNaiveWork } : {});

/** The tests' own site and tools, or a shop, or one that tells strangers of no tool. */
function theirs(): Theirs {
  const offerings =
    { calling, callers, payments, shop, shopLater }[String(wish("TEST_OFFERINGS"))] ??
    served.offerings;
  const listsToolsPublicly = wish("TEST_HIDDEN") !== "true";
  return { ...served, offerings, site: { ...served.site, listsToolsPublicly } };
}

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
