// src/tools/forecast.ts
import * as z from "zod";
import { defineTool, ToolError } from "../../../src/mcp/tool.ts";

const answerSchema = z.object({ text: z.string() });

export const forecast = defineTool({
  name: "forecast",
  title: "Forecast",
  description: "Reads the forecast for a city.",
  permissions: ["weather:read"],
  annotations: {
    readOnlyHint: true,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: true,
  },
  needs: ["WEATHER_KEY"],
  input: z.object({ city: z.string() }),
  async run({ city }, { env, signal, log }) {
    const url = `https://weather.example/v1/${encodeURIComponent(city)}`;
    const response = await fetch(url, { headers: { "X-Api-Key": env.WEATHER_KEY }, signal });
    log.info("asked for a forecast", { city, status: response.status });
    if (response.status === 404) throw new ToolError(`There is no city called ${city}.`);
    return answerSchema.parse(await response.json()).text;
  },
});
