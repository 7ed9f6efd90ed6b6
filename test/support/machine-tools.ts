/** Tools that tell a machine and a person apart, for tests of callers. */
import * as z from "zod";
import { defineTool, type Offerings } from "../../src/mcp/tool.ts";

const reads = {
  permissions: ["tool:get_user_info"],
  annotations: {
    readOnlyHint: true,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: false,
  },
  input: z.object({}),
};

export const callers: Offerings = {
  tools: [
    defineTool({
      ...reads,
      name: "who_calls",
      title: "Who calls",
      description: "Says what it knows of its caller.",
      permissions: [],
      output: z.object({ kind: z.string(), userId: z.string(), permissions: z.array(z.string()) }),
      run: (_input, { auth: { kind, userId, permissions } }) => ({
        kind,
        userId,
        permissions: [...permissions],
      }),
    }),
    defineTool({
      ...reads,
      name: "read_claims",
      title: "Read claims",
      description: "Reads who Auth0's token speaks for.",
      output: z.object({ sub: z.string(), gty: z.string().optional() }),
      async run(_input, { auth }) {
        const { claims } = await auth.accessToken();
        return z.object({ sub: z.string(), gty: z.string().optional() }).parse(claims);
      },
    }),
    defineTool({
      ...reads,
      name: "read_profile",
      title: "Read the profile",
      description: "Reads the person's profile.",
      run: async (_input, { auth }) => JSON.stringify(await auth.userInfo()),
    }),
    defineTool({
      ...reads,
      name: "explain",
      title: "Explain",
      description: "Needs another permission.",
      permissions: ["tool:explain_access"],
      run: () => "explained",
    }),
  ],
};
