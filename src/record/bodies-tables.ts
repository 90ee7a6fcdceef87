/**
 * What was said, each text once. `refs` counts who names a row (entries and nodes), so that whoever goes takes along what nobody else
 * needs, without a search; it is the writer's own and proven by nothing. It stands before `bytes` so that counting does not write
 * a long text anew. `erased` names the calls whose texts were given up: their entries stay in the log and name them still.
 */
export const bodyTables = `
   CREATE TABLE bodies (hash BLOB PRIMARY KEY, digest BLOB UNIQUE, salt BLOB, coding INTEGER NOT NULL, refs INTEGER NOT NULL, bytes BLOB) STRICT;
   CREATE TABLE nodes (hash BLOB PRIMARY KEY, parent BLOB, body BLOB NOT NULL, refs INTEGER NOT NULL) STRICT, WITHOUT ROWID;
   CREATE TABLE erased (id TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT, WITHOUT ROWID;`;
