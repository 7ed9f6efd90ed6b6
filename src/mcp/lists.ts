/**
 * The lists of one request: what there is of tools, prompts, resources, templates and skills for
 * this caller, in pages. Shown is what is allowed or one authorization away; what only an
 * administrator can give is hidden.
 */
import {
  type McpServer,
  ProtocolError,
  ProtocolErrorCode,
  type Resource as ResourceWire,
  type ServerContext,
} from "@modelcontextprotocol/server";
import * as z from "zod";
import { CANNOT_ASK, contextOf, type Serving } from "./context.ts";
import { pageOf } from "./cursor.ts";
import { describeFailure, noteOutcome } from "./outcome.ts";
import type { Judged } from "./permissions.ts";

/** A list holds for its caller alone: permissions decide it. */
export const PRIVATE_FOR_A_MINUTE = { ttlMs: 60_000, cacheScope: "private" } as const;

interface Offer<Wire> {
  readonly item: Judged;
  readonly wire: Wire;
}

/** Answers the lists that this request asks for. */
export function offerLists({ server }: McpServer, serving: Serving): void {
  const { catalogue, asked } = serving;
  const shown = <Wire>(offers: ReadonlyMap<string, Offer<Wire>>): Wire[] =>
    [...offers.values()]
      .filter(({ item }) => serving.caller.judge(item).verdict !== "denied")
      .map(({ wire }) => wire);
  if (asked.subjects.has("tools/list"))
    server.setRequestHandler("tools/list", ({ params }) => {
      const { items: tools, ...next } = paged(shown(catalogue.tools), params?.cursor, serving);
      return { tools, ...next };
    });
  if (asked.subjects.has("prompts/list"))
    server.setRequestHandler("prompts/list", ({ params }) => {
      const { items: prompts, ...next } = paged(shown(catalogue.prompts), params?.cursor, serving);
      return { prompts, ...next };
    });
  if (asked.subjects.has("resources/templates/list"))
    server.setRequestHandler("resources/templates/list", ({ params }) => {
      const all = shown(catalogue.templates);
      const { items: resourceTemplates, ...next } = paged(all, params?.cursor, serving);
      return { resourceTemplates, ...next };
    });
  if (asked.subjects.has("resources/list"))
    server.setRequestHandler("resources/list", async ({ params }, sdk) => {
      const all = [...shown(catalogue.resources), ...(await listedByTemplates(serving, sdk))];
      const { items: resources, ...next } = paged(all, params?.cursor, serving);
      return { resources, ...next };
    });
  if (asked.subjects.has("skills/list"))
    server.setRequestHandler("skills/list", { params: listParams }, ({ cursor }) => {
      const { items: skills, ...next } = paged(shown(catalogue.skills), cursor, serving);
      return { skills, ...next, ...PRIVATE_FOR_A_MINUTE };
    });
  if (asked.subjects.has("skills/get"))
    server.setRequestHandler(
      "skills/get",
      { params: z.looseObject({ uri: z.string() }) },
      ({ uri }) => {
        const skill = shown(catalogue.skills).find((entry) => entry.uri === uri);
        if (skill === undefined)
          throw new ProtocolError(ProtocolErrorCode.InvalidParams, "There is no such skill.");
        return { skill, ...PRIVATE_FOR_A_MINUTE };
      },
    );
}

const listParams = z.looseObject({ cursor: z.string().optional() }).default({});

function paged<Item>(items: readonly Item[], cursor: string | undefined, serving: Serving) {
  const page = pageOf(items, cursor, serving.catalogue.version);
  if (page !== undefined) return page;
  noteOutcome(serving.exchange, "refused");
  throw new ProtocolError(
    ProtocolErrorCode.InvalidParams,
    "This cursor is not one of ours, or the list has changed: start again without one.",
  );
}

/** What templates list themselves, for a caller who may read it. */
async function listedByTemplates(serving: Serving, sdk: ServerContext): Promise<ResourceWire[]> {
  const allowed = [...serving.catalogue.templates.values()].filter(
    ({ item }) => serving.caller.judge(item).verdict === "allowed",
  );
  const lists = allowed.map(async ({ item }) => {
    const context = contextOf(serving, sdk.mcpReq, { use: item, ask: CANNOT_ASK });
    const listed = (await item.list?.(context)) ?? [];
    return listed.map((entry) => ({ mimeType: item.mimeType, ...entry }));
  });
  try {
    return (await Promise.all(lists)).flat();
  } catch (error) {
    throw new ProtocolError(ProtocolErrorCode.InternalError, describeFailure(error, serving));
  }
}
