/**
 * Tables of the model registry. `rollout` holds the state machine's value as JSON, `sets` what is known of each set
 * beside it, `history` its lines, `grants` exposure that isolates hold, `decided` and `score_pairs` the figures of
 * trials.
 */
export const MODEL_REGISTRY_MIGRATIONS: readonly string[] = [
  `CREATE TABLE rollout (
     only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
     state TEXT NOT NULL
   ) STRICT;
   CREATE TABLE sets (
     digest TEXT PRIMARY KEY,
     published_ms INTEGER NOT NULL,
     published_by TEXT NOT NULL,
     note TEXT NOT NULL,
     key_ids TEXT NOT NULL,
     gate TEXT NOT NULL
   ) STRICT;
   CREATE TABLE history (
     revision INTEGER PRIMARY KEY,
     line TEXT NOT NULL
   ) STRICT;
   CREATE TABLE grants (
     grant_id TEXT PRIMARY KEY,
     digest TEXT NOT NULL,
     impressions INTEGER NOT NULL,
     spend_micros INTEGER NOT NULL,
     granted_ms INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE decided (
     digest TEXT PRIMARY KEY,
     decisions INTEGER NOT NULL,
     impressions INTEGER NOT NULL,
     spend_micros INTEGER NOT NULL,
     dropped_heads INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE score_pairs (
     live TEXT NOT NULL,
     shadow TEXT NOT NULL,
     head TEXT NOT NULL,
     sums TEXT NOT NULL,
     PRIMARY KEY (live, shadow, head)
   ) STRICT;`,
];
