/**
 * What was ticked on a form with permissions: the other half of `permission-choice.tsx`. The form and
 * the permissions that were on it go in, the names of those that stay come out. Pure.
 */
import type { PermissionFacts } from "./scope.ts";

/**
 * What of the ticked was allowed for an hour: the form says so for what reads, changes or deletes, each
 * together.
 */
export function readLimited(
  form: URLSearchParams,
  offered: readonly Pick<PermissionFacts, "name" | "effect">[],
  ticked: readonly string[],
): readonly string[] {
  const effects = new Set(form.getAll("hour"));
  return offered
    .filter(({ name, effect }) => ticked.includes(name) && effects.has(effect))
    .map(({ name }) => name);
}

/** Whether those that can delete have a box for all of them. */
export function hasDeletingSwitch(
  permissions: readonly Pick<PermissionFacts, "effect">[],
): boolean {
  return permissions.filter(({ effect }) => effect === "deletes").length > 1;
}

/**
 * What of the offered was ticked. A form without the boxes (`choices` is missing) answers the
 * question as a whole; nothing that was not offered can be ticked.
 */
export function readTicked(
  form: URLSearchParams,
  offered: readonly Pick<PermissionFacts, "name" | "effect">[],
): readonly string[] {
  const all = offered.map(({ name }) => name);
  if (!form.has("choices")) return all;
  const ticked = new Set(form.getAll("permission"));
  const keepsDeleting = !hasDeletingSwitch(offered) || form.has("deleting");
  return offered
    .filter(({ name, effect }) => ticked.has(name) && (keepsDeleting || effect !== "deletes"))
    .map(({ name }) => name);
}
