/**
 * Tables of a Registry. `versions` is the history of what was current, `known_campaigns` every campaign whose ledger
 * was ever given terms (so that a removed one can be archived) with the digest of the terms its ledger has confirmed
 * (null: it may have others), `publish_claim` who is publishing now.
 */
export const REGISTRY_MIGRATIONS: readonly string[] = [
  `CREATE TABLE versions (
     version INTEGER PRIMARY KEY AUTOINCREMENT,
     digest TEXT NOT NULL,
     note TEXT NOT NULL,
     published_ms INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE known_campaigns (
     campaign_id TEXT PRIMARY KEY,
     archived INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE publish_claim (
     only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
     holder TEXT NOT NULL,
     until_ms INTEGER NOT NULL
   ) STRICT;`,
  "ALTER TABLE known_campaigns ADD COLUMN terms_digest TEXT;",
];
