/** Variables that the doctor alone reads. The Worker does not, and a deployment never gets them. */

/** A token of Auth0's Management API. */
export const MANAGEMENT_TOKEN = "AUTH0_MANAGEMENT_TOKEN";

/** An account at Upstash, for its Developer API. */
export const UPSTASH_ACCOUNT = ["UPSTASH_EMAIL", "UPSTASH_API_KEY"] as const;

export const DOCTOR_VARIABLES: readonly string[] = [MANAGEMENT_TOKEN, ...UPSTASH_ACCOUNT];
