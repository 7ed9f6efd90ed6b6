/** A sentence with a sign before it. Words go in; they say the same without colour or sign. */
import type { Child } from "hono/jsx";

const SIGNS = {
  good: "M1.5 8a6.5 6.5 0 1 0 13 0 6.5 6.5 0 1 0-13 0m3.5.2 2 2 4-4.4",
  warn: "M8 1.5 15 14H1L8 1.5Zm0 4.5v4m0 1.6v.4",
} as const;

export function Remark({ kind, children }: { kind: keyof typeof SIGNS; children: Child }) {
  return (
    <span class={`remark ${kind}`}>
      <svg
        viewBox="0 0 16 16"
        width="18"
        height="18"
        aria-hidden="true"
        fill="none"
        stroke="currentColor"
        stroke-width="1.5"
      >
        <path d={SIGNS[kind]} stroke-linejoin="round" stroke-linecap="round" />
      </svg>
      <span>{children}</span>
    </span>
  );
}
