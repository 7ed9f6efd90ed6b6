/** The parameters of a request, from its query or its form. They go in, a verdict comes out. Pure. */

/**
 * The first parameter that stands twice, so that it could be read in two ways (RFC 6749 §3.1, §3.2).
 * `resource` may (RFC 8707 §2).
 */
export function repeatedParameter(parameters: URLSearchParams): string | undefined {
  // One pass: a stranger's form of 64 KB has ten thousand of them.
  const seen = new Set<string>();
  for (const name of parameters.keys()) {
    if (name !== "resource" && seen.has(name)) return name;
    seen.add(name);
  }
  return undefined;
}
