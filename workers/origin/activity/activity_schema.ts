/**
 * Tables of the Activity object. `seq` grows with every change and never falls below the clock, so it also grows across
 * a wiped state; `heard` makes a redelivered report recognisable for as long as it would still be counted.
 */
export const ACTIVITY_MIGRATIONS: readonly string[] = [
  `CREATE TABLE change_clock (
     only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
     first_seq INTEGER NOT NULL,
     seq INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE seconds (
     at_sec INTEGER PRIMARY KEY,
     seq INTEGER NOT NULL,
     counters TEXT NOT NULL
   ) STRICT;
   CREATE TABLE heard (
     isolate TEXT NOT NULL,
     sequence INTEGER NOT NULL,
     at_ms INTEGER NOT NULL,
     PRIMARY KEY (isolate, sequence)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX heard_at ON heard (at_ms);
   CREATE TABLE decisions (
     decision_id TEXT PRIMARY KEY,
     at_ms INTEGER NOT NULL,
     seq INTEGER NOT NULL,
     summary TEXT NOT NULL
   ) STRICT;`,
];
