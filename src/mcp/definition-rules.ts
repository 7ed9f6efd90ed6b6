/**
 * What a definition must be, beyond what the compiler sees. A definition goes in, its problems come
 * out, in words for its author. Pure.
 */
import type { Facts, Prompt, Resource, SkillDefinition, Template, Tool } from "./definition.ts";
import * as z from "zod";
import { secondsOf } from "./settled.ts";
import { templateProblem, variablesOf } from "./template.ts";

/** The problems of a tool. */
export function toolProblems(tool: Tool): readonly string[] {
  return [
    ...factProblems(tool),
    // MCP 2026-07-28, server/tools: tool names.
    ...(/^[\w.-]{1,128}$/.test(tool.name) ? [] : ["cannot be the name of a tool"]),
    ...hintProblems(tool),
    ...viewProblems(tool),
  ];
}

function hintProblems({ annotations, confirm }: Tool): readonly string[] {
  if (typeof annotations !== "object") return ["has no annotations"];
  const { readOnlyHint, destructiveHint } = annotations;
  return [
    ...(readOnlyHint && destructiveHint ? ["says both readOnlyHint and destructiveHint"] : []),
    ...(confirm !== undefined && !destructiveHint
      ? ["asks to confirm, but its destructiveHint is not true"]
      : []),
  ];
}

function viewProblems({ ui }: Tool): readonly string[] {
  if (ui === undefined) return [];
  return [
    ...(ui.html.trim() === "" ? ["has a view without HTML"] : []),
    ...(ui.visibility?.length === 0 ? ["is visible to nobody"] : []),
  ];
}

/** The problems of a prompt. */
export function promptProblems(prompt: Prompt): readonly string[] {
  return [
    ...factProblems(prompt),
    ...unknownNames(prompt.complete, Object.keys(prompt.input?.shape ?? {})),
  ];
}

/** The problems of a resource. A URI is looked up as a URL parser writes it. */
export function resourceProblems(resource: Resource): readonly string[] {
  const { uri } = resource;
  return [
    ...factProblems(resource),
    ...(uri.includes("{") ? ["is a template: use defineTemplate"] : []),
    ...(URL.parse(uri)?.href === uri || uri.includes("{") ? [] : ["is not a normalised URI"]),
  ];
}

/** The problems of a template. */
export function templateProblems(template: Template): readonly string[] {
  const names = variablesOf(template.uri);
  const params = Object.keys(template.params?.shape ?? {});
  const problem = templateProblem(template.uri);
  return [
    ...factProblems(template),
    ...(problem === undefined ? [] : [problem]),
    ...names.filter((name) => !params.includes(name)).map((name) => `params lacks ${name}`),
    ...params.filter((name) => !names.includes(name)).map((name) => `${name} is not in its URI`),
    ...unknownNames(template.complete, params),
  ];
}

/** The problems of a skill. */
export function skillProblems(skill: SkillDefinition): readonly string[] {
  const { permissions, files, problems } = skill;
  return [
    ...problems,
    ...permissionProblems(permissions),
    ...Object.keys(files)
      .filter((path) => !/^[\w-][\w.-]*(?:\/[\w-][\w.-]*)*$/.test(path))
      .map((path) => `“${path}” cannot be the path of a file`),
  ];
}

function factProblems({
  title,
  description,
  permissions,
  needs = [],
  timeout,
}: Facts): readonly string[] {
  return [
    ...(timeout === undefined || secondsOf(timeout)
      ? []
      : ["timeout must be a time like 30s or 2m"]),
    ...(typeof title === "string" && title.trim() !== "" ? [] : ["has no title"]),
    ...(typeof description === "string" && description.trim() !== "" ? [] : ["has no description"]),
    ...permissionProblems(permissions),
    ...needs
      .filter((need) => !/^\w+$/.test(need))
      .map((need) => `“${need}” cannot be the name of a variable`),
  ];
}

/** RFC 6749 §3.3 scope-token: what may stand in a `scope` and in a challenge. */
function permissionProblems(permissions: unknown): readonly string[] {
  if (!Array.isArray(permissions))
    return ["names no permissions; [] is for everyone who is signed in"];
  const entries: readonly unknown[] = permissions;
  return entries.flatMap((entry) => {
    const read = permissionSchema.safeParse(entry).data;
    if (read === undefined || !/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(read.name))
      return [`“${String(read?.name ?? entry)}” cannot be an OAuth scope`];
    const { name, fresh } = read;
    return fresh === undefined || secondsOf(fresh) !== undefined
      ? []
      : [`${name}: fresh must be a time like 90s, 15m, 12h or 7d`];
  });
}

const permissionSchema = z.union([
  z.string().transform((name) => ({ name, fresh: undefined })),
  z.object({ name: z.string(), fresh: z.string().optional(), mfa: z.boolean().optional() }),
]);

function unknownNames(complete: object | undefined, names: readonly string[]): readonly string[] {
  return Object.keys(complete ?? {})
    .filter((name) => !names.includes(name))
    .map((name) => `completes ${name}, which it does not have`);
}
