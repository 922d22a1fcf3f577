"""The SQLite schema of format 3, and how amounts are laid out in it.

``bl_record`` is the log: one row for each record, positions from 1 without gaps.  An
entry's canonical bytes are not stored: its row, its postings, its dimensions and its
openings rebuild them byte for byte.  Other records keep their canonical content.

The database itself refuses what must never happen, whoever writes to it: postings come
first and the record seals them (`bl_record_seal`), so that an unbalanced, one-sided or
late posting cannot be committed; rows of the log are never updated or deleted; a gap in
the positions is refused.  Only ``bl_opening`` knows DELETE, beside a redaction.  What
is pending (``bl_pending``) is no log but follows from it, like the totals.

An amount is two integers of one sign, ``high * 10^18 + low``: for all but astronomic
amounts ``high`` is 0 and ``low`` is simply the minor units.  Sums take ``low`` apart
once more, so that no sum of fewer than nine thousand million rows can overflow.
"""

from typing import Final

APPLICATION_ID: Final = 0x626C6467
"""``bldg`` in the file's header: this is one of our files."""

FORMAT: Final = 3
"""``PRAGMA user_version``."""

LIMB: Final = 10**18
HALF_LIMB: Final = 10**9

RECORD_TYPES: Final = {
    "entry": 0,
    "book": 1,
    "journal": 2,
    "commodity": 3,
    "account": 4,
    "dimension": 5,
    "period": 6,
    "document": 7,
    "proposal": 8,
    "vote": 9,
    "redaction": 10,
    "control": 11,
    "hold": 12,
    "refusal": 13,
    "calendar": 14,
    "exception": 15,
    "exception-use": 16,
    "decision": 17,
}
"""Numbers of the record types in ``bl_record.type``."""

TYPE_NAMES: Final = {number: name for name, number in RECORD_TYPES.items()}

_IMMUTABLE = ("bl_record", "bl_posting", "bl_dimension", "bl_redaction")

_TABLES = """
CREATE TABLE bl_book (
    book_id INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    facts_position INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE bl_record (
    book_id INTEGER NOT NULL REFERENCES bl_book (book_id),
    position INTEGER NOT NULL,
    type INTEGER NOT NULL,
    id TEXT NOT NULL,
    actor TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    leaf BLOB NOT NULL CHECK (length(leaf) = 32),
    content TEXT,
    date INTEGER,
    journal_no INTEGER,
    number INTEGER,
    kind TEXT,
    phase INTEGER,
    document_number TEXT,
    document_date INTEGER,
    economic_date INTEGER,
    reference_list TEXT,
    rule TEXT,
    reverses TEXT,
    proposal TEXT,
    controls TEXT,
    PRIMARY KEY (book_id, position),
    CHECK ((type = 0) = (content IS NULL)),
    CHECK ((type = 0) = (date IS NOT NULL AND journal_no IS NOT NULL
        AND number IS NOT NULL AND kind IS NOT NULL AND phase IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX bl_record_entry_id ON bl_record (book_id, id)
    WHERE type IN (0, 13);
CREATE UNIQUE INDEX bl_record_number
    ON bl_record (book_id, journal_no, number) WHERE type = 0;
CREATE INDEX bl_record_date ON bl_record (book_id, date, position) WHERE type = 0;
CREATE INDEX bl_record_other ON bl_record (book_id, type, id) WHERE type <> 0;

CREATE TABLE bl_posting (
    book_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    line INTEGER NOT NULL,
    account_no INTEGER NOT NULL,
    commodity_no INTEGER NOT NULL,
    side INTEGER NOT NULL CHECK (side IN (0, 1)),
    memorandum INTEGER NOT NULL CHECK (memorandum IN (0, 1)),
    date INTEGER NOT NULL,
    high INTEGER NOT NULL,
    low INTEGER NOT NULL
        CHECK (low BETWEEN -999999999999999999 AND 999999999999999999
            AND (high = 0 OR low = 0 OR (high > 0) = (low > 0))),
    value_date INTEGER,
    PRIMARY KEY (book_id, position, line),
    FOREIGN KEY (book_id, position) REFERENCES bl_record (book_id, position)
        DEFERRABLE INITIALLY DEFERRED
) STRICT, WITHOUT ROWID;

CREATE INDEX bl_posting_account ON bl_posting
    (book_id, account_no, date, position, line, commodity_no, side, high, low);

CREATE TABLE bl_dimension (
    book_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    line INTEGER NOT NULL,
    dimension_no INTEGER NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (book_id, position, line, dimension_no),
    FOREIGN KEY (book_id, position, line)
        REFERENCES bl_posting (book_id, position, line)
        DEFERRABLE INITIALLY DEFERRED
) STRICT, WITHOUT ROWID;

CREATE INDEX bl_dimension_value
    ON bl_dimension (book_id, dimension_no, value, position);

CREATE TABLE bl_opening (
    book_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    field TEXT NOT NULL,
    salt BLOB NOT NULL CHECK (length(salt) >= 16),
    value TEXT NOT NULL,
    PRIMARY KEY (book_id, position, field)
) STRICT, WITHOUT ROWID;

CREATE TABLE bl_redaction (
    book_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    field TEXT NOT NULL,
    commitment TEXT NOT NULL,
    redacted_at INTEGER NOT NULL,
    PRIMARY KEY (book_id, position, field)
) STRICT, WITHOUT ROWID;

CREATE TABLE bl_fact (
    book_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    number INTEGER,
    position INTEGER NOT NULL,
    PRIMARY KEY (book_id, kind, key),
    UNIQUE (book_id, kind, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE bl_current (
    book_id INTEGER NOT NULL,
    account_no INTEGER NOT NULL,
    commodity_no INTEGER NOT NULL,
    debit_high INTEGER NOT NULL,
    debit_low INTEGER NOT NULL,
    credit_high INTEGER NOT NULL,
    credit_low INTEGER NOT NULL,
    pending_debit_high INTEGER NOT NULL,
    pending_debit_low INTEGER NOT NULL,
    pending_credit_high INTEGER NOT NULL,
    pending_credit_low INTEGER NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (book_id, account_no, commodity_no)
) STRICT, WITHOUT ROWID;

CREATE TABLE bl_period_total (
    book_id INTEGER NOT NULL,
    bucket INTEGER NOT NULL,
    account_no INTEGER NOT NULL,
    commodity_no INTEGER NOT NULL,
    phase INTEGER NOT NULL,
    debit_high INTEGER NOT NULL,
    debit_low INTEGER NOT NULL,
    credit_high INTEGER NOT NULL,
    credit_low INTEGER NOT NULL,
    PRIMARY KEY (book_id, bucket, account_no, commodity_no, phase)
) STRICT, WITHOUT ROWID;

CREATE TABLE bl_pending (
    book_id INTEGER NOT NULL,
    hold TEXT NOT NULL,
    line INTEGER NOT NULL,
    account_no INTEGER NOT NULL,
    commodity_no INTEGER NOT NULL,
    side INTEGER NOT NULL CHECK (side IN (0, 1)),
    high INTEGER NOT NULL,
    low INTEGER NOT NULL,
    expires_at INTEGER,
    PRIMARY KEY (book_id, hold, line)
) STRICT, WITHOUT ROWID;

CREATE INDEX bl_pending_account
    ON bl_pending (book_id, account_no, commodity_no, expires_at);
CREATE INDEX bl_pending_expiry
    ON bl_pending (book_id, expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE bl_listener (
    book_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (book_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE bl_document_index (
    book_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (book_id, kind, name, value, id)
) STRICT, WITHOUT ROWID
"""

_SEAL = """
CREATE TRIGGER bl_record_seal BEFORE INSERT ON bl_record BEGIN
    SELECT RAISE(ABORT, 'bl: the position is not the next one')
    WHERE NEW.position IS NOT (
        SELECT coalesce(max(position), 0) + 1 FROM bl_record
        WHERE book_id = NEW.book_id
    );
    SELECT RAISE(ABORT, 'bl: the entry has no two postings of its date')
    WHERE NEW.type = 0 AND NOT (
        SELECT count(*) > 1 AND min(date) = NEW.date AND max(date) = NEW.date
        FROM bl_posting WHERE book_id = NEW.book_id AND position = NEW.position
    );
    SELECT RAISE(ABORT, 'bl: the entry is not balanced')
    WHERE NEW.type = 0 AND NOT (
        SELECT CASE
            WHEN min(commodity_no) = max(commodity_no)
                AND min(memorandum) = max(memorandum)
            THEN {zero}
            ELSE NOT EXISTS (
                SELECT 1 FROM bl_posting
                WHERE book_id = NEW.book_id AND position = NEW.position
                GROUP BY commodity_no, memorandum HAVING NOT ({zero})
            )
        END
        FROM bl_posting WHERE book_id = NEW.book_id AND position = NEW.position
    );
END
"""

# The sum of a, b and c at 10^18, 10^9 and 1 is zero; each of them stays small.
_A = "sum((1 - 2 * side) * high)"
_B = "sum((1 - 2 * side) * (low / 1000000000))"
_C = "sum((1 - 2 * side) * (low % 1000000000))"
_ZERO = (
    f"({_C} % 1000000000 = 0"
    f" AND ({_B} + {_C} / 1000000000) % 1000000000 = 0"
    f" AND {_A} + ({_B} + {_C} / 1000000000) / 1000000000 = 0)"
)

_GUARDS = """
CREATE TRIGGER bl_posting_late BEFORE INSERT ON bl_posting
WHEN EXISTS (
    SELECT 1 FROM bl_record
    WHERE book_id = NEW.book_id AND position = NEW.position
) BEGIN
    SELECT RAISE(ABORT, 'bl: the entry is sealed');
END;
CREATE TRIGGER bl_dimension_late BEFORE INSERT ON bl_dimension
WHEN EXISTS (
    SELECT 1 FROM bl_record
    WHERE book_id = NEW.book_id AND position = NEW.position
) BEGIN
    SELECT RAISE(ABORT, 'bl: the entry is sealed');
END;
CREATE TRIGGER bl_opening_update BEFORE UPDATE ON bl_opening BEGIN
    SELECT RAISE(ABORT, 'bl: append only');
END;
CREATE TRIGGER bl_opening_delete BEFORE DELETE ON bl_opening
WHEN NOT EXISTS (
    SELECT 1 FROM bl_redaction WHERE book_id = OLD.book_id
    AND position = OLD.position AND field = OLD.field
) BEGIN
    SELECT RAISE(ABORT, 'bl: a text is erased only beside a redaction');
END;
CREATE TRIGGER bl_book_delete BEFORE DELETE ON bl_book BEGIN
    SELECT RAISE(ABORT, 'bl: append only');
END
"""


def schema_statements() -> list[str]:
    """Return the statements that make the schema, in order."""
    statements = [text.strip() for text in _TABLES.split(";\n")]
    statements.append(_SEAL.format(zero=_ZERO).strip())
    statements += [
        text.strip() + "\nEND"
        for text in _GUARDS.strip().removesuffix("END").split("END;")
    ]
    for table in _IMMUTABLE:
        for verb in ("update", "delete"):
            statements.append(
                f"CREATE TRIGGER {table}_{verb}"
                f" BEFORE {verb.upper()} ON {table} BEGIN\n"
                "    SELECT RAISE(ABORT, 'bl: append only');\nEND"
            )
    return [text for text in statements if text]


def to_limbs(minor_units: int) -> tuple[int, int]:
    """Return an amount as (high, low) of one sign."""
    if -LIMB < minor_units < LIMB:
        return 0, minor_units
    high, low = divmod(abs(minor_units), LIMB)
    return (high, low) if minor_units > 0 else (-high, -low)
