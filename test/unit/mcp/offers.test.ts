/** What can be offered beside plain tools, in both protocol eras, behind the same permissions. */
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { createCatalogue } from "../../../src/mcp/catalogue.ts";
import {
  answer,
  type Around,
  definePrompt,
  defineResource,
  defineTemplate,
  defineTool,
  image,
  link,
  type ToolContext,
  ToolError,
} from "../../../src/mcp/tool.ts";
import { call, endpointOf, type Era, ISSUER, servicesOf, tokenOf } from "./endpoint.ts";

const facts = (name: string, permissions: string[] = []) => ({
  name,
  title: name,
  description: name,
  permissions,
});
const annotations = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
};
const ERAS: Era[] = ["2025-11-25", "2026-07-28"];
const SKILL = "---\nname: invoices\ndescription: How to read invoices.\n---\n# Invoices\n";

const catalogue = createCatalogue({
  tools: [
    defineTool({
      ...facts("whole"),
      annotations,
      icons: [{ src: `${ISSUER}/favicon.svg`, mimeType: "image/svg+xml" }],
      meta: { "example.com/kind": "demo" },
      input: z.discriminatedUnion("kind", [
        z.object({ kind: z.literal("city"), city: z.string() }),
        z.object({ kind: z.literal("code"), code: z.int() }),
      ]),
      output: z.object({ degrees: z.number() }),
      run: (input) =>
        answer({
          structured: { degrees: input.kind === "city" ? 20 : input.code },
          content: [
            image(new Uint8Array([137, 80, 78, 71]), "image/png"),
            link("note://1", { name: "note" }),
          ],
          meta: { "example.com/source": "here" },
        }),
    }),
    defineTool({
      ...facts("sorry"),
      annotations,
      input: z.object({}),
      run(): string {
        throw new ToolError("No.", {
          content: [image("AA==", "image/png")],
          meta: { "example.com/why": "quota" },
        });
      },
    }),
    defineTool({
      ...facts("Card", ["tool:card"]),
      annotations,
      input: z.object({}),
      ui: {
        html: "<!doctype html><title>Card</title>",
        csp: { connectDomains: ["https://api.example.com"] },
        prefersBorder: true,
        visibility: ["app"],
      },
      run: () => "Everything that matters.",
    }),
  ],
  prompts: [
    definePrompt({
      ...facts("weather", ["tool:weather"]),
      input: z.object({ city: z.string(), unit: z.enum(["c", "f"]).default("c") }),
      complete: {
        city: (value, { unit }) => [`${value}-in-${unit ?? "none"}`],
        unit: () => Array.from({ length: 150 }, (_, at) => `u${at}`),
      },
      run: ({ city }) => city,
    }),
  ],
  resources: [
    defineResource({
      ...facts("pixel"),
      uri: "test://pixel",
      mimeType: "image/png",
      run: () => new Uint8Array([1, 2, 3]),
    }),
  ],
  templates: [
    defineTemplate({
      ...facts("note", ["tool:note"]),
      uri: "note://{id}",
      mimeType: "text/plain",
      params: z.object({ id: z.string().regex(/^\d+$/).transform(Number) }),
      complete: { id: (value) => [`${value}0`] },
      list: () => [{ uri: "note://1", name: "The first" }],
      run: ({ id }) => (id === 404 ? undefined : `note ${id + 1}`),
    }),
    defineTemplate({
      ...facts("file"),
      uri: "file-of://{owner}/{+path}",
      mimeType: "text/plain",
      params: z.object({ owner: z.string(), path: z.string() }),
      run: ({ owner, path }) => [
        { uri: "file-of://x", mimeType: "text/plain", text: `${owner}:${path}` },
      ],
    }),
  ],
  skills: [
    {
      name: "invoices",
      permissions: ["tool:skill"],
      frontmatter: { name: "invoices", description: "How to read invoices." },
      files: {
        "assets/dot.png": { base64: "iVBO" },
        "SKILL.md": SKILL,
        "references/rules.md": "Rules.",
      },
      problems: [],
    },
  ],
});
const everything = await tokenOf((await catalogue).requiredPermissions);
const ask = (era: Era, method: string, params: object = {}, token = everything) =>
  endpointOf({ catalogue })(call(era, method, { ...params }, token));

describe.each(ERAS)("in %s", (era) => {
  it("a tool may answer structured and other content with _meta, and take a union", async () => {
    const { body } = await ask(era, "tools/call", {
      name: "whole",
      arguments: { kind: "code", code: 7 },
    });
    expect(body).toMatchObject({
      result: {
        structuredContent: { degrees: 7 },
        content: [
          { type: "image", data: "iVBORw==", mimeType: "image/png" },
          { type: "resource_link", uri: "note://1", name: "note" },
        ],
        _meta: { "example.com/source": "here" },
      },
    });
    const bad = await ask(era, "tools/call", { name: "whole", arguments: { kind: "code" } });
    expect(bad.noted).toMatchObject({ outcome: "arguments_invalid" });
  });

  it("a tool is listed with its icons, its meta, a digest and what it needs", async () => {
    const { body } = await ask(era, "tools/list");
    const { tools } = (body as { result: { tools: Record<string, unknown>[] } }).result;
    expect(tools[0]).toMatchObject({
      inputSchema: { type: "object", oneOf: [{}, {}] },
      icons: [{ src: `${ISSUER}/favicon.svg` }],
      securitySchemes: [{ type: "oauth2", scopes: [] }],
      _meta: {
        "example.com/kind": "demo",
        "auth0-mcp-worker/digest": expect.stringMatching(/^sha256:[\da-f]{64}$/),
      },
    });
    expect(tools[2]).toMatchObject({
      securitySchemes: [{ type: "oauth2", scopes: ["tool:card"] }],
      _meta: {
        ui: { resourceUri: "ui://card/view.html", visibility: ["app"] },
        "ui/resourceUri": "ui://card/view.html",
      },
    });
  });

  it("an error that the tool chose may carry more than its words", async () => {
    const { body } = await ask(era, "tools/call", { name: "sorry" });
    expect(body).toMatchObject({
      result: {
        isError: true,
        content: [{ type: "text", text: "No." }, { type: "image" }],
        _meta: { "example.com/why": "quota" },
      },
    });
  });

  it("bytes are read as base64", async () => {
    const { body } = await ask(era, "resources/read", { uri: "test://pixel" });
    expect(body).toMatchObject({
      result: { contents: [{ uri: "test://pixel", mimeType: "image/png", blob: "AQID" }] },
    });
  });

  it.each([
    ["note://41", "note 42"],
    ["file-of://ada/a/b%20c.txt", "ada:a/b c.txt"],
  ])("a template answers %s", async (uri, text) => {
    const { body, noted } = await ask(era, "resources/read", { uri });
    expect(body).toMatchObject({ result: { contents: [{ text }] } });
    expect(noted).toMatchObject({ outcome: "done" });
  });

  it.each(["note://x", "note://404", "note://1/2", "file-of://ada/", "note://%"])(
    "a template has no %s",
    async (uri) => {
      const { body, noted } = await ask(era, "resources/read", { uri });
      expect(body).toMatchObject({ error: { code: -32_602 } });
      expect(noted).toMatchObject({ outcome: "unknown" });
    },
  );

  it("templates are listed, and what they list themselves, to whom may read it", async () => {
    const templates = await ask(era, "resources/templates/list");
    expect(templates.body).toMatchObject({
      result: { resourceTemplates: [{ uriTemplate: "note://{id}" }, {}] },
    });
    const listed = async (token: string) => (await ask(era, "resources/list", {}, token)).text;
    expect(await listed(everything)).toContain("The first");
    expect(await listed(await tokenOf())).not.toContain("The first");
    expect(await listed(await tokenOf(["tool:note"], []))).not.toContain("The first");
  });

  it("a template is behind its permissions", async () => {
    const missing = await ask(era, "resources/read", { uri: "note://1" }, await tokenOf());
    expect(missing.noted).toMatchObject({ outcome: "denied" });
    const stepUp = await ask(
      era,
      "resources/read",
      { uri: "note://1" },
      await tokenOf(["tool:note"], []),
    );
    expect(stepUp.status).toBe(403);
  });

  it("completes arguments of prompts and templates, knowing the others, at most a hundred", async () => {
    const complete = (ref: object, argument: object, more: object = {}, token = everything) =>
      ask(era, "completion/complete", { ref, argument, ...more }, token);
    const prompt = { type: "ref/prompt", name: "weather" };
    const city = await complete(
      prompt,
      { name: "city", value: "pa" },
      { context: { arguments: { unit: "f" } } },
    );
    expect(city.body).toMatchObject({ result: { completion: { values: ["pa-in-f"] } } });
    const unit = await complete(prompt, { name: "unit", value: "" });
    const { completion } = (unit.body as { result: { completion: { values: string[] } } }).result;
    expect(completion).toMatchObject({ total: 150, hasMore: true });
    expect(completion.values).toHaveLength(100);
    const template = { type: "ref/resource", uri: "note://{id}" };
    const id = await complete(template, { name: "id", value: "4" });
    expect(id.body).toMatchObject({ result: { completion: { values: ["40"] } } });
    const other = await complete(template, { name: "other", value: "4" });
    expect(other.body).toMatchObject({ result: { completion: { values: [] } } });
    const guarded = await complete(prompt, { name: "city", value: "" }, {}, await tokenOf());
    expect(guarded.body).toMatchObject({
      error: { message: expect.stringContaining("tool:weather") },
    });
    expect(guarded.noted).toMatchObject({ outcome: "denied" });
    const unknown = await complete({ type: "ref/prompt", name: "x" }, { name: "a", value: "" });
    expect(unknown.noted).toMatchObject({ outcome: "unknown", rpcCode: -32_602 });
  });

  it("a view is read as MCP Apps want it, behind the permissions of its tool", async () => {
    const { body } = await ask(era, "resources/read", { uri: "ui://card/view.html" });
    const ui = { csp: { connectDomains: ["https://api.example.com"] }, prefersBorder: true };
    expect(body).toMatchObject({
      result: {
        contents: [
          {
            uri: "ui://card/view.html",
            mimeType: "text/html;profile=mcp-app",
            text: "<!doctype html><title>Card</title>",
            _meta: { ui },
          },
        ],
      },
    });
    expect((await ask(era, "resources/list")).text).toContain(
      '"mimeType":"text/html;profile=mcp-app"',
    );
    const denied = await ask(
      era,
      "resources/read",
      { uri: "ui://card/view.html" },
      await tokenOf(),
    );
    expect(denied.noted).toMatchObject({ outcome: "denied" });
  });
});

it("declares views, skills and completion, and only where there are some", async () => {
  const discover = async (of: typeof catalogue) => {
    const { body } = await endpointOf({ catalogue: of })(
      call("2026-07-28", "server/discover", {}, everything),
    );
    return (body as { result: { capabilities: object } }).result.capabilities;
  };
  expect(await discover(catalogue)).toMatchObject({
    completions: {},
    extensions: { "io.modelcontextprotocol/ui": {}, "io.modelcontextprotocol/skills": {} },
  });
  const plain = await discover(createCatalogue({ tools: [] }));
  const { extensions = {} } = plain as { readonly extensions?: object };
  for (const name of ["ui", "skills"])
    expect(extensions).not.toHaveProperty([`io.modelcontextprotocol/${name}`]);
  expect(plain).not.toHaveProperty("completions");
});

describe("skills", () => {
  const entry = {
    uri: "skill://invoices/SKILL.md",
    frontmatter: { name: "invoices", description: "How to read invoices." },
    resources: [
      { uri: "skill://invoices/SKILL.md", digest: expect.stringMatching(/^sha256:[\da-f]{64}$/) },
      {
        uri: "skill://invoices/assets/dot.png",
        digest: "sha256:449ba17f2a44989a58050282f82fec8663b84f57a6a443d3750033a0c02f8be9",
      },
      { uri: "skill://invoices/references/rules.md", digest: expect.any(String) },
    ],
  };

  it("are listed and got with the digests of their files", async () => {
    const list = await ask("2026-07-28", "skills/list");
    expect(list.body).toMatchObject({
      result: { skills: [entry], ttlMs: 60_000, cacheScope: "private" },
    });
    const got = await ask("2026-07-28", "skills/get", { uri: entry.uri });
    expect(got.body).toMatchObject({ result: { skill: entry } });
    const file = await ask("2026-07-28", "resources/read", { uri: entry.uri });
    expect(file.body).toMatchObject({
      result: { contents: [{ mimeType: "text/markdown", text: SKILL }] },
    });
    const picture = { uri: "skill://invoices/assets/dot.png" };
    expect((await ask("2026-07-28", "resources/read", picture)).body).toMatchObject({
      result: { contents: [{ ...picture, mimeType: "image/png", blob: "iVBO" }] },
    });
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(SKILL));
    const hex = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0"));
    expect(list.text).toContain(`sha256:${hex.join("")}`);
  });

  it("are hidden from whom may not have them", async () => {
    const token = await tokenOf();
    expect((await ask("2026-07-28", "skills/list", {}, token)).body).toMatchObject({
      result: { skills: [] },
    });
    const got = await ask("2026-07-28", "skills/get", { uri: entry.uri }, token);
    expect(got.body).toMatchObject({ error: { code: -32_602 } });
    const file = await ask("2026-07-28", "resources/read", { uri: entry.uri }, token);
    expect(file.noted).toMatchObject({ outcome: "denied" });
  });
});

describe("a long list", () => {
  const many = createCatalogue({
    tools: Array.from({ length: 250 }, (_, at) =>
      defineTool({
        ...facts(`tool_${at}`, at % 2 === 0 ? [] : ["tool:odd"]),
        annotations,
        input: z.object({}),
        run: () => "",
      }),
    ),
  });
  const page = async (era: Era, token: string, cursor?: string) => {
    const params = cursor === undefined ? {} : { cursor };
    const { body } = await endpointOf({ catalogue: many })(call(era, "tools/list", params, token));
    return body as { result: { tools: { name: string }[]; nextCursor?: string }; error?: object };
  };

  it.each(ERAS)("comes in pages in %s, each tool once, only what is shown", async (era) => {
    for (const [token, count] of [
      [await tokenOf(["tool:odd"]), 250],
      [await tokenOf(), 125],
    ] as const) {
      const names: string[] = [];
      let cursor: string | undefined;
      do {
        const { result } = await page(era, token, cursor);
        expect(result.tools.length).toBeLessThanOrEqual(100);
        names.push(...result.tools.map(({ name }) => name));
        cursor = result.nextCursor;
      } while (cursor !== undefined);
      expect(new Set(names).size).toBe(count);
      expect(names).toHaveLength(count);
    }
  });

  it.each(["", "x", "100", "00000000.100", "-1", "1e3"])(
    "refuses the cursor %j",
    async (cursor) => {
      expect((await page("2026-07-28", everything, cursor)).error).toMatchObject({ code: -32_602 });
    },
  );

  it("refuses a cursor between pages and past the end", async () => {
    const { nextCursor = "" } = (await page("2026-07-28", everything)).result;
    for (const cursor of [nextCursor.replace(/100$/, "50"), nextCursor.replace(/100$/, "300")])
      expect((await page("2026-07-28", everything, cursor)).error).toMatchObject({ code: -32_602 });
  });
});

describe("around every call", () => {
  const seen: unknown[] = [];
  const use = async (around: Around, run: (context: ToolContext) => string = () => "ran") => {
    const of = createCatalogue({
      tools: [
        defineTool({
          ...facts("t"),
          annotations,
          input: z.object({ n: z.int() }),
          run: (_input, context) => run(context),
        }),
      ],
      around,
    });
    return endpointOf({ catalogue: of, services: servicesOf({ FLAG: "on" }) })(
      call("2026-07-28", "tools/call", { name: "t", arguments: { n: 1 } }, everything),
    );
  };

  it("sees what is called, with what, by whom, and how it ended; never a token", async () => {
    const { body } = await use(async (request, next) => {
      seen.push(request, await next());
    });
    expect(body).toMatchObject({ result: { content: [{ text: "ran" }] } });
    expect(seen).toMatchObject([
      {
        kind: "tool",
        name: "t",
        input: { n: 1 },
        auth: { userId: "ada", clientId: "client-1" },
        env: { FLAG: "on" },
        requestId: "request-1",
      },
      "done",
    ]);
    const { auth } = seen[0] as { auth: object };
    expect(auth).not.toHaveProperty("accessToken");
    expect(auth).not.toHaveProperty("userInfo");
    expect(JSON.stringify(seen)).not.toContain("eyJ");
  });

  it("may refuse in words of its own, and then nothing runs", async () => {
    let ran = false;
    const { body, noted } = await use(
      () => Promise.reject(new ToolError("Your quota is used up.")),
      () => ((ran = true), "ran"),
    );
    expect(body).toMatchObject({
      result: { isError: true, content: [{ text: "Your quota is used up." }] },
    });
    expect(noted).toMatchObject({ outcome: "tool_error" });
    expect(ran).toBe(false);
  });

  it("hears of a crash, which is answered as ever", async () => {
    let heard: unknown;
    const { noted, text } = await use(
      (_request, next) =>
        next().then(
          () => undefined,
          (error: unknown) => {
            heard = error;
            throw error;
          },
        ),
      () => {
        throw new RangeError("canary");
      },
    );
    expect(heard).toBeInstanceOf(RangeError);
    expect(noted).toMatchObject({
      outcome: "crashed",
      failure: expect.stringMatching(/^RangeError/),
    });
    expect(text).not.toContain("canary");
  });

  it("that neither goes on nor refuses is a fault", async () => {
    expect((await use(() => Promise.resolve())).noted).toMatchObject({ outcome: "crashed" });
  });
});

it("a tool sees its own environment, and none of this server's", async () => {
  let seen: object = {};
  const of = createCatalogue({
    tools: [
      defineTool({
        ...facts("t"),
        annotations,
        input: z.object({}),
        run: (_input, { env }) => ((seen = env), ""),
      }),
    ],
  });
  const services = servicesOf({
    CRM_KEY: "crm",
    AUTH0_CLIENT_SECRET: "canary",
    JWT_SIGNING_KEY: "c",
  });
  await endpointOf({ catalogue: of, services })(
    call("2026-07-28", "tools/call", { name: "t" }, everything),
  );
  expect(seen).toEqual({ CRM_KEY: "crm" });
});
