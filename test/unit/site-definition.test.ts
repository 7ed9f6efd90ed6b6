import { describe, expect, it } from "vitest";
import { checkSite } from "../../src/site-definition.ts";
import { site as ours } from "../../src/site.ts";
import { site } from "../support/served.ts";

it("finds nothing wrong with the site that is served, nor with the one of the tests", () => {
  expect(checkSite(ours)).toEqual([]);
  expect(checkSite(site)).toEqual([]);
});

describe("names what is wrong with", () => {
  it.each([
    [{ name: "two words" }, "name", "may have letters, digits and . _ - only, at most 64 of them"],
    [{ title: " " }, "title", "must not be empty"],
    [{ colour: "#12" as const }, "colour", "must be written as #rrggbb"],
    [{ contact: "ask me" }, "contact", "must be an e-mail address or an https URL"],
    [{ links: { terms: "http://a.test" } }, "links.terms", "must be an https URL"],
    [{ links: { privacy: "javascript:1" } }, "links.privacy", "must be an https URL"],
    [
      { logo: "<svg></svg>" },
      "logo",
      'must be an SVG document: <svg xmlns="http://www.w3.org/2000/svg" …>…</svg>',
    ],
  ])("%j", (change, field, problem) => {
    expect(checkSite({ ...site, ...change })).toEqual([
      { variable: `src/site.ts: ${field}`, problem },
    ]);
  });

  it("everything at once", () => {
    const problems = checkSite({ ...site, name: "", colour: "#red", description: "" });
    expect(problems.map(({ variable }) => variable)).toEqual([
      "src/site.ts: name",
      "src/site.ts: description",
      "src/site.ts: colour",
    ]);
  });
});
