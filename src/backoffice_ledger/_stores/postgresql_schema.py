"""The PostgreSQL schema of format 3.

All tables live in the schema ``backoffice_ledger``; one database holds many books.  The
rows of a record are keyed by an *ordinal*, which it draws after the last lock of its
command.  ``bl_log_position`` gives it the position in the log and the number in the
journal, right after the commit (`bl_seal`): so the order of the log agrees with every
conflict over a lock, and writers never wait for each other's commit.  ``bl_unsealed``
says which records are waiting for that.

The database itself refuses what must never happen, whoever writes to it.  Postings come
first and the record seals them: triggers of whole statements see to it that an entry is
balanced when its record is inserted, and that no line comes later.  Rows of the log
are never updated, deleted or truncated; only ``bl_opening`` knows DELETE, beside a
redaction.  The functions of the triggers ask for indexes: their plans are kept, and one
made while a table was almost empty would read the whole table for ever.
"""

import re
from collections.abc import Iterable
from typing import Final

from backoffice_ledger._engine.state import PROVISIONAL

SCHEMA: Final = "backoffice_ledger"
FORMAT: Final = 3
"""The version in ``bl_format``; formats are numbered alike on all databases."""

BLOCK: Final = 1 << 24
"""Ordinals that one drawing from the sequence stands for; all are above positions."""

SEAL_CLASS: Final = 0x626C_0001
"""First key of the lock under which a book is sealed; the second is the book."""

BOOK_CLASS: Final = 0x626C_0002
"""First key of the lock that commands on a book take; the second is the book."""

_TABLES = """
CREATE TABLE bl_format (
    version integer NOT NULL
);

CREATE SEQUENCE bl_ticket START {first_ticket} MINVALUE {first_ticket};

CREATE SEQUENCE bl_name_number;

CREATE TABLE bl_book (
    book_id integer NOT NULL PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    name text COLLATE "C" NOT NULL UNIQUE,
    facts_ordinal bigint NOT NULL DEFAULT 0
);

CREATE TABLE bl_record (
    book_id integer NOT NULL,
    ordinal bigint NOT NULL,
    type smallint NOT NULL,
    id text COLLATE "C" NOT NULL,
    actor text COLLATE "C" NOT NULL,
    recorded_at bigint NOT NULL,
    leaf bytea NOT NULL CHECK (length(leaf) = 32),
    content text COLLATE "C",
    date integer,
    journal_no bigint,
    kind text COLLATE "C",
    phase smallint,
    document_number text COLLATE "C",
    document_date integer,
    economic_date integer,
    reference_list text COLLATE "C",
    rule text COLLATE "C",
    reverses text COLLATE "C",
    proposal text COLLATE "C",
    controls text COLLATE "C",
    PRIMARY KEY (book_id, ordinal),
    CHECK ((type = 0) = (content IS NULL)),
    CHECK ((type = 0) = (date IS NOT NULL AND journal_no IS NOT NULL
        AND kind IS NOT NULL AND phase IS NOT NULL))
);

CREATE UNIQUE INDEX bl_record_entry_id ON bl_record (book_id, id)
    WHERE type IN (0, 13);
CREATE INDEX bl_record_date ON bl_record (book_id, date, ordinal) WHERE type = 0;
CREATE INDEX bl_record_other ON bl_record (book_id, type, id) WHERE type <> 0;

CREATE TABLE bl_log_position (
    book_id integer NOT NULL,
    position bigint NOT NULL,
    ordinal bigint NOT NULL,
    journal_no bigint,
    number bigint,
    PRIMARY KEY (book_id, position),
    UNIQUE (book_id, ordinal),
    CHECK ((journal_no IS NULL) = (number IS NULL))
);

CREATE UNIQUE INDEX bl_log_position_number
    ON bl_log_position (book_id, journal_no, number) WHERE journal_no IS NOT NULL;

CREATE TABLE bl_unsealed (
    book_id integer NOT NULL,
    first bigint NOT NULL,
    last bigint NOT NULL,
    PRIMARY KEY (book_id, first)
);

CREATE TABLE bl_posting (
    book_id integer NOT NULL,
    ordinal bigint NOT NULL,
    line integer NOT NULL,
    account_no bigint NOT NULL,
    commodity_no bigint NOT NULL,
    side smallint NOT NULL CHECK (side IN (0, 1)),
    memorandum smallint NOT NULL CHECK (memorandum IN (0, 1)),
    date integer NOT NULL,
    amount numeric(38, 0) NOT NULL,
    value_date integer,
    PRIMARY KEY (book_id, ordinal, line)
);

CREATE INDEX bl_posting_account ON bl_posting (book_id, account_no, date, ordinal);

CREATE TABLE bl_dimension (
    book_id integer NOT NULL,
    ordinal bigint NOT NULL,
    line integer NOT NULL,
    dimension_no bigint NOT NULL,
    value text COLLATE "C" NOT NULL,
    PRIMARY KEY (book_id, ordinal, line, dimension_no)
);

CREATE INDEX bl_dimension_value
    ON bl_dimension (book_id, dimension_no, value, ordinal);

CREATE TABLE bl_opening (
    book_id integer NOT NULL,
    ordinal bigint NOT NULL,
    field text COLLATE "C" NOT NULL,
    salt bytea NOT NULL CHECK (length(salt) >= 16),
    value text COLLATE "C" NOT NULL,
    PRIMARY KEY (book_id, ordinal, field)
);

CREATE TABLE bl_redaction (
    book_id integer NOT NULL,
    ordinal bigint NOT NULL,
    field text COLLATE "C" NOT NULL,
    commitment text COLLATE "C" NOT NULL,
    redacted_at bigint NOT NULL,
    PRIMARY KEY (book_id, ordinal, field)
);

CREATE TABLE bl_fact (
    book_id integer NOT NULL,
    kind text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    number bigint,
    ordinal bigint NOT NULL,
    PRIMARY KEY (book_id, kind, key),
    UNIQUE (book_id, kind, number)
) WITH (fillfactor = 70);

CREATE TABLE bl_current (
    book_id integer NOT NULL,
    account_no bigint NOT NULL,
    commodity_no bigint NOT NULL,
    debit numeric(38, 0) NOT NULL,
    credit numeric(38, 0) NOT NULL,
    pending_debit numeric(38, 0) NOT NULL,
    pending_credit numeric(38, 0) NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (book_id, account_no, commodity_no)
) WITH (fillfactor = 50);

CREATE TABLE bl_period_total (
    book_id integer NOT NULL,
    bucket integer NOT NULL,
    account_no bigint NOT NULL,
    commodity_no bigint NOT NULL,
    phase smallint NOT NULL,
    debit numeric(38, 0) NOT NULL,
    credit numeric(38, 0) NOT NULL,
    PRIMARY KEY (book_id, bucket, account_no, commodity_no, phase)
) WITH (fillfactor = 50);

CREATE TABLE bl_pending (
    book_id integer NOT NULL,
    hold text COLLATE "C" NOT NULL,
    line integer NOT NULL,
    account_no bigint NOT NULL,
    commodity_no bigint NOT NULL,
    side smallint NOT NULL CHECK (side IN (0, 1)),
    amount numeric(38, 0) NOT NULL,
    expires_at bigint,
    PRIMARY KEY (book_id, hold, line)
);

CREATE INDEX bl_pending_account
    ON bl_pending (book_id, account_no, commodity_no, expires_at);
CREATE INDEX bl_pending_expiry
    ON bl_pending (book_id, expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE bl_listener (
    book_id integer NOT NULL,
    name text COLLATE "C" NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (book_id, name)
);

CREATE TABLE bl_document_index (
    book_id integer NOT NULL,
    kind text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    value text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    PRIMARY KEY (book_id, kind, name, value, id)
)
"""

_CHECK = """
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql{settings}
AS $$
BEGIN
    {body}
    RETURN NULL;
END
$$
"""

_REFUSE = """
    IF EXISTS ({query}) THEN
        RAISE EXCEPTION 'bl: {message}' USING ERRCODE = 'check_violation';
    END IF;
"""

# Lines of an entry count by commodity, memorandum ones among themselves.
_SEAL_QUERY = """
        SELECT 1 FROM added a CROSS JOIN LATERAL (
            SELECT count(*) AS lines, min(date) AS first, max(date) AS last,
                min(commodity_no) <> max(commodity_no)
                    OR min(memorandum) <> max(memorandum) AS is_mixed,
                sum(CASE side WHEN 0 THEN amount ELSE -amount END) AS rest
            FROM bl_posting p
            WHERE p.book_id = a.book_id AND p.ordinal = a.ordinal
        ) s
        WHERE CASE WHEN a.type <> 0 THEN s.lines > 0 ELSE
            s.lines < 2 OR s.first <> a.date OR s.last <> a.date OR s.rest <> 0
            OR s.is_mixed AND EXISTS (
                SELECT 1 FROM bl_posting p
                WHERE p.book_id = a.book_id AND p.ordinal = a.ordinal
                GROUP BY p.commodity_no, p.memorandum
                HAVING sum(CASE p.side WHEN 0 THEN p.amount ELSE -p.amount END) <> 0
            ) END
"""

_LATE_QUERY = """
        SELECT 1 FROM added a JOIN bl_record r
        ON r.book_id = a.book_id AND r.ordinal = a.ordinal
"""

# Positions follow one another, and belong to records.
_PLACE_QUERY = """
        SELECT 1 FROM (
            SELECT book_id, min(position) AS first, max(position) AS last,
                count(*) AS places
            FROM added GROUP BY book_id
        ) s LEFT JOIN LATERAL (
            SELECT l.position FROM bl_log_position l
            WHERE l.book_id = s.book_id AND l.position = s.first - 1 LIMIT 1
        ) before ON true
        WHERE s.last - s.first + 1 <> s.places OR s.first < 1
            OR s.first > 1 AND before.position IS NULL
"""

_NOTHING_QUERY = """
        SELECT 1 FROM added a WHERE NOT EXISTS (
            SELECT 1 FROM bl_record r
            WHERE r.book_id = a.book_id AND r.ordinal = a.ordinal
        )
"""

_ERASE_QUERY = """
        SELECT 1 FROM removed o WHERE NOT EXISTS (
            SELECT 1 FROM bl_redaction d WHERE d.book_id = o.book_id
            AND d.ordinal = o.ordinal AND d.field = o.field
        )
"""

_APPEND_ONLY = """
CREATE FUNCTION bl_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'bl: append only' USING ERRCODE = 'check_violation';
END
$$
"""

_SETTINGS = f"""
    SET search_path = {SCHEMA}, pg_temp SET plan_cache_mode = force_generic_plan
    SET enable_seqscan = off SET enable_bitmapscan = off SET enable_material = off
    SET enable_hashjoin = off SET enable_mergejoin = off"""

_ENTER = f"""
CREATE FUNCTION bl_enter(book integer, is_alone boolean)
    RETURNS TABLE (mark bigint, placed bigint, is_waiting boolean)
    LANGUAGE plpgsql{_SETTINGS}
AS $$
BEGIN
    IF is_alone THEN
        PERFORM pg_advisory_xact_lock({BOOK_CLASS}, book);
    ELSE
        PERFORM pg_advisory_xact_lock_shared({BOOK_CLASS}, book);
    END IF;
    RETURN QUERY SELECT b.facts_ordinal,
        coalesce((SELECT l.position FROM bl_log_position l
            WHERE l.book_id = book ORDER BY l.position DESC LIMIT 1), 0),
        EXISTS (SELECT 1 FROM bl_unsealed u WHERE u.book_id = b.book_id)
        FROM bl_book b WHERE b.book_id = book;
END
$$
"""

_SEAL = f"""
CREATE FUNCTION bl_seal(book integer, wanted bigint[])
    RETURNS TABLE (ordinal bigint, "position" bigint, number bigint)
    LANGUAGE plpgsql{_SETTINGS}
AS $$
#variable_conflict use_column
DECLARE
    head bigint;
BEGIN
    IF NOT current_setting('transaction_read_only')::boolean THEN
        PERFORM pg_advisory_xact_lock({SEAL_CLASS}, book);
        -- Who waited here is mostly done: the one before has sealed for all.
        IF EXISTS (SELECT 1 FROM bl_unsealed u WHERE u.book_id = book)
            AND (cardinality(wanted) = 0 OR EXISTS (
                SELECT 1 FROM unnest(wanted) AS w (at) WHERE NOT EXISTS (
                    SELECT 1 FROM bl_log_position l
                    WHERE l.book_id = book AND l.ordinal = w.at
                )
            ))
        THEN
            SELECT l.position INTO head FROM bl_log_position l
                WHERE l.book_id = book ORDER BY l.position DESC LIMIT 1;
            WITH spans AS (
                DELETE FROM bl_unsealed u WHERE u.book_id = book
                RETURNING u.first, u.last
            ), due AS MATERIALIZED (
                SELECT r.ordinal, r.journal_no FROM spans s CROSS JOIN LATERAL (
                    SELECT * FROM bl_record r
                    WHERE r.book_id = book AND r.ordinal BETWEEN s.first AND s.last
                    OFFSET 0 -- or it may read all records, to look at few spans
                ) r
            ), journals AS MATERIALIZED (
                SELECT j.journal_no, coalesce((
                    SELECT l.number FROM bl_log_position l
                    WHERE l.book_id = book AND l.journal_no = j.journal_no
                    ORDER BY l.number DESC LIMIT 1
                ), 0) AS previous
                FROM (SELECT DISTINCT journal_no FROM due) j
            )
            INSERT INTO bl_log_position
                (book_id, position, ordinal, journal_no, number)
            SELECT book,
                coalesce(head, 0) + row_number() OVER (ORDER BY d.ordinal),
                d.ordinal, d.journal_no,
                CASE WHEN d.journal_no IS NOT NULL THEN j.previous
                    + row_number() OVER (PARTITION BY d.journal_no ORDER BY d.ordinal)
                END
            FROM due d
            JOIN journals j ON j.journal_no IS NOT DISTINCT FROM d.journal_no;
        END IF;
    END IF;
    RETURN QUERY SELECT w.at, l.position, l.number
        FROM unnest(wanted) AS w (at) CROSS JOIN LATERAL (
            SELECT p.position, p.number FROM bl_log_position p
            WHERE p.book_id = book AND p.ordinal = w.at LIMIT 1
        ) l;
END
$$
"""

_SEQUENCES: Final = ("bl_ticket", "bl_name_number")
_FUNCTIONS: Final = (
    "bl_enter(integer, boolean)",
    "bl_seal(integer, bigint[])",
    "bl_append_only()",
    "bl_entry_seal()",
    "bl_late()",
    "bl_placed()",
    "bl_erased()",
)
_TABLE_NAMES: Final = tuple(re.findall(r"CREATE TABLE (\w+)", _TABLES))
_LOG: Final = (
    "bl_record",
    "bl_posting",
    "bl_dimension",
    "bl_redaction",
    "bl_log_position",
)


def _check(name: str, *checks: tuple[str, str]) -> str:
    """Return a trigger function that refuses what any of the queries finds."""
    body = "".join(
        _REFUSE.format(query=query, message=message) for query, message in checks
    )
    return _CHECK.format(name=name, settings=_SETTINGS, body=body.strip()).strip()


def _after(table: str, verb: str, rows: str, function: str) -> str:
    referencing = "NEW" if verb == "INSERT" else "OLD"
    return (
        f"CREATE TRIGGER {function}_{table.removeprefix('bl_')} AFTER {verb} ON {table}"
        f" REFERENCING {referencing} TABLE AS {rows}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
    )


def _never(table: str, verbs: str) -> str:
    return (
        f"CREATE TRIGGER bl_never_{table.removeprefix('bl_')} BEFORE {verbs} ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION bl_append_only()"
    )


def schema_statements() -> list[str]:
    """Return the statements that make the schema, in order; they name no schema."""
    tables = _TABLES.replace("{first_ticket}", str(PROVISIONAL // BLOCK))
    statements = [text.strip() for text in tables.split(";\n")]
    statements += [
        f"INSERT INTO bl_format VALUES ({FORMAT})",
        _check("bl_entry_seal", (_SEAL_QUERY, "the entry is not balanced on its date")),
        _check("bl_late", (_LATE_QUERY, "the entry is sealed")),
        _check(
            "bl_placed",
            (_PLACE_QUERY, "the position is not the next one"),
            (_NOTHING_QUERY, "there is no such record"),
        ),
        _check("bl_erased", (_ERASE_QUERY, "a text is erased only beside a redaction")),
        _APPEND_ONLY.strip(),
        _ENTER.strip(),
        _SEAL.strip(),
        _after("bl_record", "INSERT", "added", "bl_entry_seal"),
        _after("bl_posting", "INSERT", "added", "bl_late"),
        _after("bl_dimension", "INSERT", "added", "bl_late"),
        _after("bl_log_position", "INSERT", "added", "bl_placed"),
        _after("bl_opening", "DELETE", "removed", "bl_erased"),
        _never("bl_opening", "UPDATE OR TRUNCATE"),
        _never("bl_book", "DELETE OR TRUNCATE"),
    ]
    statements += [_never(table, "UPDATE OR DELETE OR TRUNCATE") for table in _LOG]
    return statements


def role_statements(owner: str, application: str, auditor: str) -> list[str]:
    """Return the statements that give three roles what they need and nothing else.

    The owner has everything, but nobody can log in as it.
    """
    tables = [*_TABLE_NAMES]
    objects = [
        f"ALTER SCHEMA {SCHEMA} OWNER TO {owner}",
        *(f"ALTER TABLE {SCHEMA}.{table} OWNER TO {owner}" for table in tables),
        *(f"ALTER SEQUENCE {SCHEMA}.{name} OWNER TO {owner}" for name in _SEQUENCES),
        *(f"ALTER FUNCTION {SCHEMA}.{name} OWNER TO {owner}" for name in _FUNCTIONS),
    ]
    updatable = ("bl_fact", "bl_current", "bl_period_total", "bl_listener")
    deletable = ("bl_opening", "bl_pending", "bl_unsealed", "bl_document_index")
    return [
        *(f"CREATE ROLE {name} NOLOGIN" for name in (owner, application, auditor)),
        *objects,
        f"REVOKE ALL ON SCHEMA {SCHEMA} FROM PUBLIC",
        f"GRANT USAGE ON SCHEMA {SCHEMA} TO {application}, {auditor}",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA {SCHEMA} TO {application}, {auditor}",
        f"GRANT INSERT ON ALL TABLES IN SCHEMA {SCHEMA} TO {application}",
        f"REVOKE INSERT ON {SCHEMA}.bl_format FROM {application}",
        f"GRANT UPDATE ON {_qualified(updatable)} TO {application}",
        f"GRANT UPDATE (facts_ordinal) ON {SCHEMA}.bl_book TO {application}",
        f"GRANT DELETE ON {_qualified(deletable)} TO {application}",
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {SCHEMA} TO {application}",
    ]


def _qualified(names: Iterable[str]) -> str:
    return ", ".join(f"{SCHEMA}.{name}" for name in names)
