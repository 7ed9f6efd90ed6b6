/** The parameters of a request, from its query or its form. They go in, a verdict comes out. Pure. */

/**
 * The first parameter that stands twice, so that it could be read in two ways (RFC 6749 §3.1, §3.2).
 * `resource` may (RFC 8707 §2).
 */
export function repeatedParameter(parameters: URLSearchParams): string | undefined {
  return [...new Set(parameters.keys())].find(
    (name) => name !== "resource" && parameters.getAll(name).length > 1,
  );
}
