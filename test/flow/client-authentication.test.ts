/**
 * How clients of the field say who they are at the token endpoint: at exchange, refresh and
 * revocation alike.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDocumentClient } from "../support/document-client.ts";
import { type House, startHouse } from "../support/house.ts";
import {
  createStranger,
  type Credentials,
  json,
  meetStranger,
  type Stranger,
} from "../support/stranger.ts";

const REDIRECT_URI = "http://127.0.0.1:9/callback";
const ODD_SECRET = "100% odd + secret:ü";
const DOCUMENT = "https://client.example/c.json";

let house: House;
let anyone: Stranger;

beforeAll(async () => {
  const document = await createDocumentClient(DOCUMENT, "none");
  house = await startHouse({
    elsewhere: (request) => document.answer(request),
    variables: {
      PREREGISTERED_CLIENTS: JSON.stringify([
        {
          client_id: "odd.one",
          client_name: "Odd",
          redirect_uris: [REDIRECT_URI],
          token_endpoint_auth_method: "client_secret_basic",
          client_secret: ODD_SECRET,
        },
      ]),
    },
  });
  anyone = await meetStranger(`${house.issuer}/mcp`);
});
afterAll(() => house.stop());

type Form = Readonly<Record<string, string>>;
/** What a client adds to its token requests, made of its id and its secret. */
type Presenting = (id: string, secret: string) => { form?: Form; basic?: string };

const WAYS: readonly (readonly [string, Presenting])[] = [
  ["Basic", (id, secret) => ({ basic: `${id}:${secret}` })],
  [
    "Basic, and its id in the form",
    (id, secret) => ({ basic: `${id}:${secret}`, form: { client_id: id } }),
  ],
  [
    "Basic, and an empty secret in the form",
    (id, secret) => ({ basic: `${id}:${secret}`, form: { client_id: id, client_secret: "" } }),
  ],
  ["a secret in the form", (id, secret) => ({ form: { client_id: id, client_secret: secret } })],
  [
    "a secret in the form, and its id in Basic",
    (id, secret) => ({ basic: `${id}:`, form: { client_secret: secret } }),
  ],
];

describe.each(["client_secret_basic", "client_secret_post", undefined])(
  "a client of %s",
  (method) => {
    it.each(WAYS)("authenticates by %s", async (_way, presenting) => {
      const { id, secret } = await register(method);
      await expectWelcome(id, presenting(id, secret));
    });

    it.each<[string, Presenting, number]>([
      ["a wrong secret by Basic", (id) => ({ basic: `${id}:wrong`, form: { client_id: id } }), 401],
      ["its id alone", (id) => ({ form: { client_id: id } }), 401],
      ["its id alone, by Basic", (id) => ({ basic: `${id}:` }), 401],
      [
        "another id in the form",
        (id, secret) => ({ basic: `${id}:${secret}`, form: { client_id: "x" } }),
        400,
      ],
      [
        "two secrets",
        (id, secret) => ({ basic: `${id}:${secret}`, form: { client_secret: secret } }),
        400,
      ],
    ])("is refused with %s, everywhere", async (_way, presenting, status) => {
      const { id, secret } = await register(method);
      const known = presented(id, { basic: `${id}:${secret}` });
      const tokens = await known.signIn("rob");
      const attempt = known.begin();
      const callback = await known.approve(attempt, "rob");
      const impostor = presented(id, presenting(id, secret));
      const usesBasic = presenting(id, secret).basic !== undefined;
      for (const request of [
        () => impostor.exchange(attempt, callback),
        () => impostor.refresh(tokens.refresh_token),
        () => impostor.revoke(tokens.refresh_token),
      ]) {
        const response = await request();
        expect(response.headers.get("www-authenticate")).toBe(
          usesBasic && status === 401 ? 'Basic realm="OAuth"' : null,
        );
        const { error } = await json<{ error: string }>(response, status);
        expect(error).toBe(status === 401 ? "invalid_client" : "invalid_request");
      }
      expect((await known.exchange(attempt, callback)).status).toBe(200);
      expect((await known.refresh(tokens.refresh_token)).status).toBe(200);
    });
  },
);

it.each<[string, { form?: Form; basic?: string }]>([
  [
    "form-encoded",
    { basic: `odd.one:${new URLSearchParams({ s: ODD_SECRET }).toString().slice(2)}` },
  ],
  ["as it is", { basic: `odd.one:${ODD_SECRET}` }],
  ["as it is, beside its id", { basic: `odd.one:${ODD_SECRET}`, form: { client_id: "odd.one" } }],
  ["in the form", { form: { client_id: "odd.one", client_secret: ODD_SECRET } }],
])("an operator's client sends its odd secret %s", async (_way, presenting) => {
  await expectWelcome("odd.one", presenting);
});

it.each<[string, (id: string) => { form?: Form; basic?: string }]>([
  ["its id in the form", (id) => ({ form: { client_id: id } })],
  [
    "its id and an empty secret in the form",
    (id) => ({ form: { client_id: id, client_secret: "" } }),
  ],
  ["its id and no secret by Basic", (id) => ({ basic: `${id}:` })],
  ["both", (id) => ({ basic: `${id}:`, form: { client_id: id } })],
])("a public client, registered or with a document, is known by %s", async (_way, presenting) => {
  await expectWelcome(anyone.clientId, presenting(anyone.clientId));
  await expectWelcome(DOCUMENT, presenting(DOCUMENT));
});

it("a public client gains nothing by a secret it never had", async () => {
  const tokens = await anyone.signIn("rob");
  const odd = presented(anyone.clientId, { basic: `${anyone.clientId}:secret` });
  expect(await json(await odd.refresh(tokens.refresh_token), 401)).toMatchObject({
    error: "invalid_client",
  });
});

it("the log says that a request named two clients", async () => {
  const two = presented(anyone.clientId, { basic: "a:s", form: { client_id: "b" } });
  expect(await json(await two.refresh("x"), 400)).toMatchObject({ error: "invalid_request" });
  expect(house.log.at(-1)).toMatchObject({ reason: "client_ambiguous", parameter: "client_id" });
});

async function register(method: string | undefined) {
  const response = await fetch(`${house.issuer}/register`, {
    method: "POST",
    body: JSON.stringify({ redirect_uris: [REDIRECT_URI], token_endpoint_auth_method: method }),
  });
  const registered = await json<Record<string, string>>(response, 201);
  expect(registered["token_endpoint_auth_method"]).toBe(method ?? "client_secret_basic");
  return { id: registered["client_id"] ?? "", secret: registered["client_secret"] ?? "" };
}

function presented(
  clientId: string,
  { form, basic }: { readonly form?: Form; readonly basic?: string },
): Stranger {
  const credentials: Credentials = {
    ...(form && { form }),
    ...(basic && { headers: { authorization: `Basic ${Buffer.from(basic).toString("base64")}` } }),
  };
  return createStranger({ ...anyone, clientId, authenticate: () => credentials });
}

/** Exchange, refresh and revocation go through. */
async function expectWelcome(clientId: string, presenting: { form?: Form; basic?: string }) {
  const client = presented(clientId, presenting);
  const tokens = await client.signIn("rob");
  const renewed = await json<{ refresh_token: string }>(
    await client.refresh(tokens.refresh_token),
    200,
  );
  expect((await client.revoke(renewed.refresh_token)).status).toBe(200);
  expect(await json(await client.refresh(renewed.refresh_token), 400)).toMatchObject({
    error: "invalid_grant",
  });
}
