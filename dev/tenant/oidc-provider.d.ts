/**
 * The part of oidc-provider 9 (and of koa below it) that the local tenant uses. The package ships
 * no types.
 */
declare module "oidc-provider" {
  import type { EventEmitter } from "node:events";
  import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
  import type { ParsedUrlQuery, ParsedUrlQueryInput } from "node:querystring";
  import type { JWK } from "jose";

  export interface Context {
    req: IncomingMessage;
    readonly res: ServerResponse;
    readonly path: string;
    readonly method: string;
    get query(): ParsedUrlQuery;
    set query(query: ParsedUrlQueryInput);
    readonly response: { get(field: string): string };
    status: number;
    type: string;
    body: unknown;
    /** Whether koa answers; false when a handler has written to `res` itself. */
    respond: boolean;
    get(field: string): string;
    set(field: string, value: string): void;
    redirect(url: string): void;
    /** What oidc-provider knows of the request; absent where it was not asked. */
    readonly oidc?: {
      readonly params?: Readonly<Record<string, unknown>>;
      /** Who asks, once it has proved to be that. */
      readonly client?: Client;
      readonly entities: {
        readonly RefreshToken?: { readonly jti: string };
        readonly Grant?: { getOIDCScope(): string };
      };
    };
  }

  export type Middleware = (ctx: Context, next: () => Promise<void>) => Promise<void> | void;

  /** One kind of record: sessions, grants, codes, refresh tokens, … */
  export interface Adapter {
    upsert(id: string, payload: Payload, expiresIn?: number): Promise<void>;
    find(id: string): Promise<Payload | undefined>;
    findByUid(uid: string): Promise<Payload | undefined>;
    findByUserCode(userCode: string): Promise<undefined>;
    consume(id: string): Promise<void>;
    destroy(id: string): Promise<void>;
    revokeByGrantId(grantId: string): Promise<void>;
  }

  export interface Payload {
    readonly grantId?: string;
    readonly uid?: string;
    consumed?: number;
  }

  export interface AccessToken {
    readonly accountId: string;
    readonly gty?: string;
    readonly scope?: string;
  }

  export interface Grant {
    addOIDCScope(scope: string): void;
    addResourceScope(resource: string, scope: string): void;
    rejectResourceScope(resource: string, scope: string): void;
    save(): Promise<string>;
  }

  export interface Interaction {
    readonly params: {
      readonly client_id: string;
      readonly scope?: string;
      readonly resource?: string;
      readonly organization?: string;
      readonly acr_values?: string;
    };
  }

  export type InteractionResult =
    | { readonly error: string; readonly error_description: string }
    | {
        readonly login: {
          readonly accountId: string;
          readonly amr?: readonly string[];
          readonly acr?: string;
        };
        readonly consent: { readonly grantId: string };
      };

  export interface StructuredToken {
    header?: Record<string, unknown>;
    payload: Record<string, unknown>;
  }

  export interface Account {
    readonly accountId: string;
    claims(): Readonly<Record<string, unknown>>;
  }

  interface Client {
    readonly clientId: string;
  }

  export interface Configuration {
    readonly acrValues: readonly string[];
    readonly adapter: (model: string) => Adapter;
    readonly claims: Readonly<Record<string, readonly string[]>>;
    readonly clientAuthMethods: readonly string[];
    readonly clientBasedCORS: () => boolean;
    readonly clients: readonly Readonly<Record<string, unknown>>[];
    readonly conformIdTokenClaims: boolean;
    readonly cookies: {
      readonly names: Readonly<Record<"session" | "interaction" | "resume", string>>;
    };
    readonly extraParams: readonly string[];
    readonly features: Readonly<
      Record<string, Readonly<Record<string, unknown>> & { readonly enabled: boolean }>
    > & {
      readonly resourceIndicators: {
        readonly enabled: true;
        readonly useGrantedResource: () => boolean;
        readonly getResourceServerInfo: (
          ctx: Context,
          resource: string,
        ) => Readonly<Record<string, unknown>>;
      };
      readonly revocation: {
        readonly enabled: true;
        readonly allowedPolicy: (ctx: Context, client: Client, token: Client) => boolean;
      };
      readonly rpInitiatedLogout: {
        readonly enabled: true;
        readonly logoutSource: (ctx: Context, form: string) => void;
        readonly postLogoutSuccessSource: (ctx: Context) => void;
      };
    };
    readonly fetch: (url: string, options: { readonly body: URLSearchParams }) => Promise<Response>;
    readonly findAccount: (ctx: Context, sub: string) => Account | undefined;
    readonly formats: {
      readonly customizers: {
        readonly jwt: (ctx: Context, token: AccessToken, parts: StructuredToken) => void;
      };
    };
    readonly interactions: {
      readonly url: (ctx: Context, interaction: { readonly uid: string }) => string;
    };
    readonly jwks: { readonly keys: readonly JWK[] };
    readonly pkce: { readonly required: () => boolean };
    readonly renderError: (
      ctx: Context,
      out: { readonly error: string; readonly error_description?: string },
    ) => void;
    readonly responseTypes: readonly string[];
    readonly rotateRefreshToken: () => boolean;
    readonly routes: Readonly<Record<string, string>>;
    readonly scopes: readonly string[];
    readonly ttl: Readonly<Record<string, number | (() => number)>>;
  }

  export class Provider extends EventEmitter {
    constructor(issuer: string, configuration: Configuration);
    readonly AccessToken: { find(token: string): Promise<AccessToken | undefined> };
    readonly Grant: new (owner: { accountId: string; clientId: string }) => Grant;
    use(middleware: Middleware): this;
    registerGrantType(
      name: string,
      handler: (ctx: Context) => Promise<void>,
      parameters: readonly string[],
    ): void;
    callback(): RequestListener;
    interactionDetails(req: IncomingMessage, res: ServerResponse): Promise<Interaction>;
    interactionFinished(
      ...args: [
        req: IncomingMessage,
        res: ServerResponse,
        result: InteractionResult,
        options: { readonly mergeWithLastSubmission: boolean },
      ]
    ): Promise<void>;
  }

  export const errors: {
    readonly AccessDenied: new (description: string) => Error;
    readonly InvalidGrant: new (detail: string) => Error;
    readonly SessionNotFound: new (description: string) => Error;
  };
}
