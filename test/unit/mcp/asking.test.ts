/** Asking in the middle of a call: the wire of MCP 2026-07-28, and what a sealed state refuses. */
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { readApproval } from "../../../src/grants/approval.ts";
import { signAccessToken } from "../../../src/grants/access-token.ts";
import { createCatalogue } from "../../../src/mcp/catalogue.ts";
import type { McpParts } from "../../../src/mcp/handler.ts";
import { createMemoryRecords } from "../../../src/mcp/services.ts";
import { definePrompt, defineTool } from "../../../src/mcp/tool.ts";
import { createSealer } from "../../../src/storage/sealing.ts";
import { call, claimsOf, endpointOf, NOW, servicesOf, signingKeys, tokenOf } from "./endpoint.ts";

const facts = (name: string) => ({ name, title: name, description: name, permissions: [] });
const annotations = {
  readOnlyHint: false,
  destructiveHint: true,
  idempotentHint: false,
  openWorldHint: false,
};

/** A server whose tools count how often they did something. */
function server(parts: Partial<McpParts> = {}) {
  const done: string[] = [];
  const catalogue = createCatalogue({
    tools: [
      defineTool({
        ...facts("delete"),
        annotations,
        input: z.object({ of: z.string() }),
        confirm: ({ of }) => `Delete the invoices of ${of}?`,
        run({ of }) {
          done.push(of);
          return "Deleted.";
        },
      }),
      defineTool({
        ...facts("two_steps"),
        annotations,
        input: z.object({}),
        async run(_input, { ask }) {
          const name = await ask({ message: "Name?", schema: z.object({ name: z.string() }) });
          if (name.action !== "accept") return `no name: ${name.action}`;
          const size = await ask({
            message: "Size?",
            schema: z.object({ size: z.enum(["small", "large"]), count: z.int().min(1) }),
          });
          if (size.action !== "accept") return `no size: ${size.action}`;
          done.push("two_steps");
          return JSON.stringify([name.content, size.content]);
        },
      }),
      defineTool({
        ...facts("look"),
        annotations: { ...annotations, readOnlyHint: true, destructiveHint: false },
        input: z.object({}),
        async run(_input, { ask }) {
          const reply = await ask({ message: "Name?", schema: z.object({ name: z.string() }) });
          return JSON.stringify(reply);
        },
      }),
      defineTool({
        ...facts("swallows"),
        annotations,
        input: z.object({}),
        async run(_input, { ask }) {
          try {
            await ask({ message: "Name?", schema: z.object({ name: z.string() }) });
          } catch {
            return "swallowed";
          }
          return "answered";
        },
      }),
    ],
    prompts: [
      definePrompt({
        ...facts("greet"),
        input: z.object({}),
        async run(_input, { ask }) {
          const reply = await ask({ message: "Name?", schema: z.object({ name: z.string() }) });
          return JSON.stringify(reply);
        },
      }),
    ],
  });
  return { done, endpoint: endpointOf({ catalogue, services: servicesOf(), ...parts }) };
}

const CAN = { "io.modelcontextprotocol/clientCapabilities": { elicitation: {} } };
const accept = (content: object) => ({ action: "accept", content });

interface Asked {
  readonly result: {
    readonly resultType?: string;
    readonly isError?: boolean;
    readonly content?: { text: string }[];
    readonly inputRequests?: Record<string, { method: string; params: Record<string, unknown> }>;
    readonly requestState?: string;
  };
  readonly error?: { code: number; message: string };
}

type Endpoint = ReturnType<typeof endpointOf>;

async function use(
  endpoint: Endpoint,
  name: string,
  more: Record<string, unknown> = {},
  token?: string,
) {
  const params = { name, arguments: {}, _meta: CAN, ...more };
  const answer = await endpoint(
    call("2026-07-28", "tools/call", params, token ?? (await tokenOf())),
  );
  return { ...answer, ...(answer.body as Asked) };
}

const acme = { arguments: { of: "Acme" } };
const yes = { inputResponses: { confirm: accept({ approve: true }) } };

describe("a tool that asks to confirm", () => {
  it("asks what its author wrote, and runs once the person approved", async () => {
    const { done, endpoint } = server();
    const asked = await use(endpoint, "delete", acme);
    expect(asked.status).toBe(200);
    expect(asked.result).toEqual({
      _meta: expect.anything(),
      resultType: "input_required",
      requestState: expect.stringMatching(/^v1\./),
      inputRequests: {
        confirm: {
          method: "elicitation/create",
          params: {
            mode: "form",
            message: "Delete the invoices of Acme?",
            requestedSchema: expect.objectContaining({ required: ["approve"] }),
          },
        },
      },
    });
    expect(asked.noted).toMatchObject({ outcome: "asked" });
    expect(done).toEqual([]);
    const { requestState } = asked.result;
    const ran = await use(endpoint, "delete", { ...acme, ...yes, requestState });
    expect(ran.result.content).toEqual([{ type: "text", text: "Deleted." }]);
    expect(ran.noted).toMatchObject({ outcome: "done" });
    expect(done).toEqual(["Acme"]);
  });

  it.each([
    ["declined", { action: "decline" }],
    ["closed the question", { action: "cancel" }],
    ["sent the form without approving", accept({ approve: false })],
  ])("does nothing when the person %s", async (_what, confirm) => {
    const { done, endpoint } = server();
    const { requestState } = (await use(endpoint, "delete", acme)).result;
    const answers = { inputResponses: { confirm }, requestState };
    const { result, noted } = await use(endpoint, "delete", { ...acme, ...answers });
    expect(result).toMatchObject({
      isError: true,
      content: [{ text: "The person did not approve this, so nothing was done." }],
    });
    expect(noted).toMatchObject({ outcome: "declined" });
    expect(done).toEqual([]);
  });

  it.each([
    ["no answer", {}],
    ["an answer to another question", { inputResponses: { other: accept({ approve: true }) } }],
    ["an answer of another form", { inputResponses: { confirm: accept({ approve: "yes" }) } }],
  ])("asks again given %s", async (_what, answers) => {
    const { done, endpoint } = server();
    const { requestState } = (await use(endpoint, "delete", acme)).result;
    const { result } = await use(endpoint, "delete", { ...acme, ...answers, requestState });
    expect(result.resultType).toBe("input_required");
    expect(done).toEqual([]);
  });

  it("asks, whatever a client answers unasked", async () => {
    const { done, endpoint } = server();
    expect((await use(endpoint, "delete", { ...acme, ...yes })).result.resultType).toBe(
      "input_required",
    );
    expect(done).toEqual([]);
  });

  it("runs once, however often the same answer is sent", async () => {
    const { done, endpoint } = server();
    const { requestState } = (await use(endpoint, "delete", acme)).result;
    const answered = { ...acme, ...yes, requestState };
    const all = await Promise.all(
      Array.from({ length: 5 }, () => use(endpoint, "delete", answered)),
    );
    expect(all.filter(({ result }) => result.isError !== true)).toHaveLength(1);
    expect(all.find(({ result }) => result.isError)?.text).toContain("used already");
    expect(done).toEqual(["Acme"]);
  });
});

describe("a state", () => {
  const person = (sub: string, grant_id = "grant-1") =>
    signAccessToken(claimsOf({ sub, grant_id }), signingKeys);

  it.each<[string, (state: string) => Promise<Record<string, unknown>>, string?]>([
    ["that was altered", async (state) => ({ ...acme, requestState: `${state}x` })],
    ["that is none", async () => ({ ...acme, requestState: "v1.abc" })],
    ["of other arguments", async (requestState) => ({ arguments: { of: "Globex" }, requestState })],
    [
      "of another tool",
      async (requestState) => ({ name: "two_steps", arguments: {}, requestState }),
    ],
    ["of another person", async (requestState) => ({ ...acme, requestState }), "rob"],
    ["of another grant", async (requestState) => ({ ...acme, requestState }), "ada grant-2"],
  ])("%s is refused", async (_what, change, as) => {
    const { done, endpoint } = server();
    const { requestState = "" } = (await use(endpoint, "delete", acme)).result;
    const [sub, grant] = as?.split(" ") ?? [];
    const token = sub === undefined ? undefined : await person(sub, grant);
    const { error, noted } = await use(
      endpoint,
      "delete",
      { ...yes, ...(await change(requestState)) },
      token,
    );
    expect(error).toMatchObject({ code: -32_602, message: "Invalid or expired requestState" });
    expect(noted).toMatchObject({ outcome: "refused" });
    expect(done).toEqual([]);
  });

  it("lives for ten minutes", async () => {
    const services = servicesOf();
    const first = server({ services });
    const { requestState } = (await use(first.endpoint, "delete", acme)).result;
    for (const [seconds, fine] of [
      [599, true],
      [600, false],
    ] as const) {
      const { endpoint } = server({ services: { ...services, now: () => NOW + seconds } });
      const { error } = await use(endpoint, "delete", { ...acme, ...yes, requestState });
      expect(error === undefined).toBe(fine);
    }
  });

  it("outlives a rotation of the key", async () => {
    const old = new Uint8Array(32).fill(3);
    const rotated = await createSealer([new Uint8Array(32).fill(9), old]);
    const services = servicesOf();
    const { requestState } = (await use(server({ services }).endpoint, "delete", acme)).result;
    const { endpoint } = server({
      services: {
        ...services,
        seal: {
          seal: rotated.seal,
          async open(sealed, boundTo) {
            const opened = await rotated.open(sealed, boundTo);
            return "text" in opened ? opened.text : undefined;
          },
        },
      },
    });
    const { result } = await use(endpoint, "delete", { ...acme, ...yes, requestState });
    expect(result.content).toEqual([{ type: "text", text: "Deleted." }]);
  });

  it("does not mind in which order a client writes its arguments", async () => {
    const { endpoint } = server();
    const { requestState } = (
      await use(endpoint, "delete", { arguments: { of: "Acme", x: { a: 1, b: 2 } } })
    ).result;
    const again = { arguments: { x: { b: 2, a: 1 }, of: "Acme" }, ...yes, requestState };
    expect((await use(endpoint, "delete", again)).result.isError).toBeUndefined();
  });
});

describe("a tool that asks twice", () => {
  it("gets both answers in its last round, the first one kept for it", async () => {
    const { done, endpoint } = server();
    const first = (await use(endpoint, "two_steps")).result;
    expect(Object.keys(first.inputRequests ?? {})).toEqual(["question_1"]);
    const second = (
      await use(endpoint, "two_steps", {
        inputResponses: { question_1: accept({ name: "Ada" }) },
        requestState: first.requestState,
      })
    ).result;
    expect(Object.keys(second.inputRequests ?? {})).toEqual(["question_2"]);
    const third = await use(endpoint, "two_steps", {
      inputResponses: { question_2: accept({ size: "large", count: 2 }) },
      requestState: second.requestState,
    });
    expect(third.result.content?.[0]?.text).toBe('[{"name":"Ada"},{"size":"large","count":2}]');
    expect(done).toEqual(["two_steps"]);
  });
});

it("takes an unasked answer where nothing happens", async () => {
  const answers = { inputResponses: { question_1: accept({ name: "Ada" }) } };
  const { result } = await use(server().endpoint, "look", answers);
  expect(result.content?.[0]?.text).toBe('{"action":"accept","content":{"name":"Ada"}}');
});

it("asks, even when the tool caught what ends its run", async () => {
  expect((await use(server().endpoint, "swallows")).result.resultType).toBe("input_required");
});

it("a prompt can ask as well", async () => {
  const params = { name: "greet", _meta: CAN };
  const { body } = await server().endpoint(
    call("2026-07-28", "prompts/get", params, await tokenOf()),
  );
  expect(body).toMatchObject({ result: { resultType: "input_required" } });
});

describe("a client that cannot be asked", () => {
  const LINK = /https:\/\/mcp\.example\.com\/approve\/([\da-f]{64}) /;

  it.each([
    ["of 2026-07-28 without the capability", "2026-07-28"],
    ["of an older revision", "2025-11-25"],
  ] as const)(
    "%s gets words and a link, and goes on when the person has answered",
    async (_what, era) => {
      const services = { ...servicesOf(), records: createMemoryRecords(() => NOW) };
      const { done, endpoint } = server({ services });
      const once = async (token?: string) => {
        const params = { name: "delete", ...acme };
        const answer = await endpoint(call(era, "tools/call", params, token ?? (await tokenOf())));
        return { ...answer, ...(answer.body as Asked) };
      };
      const told = await once();
      expect(told.status).toBe(200);
      expect(told.result.isError).toBe(true);
      expect(told.noted).toMatchObject({ outcome: "asked" });
      const [, id = ""] = LINK.exec(told.text) ?? [];
      expect(told.text).toContain("Delete the invoices of Acme?");
      const name = `approval:${id}`;
      const kept = readApproval(await services.records.read(name), NOW);
      expect(kept).toMatchObject({ userId: "ada", grantId: "grant-1", tool: "delete" });

      // As long as nobody answers, nothing is done.
      expect((await once()).text).toMatch(LINK);
      const again = readApproval(await services.records.read(name), NOW);
      const approved = {
        ...again,
        isAnswered: true,
        answers: { confirm: accept({ approve: true }) },
      };
      await services.records.write([
        { put: name, text: JSON.stringify(approved), ttlSeconds: 600 },
      ]);
      expect(
        (await once(await signAccessToken(claimsOf({ sub: "rob" }), signingKeys))).text,
      ).toMatch(LINK);
      expect(done).toEqual([]);
      expect((await once()).result.content).toEqual([{ type: "text", text: "Deleted." }]);
      expect(done).toEqual(["Acme"]);

      // The answer is used: the next such call is asked anew.
      expect((await once()).text).toMatch(LINK);
      expect(done).toEqual(["Acme"]);
    },
  );
});
