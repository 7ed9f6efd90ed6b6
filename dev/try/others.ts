/**
 * What a server offers beside tools: prompts and resources. A wish for one goes in; what the server
 * answers comes out, for people, or the list of what there is.
 */
import { type Client, ProtocolError } from "@modelcontextprotocol/client";
import * as z from "zod";
import { Obstacle } from "../obstacle.ts";
import type { Wish } from "./arguments.ts";
import { showResource, showResult } from "./result.ts";
import { printable, type Steps } from "./steps.ts";

/** Does what was wished for; `undefined` when that was a tool. */
export function useOther(client: Client, wish: Wish, steps: Steps): Promise<string | undefined> {
  const { prompt, read, lists } = wish;
  if (lists === "prompt")
    return steps.run(
      "prompts/list",
      () => listPrompts(client),
      () => "",
    );
  if (lists === "read")
    return steps.run(
      "resources/list",
      () => listResources(client),
      () => "",
    );
  if (prompt !== undefined)
    return steps.run(
      "prompts/get",
      () => getPrompt(client, prompt, wish),
      () => prompt,
    );
  if (read !== undefined)
    return steps.run(
      "resources/read",
      () => readResource(client, read),
      () => read,
    );
  return Promise.resolve(undefined);
}

async function listPrompts(client: Client): Promise<string> {
  const { prompts } = await client.listPrompts();
  const lines = prompts.map(({ name, description = "", arguments: taken = [] }) => {
    const input = taken.map((field) => (field.required === true ? field.name : `${field.name}?`));
    return `${name}(${input.join(", ")})\n  ${description}`;
  });
  return orNothing(lines);
}

/** Those at a fixed address, and the forms of the others. */
async function listResources(client: Client): Promise<string> {
  const [{ resources }, { resourceTemplates }] = await Promise.all([
    client.listResources(),
    client.listResourceTemplates(),
  ]);
  return orNothing([
    ...resources.map(
      ({ uri, description, title, name }) => `${uri}\n  ${description ?? title ?? name}`,
    ),
    ...resourceTemplates.map(
      ({ uriTemplate, description, title, name }) =>
        `${uriTemplate}\n  ${description ?? title ?? name}`,
    ),
  ]);
}

function orNothing(lines: readonly string[]): string {
  return lines.length === 0 ? "There is nothing for this person." : printable(lines.join("\n"));
}

const textsSchema = z.record(z.string(), z.string(), {
  error: "--input must be an object of texts: so are a prompt's arguments.",
});

async function getPrompt(client: Client, name: string, { input }: Wish): Promise<string> {
  const texts = textsSchema.safeParse(input);
  if (!texts.success) throw new Obstacle(texts.error.issues[0]?.message ?? "");
  const { messages } = await client
    .getPrompt({ name, arguments: texts.data })
    .catch(explainWith("--prompt without a name lists what there is."));
  const said = messages.map(
    ({ role, content }, index) =>
      `${role}: ${showResult({ content: [content] }, `${name}-${index + 1}`)}`,
  );
  return said.join("\n");
}

async function readResource(client: Client, uri: string): Promise<string> {
  const { contents } = await client
    .readResource({ uri })
    .catch(explainWith("--read without an address lists what there is."));
  return contents.map((content) => showResource(content)).join("\n");
}

/** What the server said, and what helps. What nobody foresaw is in its log. */
function explainWith(advice: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof ProtocolError)) throw error;
    throw new Obstacle(error.message, /request id/.test(error.message) ? undefined : advice);
  };
}
