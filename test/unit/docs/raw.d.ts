/** What Vite does with a text file, and with many. */
declare module "*?raw" {
  const text: string;
  export default text;
}

interface ImportMeta {
  glob<Value>(
    pattern: string,
    options: { readonly query: string; readonly import: string; readonly eager: true },
  ): Record<string, Value>;
}
