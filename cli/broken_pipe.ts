/** Output that nobody reads any more, as behind `| head`, ends a command quietly: whoever stopped has read enough. */

/** Ends the process with success when standard output is closed early; any other failure of it is thrown as before. */
export function endWhenNobodyReads(): void {
  process.stdout.on("error", (error: Error & { readonly code?: string }) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(0);
  });
}
