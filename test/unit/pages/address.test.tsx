import { describe, expect, it } from "vitest";
import { Address, Host, splitHost } from "../../../src/pages/address.tsx";

describe("the part of a host that somebody had to register", () => {
  it.each([
    ["claude.ai", "", "claude.ai"],
    ["claude.ai.evil.example", "claude.ai.", "evil.example"],
    ["www.evil.co.uk", "www.", "evil.co.uk"],
    ["claude.ai.evil.com.au", "claude.ai.", "evil.com.au"],
    ["claude.evil.workers.dev", "claude.", "evil.workers.dev"],
    ["claude.github.io", "", "claude.github.io"],
    ["a.b.x.ai", "a.b.", "x.ai"],
    ["co.uk", "", "co.uk"],
    ["localhost", "", "localhost"],
    ["127.0.0.1", "", "127.0.0.1"],
    ["[::1]", "", "[::1]"],
    ["claude.ai.evil.example.", "claude.ai.", "evil.example."],
    ["xn--cude-hoa.ai", "", "xn--cude-hoa.ai"],
    ["claude.ai.xn--e1afmkfd.xn--p1ai", "claude.ai.", "xn--e1afmkfd.xn--p1ai"],
    ["claude.ai.evil.co.uk", "claude.ai.", "evil.co.uk"],
    ["claude.ai.evil.co.uk:8443", "claude.ai.", "evil.co.uk:8443"],
    ["claude.ai.evil.example.:8443", "claude.ai.", "evil.example.:8443"],
    ["127.0.0.1:8080", "", "127.0.0.1:8080"],
    ["[2001:db8::1]:8080", "", "[2001:db8::1]:8080"],
    ["localhost:8080", "", "localhost:8080"],
    // An ending that is not on our short list: the wrong owner never stands out.
    ["claude.ai.evil.gen.tr", "claude.ai.evil.", "gen.tr"],
  ])("of %s is told apart from what stands before it", (host, before, domain) => {
    expect(splitHost(host)).toEqual({ before, domain });
  });
});

describe("an address on a page", () => {
  it("lets the registered domain stand out, and shows the rest", () => {
    expect(Address({ url: "https://claude.ai.evil.example:8443/a?b=c" }).toString()).toBe(
      '<bdi class="address">https://claude.ai.<b>evil.example</b>:8443/a?b=c</bdi>',
    );
    expect(Host({ host: "a.evil.example" }).toString()).toBe(
      '<bdi class="address">a.<b>evil.example</b></bdi>',
    );
  });

  it("is shown as a whole when it has no host, and escaped", () => {
    expect(Address({ url: "cursor://anysphere.cursor-mcp/cb" }).toString()).toContain(
      "<b>cursor://anysphere.cursor-mcp/cb</b>",
    );
    expect(Address({ url: `com.x:"><script>` }).toString()).not.toContain("<script");
  });

  it("shows a name in another script as it is asked for, not as it looks", () => {
    expect(Address({ url: "https://cl\u0430ude.ai/" }).toString()).toContain("<b>xn--cl");
  });

  it("shows the host that is meant, not one that stands in its userinfo", () => {
    expect(Address({ url: "https://claude.ai@evil.example/" }).toString()).toBe(
      '<bdi class="address">https://<b>evil.example</b>/</bdi>',
    );
  });
});
