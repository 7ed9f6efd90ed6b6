import { describe, expect, it } from "vitest";
import { PersonLine, readProfile } from "../../../src/pages/person.tsx";

describe("what a page knows of a person", () => {
  it.each([
    [
      { name: "Ada Byrne", email: "ada@acme.test" },
      { name: "Ada Byrne", email: "ada@acme.test" },
    ],
    [{ nickname: "ada" }, { name: "ada" }],
    [{ email: "ada@acme.test" }, { name: "ada@acme.test", email: "ada@acme.test" }],
    [{}, { name: "Somebody without a name" }],
    [{ name: 7, picture: ["x"] }, { name: "Somebody without a name" }],
    [
      { name: "A\u202Eb", picture: "https://cdn.example/a.png" },
      { name: "Ab", picture: "https://cdn.example/a.png" },
    ],
  ])("of %j is %j", (claims, profile) => {
    expect(readProfile(claims)).toEqual(profile);
  });

  it.each([
    "http://cdn.example/a.png",
    "javascript:alert(1)",
    "data:image/svg+xml,<svg/>",
    "https://cdn.example/a.png; script-src *",
    "https://cdn.example/a,b",
    `https://cdn.example/${"a".repeat(1000)}`,
  ])("has no picture from %s, which could not stand in a policy", (picture) => {
    expect(readProfile({ name: "Ada", picture }).picture).toBeUndefined();
  });
});

describe("a person in a line", () => {
  it("has initials behind the picture, which tells no server where it is shown", () => {
    const line = PersonLine({
      profile: { name: "Ada M. Byrne", picture: "https://cdn.example/a.png" },
    }).toString();
    expect(line).toContain(
      'AB<img src="https://cdn.example/a.png" alt="" referrerpolicy="no-referrer"/>',
    );
  });

  it("escapes names", () => {
    expect(PersonLine({ profile: { name: "<b>" } }).toString()).toContain("&lt;b&gt;");
  });
});
