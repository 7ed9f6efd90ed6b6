import { describe, expect, it } from "vitest";
import { renderIcon } from "../../../src/pages/icon.tsx";
import { Layout, renderPage } from "../../../src/pages/layout.tsx";
import { createLook } from "../../../src/pages/look.ts";
import { site } from "../../support/served.ts";

const look = await createLook(site);

const page = () => <Layout title={`<script>"'&`}>{"<b>content</b>"}</Layout>;

describe("renderPage", () => {
  it("answers 200 with HTML, escaped wherever text came in", async () => {
    const response = renderPage(page(), look);
    const html = await response.text();
    expect(response.status).toBe(200);
    expect(response.headers.get("Content-Type")).toBe("text/html; charset=utf-8");
    expect(html.startsWith('<!doctype html><html lang="en">')).toBe(true);
    expect(html).toContain("<title>&lt;script&gt;&quot;&#39;&amp; · The House</title>");
    expect(html).toContain("&lt;b&gt;content&lt;/b&gt;");
    expect(html).not.toMatch(/<script|style=|javascript:|\son\w+=/);
  });

  it("allows by hash exactly the style that the page carries, and nothing else", async () => {
    const response = renderPage(page(), look);
    const style = /<style>([^]*?)<\/style>/.exec(await response.text())?.[1] ?? "";
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(style));
    const hash = btoa(String.fromCharCode(...new Uint8Array(digest)));
    expect(style).toBe(look.style);
    expect(response.headers.get("Content-Security-Policy")).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'`,
    );
  });

  it("allows one picture from elsewhere by its exact address", () => {
    const options = { picture: "https://cdn.example/a.png" };
    expect(renderPage(page(), look, options).headers.get("Content-Security-Policy")).toContain(
      "; img-src 'self' https://cdn.example/a.png; ",
    );
  });

  it("has no form-action, which Chrome would hold against the redirect to the client", () => {
    expect(renderPage(page(), look).headers.get("Content-Security-Policy")).not.toContain(
      "form-action",
    );
  });

  it("keeps the status and every cookie, but not a weaker policy, of what it is given", () => {
    const headers = new Headers({ "Content-Security-Policy": "frame-ancestors 'none'" });
    headers.append("Set-Cookie", "a=1");
    headers.append("Set-Cookie", "b=2");
    const response = renderPage(page(), look, { status: 403, headers });
    expect(response.status).toBe(403);
    expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    expect(response.headers.get("Content-Security-Policy")).toContain("default-src 'none'");
  });
});

it("names the site on every page, with its links and whom to ask", async () => {
  const html = await renderPage(page(), look).text();
  expect(html).toContain("<span>The House</span>");
  expect(html).toContain('<a href="https://house.test/privacy">Privacy</a>');
  expect(html).toContain('<a href="https://house.test/docs">Documentation</a>');
  expect(html).toContain('<a href="mailto:help@house.test">Contact</a>');
  const plain = await createLook({ ...site, links: {}, contact: "https://house.test/help" });
  expect(await renderPage(page(), plain).text()).toContain('href="https://house.test/help"');
});

describe("the icon", () => {
  it("is a picture that may be cached", async () => {
    const response = renderIcon(site);
    expect(response.status).toBe(200);
    expect(response.headers.get("Content-Type")).toBe("image/svg+xml");
    expect(response.headers.get("Cache-Control")).toBe("public, max-age=86400");
    expect(await response.text()).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
  });
});

describe("the logo of a site", () => {
  const logo = '<svg xmlns="http://www.w3.org/2000/svg"><circle r="1"/></svg>';

  it("takes the place of the mark, as a picture of our own", async () => {
    const html = await renderPage(page(), await createLook({ ...site, logo })).text();
    expect(html).toContain('<img src="/favicon.svg"');
    expect(html).not.toContain("<svg");
    expect(await renderIcon({ ...site, logo }).text()).toBe(logo);
  });
});

/** Text on ground (WCAG 2.2 §1.4.3: 4.5), and the edges of controls (§1.4.11: 3). */
const PAIRS: readonly (readonly [string, string, number])[] = [
  ["ink", "ground", 4.5],
  ["ink", "sheet", 4.5],
  ["ink", "sunk", 4.5],
  ["quiet", "ground", 4.5],
  ["quiet", "sheet", 4.5],
  ["quiet", "sunk", 4.5],
  ["brand", "ground", 4.5],
  ["brand", "sheet", 4.5],
  ["on-brand", "brand", 4.5],
  ["on-brand", "brand-pressed", 4.5],
  ["brand", "sunk", 4.5],
  ["good", "sunk", 4.5],
  ["good", "sheet", 4.5],
  ["warn", "sunk", 4.5],
  ["warn", "sheet", 4.5],
  ["edge", "sheet", 3],
];

const CHOSEN = ["#0b5489", "#7a1fa2", "#ffee00", "#ffffff", "#000000", "#808080"] as const;

describe.each(
  CHOSEN.flatMap((colour) => [[colour, "light", 0] as const, [colour, "dark", 1] as const]),
)("the colours of a site that chose %s, %s", async (colour, _name, index) => {
  const { style } = await createLook({ ...site, colour });
  const blocks = style.match(/:root \{[^}]*\}/g) ?? [];
  const block = [blocks[index], blocks[index + 2]].join();
  const colours = new Map(
    [...block.matchAll(/--([\w-]+): #(\w+)/g)].map((match) => [match[1], match[2] ?? ""]),
  );

  it.each(PAIRS)("have enough contrast: %s on %s", (text, ground, least) => {
    const [lighter = 0, darker = 0] = [text, ground]
      .map((name) => luminance(colours.get(name) ?? ""))
      .sort((one, other) => other - one);
    expect((lighter + 0.05) / (darker + 0.05)).toBeGreaterThanOrEqual(least);
  });
});

/** WCAG 2.2, “relative luminance”. */
function luminance(hex: string): number {
  const full = hex.length === 3 ? hex.replace(/./g, "$&$&") : hex;
  const [red = 0, green = 0, blue = 0] = (full.match(/../g) ?? []).map((pair) => {
    const share = Number.parseInt(pair, 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
