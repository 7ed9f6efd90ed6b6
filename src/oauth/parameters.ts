/** The parameters of a request, from its query or its form. They go in, a verdict comes out. Pure. */

/**
 * Whether a parameter stands twice, so that it could be read in two ways (RFC 6749 §3.1, §3.2).
 * `resource` may (RFC 8707 §2).
 */
export function repeatsParameter(parameters: URLSearchParams): boolean {
  return [...new Set(parameters.keys())].some(
    (name) => name !== "resource" && parameters.getAll(name).length > 1,
  );
}
