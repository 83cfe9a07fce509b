-- Version 1 of the oracle's database. Times are milliseconds since 1970 UTC.

-- The inbox: every authentic message that was ever received, as it came.
CREATE TABLE messages (
	id          INTEGER PRIMARY KEY,
	source      TEXT NOT NULL,
	transport   TEXT NOT NULL,              -- http or folder
	name        TEXT NOT NULL,              -- file name or path of the request
	received_at INTEGER NOT NULL,
	headers     TEXT NOT NULL,              -- JSON object; never credentials
	raw         BLOB NOT NULL,
	sm3         BLOB NOT NULL,
	sha256      BLOB NOT NULL,
	salt        BLOB NOT NULL,              -- of the evidence digest SM3(salt || raw)
	copies      INTEGER NOT NULL DEFAULT 1, -- how often the same bytes came
	reason      TEXT NOT NULL DEFAULT '',   -- why the message as a whole was refused
	detail      TEXT NOT NULL DEFAULT '',
	UNIQUE (source, sha256)
) STRICT;

-- The events in the messages. A conflict has the id of a recorded event and
-- other content; it is kept, and means nothing.
CREATE TABLE events (
	id         INTEGER PRIMARY KEY,
	message    INTEGER NOT NULL REFERENCES messages (id),
	source     TEXT NOT NULL,
	event_id   TEXT NOT NULL,               -- the source's id, or content:<SM3>
	content    BLOB NOT NULL,               -- SM3 of the canonical form
	code       TEXT NOT NULL,
	mapping    TEXT NOT NULL,               -- the table that gave the code its meaning
	place      TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	verdict    TEXT NOT NULL CHECK (verdict IN ('recorded', 'nofact', 'quarantined', 'conflict')),
	reason     TEXT NOT NULL,
	detail     TEXT NOT NULL,
	retracted  INTEGER NOT NULL DEFAULT 0,  -- taken back by a later event
	UNIQUE (source, event_id, content)
) STRICT;
CREATE UNIQUE INDEX events_id ON events (source, event_id) WHERE verdict <> 'conflict';
CREATE INDEX events_verdict ON events (verdict, id);

-- Which event takes which back; the latter may come later.
CREATE TABLE retractions (
	source   TEXT NOT NULL,
	event_id TEXT NOT NULL,
	by_event INTEGER NOT NULL REFERENCES events (id),
	PRIMARY KEY (source, event_id, by_event)
) STRICT, WITHOUT ROWID;

-- What the events say of each subject. Nothing is ever deleted here.
CREATE TABLE observations (
	id            INTEGER PRIMARY KEY,
	event         INTEGER NOT NULL REFERENCES events (id),
	source        TEXT NOT NULL,
	scheme        TEXT NOT NULL,
	identifier    TEXT NOT NULL,
	subject       BLOB NOT NULL,
	type          TEXT NOT NULL,
	classifier    TEXT NOT NULL,
	occurred_at   INTEGER NOT NULL,
	occurred_text TEXT NOT NULL,
	withdraws     INTEGER NOT NULL
) STRICT;
CREATE INDEX observations_key ON observations (source, subject, type);
CREATE INDEX observations_event ON observations (event);

-- The last word about each fact key that was put into the outbox.
CREATE TABLE facts (
	source      TEXT NOT NULL,
	subject     BLOB NOT NULL,
	type        TEXT NOT NULL,
	sequence    INTEGER NOT NULL,
	occurred_at INTEGER NOT NULL,
	retracted   INTEGER NOT NULL,
	PRIMARY KEY (source, subject, type)
) STRICT, WITHOUT ROWID;

-- Claims to report. Rows of one key go one after the other.
CREATE TABLE outbox (
	id          INTEGER PRIMARY KEY,
	source      TEXT NOT NULL,
	subject     BLOB NOT NULL,
	type        TEXT NOT NULL,
	sequence    INTEGER NOT NULL,
	message     INTEGER NOT NULL REFERENCES messages (id),
	occurred_at INTEGER NOT NULL,
	observed_at INTEGER NOT NULL,
	evidence    BLOB NOT NULL,
	retracted   INTEGER NOT NULL,
	state       TEXT NOT NULL CHECK (state IN
		('new', 'leased', 'endorsed', 'submitted', 'committed', 'failed', 'dead')),
	busy        INTEGER NOT NULL DEFAULT 0,  -- a worker holds the row
	attempts    INTEGER NOT NULL DEFAULT 0,  -- leases
	refusals    INTEGER NOT NULL DEFAULT 0,  -- answers that count towards the dead letter
	next_at     INTEGER NOT NULL,
	claim       BLOB,                        -- the signed claim as JSON
	tx_id       TEXT NOT NULL DEFAULT '',    -- stored before the transaction is sent
	envelope    BLOB,
	block       INTEGER NOT NULL DEFAULT 0,
	code        TEXT NOT NULL DEFAULT '',    -- of the last refusal
	detail      TEXT NOT NULL DEFAULT '',
	created_at  INTEGER NOT NULL,
	updated_at  INTEGER NOT NULL,
	UNIQUE (source, subject, type, sequence)
) STRICT;
CREATE INDEX outbox_due ON outbox (state, next_at);

-- Subjects of committed facts whose waiting documents are looked for.
CREATE TABLE watches (
	subject  BLOB PRIMARY KEY,
	next_at  INTEGER NOT NULL,
	interval INTEGER NOT NULL,
	cursor   TEXT NOT NULL,
	until    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX watches_due ON watches (next_at);

-- Documents whose move failed and is repeated later.
CREATE TABLE delays (
	document TEXT PRIMARY KEY,
	attempts INTEGER NOT NULL,
	next_at  INTEGER NOT NULL,
	code     TEXT NOT NULL
) STRICT, WITHOUT ROWID;
