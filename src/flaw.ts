/** What is wrong with a request, as a type. */

/**
 * What exactly is wrong with a request, for the maker of the client and for the log. Fixed words of
 * ours, in the characters of RFC 6749 §5.2: never a value of the request.
 */
export interface Flaw {
  /** The parameter or member, by the name its RFC gives it. */
  readonly parameter: string;
  /** What follows that name in a sentence: "is missing". */
  readonly problem: string;
  /** The variable by which the operator decides this. */
  readonly variable?: string;
}
