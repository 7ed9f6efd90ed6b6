/** Every check, in the order in which they are made and shown. Data. */
import type { Check } from "./check.ts";
import { DASHBOARD_CHECKS } from "./dashboard.ts";
import { DEPLOYMENT_CHECKS } from "./deployment.ts";
import { DIRECTORY_CHECKS } from "./directories.ts";
import { SIGN_IN_CHECKS } from "./sign-in.ts";
import { STORE_CHECKS } from "./store.ts";
import { TENANT_CHECKS } from "./tenant.ts";
import { UPSTASH_CHECKS } from "./upstash-account.ts";
import { VARIABLE_CHECKS } from "./variables.ts";
import { WALK_CHECKS } from "./walk.ts";
import { WRANGLER_CHECKS } from "./wrangler.ts";

export const CHECKS: readonly Check[] = [
  ...VARIABLE_CHECKS,
  ...TENANT_CHECKS,
  ...DASHBOARD_CHECKS,
  ...SIGN_IN_CHECKS,
  ...STORE_CHECKS,
  ...UPSTASH_CHECKS,
  ...WRANGLER_CHECKS,
  ...DEPLOYMENT_CHECKS,
  ...WALK_CHECKS,
  ...DIRECTORY_CHECKS,
];
