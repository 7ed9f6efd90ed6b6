import { expect, it } from "vitest";
import { applicationName, printable } from "../../../src/pages/printable.ts";

it.each([
  ["a right-to-left override", "invoice\u202Efdp.exe", "invoicefdp.exe"],
  [
    "bidirectional isolates and marks",
    "\u2066a\u2067b\u2068c\u2069d\u200Ee\u200Ff\u061Cg",
    "abcdefg",
  ],
  ["control characters", "a\u0000b\u001B[31mc\u009Fd\u007F", "ab[31mcd"],
  [
    "line breaks and tabs",
    "Claude\r\nCode\tfor\u2028you\u2029now\u0085",
    "Claude Code for you now",
  ],
  ["invisible letters", "Cl\u200Bau\u00ADde\uFEFF \u3164\u2060\u{E0041}", "Claude"],
  ["half of a pair", "a\uD800b", "ab"],
  ["private use", "a\uE000b", "ab"],
  ["a pile of marks", `Z${"\u0335".repeat(50)}o`, "Z\u0335\u0335o"],
  ["runs of white space", "  a \u00A0 \u3000 b  ", "a b"],
])("takes out %s", (_what, text, shown) => {
  expect(printable(text, 100)).toBe(shown);
});

it.each(["Claude", "Zażółć gęślą jaźń", "日本語", "שלום", "می‌خواهم", "👩‍👩‍👧 family", "❤️", "<b>&\"'"])(
  "leaves %s as it is",
  (text) => expect(printable(text, 100)).toBe(text),
);

it("cuts long text, between characters", () => {
  expect(printable("👍".repeat(2000), 10)).toBe(`${"👍".repeat(9)}…`);
  expect(printable("x".repeat(10), 10)).toBe("x".repeat(10));
});

it("is not slow on a megabyte", () => {
  expect(printable("\u202E\u0335".repeat(500_000), 64).length).toBeLessThanOrEqual(64);
});

it.each(["", "   ", "\u202E\u200B", "\u3164\u3164"])(
  "names an application without a name: %j",
  (name) => {
    expect(applicationName(name)).toBe("An application without a name");
  },
);

it("keeps an application's name short", () => {
  expect([...applicationName("W".repeat(2000))]).toHaveLength(64);
});
