// The one error of the JavaScript interface.

import type { ErrorCode } from "./types.js";

/** What an error says besides its message. */
export interface ErrorDetails {
  /** The thing that was read: a file's field, a prompt, an option. */
  what?: string;
  /** What it should have been. */
  expected?: string;
  /** What it was. */
  got?: string;
  /** What would do in place of what was given, as an answer with the space that it lacks. */
  suggestion?: string;
}

/** An error that names what was expected and what came; `code` says which input it is about. */
export class PathPatchError extends Error implements ErrorDetails {
  override name = "PathPatchError";
  readonly what?: string;
  readonly expected?: string;
  readonly got?: string;
  readonly suggestion?: string;

  constructor(
    readonly code: ErrorCode,
    message: string,
    { what, expected, got, suggestion }: ErrorDetails = {},
  ) {
    super(message);
    this.what = what;
    this.expected = expected;
    this.got = got;
    this.suggestion = suggestion;
  }

  /** An error that reads "`what`: expected `expected`, got `got`". */
  static of(code: ErrorCode, what: string, expected: string, got: string): PathPatchError {
    return new PathPatchError(code, `${what}: expected ${expected}, got ${got}`, { what, expected, got });
  }
}

export function cancelled(what: string): PathPatchError {
  return PathPatchError.of("cancelled", what, "to finish", "a cancel");
}
