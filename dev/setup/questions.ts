/**
 * What setup has to ask, in this order, and which checks of the doctor judge an answer at once.
 * Data.
 */
export interface Question {
  readonly variable: string;
  readonly asks: string;
  readonly example?: string;
  /** Typed unseen. */
  readonly isSecret?: boolean;
  /** An empty answer leaves it out. */
  readonly isOptional?: boolean;
  /** Asked only for a deployment. */
  readonly isForDeployment?: boolean;
  /** Checks of the doctor, by id. */
  readonly checks: readonly string[];
}

export const QUESTIONS: readonly Question[] = [
  {
    variable: "RESOURCE_BASE_URL",
    asks: "Where will clients reach this server? Empty: at workers.dev, npm run deploy finds out",
    example: "https://mcp.example.com",
    isOptional: true,
    isForDeployment: true,
    checks: ["variables", "addresses"],
  },
  {
    variable: "AUTH0_DOMAIN",
    asks: "Auth0 → Applications → your application → Settings → Domain",
    example: "my-app.us.auth0.com",
    checks: ["variables", "tenant", "issuer", "keys"],
  },
  {
    variable: "AUTH0_AUDIENCE",
    asks: "The identifier of the API at Auth0, exactly",
    example: "https://mcp.example.com/",
    checks: ["variables", "placeholders"],
  },
  {
    variable: "AUTH0_CLIENT_ID",
    asks: "The application's Client ID",
    checks: ["variables", "placeholders"],
  },
  {
    variable: "AUTH0_CLIENT_SECRET",
    asks: "The application's Client Secret",
    isSecret: true,
    checks: ["variables", "credentials", "refresh-grant", "authorize"],
  },
  {
    variable: "AUTH0_ORGANIZATION",
    asks: "Members of one organization only? Its ID, or empty for everybody",
    example: "org_…",
    isOptional: true,
    checks: ["variables", "authorize"],
  },
  {
    variable: "UPSTASH_REDIS_REST_URL",
    asks: "Upstash → your database → REST API → HTTPS endpoint",
    example: "https://my-database.upstash.io",
    checks: ["variables"],
  },
  {
    variable: "UPSTASH_REDIS_REST_TOKEN",
    asks: "Same place → Token; not the read-only one",
    isSecret: true,
    checks: ["variables", "store", "store-writable", "store-eviction"],
  },
];

/** Made, never asked for. */
export const KEYS: readonly string[] = ["JWT_SIGNING_KEY", "STORAGE_ENCRYPTION_KEY"];
