import { describe, expect, it } from "vitest";
import { readRegistration, withoutEmpty } from "../../../src/clients/metadata.ts";

const HONEST = { client_name: "Client", redirect_uris: ["https://client.example/callback"] };
const POLICY = { allowedRedirectUris: ["team://oauth"], scopes: ["openid", "tool:a"] };

type Members = Readonly<Record<string, unknown>>;

const read = (sent: Members) => readRegistration(sent, POLICY);

describe("a registration", () => {
  it.each<[string, Members, Members]>([
    ["as clients send them", {}, {}],
    ["with members we do not know", { nested: { a: 1 }, "client_name#de": "Kunde" }, {}],
    [
      "with links",
      { client_uri: "https://client.example" },
      { client_uri: "https://client.example" },
    ],
    ["with members that are null", { client_uri: null, scope: null, grant_types: null }, {}],
    ["with members that are empty", { logo_uri: "", contacts: [], response_types: [] }, {}],
    ["by a secret in the form", byMethod("client_secret_post"), byMethod("client_secret_post")],
    [
      "with a choice of methods",
      { token_endpoint_auth_methods_supported: ["private_key_jwt", "none"] },
      byMethod("none"),
    ],
    ["with a grant type we do not have", { grant_types: ["authorization_code", "urn:x:jwt"] }, {}],
    ["with a response type we do not have", { response_types: ["code", "id_token"] }, {}],
    ["with scopes we do not have", { scope: "tool:a tool:b" }, { scope: "tool:a" }],
    ["with no scope that we have", { scope: "email" }, {}],
    [
      "with redirect URIs of other surfaces",
      {
        redirect_uris: ["unheard-of://x", "http://a.example/", "http://127.0.0.1/", "team://oauth"],
      },
      { redirect_uris: ["http://127.0.0.1/", "team://oauth"] },
    ],
  ])("%s is accepted, and narrowed to what it can use", (_case, members, registered) => {
    const answer = read({ ...HONEST, ...members });
    const { token_endpoint_auth_methods_supported: _, ...metadata } =
      "metadata" in answer ? answer.metadata : {};
    expect(metadata).toEqual({
      ...HONEST,
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: "client_secret_basic",
      ...registered,
    });
  });

  it.each<[string, Members, string]>([
    ["a name of a megabyte", { client_name: "x".repeat(1_000_000) }, "client_name"],
    ["a name that is no text", { client_name: {} }, "client_name"],
    [
      "a hundred redirect URIs",
      { redirect_uris: Array(100).fill("https://a.example/") },
      "redirect_uris",
    ],
    [
      "an endless redirect URI",
      { redirect_uris: [`https://a.example/${"x".repeat(2000)}`] },
      "redirect_uris",
    ],
    ["a logo that is a script", { logo_uri: "javascript:alert(1)" }, "logo_uri"],
    ["a logo inside the text", { logo_uri: "data:image/png;base64,AAAA" }, "logo_uri"],
    ["a home page that is a file", { client_uri: "file:///etc/passwd" }, "client_uri"],
    ["a policy that is no address", { policy_uri: "policy" }, "policy_uri"],
    ["no grant type that we have", { grant_types: ["password"] }, "grant_types"],
    ["no response type that we have", { response_types: ["token"] }, "response_types"],
    ["a method we do not have", byMethod("tls_client_auth"), "token_endpoint_auth_method"],
  ])("with %s is refused, and the member is named", (_case, members, parameter) => {
    expect(read({ ...HONEST, ...members })).toEqual({
      code: "invalid_client_metadata",
      flaw: { parameter, problem: expect.stringMatching(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/) },
    });
  });

  it.each<[string, unknown, Members]>([
    ["no redirect URIs", undefined, {}],
    ["redirect URIs that are null", null, {}],
    ["an empty list of them", [], {}],
    ["only such as cannot be used", ["unheard-of://x"], { variable: "ALLOWED_REDIRECT_URIS" }],
    ["a script among good ones", ["https://a.example/", "javascript:alert(1)"], {}],
  ])("with %s is refused, so that the client can try others", (_case, redirect_uris, more) => {
    expect(read({ client_name: "Client", redirect_uris })).toEqual({
      code: "invalid_redirect_uri",
      flaw: { parameter: "redirect_uris", problem: expect.any(String), ...more },
    });
  });
});

it("takes what is null or empty for absent, and nothing else", () => {
  expect(withoutEmpty({ a: null, b: "", c: [], d: false, e: 0, f: {}, g: [null] })).toEqual({
    d: false,
    e: 0,
    f: {},
    g: [null],
  });
});

function byMethod(method: string): Members {
  return { token_endpoint_auth_method: method };
}
