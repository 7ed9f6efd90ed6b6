/** A file as the text it is, for tests that read a source. */
declare module "*?raw" {
  const text: string;
  export default text;
}
