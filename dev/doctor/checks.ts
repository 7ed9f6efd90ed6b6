/** Every check, in the order in which they are made and shown. Data. */
import type { Check } from "./check.ts";
import { DASHBOARD_CHECKS } from "./dashboard.ts";
import { DEPLOYMENT_CHECKS } from "./deployment.ts";
import { DIRECTORY_CHECKS } from "./directories.ts";
import { STORE_CHECKS } from "./store.ts";
import { TENANT_CHECKS } from "./tenant.ts";
import { VARIABLE_CHECKS } from "./variables.ts";
import { WRANGLER_CHECKS } from "./wrangler.ts";

export const CHECKS: readonly Check[] = [
  ...VARIABLE_CHECKS,
  ...TENANT_CHECKS,
  ...DASHBOARD_CHECKS,
  ...STORE_CHECKS,
  ...WRANGLER_CHECKS,
  ...DEPLOYMENT_CHECKS,
  ...DIRECTORY_CHECKS,
];
