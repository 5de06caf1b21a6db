/** What the local commands share: reading options the same way, speaking plainly when something is wrong. */
import { parseArgs, type ParseArgsConfig } from "node:util";

/** A command line that says something it may not, in plain words. `run` ends it with status 2. */
class WrongCommand extends Error {
  override readonly name = "WrongCommand";
}

/** A whole number inside these bounds. Throws in plain words. */
export function wholeFrom(text: string, flag: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new WrongCommand(`${flag} takes a whole number from ${least} to ${most}, not "${text}".`);
}

/** A port number, or 0 for any free one. Throws in plain words. */
export function portFrom(text: string, flag: string): number {
  return wholeFrom(text, flag, 0, 65_535);
}

/**
 * Options of a command. `--help` prints the usage and ends; an unknown option prints what was wrong and the usage, and
 * ends with status 2.
 */
export function optionsOf<T extends NonNullable<ParseArgsConfig["options"]>>(usage: string, options: T) {
  if (process.argv.some((word) => word === "--help" || word === "-h")) {
    console.log(usage);
    process.exit(0);
  }
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    process.exit(2);
  }
}

/** Runs a command. What it throws is printed as one plain message; the status is 1, or 2 for a wrong command. */
export async function run(command: () => Promise<void>): Promise<void> {
  try {
    await command();
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(error instanceof WrongCommand ? 2 : 1);
  }
}
