/** Tables of the Inference object. `unloaded`: names that an operator has unloaded; they stay so over restarts. */
export const INFERENCE_MIGRATIONS: readonly string[] = [
  `CREATE TABLE unloaded (
     name TEXT PRIMARY KEY
   ) STRICT;`,
];
