/**
 * A page as people see it: looked at on a phone and on a desk, in the light and in the dark. A page
 * that is open goes in; what is wrong with it comes out, and pictures in `.ci/screens`.
 */
import { mkdir } from "node:fs/promises";
import axe from "axe-core";
import type { Page } from "playwright-core";

const FOLDER = process.env["SCREENS_FOLDER"] ?? ".ci/screens";
const WIDTHS_PX = [320, 1280] as const;
const SCHEMES = ["light", "dark"] as const;

/** Everything that a look at a page found wrong, in words; nothing when it is as it should be. */
export async function examine(page: Page, name: string): Promise<string[]> {
  await mkdir(FOLDER, { recursive: true });
  const problems: string[] = [];
  for (const width of WIDTHS_PX)
    for (const colorScheme of SCHEMES) {
      await page.setViewportSize({ width, height: 800 });
      await page.emulateMedia({ colorScheme });
      const at = `${name} at ${width} px, ${colorScheme}:`;
      const needed = await page.evaluate(() => document.documentElement.scrollWidth);
      if (needed > width) problems.push(`${at} is ${needed} px wide`);
      // What axe looks at depends on colours, not on a width at which nothing is cut off.
      if (width === WIDTHS_PX[0])
        for (const finding of await findings(page)) problems.push(`${at} ${finding}`);
      await page.screenshot({
        path: `${FOLDER}/${name}-${width}-${colorScheme}.png`,
        fullPage: true,
      });
    }
  return [...problems, ...(await enlarge(page, name)), ...(await recolour(page, name))];
}

/** Letters of twice the size on a window of half the width (WCAG 2.2, 1.4.4): nothing is cut off. */
async function enlarge(page: Page, name: string): Promise<string[]> {
  const width = 640;
  await page.setViewportSize({ width, height: 800 });
  await page.evaluate(() => (document.documentElement.style.fontSize = "200%"));
  const needed = await page.evaluate(() => document.documentElement.scrollWidth);
  await page.evaluate(() => (document.documentElement.style.fontSize = ""));
  return needed > width ? [`${name} with large letters: is ${needed} px wide`] : [];
}

/** Where people choose all colours themselves, what can be pressed still has an edge. */
async function recolour(page: Page, name: string): Promise<string[]> {
  await page.setViewportSize({ width: WIDTHS_PX[0], height: 800 });
  await page.emulateMedia({ forcedColors: "active" });
  await page.screenshot({ path: `${FOLDER}/${name}-${WIDTHS_PX[0]}-forced.png`, fullPage: true });
  const edgeless = await page
    .locator(".button, input:not([type=hidden]):not([type=checkbox]), select")
    .evaluateAll((found) =>
      found.flatMap((element) => {
        const { borderTopStyle, borderTopWidth } = getComputedStyle(element);
        return borderTopStyle === "none" || borderTopWidth === "0px"
          ? [element.textContent ?? ""]
          : [];
      }),
    );
  await page.emulateMedia({ forcedColors: "none" });
  return edgeless.map((text) => `${name} in forced colours: “${text}” has no edge`);
}

/** What axe finds, best practices included. It runs beside the page's policy, which allows no script. */
async function findings(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as { axe: typeof axe }).axe.run(),
  );
  return violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`,
  );
}

interface Shift extends PerformanceEntry {
  readonly value: number;
  /** A person did it. */
  readonly hadRecentInput: boolean;
}

/** How much moved by itself while the page came up (Layout Instability API): 0 when nothing did. */
export function shiftOf(page: Page): Promise<number> {
  return page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        new PerformanceObserver((list) => {
          const shifts = (list.getEntries() as Shift[]).filter((shift) => !shift.hadRecentInput);
          resolve(shifts.reduce((sum, { value }) => sum + value, 0));
        }).observe({ type: "layout-shift", buffered: true });
        setTimeout(() => resolve(0), 100);
      }),
  );
}
