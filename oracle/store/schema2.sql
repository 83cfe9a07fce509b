-- Version 2: what is asked again and again reads an index of what is open, not
-- of everything that ever was.
CREATE INDEX IF NOT EXISTS messages_apart ON messages (id) WHERE reason <> '';
CREATE INDEX IF NOT EXISTS outbox_state ON outbox (state, created_at);
CREATE INDEX IF NOT EXISTS outbox_open ON outbox (next_at, id) WHERE state IN ('new', 'endorsed', 'submitted') AND busy = 0;
DROP INDEX IF EXISTS outbox_due;
