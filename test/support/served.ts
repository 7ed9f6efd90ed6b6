/**
 * What the Worker serves in tests: a site and tools of their own, so that nothing here changes when
 * those in `src/` are replaced.
 */
import * as z from "zod";
import { definePrompt, defineResource, defineTool, type Offerings } from "../../src/mcp/tool.ts";
import type { Site } from "../../src/site-definition.ts";
import type { Theirs } from "../../src/worker.ts";

export const site: Site = {
  name: "house",
  title: "The House",
  description: "A server for tests.",
  instructions: "Knock first.",
  colour: "#7a1fa2",
  contact: "help@house.test",
  links: {
    documentation: "https://house.test/docs",
    privacy: "https://house.test/privacy",
    terms: "https://house.test/terms",
  },
  listsToolsPublicly: true,
};

const annotations = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
};

const claimsSchema = z.object({
  iss: z.string(),
  aud: z.union([z.string(), z.array(z.string())]),
  scope: z.string(),
  permissions: z.array(z.string()),
});

const getUserInfo = defineTool({
  name: "get_user_info",
  title: "Get user info",
  description: "Returns the profile of the signed-in person.",
  permissions: ["tool:get_user_info"],
  annotations: { ...annotations, openWorldHint: true },
  input: z.object({}),
  output: z.object({
    issuer: z.string(),
    audience: z.union([z.string(), z.array(z.string())]),
    scope: z.string(),
    permissions: z.array(z.string()),
    user_info: z.record(z.string(), z.unknown()),
  }),
  async run(_input, { auth }) {
    const [{ claims }, profile] = await Promise.all([auth.accessToken(), auth.userInfo()]);
    const { iss, aud, scope, permissions } = claimsSchema.parse(claims);
    return { issuer: iss, audience: aud, scope, permissions, user_info: { ...profile } };
  },
});

const explainAccess = defineTool({
  name: "explain_access",
  title: "Explain access",
  description: "Lists every tool with what becomes of a call.",
  permissions: ["tool:explain_access"],
  annotations,
  input: z.object({}),
  output: z.object({ tools: z.array(z.object({ name: z.string(), verdict: z.string() })) }),
  run: (_input, { access }) => ({
    tools: access().map(({ name, verdict }) => ({ name, verdict })),
  }),
});

const getTime = defineTool({
  name: "get_time",
  title: "Get the time",
  description: "Returns the current time in UTC.",
  permissions: [],
  annotations,
  input: z.object({}),
  output: z.object({ utc: z.iso.datetime() }),
  run: () => ({ utc: new Date().toISOString() }),
});

const countDown = defineTool({
  name: "count_down",
  title: "Count down",
  description: "Counts down to zero and reports each step as progress.",
  permissions: [],
  annotations,
  input: z.object({
    from: z.int().min(1).max(20).default(5),
    step_ms: z.int().min(1).max(1000).default(500),
  }),
  async run({ from, step_ms }, { progress, signal }) {
    for (let done = 1; done <= from; done += 1) {
      await new Promise((resolve) => setTimeout(resolve, step_ms));
      signal.throwIfAborted();
      await progress(done, from, `${from - done} to go`);
    }
    return "Lift-off.";
  },
});

const checkAccess = definePrompt({
  name: "check_access",
  title: "Check my access",
  description: "Finds out what you can do with this server.",
  permissions: [],
  input: z.object({ task: z.string().optional() }),
  run: ({ task = "anything" }) => `Read guide://permissions. Can I do ${task} here?`,
});

const permissionGuide = defineResource({
  uri: "guide://permissions",
  name: "permission_guide",
  title: "How permissions work",
  description: "When a tool is shown.",
  permissions: [],
  mimeType: "text/markdown",
  run: () => "# How permissions work\n",
});

export const offerings: Offerings = {
  tools: [getUserInfo, explainAccess, getTime, countDown],
  prompts: [checkAccess],
  resources: [permissionGuide],
};

/** All of it, as `createWorker` takes it. */
export const served: Theirs = { site, offerings, version: "1.2.3" };
