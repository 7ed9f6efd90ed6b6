/**
 * A company's identity provider, as small as it can be: it publishes its key at an address that is no
 * real one, and vouches for whomever a test says.
 */
import { randomUUID } from "node:crypto";
import { exportJWK, generateKeyPair, SignJWT } from "jose";

export const COMPANY = "https://idp.company.test";

/** How an assertion differs from the true one; `undefined` takes a member away. */
export interface Bent {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  /** Signs with a key that nobody has published. */
  readonly isForeign?: boolean;
}

export interface Company {
  /** Answers for its website, for a house's `elsewhere`. */
  answer(request: Request): Promise<Response>;
  /** How often its keys were asked for. */
  keyRequests(): number;
  /** Its website does not answer from now on. */
  fall(): void;
  /** An ID-JAG for a person and an application at a server. */
  vouch(at: { readonly issuer: string; readonly clientId: string }, bent?: Bent): Promise<string>;
}

/** A company with a key of its own. */
export async function createCompany(): Promise<Company> {
  const { publicKey, privateKey } = await generateKeyPair("RS256");
  const foreign = await generateKeyPair("RS256");
  const keys = [{ ...(await exportJWK(publicKey)), kid: "company", use: "sig", alg: "RS256" }];
  let requests = 0;
  let isDown = false;
  return {
    async answer({ url }) {
      if (url !== `${COMPANY}/keys`) return new Response(null, { status: 404 });
      requests += 1;
      return isDown ? new Response(null, { status: 503 }) : Response.json({ keys });
    },
    keyRequests: () => requests,
    fall: () => void (isDown = true),
    async vouch({ issuer, clientId }, { claims = {}, header = {}, isForeign = false } = {}) {
      const now = Math.floor(Date.now() / 1000);
      const said = {
        iss: COMPANY,
        sub: "00u1",
        aud: issuer,
        client_id: clientId,
        resource: `${issuer}/mcp`,
        scope: "tool:get_user_info",
        jti: randomUUID(),
        iat: now,
        exp: now + 300,
        ...claims,
      };
      const given = Object.entries(said).filter(([, value]) => value !== undefined);
      return new SignJWT(Object.fromEntries(given))
        .setProtectedHeader({ alg: "RS256", typ: "oauth-id-jag+jwt", kid: "company", ...header })
        .sign(isForeign ? foreign.privateKey : privateKey);
    },
  };
}
