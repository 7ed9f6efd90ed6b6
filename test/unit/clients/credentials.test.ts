import { describe, expect, it } from "vitest";
import { isBasic, straightenCredentials } from "../../../src/clients/credentials.ts";

const ODD_SECRET = "100% odd + secret:ü";
const DOCUMENT = "https://client.example:8443/c.json";

const basic = (text: string) =>
  `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(text)))}`;
const encode = (text: string) => new URLSearchParams({ text }).toString().slice("text=".length);
const secretOf = (clientId: string) => (clientId === "odd" ? ODD_SECRET : undefined);

type Form = Readonly<Record<string, string>>;

function straighten(form: Form, authorization: string | null) {
  const presented = { form: new URLSearchParams(form), authorization };
  const straight = straightenCredentials(presented, secretOf);
  return (
    straight && { form: Object.fromEntries(straight.form), authorization: straight.authorization }
  );
}

describe("what a client presents", () => {
  it.each<[string, Form, string | null]>([
    ["in the form", { client_id: "a", client_secret: "s" }, null],
    ["by an assertion", { client_assertion: "x.y.z" }, null],
    ["beside somebody's bearer token", { client_id: "a" }, "Bearer x"],
    ["in a header that cannot be read", { client_id: "a" }, "Basic %%%"],
    ["in a header without a colon", {}, basic("a")],
    ["in a header that is no UTF-8", {}, `Basic ${btoa("\xff:s")}`],
    ["by Basic", {}, basic("a:s")],
    ["by Basic, form-encoded", {}, basic(`odd:${encode(ODD_SECRET)}`)],
    [
      "by Basic and with a secret in the form, which is too much",
      { client_secret: "s" },
      basic("a:s"),
    ],
  ])("%s stays as it is", (_case, form, authorization) => {
    expect(straighten(form, authorization)).toEqual({ form, authorization });
  });

  it.each<[string, Form, string, Form, string | null]>([
    ["its id beside Basic", { client_id: "a" }, basic("a:s"), {}, basic("a:s")],
    [
      "its id beside Basic in small letters",
      { client_id: "a" },
      basic("a:s").replace("B", "b"),
      {},
      basic("a:s"),
    ],
    [
      "a header in the other base64",
      {},
      basic("a:>>>???").replaceAll("/", "_"),
      {},
      basic(`a:${encode(">>>???")}`),
    ],
    [
      "a secret not form-encoded",
      {},
      basic(`odd:${ODD_SECRET}`),
      {},
      basic(`odd:${encode(ODD_SECRET)}`),
    ],
    ["an empty secret", {}, basic("a:"), { client_id: "a" }, null],
    ["an empty secret beside its id", { client_id: "a" }, basic("a:"), { client_id: "a" }, null],
    [
      "an empty secret beside one in the form",
      { client_secret: "s" },
      basic("a:"),
      { client_id: "a", client_secret: "s" },
      null,
    ],
    ["its document", {}, basic(`${DOCUMENT}:`), { client_id: DOCUMENT }, null],
    [
      "its document, form-encoded",
      {},
      basic(`${encode(DOCUMENT)}:`),
      { client_id: DOCUMENT },
      null,
    ],
    [
      "its document beside it",
      { client_id: DOCUMENT },
      basic(`${encode(DOCUMENT)}:`),
      { client_id: DOCUMENT },
      null,
    ],
  ])("with %s is read as RFC 6749 writes it", (_case, form, authorization, straight, header) => {
    expect(straighten(form, authorization)).toEqual({ form: straight, authorization: header });
  });

  it.each<[string, string]>([
    ["another id", basic("b:s")],
    ["another id and no secret", basic("b:")],
    ["an id that only begins the same", basic("ab:s")],
  ])("names two clients with %s in the header", (_case, authorization) => {
    expect(straighten({ client_id: "a" }, authorization)).toBeUndefined();
  });
});

it("knows HTTP Basic, readable or not", () => {
  expect(["Basic x", "basic", "BASIC\tx"].map(isBasic)).toEqual([true, true, true]);
  expect(["Bearer x", "Basics x", null].map(isBasic)).toEqual([false, false, false]);
});
