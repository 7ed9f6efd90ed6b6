/**
 * Where a deployment's variables are kept on this machine: never in `.dev.vars`, with which
 * `wrangler dev` would claim to be the deployment. The name of an environment goes in.
 */
export function deploymentFile(environment: string | undefined): string {
  return environment === undefined ? ".deploy.vars" : `.deploy.vars.${environment}`;
}
