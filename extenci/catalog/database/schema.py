"""The tables of records and journal, as migrations: script N makes version N + 1 of the database.

A released script is never changed; a change of the tables is a new script at the end. Times are seconds since
the epoch. Mappings are stored as JSON.
"""

from __future__ import annotations

FIRST = """
CREATE TABLE resources (
    stack TEXT NOT NULL,
    service TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    tags TEXT NOT NULL,
    facts TEXT NOT NULL,
    seen REAL NOT NULL,
    PRIMARY KEY (stack, service, id)
) WITHOUT ROWID;
CREATE INDEX resources_by_service ON resources (service);

CREATE TABLE applied (
    stack TEXT NOT NULL,
    service TEXT NOT NULL,
    name TEXT NOT NULL,
    fields TEXT NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (stack, service, name)
) WITHOUT ROWID;

CREATE TABLE runs (
    id TEXT NOT NULL PRIMARY KEY,
    stack TEXT NOT NULL,
    plan TEXT,
    command TEXT NOT NULL,
    pid INTEGER NOT NULL,
    host TEXT NOT NULL,
    began REAL NOT NULL,
    ended REAL,
    outcome TEXT
) WITHOUT ROWID;
CREATE INDEX runs_by_stack ON runs (stack, began);

CREATE TABLE changes (
    run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    change TEXT NOT NULL,
    status TEXT NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (run, change)
) WITHOUT ROWID;

CREATE TABLE calls (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    change TEXT NOT NULL,
    service TEXT NOT NULL,
    call TEXT NOT NULL,
    token TEXT NOT NULL,
    tags TEXT NOT NULL,
    request TEXT NOT NULL,
    at REAL NOT NULL,
    result TEXT,
    failure TEXT,
    settled_at REAL
);
CREATE INDEX calls_by_run ON calls (run);
CREATE INDEX calls_open ON calls (run) WHERE settled_at IS NULL;

CREATE TABLE digests (
    path TEXT NOT NULL PRIMARY KEY,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    inode TEXT NOT NULL,
    device TEXT NOT NULL,
    digest TEXT NOT NULL,
    disk_size INTEGER NOT NULL,
    blocks INTEGER NOT NULL,
    sha256 TEXT,
    at REAL NOT NULL
) WITHOUT ROWID;

CREATE TABLE initialised (
    service TEXT NOT NULL PRIMARY KEY,
    at REAL NOT NULL
) WITHOUT ROWID;
"""

VERDICTS = """
CREATE TABLE verdicts (
    stack TEXT NOT NULL,
    service TEXT NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    trial TEXT NOT NULL,
    verdict TEXT NOT NULL,
    at REAL NOT NULL,
    summary TEXT NOT NULL,
    PRIMARY KEY (stack, service, name, version, trial)
) WITHOUT ROWID;
"""

CHANGE_TIMES = """
ALTER TABLE digests ADD COLUMN ctime_ns INTEGER NOT NULL DEFAULT 0;
"""

ABILITIES = """
CREATE TABLE abilities (
    service TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    version TEXT NOT NULL,
    ability TEXT NOT NULL,
    has INTEGER NOT NULL,
    source TEXT NOT NULL,
    detail TEXT NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (service, endpoint, version, ability)
) WITHOUT ROWID;
"""

RECOGNISED = """
ALTER TABLE digests ADD COLUMN recognised INTEGER NOT NULL DEFAULT 0;
"""

RUN_ORIGINS = """
ALTER TABLE runs ADD COLUMN user TEXT;
ALTER TABLE runs ADD COLUMN root TEXT;
ALTER TABLE runs ADD COLUMN revision TEXT;
ALTER TABLE runs ADD COLUMN dirty INTEGER;
ALTER TABLE changes ADD COLUMN amount INTEGER;
ALTER TABLE changes ADD COLUMN message TEXT;
"""

MIGRATIONS = (FIRST, VERDICTS, CHANGE_TIMES, ABILITIES, RECOGNISED, RUN_ORIGINS)
