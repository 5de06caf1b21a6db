/**
 * A refusal that leaves a Durable Object: the caller sent something no caller of ours sends. RPC keeps message and
 * code.
 */

/** Thrown across RPC; `code` is the reason from the pure machine, in its documented order. */
export class MoneyRefused extends Error {
  override readonly name = "MoneyRefused";
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}
