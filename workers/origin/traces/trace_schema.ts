/**
 * Tables of the TraceIndex. A batch is one object of the store; a message is one run of bytes in it, by the digest that
 * makes a redelivered one recognisable; every decision stands in one message. `held` is how many decisions there are.
 */
export const TRACE_MIGRATIONS: readonly string[] = [
  `CREATE TABLE batches (
     batch INTEGER PRIMARY KEY AUTOINCREMENT,
     object_key TEXT NOT NULL UNIQUE,
     from_ms INTEGER NOT NULL,
     until_ms INTEGER NOT NULL,
     traces INTEGER NOT NULL,
     size_bytes INTEGER NOT NULL
   ) STRICT;
   CREATE INDEX batches_until ON batches (until_ms);
   CREATE TABLE messages (
     digest TEXT PRIMARY KEY,
     batch INTEGER NOT NULL,
     offset_bytes INTEGER NOT NULL,
     size_bytes INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX messages_batch ON messages (batch);
   CREATE TABLE decisions (
     decision_id TEXT PRIMARY KEY,
     batch INTEGER NOT NULL,
     offset_bytes INTEGER NOT NULL,
     size_bytes INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX decisions_batch ON decisions (batch);
   CREATE TABLE held (
     only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
     decisions INTEGER NOT NULL
   ) STRICT;
   INSERT INTO held (only_row, decisions) VALUES (1, 0);`,
];
