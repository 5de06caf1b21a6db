/** A part of the platform that did not answer, as an error that becomes the problem of its code at the door. */
import type { ProblemCode } from "../../src/protocols/problem.ts";

/** Thrown where a part of the platform did not answer; becomes the problem of its code at the door. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
  readonly code: ProblemCode;

  constructor(code: ProblemCode, what: string, cause: unknown) {
    super(what, { cause });
    this.code = code;
  }
}

/** The platform's answer, or `Unreachable` with the code and the words that say who did not answer. */
export async function reach<T>(code: ProblemCode, what: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    throw new Unreachable(code, what, cause);
  }
}
