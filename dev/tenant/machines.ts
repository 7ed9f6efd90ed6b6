/**
 * Applications of the tenant that sign in for themselves: Auth0's "Machine to Machine" ones with
 * their client grants. A token request with `client_credentials` comes in; a token of Auth0's shape
 * or one of its refusals goes out. Every other request passes unread.
 */
import { decodeJwt } from "jose";
import type { Context, Middleware } from "oidc-provider";
import type { Answers } from "./answers.ts";
import { assembleJws } from "./jws.ts";
import type { Keyring } from "./keys.ts";
import { readBody, replay } from "./traffic.ts";

export interface MachineOptions {
  readonly clientId: string;
  readonly clientSecret: string;
  /** Its client grant for the API; none when it was not authorized for it. */
  readonly permissions?: readonly string[];
  /** Whether the grant type is on; it is unless this says otherwise. */
  readonly isAllowed?: boolean;
}

export interface Machines {
  readonly middleware: Middleware;
  /** An administrator has changed this application, or made it. */
  change(clientId: string, changes: Partial<Omit<MachineOptions, "clientId">>): void;
  /** As at the start. */
  clear(): void;
}

/** The machine of every local tenant. Its secret is none: the tenant asks nobody for a password. */
export const ROBOT = { clientId: "robot", clientSecret: "the-local-robot-has-no-secrets" };

interface Parts {
  readonly issuer: string;
  readonly audience: string;
  readonly keyring: Keyring;
  readonly answers: Answers;
}

/** The machines of one tenant, with the parts that its tokens are made of. */
export function createMachines(
  parts: Parts,
  { machines = [], permissions }: MachinesOptions,
): Machines {
  const known = new Map<string, MachineOptions>();
  const clear = (): void => {
    known.clear();
    for (const machine of [{ ...ROBOT, permissions }, ...machines])
      known.set(machine.clientId, machine);
  };
  clear();
  return {
    async middleware(ctx, next) {
      if (ctx.path !== "/oauth/token" || ctx.method !== "POST") return next();
      const body = await readBody(ctx.req);
      const form = new URLSearchParams(body.toString());
      if (form.get("grant_type") === "client_credentials")
        return answer(ctx, form, { parts, known });
      ctx.req = replay(ctx.req, body);
      return next();
    },
    change(clientId, changes) {
      const before = known.get(clientId) ?? { clientId, clientSecret: "" };
      known.set(clientId, { ...before, ...changes });
    },
    clear,
  };
}

interface MachinesOptions {
  readonly machines?: readonly MachineOptions[];
  /** Every permission of the API. */
  readonly permissions: readonly string[];
}

function answer(
  ctx: Context,
  form: URLSearchParams,
  { parts, known }: { readonly parts: Parts; readonly known: ReadonlyMap<string, MachineOptions> },
): void {
  const audience = form.get("audience") ?? "";
  const machine = known.get(form.get("client_id") ?? "");
  if (machine === undefined || machine.clientSecret !== form.get("client_secret"))
    return refuse(ctx, 401, "access_denied", "Unauthorized");
  if (machine.isAllowed === false)
    return refuse(
      ctx,
      403,
      "unauthorized_client",
      "Grant type 'client_credentials' not allowed for the client.",
    );
  if (audience !== parts.audience)
    return refuse(ctx, 403, "access_denied", `Service not enabled within domain: ${audience}`);
  if (machine.permissions === undefined)
    return refuse(
      ctx,
      403,
      "access_denied",
      `Client is not authorized to access "${audience}". You need to create a "client-grant" associated to this API. See: https://auth0.com/docs/api/v2#!/Client_Grants/post_client_grants`,
    );
  const scope = machine.permissions.join(" ");
  const token = createToken(parts, { ...machine, scope, organization: form.get("organization") });
  const { iat = 0, exp = 0 } = decodeJwt(token);
  ctx.status = 200;
  ctx.set("Cache-Control", "no-store");
  ctx.body = {
    access_token: token,
    ...(scope === "" ? {} : { scope }),
    expires_in: exp - iat,
    token_type: "Bearer",
  };
}

/** The claims of Auth0's default dialect. */
function createToken(
  { issuer, audience, keyring, answers }: Parts,
  machine: MachineOptions & { readonly scope: string; readonly organization: string | null },
): string {
  const iat = Math.floor(Date.now() / 1000);
  const { clientId, scope, organization, permissions = [] } = machine;
  const key = keyring.current();
  return assembleJws(
    { alg: "RS256", typ: "JWT", kid: key.kid },
    {
      iss: issuer,
      sub: `${clientId}@clients`,
      aud: audience,
      iat,
      exp: iat + answers.accessTokenTtlSeconds(),
      ...(scope === "" ? {} : { scope }),
      ...(organization === null ? {} : { org_id: organization }),
      gty: "client-credentials",
      azp: clientId,
      permissions,
    },
    { key, clientSecret: "", seal: "honest" },
  );
}

function refuse(
  ctx: Context,
  ...[status, error, error_description]: readonly [number, string, string]
): void {
  ctx.status = status;
  ctx.body = { error, error_description };
}
