/** What was measured, for people: figures and measurements go in; Markdown and a small drawing come out. */
import type { ColdMeasured } from "./cold.ts";
import { type Figure, holds } from "./figures.ts";
import type { Leg } from "./legs.ts";
import { ratioOf, type Spread, spreadOf } from "./spread.ts";
import type { Measured } from "./warm.ts";

export interface Report {
  readonly machine: string;
  readonly figures: readonly Figure[];
  readonly warm: readonly Measured[];
  readonly cold: readonly ColdMeasured[];
  readonly legs: readonly { readonly delayMs: number; readonly legs: readonly Leg[] }[];
}

/** The whole report. */
export function renderMarkdown(report: Report): string {
  return [
    "# Measured",
    `\`npm run bench\` wrote this. ${report.machine}`,
    "Every Worker runs as it is deployed, in a `workerd` process of its own; the cases take turns, in reversed order every other round. A number is the median of the rounds, with the least and the most beside it. CPU is the time of the whole process, so a busy machine moves ratios little.",
    "## Claims",
    renderFigures(report.figures),
    "## Warm requests",
    "Four connections. × is against the bare handler of the same method.",
    renderWarm(report.warm),
    "## The first requests of an isolate",
    "CPU in ms, in a process that has answered nothing before; the call asks the store once.",
    renderCold(report.cold),
    ...report.legs.flatMap(({ delayMs, legs }) => [
      `## From nothing to a token, the store ${delayMs} ms away`,
      "One after the other, over one connection. “Discover and register” is four requests.",
      renderLegs(legs),
    ]),
    "",
  ].join("\n\n");
}

/** The figures as a table. */
export function renderFigures(figures: readonly Figure[]): string {
  return table(
    ["claim", "measured", "spread", "goal", ""],
    figures.map((figure) => [
      figure.text,
      digits(figure.spread.median),
      range(figure.spread),
      `${figure.atLeast === true ? "≥" : "≤"} ${figure.goal}`,
      holds(figure) ? "✓" : "✗",
    ]),
  );
}

function renderWarm(warm: readonly Measured[]): string {
  const bare = (name: string) => warm.find((one) => one.name === name)?.cpuUs ?? [];
  const isGet = /GET|page|metadata|health/;
  return table(
    ["request", "µs CPU", "spread", "× bare", "requests/s"],
    warm.map(({ name, cpuUs, perSecond }) => [
      name,
      digits(spreadOf(cpuUs).median),
      range(spreadOf(cpuUs)),
      digits(ratioOf(cpuUs, bare(isGet.test(name) ? "bare GET" : "bare POST")).median),
      digits(spreadOf(perSecond).median),
    ]),
  );
}

function renderCold(cold: readonly ColdMeasured[]): string {
  return table(
    ["first request", "start", "1st", "spread", "2nd", "3rd", "MB resident"],
    cold.map(({ name, startMs, requestsMs, residentMb }) => {
      const nth = (at: number) => spreadOf(requestsMs.map((one) => one[at] ?? Number.NaN));
      return [
        name,
        digits(spreadOf(startMs).median),
        digits(nth(0).median),
        range(nth(0)),
        digits(nth(1).median),
        digits(nth(2).median),
        digits(spreadOf(residentMb).median),
      ];
    }),
  );
}

function renderLegs(legs: readonly Leg[]): string {
  return table(
    ["leg", "ms", "spread", "µs CPU", "store requests"],
    legs.map(({ name, wallMs, cpuUs, storeRequests }) => [
      name,
      digits(wallMs.median),
      range(wallMs),
      digits(cpuUs.median),
      digits(storeRequests.median),
    ]),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const rule = head.map((_, at) => (at === 0 ? "---" : "---:"));
  return [line(head), line(rule), ...rows.map(line)].join("\n");
}

function range({ least, most }: Spread): string {
  return least === most ? "" : `${digits(least)}–${digits(most)}`;
}

/** Three significant digits, no more. */
function digits(number: number): string {
  return Number.isFinite(number) ? String(Number(number.toPrecision(3))) : "–";
}

interface Bar {
  readonly label: string;
  readonly value: number;
  readonly isOurs: boolean;
}

/** What a warm call costs here and elsewhere, as bars. */
export function renderDrawing({ warm }: Report): string {
  const value = (name: string) =>
    spreadOf(warm.find((one) => one.name === name)?.cpuUs ?? []).median;
  const bars: Bar[] = [
    { label: "this server, signed in", value: value("ours call"), isOurs: true },
    { label: "SDK 2.x alone, no sign-in", value: value("SDK 2.x call"), isOurs: false },
    { label: "SDK 1.x alone, no sign-in", value: value("SDK 1.x call, 2025-11-25"), isOurs: false },
    { label: "provider library + KV + SDK 2.x", value: value("library + KV call"), isOurs: false },
    { label: "a bare handler", value: value("bare POST"), isOurs: false },
  ];
  const most = Math.max(...bars.map((bar) => bar.value));
  const rows = bars.map(({ label, value: us, isOurs }, at) => {
    const [y, width] = [34 + at * 26, Math.round((us / most) * 300)];
    return `<text x="212" y="${y + 13}" text-anchor="end">${label}</text>
<rect x="220" y="${y}" width="${width}" height="18" rx="3" fill="${isOurs ? "#eb5424" : "#8a94a6"}"/>
<text x="${226 + width}" y="${y + 13}">${Math.round(us)} µs</text>`;
  });
  const height = 34 + bars.length * 26 + 8;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="600" height="${height}" viewBox="0 0 600 ${height}" role="img" font-family="system-ui, sans-serif" font-size="13" fill="#6b7385">
<title>CPU time of one tools/call with ten tools, in microseconds</title>
<text x="8" y="20" font-weight="600">CPU of one tools/call, ten tools (npm run bench)</text>
${rows.join("\n")}
</svg>
`;
}
