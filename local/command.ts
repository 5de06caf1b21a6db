/** What the local commands share: reading options the same way, speaking plainly when something is wrong. */
import { parseArgs, type ParseArgsConfig } from "node:util";

/** A port number, or 0 for any free one. Throws in plain words. */
export function portFrom(text: string, flag: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Error(`${flag} takes a port between 0 and 65535, not "${text}".`);
  }
  return port;
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

/** Runs a command. What it throws is printed as one plain message, and the status is 1. */
export async function run(command: () => Promise<void>): Promise<void> {
  try {
    await command();
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(1);
  }
}
