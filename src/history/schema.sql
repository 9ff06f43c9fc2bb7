-- What runs must share for their figures to be joined.
CREATE TABLE setup (
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL,           -- `run`, or `gate`
    host TEXT NOT NULL,             -- SHA-256 of the fingerprint, load aside
    host_name TEXT NOT NULL,        -- for people
    profile TEXT NOT NULL,          -- `release` or `debug`
    corpus TEXT NOT NULL,           -- SHA-256; empty of comparisons, which do not say
    corpus_seed TEXT NOT NULL,      -- decimal: it may be beyond SQLite's integers
    faults_permille INTEGER NOT NULL,
    UNIQUE (source, host, profile, corpus, corpus_seed, faults_permille)
) STRICT;

CREATE TABLE run (
    id INTEGER PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,    -- SHA-256 of the record: nothing is added twice
    setup INTEGER NOT NULL REFERENCES setup,
    started_unix_s INTEGER NOT NULL,
    version TEXT NOT NULL,
    commit_id TEXT NOT NULL,
    status TEXT NOT NULL,
    points INTEGER NOT NULL
) STRICT;

CREATE INDEX run_by_time ON run (started_unix_s);

-- One metric of one combination, under one setup.
CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    setup INTEGER NOT NULL REFERENCES setup,
    backend TEXT NOT NULL,
    op TEXT NOT NULL,
    method TEXT NOT NULL,
    batch_len INTEGER NOT NULL,
    threads INTEGER NOT NULL,
    home TEXT NOT NULL,
    metric TEXT NOT NULL,
    variant TEXT NOT NULL,          -- what else tells it apart, such as device, lanes or load
    points INTEGER NOT NULL,
    UNIQUE (setup, backend, op, method, batch_len, threads, home, metric, variant)
) STRICT;

-- By series first: what is read together lies together.
CREATE TABLE point (
    series INTEGER NOT NULL REFERENCES series,
    run INTEGER NOT NULL REFERENCES run,
    value REAL NOT NULL,
    low REAL,
    high REAL,
    PRIMARY KEY (series, run)
) STRICT, WITHOUT ROWID;
