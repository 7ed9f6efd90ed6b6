/**
 * What this server offers, prepared once per isolate and immutable. Definitions go in; what can be
 * offered of them comes out, with every mistake in them by name. A catalogue with problems is never
 * served.
 */
import type { ReadResourceResult } from "@modelcontextprotocol/server";
import type { ConfigProblem } from "../config.ts";
import type { Freshness } from "../grants/freshness.ts";
import type {
  Around,
  Offerings,
  Prompt,
  Resource,
  SkillDefinition,
  Template,
  Tool,
} from "./definition.ts";
import {
  promptProblems,
  resourceProblems,
  skillProblems,
  templateProblems,
  toolProblems,
} from "./definition-rules.ts";
import {
  offerPrompt,
  offerResource,
  offerTemplate,
  offerTool,
  type PromptOffer,
  type ResourceOffer,
  type TemplateOffer,
  type ToolOffer,
  type Use,
} from "./offer.ts";
import type { Judged } from "./permissions.ts";
import { offerSkill, type SkillOffer } from "./skill.ts";
import { freshnessOf, readNeeds, settle } from "./settled.ts";
import { offerView } from "./view.ts";

export interface Catalogue {
  /** By name; resources by URI, templates by theirs. In the order of the lists they came from. */
  readonly tools: ReadonlyMap<string, ToolOffer>;
  readonly prompts: ReadonlyMap<string, PromptOffer>;
  readonly resources: ReadonlyMap<string, ResourceOffer>;
  readonly templates: ReadonlyMap<string, TemplateOffer>;
  readonly skills: ReadonlyMap<string, SkillOffer>;
  readonly around: Around | undefined;
  /** Every permission that anything here requires. */
  readonly requiredPermissions: readonly string[];
  /** What some of them ask of the person's sign-in, by name. */
  readonly freshness: ReadonlyMap<string, Freshness>;
  /** What permissions let a person do, by their names. */
  readonly sentences: Readonly<Record<string, string>>;
  /** Every name of `env` that something here needs, and what needs it. */
  readonly needs: ReadonlyMap<string, string>;
  readonly hasViews: boolean;
  readonly hasCompletion: boolean;
  /** Changes with anything in the lists: what a cursor points into. */
  readonly version: string;
  /** What is wrong with the definitions. Nothing is served until it is mended. */
  readonly problems: readonly ConfigProblem[];
}

/** Prepares everything that is the same for every caller. Never throws. */
export async function createCatalogue(offerings: Offerings): Promise<Catalogue> {
  const { tools, prompts = [], resources = [], templates = [], skills = [], around } = offerings;
  const problems: ConfigProblem[] = [];
  const definitions = [...tools, ...prompts, ...resources, ...templates];
  const needed = [...definitions, ...skills].flatMap(({ permissions }) => readNeeds(permissions));
  const offered = await prepareAll(offerings, problems);
  return {
    ...offered,
    around,
    problems,
    requiredPermissions: [...new Set(needed.map(({ name }) => name))],
    freshness: freshnessOf(needed),
    sentences: offerings.permissions ?? {},
    needs: new Map(
      definitions.flatMap(({ name, needs = [] }) => needs.map((need) => [need, name] as const)),
    ),
    hasViews: tools.some((tool) => tool.ui !== undefined),
    hasCompletion: [...prompts, ...templates].some(({ complete }) => complete !== undefined),
    version: versionOf(offered),
  };
}

async function prepareAll(offerings: Offerings, problems: ConfigProblem[]) {
  const { tools, prompts = [], resources = [], templates = [], skills = [] } = offerings;
  const prepare = preparerOf(problems);
  const views = tools.filter((tool) => tool.ui !== undefined);
  return {
    tools: await prepare<Tool, ToolOffer>("tool", tools, {
      keyOf: ({ name }) => name,
      judge: toolProblems,
      offer: (tool) => offerTool(settle(tool)),
    }),
    prompts: await prepare<Prompt, PromptOffer>("prompt", prompts, {
      keyOf: ({ name }) => name,
      judge: promptProblems,
      offer: (prompt) => offerPrompt(settle(prompt)),
    }),
    resources: new Map([
      ...(await prepare<Resource, ResourceOffer>("resource", resources, {
        keyOf: ({ uri }) => uri,
        judge: resourceProblems,
        offer: (resource) => offerResource(settle(resource)),
      })),
      ...views.map((tool) => offerView(settle(tool))),
    ]),
    templates: await prepare<Template, TemplateOffer>("template", templates, {
      keyOf: ({ uri }) => uri,
      judge: templateProblems,
      offer: (template) => offerTemplate(settle(template)),
    }),
    skills: await prepare<SkillDefinition, SkillOffer>("skill", skills, {
      keyOf: ({ name }) => name,
      judge: skillProblems,
      offer: (skill) => offerSkill(settle(skill)),
    }),
  };
}

/**
 * The catalogue of a module that is not loaded yet: what its files throw while they are loaded is a
 * problem like another.
 */
export async function loadCatalogue(
  offerings: Offerings | (() => Promise<Offerings>),
): Promise<Catalogue> {
  try {
    return await createCatalogue(typeof offerings === "function" ? await offerings() : offerings);
  } catch (error) {
    const nothing = await createCatalogue({ tools: [] });
    return { ...nothing, problems: [{ variable: "src/tools", problem: describeThrown(error) }] };
  }
}

/** What was thrown, and where. */
function describeThrown(error: unknown): string {
  if (!(error instanceof Error)) return "cannot be loaded";
  const place = /\n\s+at .*?([^\s()]+:\d+:\d+)\)?$/m.exec(error.stack ?? "")?.[1];
  return `${error.name}: ${error.message}${place === undefined ? "" : ` at ${place}`}`;
}

/** What is read at a URI, and what it needs. */
export interface Readable {
  readonly use: Use<ReadResourceResult | undefined>;
  readonly judged: Judged;
}

/** A resource of the list, a view, a file of a skill, or a template's; undefined: there is none. */
export function findResource(catalogue: Catalogue, uri: string): Readable | undefined {
  const fixed =
    catalogue.resources.get(uri) ??
    [...catalogue.skills.values()].flatMap(({ files }) => files.get(uri) ?? [])[0];
  if (fixed !== undefined) return { use: fixed.use, judged: fixed.item };
  for (const { item, useOf } of catalogue.templates.values()) {
    const use = useOf(uri);
    if (use !== undefined) return { use, judged: item };
  }
  return undefined;
}

interface Preparation<Item, Offer> {
  keyOf(item: Item): string;
  judge(item: Item): readonly string[];
  offer(item: Item): Offer | Promise<Offer>;
}

/** Prepares a list of one kind; what cannot be offered is named, all of it at once. */
function preparerOf(problems: ConfigProblem[]) {
  return async function prepare<Item, Offer>(
    kind: string,
    items: readonly Item[],
    { keyOf, judge, offer }: Preparation<Item, Offer>,
  ): Promise<ReadonlyMap<string, Offer>> {
    const offers = new Map<string, Offer>();
    for (const item of items) {
      const key = keyOf(item);
      const found = [...(offers.has(key) ? ["is defined twice"] : []), ...judge(item)];
      try {
        if (found.length === 0) offers.set(key, await offer(item));
      } catch (error) {
        found.push(error instanceof Error ? error.message : "cannot be prepared");
      }
      problems.push(...found.map((problem) => ({ variable: `${kind} ${key}`, problem })));
    }
    return offers;
  };
}

/** What a name of `env` lacks, told with who needs it. */
export function missingNeeds(
  { needs }: Catalogue,
  env: Readonly<Record<string, unknown>>,
): readonly ConfigProblem[] {
  return [...needs]
    .filter(([name]) => env[name] === undefined || env[name] === "")
    .map(([variable, by]) => ({ variable, problem: `is missing; ${by} needs it` }));
}

/** Eight characters of the order and names of all there is (FNV-1a; nothing secret). */
function versionOf(offered: Readonly<Record<string, ReadonlyMap<string, unknown>>>): string {
  const names = Object.values(offered).flatMap((offers) => [...offers.keys(), ""]);
  let hash = 0x81_1c_9d_c5;
  for (const character of names.join("\n"))
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01_00_01_93);
  return (hash >>> 0).toString(16).padStart(8, "0");
}
