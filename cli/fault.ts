/**
 * What stops a command, said so that the reader knows what to do next. Everything the CLI expects to go wrong becomes a
 * `CliFault`; anything else is a bug and shows its stack.
 */

/** A stopped command. `advice` is the next step, `lines` are details to print as they are. */
export class CliFault extends Error {
  override readonly name = "CliFault";
  /** Stable word for scripts. */
  readonly code: string;
  readonly advice: string | null;
  readonly lines: readonly string[];
  /** More for `--json`. */
  readonly members: Readonly<Record<string, unknown>>;
  /** 1: asked for and refused or failed. 2: the command itself was wrong. */
  readonly exitCode: 1 | 2;

  constructor(
    code: string,
    message: string,
    more: {
      advice?: string;
      lines?: readonly string[];
      members?: Readonly<Record<string, unknown>>;
      exitCode?: 1 | 2;
      cause?: unknown;
    } = {},
  ) {
    super(message, { cause: more.cause });
    this.code = code;
    this.advice = more.advice ?? null;
    this.lines = more.lines ?? [];
    this.members = more.members ?? {};
    this.exitCode = more.exitCode ?? 1;
  }
}
