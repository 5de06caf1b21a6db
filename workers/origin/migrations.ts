/**
 * Numbered migrations of an object's SQLite store. A step runs once, in order, in one transaction with the note that it
 * ran; a released step is never edited, only followed by another.
 */

/** Brings the store up to the newest step. Cost: one small query when there is nothing to do. */
export function applyMigrations(storage: DurableObjectStorage, steps: readonly string[]): void {
  storage.transactionSync(() => {
    const { sql } = storage;
    sql.exec("CREATE TABLE IF NOT EXISTS migrations (step INTEGER PRIMARY KEY) STRICT");
    const [row] = sql.exec("SELECT COALESCE(MAX(step), 0) AS newest FROM migrations").toArray();
    const newest = Number(row?.["newest"] ?? 0);
    for (const [index, statements] of steps.entries()) {
      const step = index + 1;
      if (step <= newest) continue;
      sql.exec(statements);
      sql.exec("INSERT INTO migrations (step) VALUES (?)", step);
    }
  });
}
