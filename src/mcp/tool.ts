/**
 * How a tool, a prompt or a resource is written: a piece of data with a `run` function. All that
 * `tools/` may import. What it says about permissions is mandatory: a definition without them does
 * not compile.
 */
import type * as z from "zod";
import type {
  ObjectSchema,
  PromptDefinition,
  ResourceDefinition,
  TemplateDefinition,
  TextShape,
  ToolDefinition,
  Variables,
} from "./definition.ts";

export { answer, audio, embed, image, link, text, ToolError } from "./answer.ts";
export type { Around, Offerings, SkillDefinition } from "./definition.ts";
export type { ToolContext } from "./tool-context.ts";

/** A tool; its types follow from its schemas. */
export function defineTool<
  const I extends ObjectSchema,
  const O extends ObjectSchema | undefined = undefined,
>(tool: ToolDefinition<I, O>): ToolDefinition<I, O> {
  return tool;
}

/** A prompt; each argument is a text that its schema reads. */
export function definePrompt<const S extends TextShape>(
  prompt: PromptDefinition<S>,
): PromptDefinition<S> {
  return prompt;
}

/** A resource at one URI. */
export function defineResource<const Uri extends string>(
  resource: ResourceDefinition<Uri>,
): ResourceDefinition<Uri> {
  return resource;
}

/** The resources of one form, such as `note://{id}`. */
export function defineTemplate<
  const Uri extends string,
  const P extends Readonly<Record<Variables<Uri>, z.ZodType<unknown, string>>>,
>(template: TemplateDefinition<Uri, P>): TemplateDefinition<Uri, P> {
  return template;
}
