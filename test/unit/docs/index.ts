// src/tools/index.ts
import { type Around, type Offerings, ToolError } from "../../../src/mcp/tool.ts";
import { bookTable } from "./book-table.ts";
import { chart } from "./chart.ts";
import { cityGuide, cityList, packFor } from "./cities.ts";
import { convert } from "./convert.ts";
import { deleteInvoices } from "./delete-invoices.ts";
import { forecast } from "./forecast.ts";
import { reindex } from "./reindex.ts";
import { noteInD1, noteInKv } from "./shared-note.ts";
import { skills } from "./skills.ts";

const audit: Around = async ({ name, auth, client, log }, next) => {
  if (name === "reindex" && client.family === "other")
    throw new ToolError("Only known applications may reindex.");
  const ended = await next();
  log.info("audit", { name, user: auth.userId, ended });
};

export const offerings: Offerings = {
  tools: [convert, chart, forecast, noteInKv, noteInD1, reindex, deleteInvoices, bookTable],
  prompts: [packFor],
  resources: [cityList],
  templates: [cityGuide],
  skills,
  around: audit,
  permissions: {
    "weather:read": "See forecasts",
    "documents:write": "Rebuild the index of your documents",
    "invoices:delete": "Delete invoices of a customer",
  },
};
