// What went wrong in a worker, as data that the page can be told.

import type { Failure } from "../messages";
import type { ErrorCode } from "../types";

/** What went wrong. An error without a code of ours is a fault of the engine or the browser. */
export function failure(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error);
  const { code, what, expected, got, suggestion } = (error ?? {}) as Partial<Failure>;
  // A DOMException has a code as well, which is a number.
  if (typeof code === "string") return { code, message, what, expected, got, suggestion };
  if (error instanceof WebAssembly.CompileError) {
    if (/Content[ -]Security|CSP|unsafe-eval/i.test(message)) return failure(refusal("script-src", "'wasm-unsafe-eval'"));
    const simd = "WebAssembly with SIMD (any browser of 2023 or later)";
    return failure(fault("unsupported", "this browser", simd, message));
  }
  const isFatal = error instanceof WebAssembly.RuntimeError;
  return { code: "engine", message: `the engine stopped: ${message}`, isFatal };
}

export function fault(code: ErrorCode, what: string, expected: string, got: string): Error & Failure {
  return Object.assign(new Error(`${what}: expected ${expected}, got ${got}`), { code, what, expected, got });
}

/** The page's Content-Security-Policy has refused what needs this in one of its directives. */
export function refusal(directive: string, needs: string): Error & Failure {
  const expected = `the page's Content-Security-Policy to allow it: add ${needs} to ${directive}`;
  return fault("unsupported", "the engine", expected, `a refusal by ${directive}`);
}
