/** The bindings and secrets of the documents' examples, as `npm run types` would find them. */
declare namespace Cloudflare {
  interface Env {
    /** As every deployment has it. */
    AUTH0_DOMAIN: string;
    readonly WEATHER_KEY: string;
    readonly NOTES_KV: KVNamespace;
    readonly NOTES_DB: D1Database;
  }
}
