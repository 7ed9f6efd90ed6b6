/** Findings as a terminal or a machine reads them. Findings go in, a text comes out. */
import { styleText } from "node:util";
import { printable } from "../try/steps.ts";
import type { Finding, Status } from "./check.ts";

const MARKS: Readonly<Record<Status, string>> = {
  ok: styleText("green", "✓"),
  warning: styleText("yellow", "!"),
  failure: styleText("red", "✗"),
  skipped: styleText("dim", "–"),
};

/** One line for each finding, and one more for what to do. */
export function renderFindings(findings: readonly Finding[]): string {
  const areas = [...new Set(findings.map(({ area }) => area))];
  const parts = areas.map((area) => {
    const lines = findings.filter((finding) => finding.area === area).map(renderFinding);
    return `${styleText("bold", area)}\n${lines.join("\n")}`;
  });
  return [...parts, renderSum(findings)].join("\n\n");
}

/** Everything, for machines. */
export function renderJson(findings: readonly Finding[]): string {
  return JSON.stringify({ healthy: isHealthy(findings), findings }, undefined, 2);
}

/** Whether nothing is wrong that would stop anybody. */
export function isHealthy(findings: readonly Finding[]): boolean {
  return findings.every(({ status }) => status !== "failure");
}

function renderFinding({ status, says, fix }: Finding): string {
  const advice = fix === undefined ? "" : `\n    → ${printable(fix)}`;
  return `  ${MARKS[status]} ${printable(says)}${advice}`;
}

function renderSum(findings: readonly Finding[]): string {
  const count = (wanted: Status): number =>
    findings.filter(({ status }) => status === wanted).length;
  return `${count("ok")} in order, ${count("warning")} to look at, ${count("failure")} wrong.`;
}
