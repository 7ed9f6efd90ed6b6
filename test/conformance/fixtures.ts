/**
 * What the official suite expects a server to offer, written as any team writes its tools. The names
 * are the suite's; each behind the permission of the person it is run as.
 */
import * as z from "zod";
import {
  audio,
  definePrompt,
  defineResource,
  defineTemplate,
  defineTool,
  embed,
  image,
  type Offerings,
  text,
  type ToolContext,
  ToolError,
} from "../../src/mcp/tool.ts";

const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
const WAV = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=";
const pixel = Uint8Array.from(atob(PNG), (character) => character.charCodeAt(0));

const facts = (name: string) => ({
  name,
  title: name,
  description: `A fixture of the conformance suite: ${name}.`,
  permissions: ["tool:get_user_info"],
});
const annotations = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
};
const toolOf = (
  name: string,
  run: (
    context: ToolContext,
  ) => Promise<Parameters<typeof answerOf>[0]> | Parameters<typeof answerOf>[0],
) =>
  defineTool({
    ...facts(name),
    annotations,
    input: z.object({}),
    run: async (_input, context) => answerOf(await run(context)),
  });
const answerOf = (result: string | ReturnType<typeof text>[]) => result;
const pause = () => new Promise((resolve) => setTimeout(resolve, 50));

const nameQuestion = {
  message: "What is your name?",
  schema: z.object({ name: z.string() }),
  name: "user_name",
} as const;
const okQuestion = {
  message: "Please confirm",
  schema: z.object({ ok: z.boolean() }),
  name: "confirm",
} as const;
const sampling = (question: string, name: string, maxTokens = 100) => ({
  messages: [{ role: "user" as const, content: { type: "text" as const, text: question } }],
  maxTokens,
  name,
});
const said = (reply: { action: string; content?: unknown }) =>
  reply.action === "accept" ? JSON.stringify(reply.content) : reply.action;

const contentTools = [
  toolOf("test_simple_text", () => "This is a simple text response for testing."),
  toolOf("test_image_content", () => [image(pixel, "image/png")]),
  toolOf("test_audio_content", () => [audio(WAV, "audio/wav")]),
  toolOf("test_embedded_resource", () => [
    embed("test://embedded-resource", "This is an embedded resource content.", "text/plain"),
  ]),
  toolOf("test_multiple_content_types", () => [
    text("Multiple content types test:"),
    image(PNG, "image/png"),
    embed("test://mixed-content-resource", '{"test":"data","value":123}', "application/json"),
  ]),
  toolOf("test_error_handling", () => {
    throw new ToolError("This tool intentionally returns an error for testing");
  }),
  toolOf("test_tool_with_progress", async ({ progress }) => {
    for (const done of [0, 50, 100]) {
      await progress(done, 100);
      await pause();
    }
    return "Done.";
  }),
  toolOf("test_logging_tool", ({ log }) => {
    log.info("a line for the operator");
    return "Logged.";
  }),
];

const askingTools = [
  toolOf("test_input_required_result_elicitation", async ({ ask }) => {
    const reply = await ask(nameQuestion);
    return `Hello, ${said(reply)}!`;
  }),
  toolOf("test_input_required_result_sampling", async ({ ask }) => {
    const { content } = await ask.model(
      sampling("What is the capital of France?", "capital_question"),
    );
    return JSON.stringify(content);
  }),
  toolOf("test_input_required_result_list_roots", async ({ ask }) =>
    JSON.stringify(await ask.roots({ name: "client_roots" })),
  ),
  toolOf("test_input_required_result_request_state", async ({ ask }) =>
    said(await ask(okQuestion)) === '{"ok":true}' ? "state-ok" : "state-lost",
  ),
  toolOf("test_input_required_result_multiple_inputs", async ({ ask }) => {
    const [name, greeting, roots] = await Promise.all([
      ask(nameQuestion),
      ask.model(sampling("Generate a greeting", "greeting", 50)),
      ask.roots({ name: "client_roots" }),
    ]);
    return JSON.stringify([name, greeting.content, roots]);
  }),
  toolOf("test_input_required_result_multi_round", async ({ ask }) => {
    const name = await ask({
      ...nameQuestion,
      message: "Step 1: What is your name?",
      name: "step1",
    });
    const colour = await ask({
      message: "Step 2: What is your favorite color?",
      schema: z.object({ color: z.string() }),
      name: "step2",
    });
    return `${said(name)} ${said(colour)}`;
  }),
  toolOf("test_input_required_result_tampered_state", async ({ ask }) =>
    said(await ask(okQuestion)),
  ),
  toolOf("test_input_required_result_capabilities", async ({ ask, client }) => {
    const [name, capital] = await Promise.all([
      client.canAsk.person ? ask(nameQuestion) : undefined,
      client.canAsk.model
        ? ask.model(sampling("What is the capital of France?", "capital"))
        : undefined,
    ]);
    return JSON.stringify([name, capital]);
  }),
  toolOf("test_missing_capability", async ({ ask }) =>
    JSON.stringify(await ask.model(sampling("Anything?", "anything"))),
  ),
  toolOf("test_streaming_elicitation", async ({ ask, progress }) => {
    await progress(1, 2);
    return said(await ask(nameQuestion));
  }),
];

const address = z.object({ street: z.string().optional(), city: z.string().optional() });

const schemaTools = [
  defineTool({
    ...facts("json_schema_2020_12_tool"),
    annotations,
    input: z.object({ name: z.string().optional(), address: address.optional() }),
    run: ({ name = "nobody" }) => name,
  }),
];

export const offerings: Offerings = {
  tools: [...contentTools, ...askingTools, ...schemaTools],
  prompts: [
    definePrompt({
      ...facts("test_simple_prompt"),
      input: z.object({}),
      run: () => "This is a simple prompt for testing.",
    }),
    definePrompt({
      ...facts("test_prompt_with_arguments"),
      input: z.object({ arg1: z.string().describe("First"), arg2: z.string().describe("Second") }),
      complete: {
        arg1: (value) => ["paris", "park", "party"].filter((word) => word.startsWith(value)),
      },
      run: ({ arg1, arg2 }) => `Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`,
    }),
    definePrompt({
      ...facts("test_prompt_with_embedded_resource"),
      input: z.object({ resourceUri: z.string() }),
      run: ({ resourceUri }) => [
        {
          role: "user",
          content: embed(resourceUri, "Embedded resource content for testing.", "text/plain"),
        },
        { role: "user", content: text("Please process the embedded resource above.") },
      ],
    }),
    definePrompt({
      ...facts("test_prompt_with_image"),
      input: z.object({}),
      run: () => [
        { role: "user", content: image(PNG, "image/png") },
        { role: "user", content: text("Please analyze the image above.") },
      ],
    }),
    definePrompt({
      ...facts("test_input_required_result_prompt"),
      input: z.object({}),
      run: async (_input, { ask }) =>
        said(
          await ask({
            message: "What context should the prompt use?",
            schema: z.object({ context: z.string() }),
            name: "user_context",
          }),
        ),
    }),
  ],
  resources: [
    defineResource({
      ...facts("static_text"),
      uri: "test://static-text",
      mimeType: "text/plain",
      run: () => "This is the content of the static text resource.",
    }),
    defineResource({
      ...facts("static_binary"),
      uri: "test://static-binary",
      mimeType: "image/png",
      run: () => pixel,
    }),
    defineResource({
      ...facts("watched"),
      uri: "test://watched-resource",
      mimeType: "text/plain",
      run: () => "It never changes.",
    }),
  ],
  templates: [
    defineTemplate({
      ...facts("template"),
      uri: "test://template/{id}/data",
      mimeType: "application/json",
      params: z.object({ id: z.string() }),
      complete: { id: (value) => [`${value}1`, `${value}2`] },
      run: ({ id }) => JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }),
    }),
  ],
};
