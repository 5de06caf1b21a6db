/** The seed of the money's random tests: a new one each run, or the one named by MONEY_SEED to repeat a run. */
export const MONEY_SEED = Number(process.env["MONEY_SEED"] ?? Date.now() % 2 ** 31);
