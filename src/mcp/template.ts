/**
 * URI templates, as far as they can be read backwards: `{name}` is one segment, `{+name}` takes
 * slashes too (RFC 6570 §3.2.2, §3.2.3). A URI goes in, its variables come out.
 */

type Match = (uri: string) => Readonly<Record<string, string>> | undefined;

const VARIABLE = /\{(\+?)(\w+)\}/g;

/** The names of a template's variables, in their order. */
export function variablesOf(template: string): readonly string[] {
  return [...template.matchAll(VARIABLE)].map(([, , name = ""]) => name);
}

/** Why a template cannot be used; `undefined` when it can. */
export function templateProblem(template: string): string | undefined {
  const names = variablesOf(template);
  if (names.length === 0) return "has no {variable}: it is a resource";
  if (new Set(names).size < names.length) return "names a variable twice";
  const rest = template.replaceAll(VARIABLE, "x");
  if (/[{}]/.test(rest)) return "may have {name} and {+name} only";
  if (URL.parse(rest)?.href !== rest) return "is not a normalised URI";
  return undefined;
}

/** Makes the matcher of a template. */
export function compileTemplate(template: string): Match {
  const names = variablesOf(template);
  const pattern = template
    .split(VARIABLE)
    // split() yields text, operator, name, text, …
    .map((part, at) => (at % 3 === 0 ? escaped(part) : at % 3 === 1 ? groupOf(part) : ""))
    .join("");
  const expression = new RegExp(`^${pattern}$`);
  return (uri) => {
    const found = expression.exec(uri);
    if (found === null) return undefined;
    const values = found.slice(1).map(decoded);
    if (values.includes(undefined)) return undefined;
    return Object.fromEntries(names.map((name, at) => [name, values[at] ?? ""]));
  };
}

function groupOf(operator: string): string {
  return operator === "+" ? "(.+)" : "([^/?#]+)";
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
