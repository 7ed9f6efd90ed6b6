// src/tools/cities.ts
import * as z from "zod";
import { definePrompt, defineResource, defineTemplate } from "../../../src/mcp/tool.ts";

const CITIES = ["lisbon", "london", "lyon"];
const complete = (value: string) => CITIES.filter((city) => city.startsWith(value));

export const packFor = definePrompt({
  name: "pack_for",
  title: "Pack for a city",
  description: "Has the model write a packing list.",
  permissions: [],
  input: z.object({ city: z.string(), days: z.coerce.number<string>().int().default(3) }),
  complete: { city: complete },
  run: ({ city, days }) => `Read city://${city} and write a packing list for ${days} days.`,
});

export const cityList = defineResource({
  uri: "cities://all",
  name: "cities",
  title: "Cities",
  description: "Every city there is a guide for.",
  permissions: [],
  mimeType: "application/json",
  run: () => JSON.stringify(CITIES),
});

export const cityGuide = defineTemplate({
  uri: "city://{city}",
  name: "city_guide",
  title: "City guide",
  description: "What to know of a city.",
  permissions: [],
  mimeType: "text/markdown",
  params: z.object({ city: z.string() }),
  complete: { city: complete },
  list: () => CITIES.map((city) => ({ uri: `city://${city}`, name: city })),
  run: ({ city }) => (CITIES.includes(city) ? `# ${city}\n` : undefined),
});
