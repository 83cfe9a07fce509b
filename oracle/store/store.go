// Package store is the oracle's memory: what was received, what it means, what
// is to be reported and how far each report got. It is one SQLite file.
//
// Invariants: a message, its events, their observations and the reports that
// follow are written in one transaction, so nothing is half received; a row is
// on disk (WAL, synchronous=FULL) when a method returns; nothing received is
// ever changed or deleted; reports of one fact key leave in the order of their
// sequence; a transaction's id is stored before the transaction is sent.
//
// The package decides precedence (actual over estimated over planned, then the
// event's creation time, then its id) because that must happen in the same
// transaction; it knows no ledger and holds no keys.
package store

import (
	"context"
	"database/sql"
	_ "embed" // the schema
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
	_ "modernc.org/sqlite" // the driver

	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

var (
	//go:embed schema1.sql
	schema1 string
	//go:embed schema2.sql
	schema2 string
)

// migrations lists the steps from version n to n+1. A step that has been
// released is never changed.
var migrations = []string{schema1, schema2}

// busyMillis is how long a statement waits for another process, which is only
// ever the command line beside the service.
const busyMillis = "5000"

// Store is an open database. It is safe for concurrent use; all statements run
// on one connection, one after the other.
type Store struct {
	db    *sql.DB
	fresh chan struct{}
}

// Open opens or creates the database at path and brings its schema up to date.
// A database of a newer version is refused.
func Open(ctx context.Context, path string) (*Store, error) {
	q := url.Values{}
	q.Set("_txlock", "immediate")
	for _, p := range []string{
		"busy_timeout(" + busyMillis + ")", "journal_mode(WAL)", "synchronous(FULL)",
		"foreign_keys(1)",
	} {
		q.Add("_pragma", p)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: abs, RawQuery: q.Encode()}).String())
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	db.SetMaxOpenConns(1)
	s := &Store{db: db, fresh: make(chan struct{}, 1)}
	if err := s.migrate(ctx); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("database %s: %w", path, err)
	}
	return s, nil
}

// Close closes the database.
func (s *Store) Close() error { return s.db.Close() }

// Fresh gives a value after something new was put into the outbox, so that a
// relay need not poll.
func (s *Store) Fresh() <-chan struct{} { return s.fresh }

func (s *Store) notify() {
	select {
	case s.fresh <- struct{}{}:
	default:
	}
}

func (s *Store) migrate(ctx context.Context) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		var version int
		if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
			return err
		}
		if version > len(migrations) {
			return fmt.Errorf("its schema version %d is newer than this program, which knows %d", version, len(migrations))
		}
		for ; version < len(migrations); version++ {
			if _, err := tx.ExecContext(ctx, migrations[version]); err != nil {
				return fmt.Errorf("schema version %d: %w", version+1, err)
			}
		}
		_, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", version))
		return err
	})
}

// write runs f in one transaction.
func (s *Store) write(ctx context.Context, f func(tx *sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		_ = tx.Rollback()
		return err
	}
	return tx.Commit()
}

// Check reports whether the database can be written: it takes the write lock
// and rolls back.
func (s *Store) Check(ctx context.Context) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "UPDATE outbox SET state = state WHERE id = -1")
	return errors.Join(err, tx.Rollback())
}

// Depth is how much is waiting.
type Depth struct {
	// Rows are the outbox rows by state.
	Rows map[State]int
	// Open are those that are neither committed, failed nor dead.
	Open int
	// Oldest is when the oldest open row was created; zero when there is none.
	Oldest trade.Instant
	// Quarantined are messages and events that need a person.
	Quarantined int
}

// Depth counts what is waiting.
func (s *Store) Depth(ctx context.Context) (Depth, error) {
	d := Depth{Rows: map[State]int{}}
	rows, err := s.db.QueryContext(ctx, "SELECT state, count(*), min(created_at) FROM outbox GROUP BY state")
	if err != nil {
		return d, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var state State
		var n int
		var oldest trade.Instant
		if err := rows.Scan(&state, &n, &oldest); err != nil {
			return d, err
		}
		d.Rows[state] = n
		if state.Open() {
			d.Open += n
			if d.Oldest == 0 || oldest < d.Oldest {
				d.Oldest = oldest
			}
		}
	}
	if err := rows.Err(); err != nil {
		return d, err
	}
	err = s.db.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM messages WHERE reason <> '') +
		(SELECT count(*) FROM events WHERE verdict IN ('quarantined', 'conflict'))`).Scan(&d.Quarantined)
	return d, err
}

// Backlog counts the reports that are neither committed, failed nor dead. It is
// asked before every push, and reads no more than that.
func (s *Store) Backlog(ctx context.Context) (n int, err error) {
	err = s.db.QueryRowContext(ctx,
		"SELECT count(*) FROM outbox WHERE state IN ('new', 'leased', 'endorsed', 'submitted')").Scan(&n)
	return n, err
}

// Lock keeps a second service away from the database until release is called
// or the process ends. Commands that only look or replay need no lock.
func Lock(path string) (release func(), err error) {
	f, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("database lock: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("database %s is in use by another oracled", path)
	}
	return func() { _ = f.Close() }, nil
}
