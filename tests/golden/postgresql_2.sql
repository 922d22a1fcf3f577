-- A database of format 2 (pg_dump --inserts), as that release made it; never changed.

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

CREATE SCHEMA backoffice_ledger;

CREATE FUNCTION backoffice_ledger.bl_append_only() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'bl: append only' USING ERRCODE = 'check_violation';
END
$$;

CREATE FUNCTION backoffice_ledger.bl_enter(book integer, is_alone boolean) RETURNS TABLE(mark bigint, placed bigint, is_waiting boolean)
    LANGUAGE plpgsql
    SET search_path TO 'backoffice_ledger', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_material TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
BEGIN
    IF is_alone THEN
        PERFORM pg_advisory_xact_lock(1651245058, book);
    ELSE
        PERFORM pg_advisory_xact_lock_shared(1651245058, book);
    END IF;
    RETURN QUERY SELECT b.facts_ordinal,
        coalesce((SELECT l.position FROM bl_log_position l
            WHERE l.book_id = book ORDER BY l.position DESC LIMIT 1), 0),
        EXISTS (SELECT 1 FROM bl_unsealed u WHERE u.book_id = b.book_id)
        FROM bl_book b WHERE b.book_id = book;
END
$$;

CREATE FUNCTION backoffice_ledger.bl_entry_seal() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'backoffice_ledger', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_material TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
BEGIN
    IF EXISTS (
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
) THEN
        RAISE EXCEPTION 'bl: the entry is not balanced on its date' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION backoffice_ledger.bl_erased() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'backoffice_ledger', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_material TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM removed o WHERE NOT EXISTS (
            SELECT 1 FROM bl_redaction d WHERE d.book_id = o.book_id
            AND d.ordinal = o.ordinal AND d.field = o.field
        )
) THEN
        RAISE EXCEPTION 'bl: a text is erased only beside a redaction' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION backoffice_ledger.bl_late() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'backoffice_ledger', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_material TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM added a JOIN bl_record r
        ON r.book_id = a.book_id AND r.ordinal = a.ordinal
) THEN
        RAISE EXCEPTION 'bl: the entry is sealed' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION backoffice_ledger.bl_placed() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'backoffice_ledger', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_material TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
BEGIN
    IF EXISTS (
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
) THEN
        RAISE EXCEPTION 'bl: the position is not the next one' USING ERRCODE = 'check_violation';
    END IF;

    IF EXISTS (
        SELECT 1 FROM added a WHERE NOT EXISTS (
            SELECT 1 FROM bl_record r
            WHERE r.book_id = a.book_id AND r.ordinal = a.ordinal
        )
) THEN
        RAISE EXCEPTION 'bl: there is no such record' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION backoffice_ledger.bl_seal(book integer, wanted bigint[]) RETURNS TABLE(ordinal bigint, "position" bigint, number bigint)
    LANGUAGE plpgsql
    SET search_path TO 'backoffice_ledger', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_material TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
#variable_conflict use_column
DECLARE
    head bigint;
BEGIN
    IF NOT current_setting('transaction_read_only')::boolean THEN
        PERFORM pg_advisory_xact_lock(1651245057, book);
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
$$;

SET default_tablespace = '';

SET default_table_access_method = heap;

CREATE TABLE backoffice_ledger.bl_book (
    book_id integer NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    facts_ordinal bigint DEFAULT 0 NOT NULL
);

ALTER TABLE backoffice_ledger.bl_book ALTER COLUMN book_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME backoffice_ledger.bl_book_book_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE backoffice_ledger.bl_current (
    book_id integer NOT NULL,
    account_no bigint NOT NULL,
    commodity_no bigint NOT NULL,
    debit numeric(38,0) NOT NULL,
    credit numeric(38,0) NOT NULL,
    pending_debit numeric(38,0) NOT NULL,
    pending_credit numeric(38,0) NOT NULL,
    version bigint NOT NULL
)
WITH (fillfactor='50');

CREATE TABLE backoffice_ledger.bl_dimension (
    book_id integer NOT NULL,
    ordinal bigint NOT NULL,
    line integer NOT NULL,
    dimension_no bigint NOT NULL,
    value text NOT NULL COLLATE pg_catalog."C"
);

CREATE TABLE backoffice_ledger.bl_fact (
    book_id integer NOT NULL,
    kind text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL COLLATE pg_catalog."C",
    number bigint,
    ordinal bigint NOT NULL
)
WITH (fillfactor='70');

CREATE TABLE backoffice_ledger.bl_format (
    version integer NOT NULL
);

CREATE TABLE backoffice_ledger.bl_listener (
    book_id integer NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    "position" bigint NOT NULL
);

CREATE TABLE backoffice_ledger.bl_log_position (
    book_id integer NOT NULL,
    "position" bigint NOT NULL,
    ordinal bigint NOT NULL,
    journal_no bigint,
    number bigint,
    CONSTRAINT bl_log_position_check CHECK (((journal_no IS NULL) = (number IS NULL)))
);

CREATE SEQUENCE backoffice_ledger.bl_name_number
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

CREATE TABLE backoffice_ledger.bl_opening (
    book_id integer NOT NULL,
    ordinal bigint NOT NULL,
    field text NOT NULL COLLATE pg_catalog."C",
    salt bytea NOT NULL,
    value text NOT NULL COLLATE pg_catalog."C",
    CONSTRAINT bl_opening_salt_check CHECK ((length(salt) >= 16))
);

CREATE TABLE backoffice_ledger.bl_pending (
    book_id integer NOT NULL,
    hold text NOT NULL COLLATE pg_catalog."C",
    line integer NOT NULL,
    account_no bigint NOT NULL,
    commodity_no bigint NOT NULL,
    side smallint NOT NULL,
    amount numeric(38,0) NOT NULL,
    expires_at bigint,
    CONSTRAINT bl_pending_side_check CHECK ((side = ANY (ARRAY[0, 1])))
);

CREATE TABLE backoffice_ledger.bl_period_total (
    book_id integer NOT NULL,
    bucket integer NOT NULL,
    account_no bigint NOT NULL,
    commodity_no bigint NOT NULL,
    phase smallint NOT NULL,
    debit numeric(38,0) NOT NULL,
    credit numeric(38,0) NOT NULL
)
WITH (fillfactor='50');

CREATE TABLE backoffice_ledger.bl_posting (
    book_id integer NOT NULL,
    ordinal bigint NOT NULL,
    line integer NOT NULL,
    account_no bigint NOT NULL,
    commodity_no bigint NOT NULL,
    side smallint NOT NULL,
    memorandum smallint NOT NULL,
    date integer NOT NULL,
    amount numeric(38,0) NOT NULL,
    value_date integer,
    CONSTRAINT bl_posting_memorandum_check CHECK ((memorandum = ANY (ARRAY[0, 1]))),
    CONSTRAINT bl_posting_side_check CHECK ((side = ANY (ARRAY[0, 1])))
);

CREATE TABLE backoffice_ledger.bl_record (
    book_id integer NOT NULL,
    ordinal bigint NOT NULL,
    type smallint NOT NULL,
    id text NOT NULL COLLATE pg_catalog."C",
    actor text NOT NULL COLLATE pg_catalog."C",
    recorded_at bigint NOT NULL,
    leaf bytea NOT NULL,
    content text COLLATE pg_catalog."C",
    date integer,
    journal_no bigint,
    kind text COLLATE pg_catalog."C",
    phase smallint,
    document_number text COLLATE pg_catalog."C",
    document_date integer,
    economic_date integer,
    reference_list text COLLATE pg_catalog."C",
    rule text COLLATE pg_catalog."C",
    reverses text COLLATE pg_catalog."C",
    proposal text COLLATE pg_catalog."C",
    controls text COLLATE pg_catalog."C",
    CONSTRAINT bl_record_check CHECK (((type = 0) = (content IS NULL))),
    CONSTRAINT bl_record_check1 CHECK (((type = 0) = ((date IS NOT NULL) AND (journal_no IS NOT NULL) AND (kind IS NOT NULL) AND (phase IS NOT NULL)))),
    CONSTRAINT bl_record_leaf_check CHECK ((length(leaf) = 32))
);

CREATE TABLE backoffice_ledger.bl_redaction (
    book_id integer NOT NULL,
    ordinal bigint NOT NULL,
    field text NOT NULL COLLATE pg_catalog."C",
    commitment text NOT NULL COLLATE pg_catalog."C",
    redacted_at bigint NOT NULL
);

CREATE SEQUENCE backoffice_ledger.bl_ticket
    START WITH 16777216
    INCREMENT BY 1
    MINVALUE 16777216
    NO MAXVALUE
    CACHE 1;

CREATE TABLE backoffice_ledger.bl_unsealed (
    book_id integer NOT NULL,
    first bigint NOT NULL,
    last bigint NOT NULL
);

INSERT INTO backoffice_ledger.bl_book OVERRIDING SYSTEM VALUE VALUES (1, 'main', 281475027042305);
INSERT INTO backoffice_ledger.bl_book OVERRIDING SYSTEM VALUE VALUES (2, 'other', 281475144482817);

INSERT INTO backoffice_ledger.bl_current VALUES (1, 2, 4, 1000, 0, 0, 0, 1);
INSERT INTO backoffice_ledger.bl_current VALUES (1, 3, 4, 0, 1000, 0, 0, 1);
INSERT INTO backoffice_ledger.bl_current VALUES (2, 6, 8, 1000, 0, 0, 0, 1);
INSERT INTO backoffice_ledger.bl_current VALUES (2, 7, 8, 0, 1000, 0, 0, 1);

INSERT INTO backoffice_ledger.bl_fact VALUES (1, 'book', '', NULL, 281474976710657);
INSERT INTO backoffice_ledger.bl_fact VALUES (1, 'journal', 'general', 1, 281474976710658);
INSERT INTO backoffice_ledger.bl_fact VALUES (1, 'account', 'assets:bank', 2, 281474993487873);
INSERT INTO backoffice_ledger.bl_fact VALUES (1, 'account', 'equity:capital', 3, 281475010265089);
INSERT INTO backoffice_ledger.bl_fact VALUES (1, 'commodity', 'EUR', 4, 281475027042305);
INSERT INTO backoffice_ledger.bl_fact VALUES (1, 'document', 'deal%2Fx/D-1', NULL, 281475060596737);
INSERT INTO backoffice_ledger.bl_fact VALUES (1, 'document', 'note/ß ''quoted''', NULL, 281475077373953);
INSERT INTO backoffice_ledger.bl_fact VALUES (2, 'book', '', NULL, 281475094151169);
INSERT INTO backoffice_ledger.bl_fact VALUES (2, 'journal', 'general', 5, 281475094151170);
INSERT INTO backoffice_ledger.bl_fact VALUES (2, 'account', 'assets:bank', 6, 281475110928385);
INSERT INTO backoffice_ledger.bl_fact VALUES (2, 'account', 'equity:capital', 7, 281475127705601);
INSERT INTO backoffice_ledger.bl_fact VALUES (2, 'commodity', 'EUR', 8, 281475144482817);
INSERT INTO backoffice_ledger.bl_fact VALUES (2, 'document', 'deal%2Fx/D-1', NULL, 281475178037249);
INSERT INTO backoffice_ledger.bl_fact VALUES (2, 'document', 'note/ß ''quoted''', NULL, 281475194814465);

INSERT INTO backoffice_ledger.bl_format VALUES (2);

INSERT INTO backoffice_ledger.bl_log_position VALUES (1, 1, 281474976710657, NULL, NULL);
INSERT INTO backoffice_ledger.bl_log_position VALUES (1, 2, 281474976710658, NULL, NULL);
INSERT INTO backoffice_ledger.bl_log_position VALUES (1, 3, 281474993487873, NULL, NULL);
INSERT INTO backoffice_ledger.bl_log_position VALUES (1, 4, 281475010265089, NULL, NULL);
INSERT INTO backoffice_ledger.bl_log_position VALUES (1, 5, 281475027042305, NULL, NULL);
INSERT INTO backoffice_ledger.bl_log_position VALUES (1, 6, 281475027042306, 1, 1);
INSERT INTO backoffice_ledger.bl_log_position VALUES (1, 7, 281475043819521, NULL, NULL);
INSERT INTO backoffice_ledger.bl_log_position VALUES (1, 8, 281475060596737, NULL, NULL);
INSERT INTO backoffice_ledger.bl_log_position VALUES (1, 9, 281475077373953, NULL, NULL);
INSERT INTO backoffice_ledger.bl_log_position VALUES (2, 1, 281475094151169, NULL, NULL);
INSERT INTO backoffice_ledger.bl_log_position VALUES (2, 2, 281475094151170, NULL, NULL);
INSERT INTO backoffice_ledger.bl_log_position VALUES (2, 3, 281475110928385, NULL, NULL);
INSERT INTO backoffice_ledger.bl_log_position VALUES (2, 4, 281475127705601, NULL, NULL);
INSERT INTO backoffice_ledger.bl_log_position VALUES (2, 5, 281475144482817, NULL, NULL);
INSERT INTO backoffice_ledger.bl_log_position VALUES (2, 6, 281475144482818, 5, 1);
INSERT INTO backoffice_ledger.bl_log_position VALUES (2, 7, 281475161260033, NULL, NULL);
INSERT INTO backoffice_ledger.bl_log_position VALUES (2, 8, 281475178037249, NULL, NULL);
INSERT INTO backoffice_ledger.bl_log_position VALUES (2, 9, 281475194814465, NULL, NULL);

INSERT INTO backoffice_ledger.bl_opening VALUES (1, 281475027042306, 'description', '\xcfe915d95fb92aec80f17ae707f981fb', 'Capital');
INSERT INTO backoffice_ledger.bl_opening VALUES (1, 281475043819521, 'personal.who', '\x453a6b30e3eab76a2257e16e51e61df2', 'Jane Roe');
INSERT INTO backoffice_ledger.bl_opening VALUES (1, 281475060596737, 'personal.who', '\x89ff30dc6c4b2d8e4c4aa4acc1e6b409', 'Jane Roe');
INSERT INTO backoffice_ledger.bl_opening VALUES (2, 281475144482818, 'description', '\x79f082d63954c7df19747bc462e2702a', 'Capital');
INSERT INTO backoffice_ledger.bl_opening VALUES (2, 281475161260033, 'personal.who', '\x063c8453362ad0b454813cc1b9114696', 'Jane Roe');
INSERT INTO backoffice_ledger.bl_opening VALUES (2, 281475178037249, 'personal.who', '\xb844e995936e51755bdd521b14b0a97a', 'Jane Roe');

INSERT INTO backoffice_ledger.bl_period_total VALUES (1, 2026, 2, 4, 0, 1000, 0);
INSERT INTO backoffice_ledger.bl_period_total VALUES (1, 2026, 3, 4, 0, 0, 1000);
INSERT INTO backoffice_ledger.bl_period_total VALUES (1, 202601, 2, 4, 0, 1000, 0);
INSERT INTO backoffice_ledger.bl_period_total VALUES (1, 202601, 3, 4, 0, 0, 1000);
INSERT INTO backoffice_ledger.bl_period_total VALUES (2, 2026, 6, 8, 0, 1000, 0);
INSERT INTO backoffice_ledger.bl_period_total VALUES (2, 2026, 7, 8, 0, 0, 1000);
INSERT INTO backoffice_ledger.bl_period_total VALUES (2, 202601, 6, 8, 0, 1000, 0);
INSERT INTO backoffice_ledger.bl_period_total VALUES (2, 202601, 7, 8, 0, 0, 1000);

INSERT INTO backoffice_ledger.bl_posting VALUES (1, 281475027042306, 0, 2, 4, 0, 0, 20260102, 1000, NULL);
INSERT INTO backoffice_ledger.bl_posting VALUES (1, 281475027042306, 1, 3, 4, 1, 0, 20260102, 1000, NULL);
INSERT INTO backoffice_ledger.bl_posting VALUES (2, 281475144482818, 0, 6, 8, 0, 0, 20260102, 1000, NULL);
INSERT INTO backoffice_ledger.bl_posting VALUES (2, 281475144482818, 1, 7, 8, 1, 0, 20260102, 1000, NULL);

INSERT INTO backoffice_ledger.bl_record VALUES (1, 281474976710657, 1, 'main', 'clerk', 1767254400000000, '\xe0960ab9a18706cb3fb682e35f62333dd416442be791b5d415046ad170ff4d2c', '{"format":1,"name":"main","uid":"main1"}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO backoffice_ledger.bl_record VALUES (1, 281474976710658, 2, 'general', 'clerk', 1767254400000000, '\xffc9eb07ee1de563d7526cda7395ad9e9ef4b1d666fe46a8f3b24279bbb9c248', '{"name":"general"}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO backoffice_ledger.bl_record VALUES (1, 281474993487873, 4, 'assets:bank', 'clerk', 1767254400000000, '\xa9bad2405586af7596806d6426db54a65ecfc6a20c98ca358454c7e6c7c399ba', '{"path":"assets:bank","type":"asset"}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO backoffice_ledger.bl_record VALUES (1, 281475010265089, 4, 'equity:capital', 'clerk', 1767254400000000, '\x79498044c310c708b2fd8513bbeddb5411b74cf80df258f828011c6f0d261efb', '{"path":"equity:capital","type":"equity"}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO backoffice_ledger.bl_record VALUES (1, 281475027042305, 3, 'EUR', 'clerk', 1767254400000000, '\x55c678533f96be26ca42e2c17af0ac16a271e4339c3e3b867da7e6f7b004dd1c', '{"code":"EUR","scale":2}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO backoffice_ledger.bl_record VALUES (1, 281475027042306, 0, 'capital', 'clerk', 1767254400000000, '\x47dd6ed527b9ebf21347e0ac9f859e7717a78793e228862d72e1a3afbec59c38', NULL, 20260102, 1, 'normal', 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO backoffice_ledger.bl_record VALUES (1, 281475043819521, 7, 'deal%2Fx/D-1', 'clerk', 1767254400000000, '\x995988b8de7e4d458927f3dc8d29222d1d3eed4818a50db36bc503a2b415ebe7', '{"content":{"n":1},"id":"D-1","kind":"deal/x","personal":["who"],"texts":{"personal.who":"e0163bd2b40489d5fc261c5599e831f9d1a15a97546b3ea6e41c2b5c8a80f0a0"},"version":1}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO backoffice_ledger.bl_record VALUES (1, 281475060596737, 7, 'deal%2Fx/D-1', 'clerk', 1767254400000000, '\x500160d32b57169a743708c10cfd16b6dfce00e33fb26f3ec06cb115286f201e', '{"content":{"n":2},"id":"D-1","kind":"deal/x","personal":["who"],"texts":{"personal.who":"1427e69562e5eaca319740643d6c460894b4c37d03cd530f81cfe74de87b0199"},"version":2}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO backoffice_ledger.bl_record VALUES (1, 281475077373953, 7, 'note/ß ''quoted''', 'clerk', 1767254400000000, '\xcd5f9049b151f49c277c9576f5ea801285f9a4bff393718dafed24b48ed2ab5f', '{"content":{"n":1},"id":"ß ''quoted''","kind":"note","version":1}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO backoffice_ledger.bl_record VALUES (2, 281475094151169, 1, 'other', 'clerk', 1767254400000000, '\xacc0a904a3455d142f9a3e895e2a64c11495728bf42409f2c0298ce9e09ff23a', '{"format":1,"name":"other","uid":"other1"}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO backoffice_ledger.bl_record VALUES (2, 281475094151170, 2, 'general', 'clerk', 1767254400000000, '\xffc9eb07ee1de563d7526cda7395ad9e9ef4b1d666fe46a8f3b24279bbb9c248', '{"name":"general"}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO backoffice_ledger.bl_record VALUES (2, 281475110928385, 4, 'assets:bank', 'clerk', 1767254400000000, '\xa9bad2405586af7596806d6426db54a65ecfc6a20c98ca358454c7e6c7c399ba', '{"path":"assets:bank","type":"asset"}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO backoffice_ledger.bl_record VALUES (2, 281475127705601, 4, 'equity:capital', 'clerk', 1767254400000000, '\x79498044c310c708b2fd8513bbeddb5411b74cf80df258f828011c6f0d261efb', '{"path":"equity:capital","type":"equity"}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO backoffice_ledger.bl_record VALUES (2, 281475144482817, 3, 'EUR', 'clerk', 1767254400000000, '\x55c678533f96be26ca42e2c17af0ac16a271e4339c3e3b867da7e6f7b004dd1c', '{"code":"EUR","scale":2}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO backoffice_ledger.bl_record VALUES (2, 281475144482818, 0, 'capital', 'clerk', 1767254400000000, '\x1edcf486f89fe2e09873163b8628adce70b5b8359476798b94a7c135911cc30d', NULL, 20260102, 5, 'normal', 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO backoffice_ledger.bl_record VALUES (2, 281475161260033, 7, 'deal%2Fx/D-1', 'clerk', 1767254400000000, '\x38d2ce69cb56e344cfd61f39134c3b62da4026d4cc9deae011b910bdc3782e22', '{"content":{"n":1},"id":"D-1","kind":"deal/x","personal":["who"],"texts":{"personal.who":"80238885fdfbf0b7ed3dd05853615694f2a75bc88d10497be665cab44eddec76"},"version":1}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO backoffice_ledger.bl_record VALUES (2, 281475178037249, 7, 'deal%2Fx/D-1', 'clerk', 1767254400000000, '\xd8f2439014fac5b76e996a9574afe1ae152fa546d774bb7dc0faaa30d6f5c64d', '{"content":{"n":2},"id":"D-1","kind":"deal/x","personal":["who"],"texts":{"personal.who":"2d64f28d2f183a3d3732a23e0c90d5f2f61c48987892fc5737e63865f70798cc"},"version":2}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO backoffice_ledger.bl_record VALUES (2, 281475194814465, 7, 'note/ß ''quoted''', 'clerk', 1767254400000000, '\xcd5f9049b151f49c277c9576f5ea801285f9a4bff393718dafed24b48ed2ab5f', '{"content":{"n":1},"id":"ß ''quoted''","kind":"note","version":1}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);

SELECT pg_catalog.setval('backoffice_ledger.bl_book_book_id_seq', 2, true);

SELECT pg_catalog.setval('backoffice_ledger.bl_name_number', 8, true);

SELECT pg_catalog.setval('backoffice_ledger.bl_ticket', 16777229, true);

ALTER TABLE ONLY backoffice_ledger.bl_book
    ADD CONSTRAINT bl_book_name_key UNIQUE (name);

ALTER TABLE ONLY backoffice_ledger.bl_book
    ADD CONSTRAINT bl_book_pkey PRIMARY KEY (book_id);

ALTER TABLE ONLY backoffice_ledger.bl_current
    ADD CONSTRAINT bl_current_pkey PRIMARY KEY (book_id, account_no, commodity_no);

ALTER TABLE ONLY backoffice_ledger.bl_dimension
    ADD CONSTRAINT bl_dimension_pkey PRIMARY KEY (book_id, ordinal, line, dimension_no);

ALTER TABLE ONLY backoffice_ledger.bl_fact
    ADD CONSTRAINT bl_fact_book_id_kind_number_key UNIQUE (book_id, kind, number);

ALTER TABLE ONLY backoffice_ledger.bl_fact
    ADD CONSTRAINT bl_fact_pkey PRIMARY KEY (book_id, kind, key);

ALTER TABLE ONLY backoffice_ledger.bl_listener
    ADD CONSTRAINT bl_listener_pkey PRIMARY KEY (book_id, name);

ALTER TABLE ONLY backoffice_ledger.bl_log_position
    ADD CONSTRAINT bl_log_position_book_id_ordinal_key UNIQUE (book_id, ordinal);

ALTER TABLE ONLY backoffice_ledger.bl_log_position
    ADD CONSTRAINT bl_log_position_pkey PRIMARY KEY (book_id, "position");

ALTER TABLE ONLY backoffice_ledger.bl_opening
    ADD CONSTRAINT bl_opening_pkey PRIMARY KEY (book_id, ordinal, field);

ALTER TABLE ONLY backoffice_ledger.bl_pending
    ADD CONSTRAINT bl_pending_pkey PRIMARY KEY (book_id, hold, line);

ALTER TABLE ONLY backoffice_ledger.bl_period_total
    ADD CONSTRAINT bl_period_total_pkey PRIMARY KEY (book_id, bucket, account_no, commodity_no, phase);

ALTER TABLE ONLY backoffice_ledger.bl_posting
    ADD CONSTRAINT bl_posting_pkey PRIMARY KEY (book_id, ordinal, line);

ALTER TABLE ONLY backoffice_ledger.bl_record
    ADD CONSTRAINT bl_record_pkey PRIMARY KEY (book_id, ordinal);

ALTER TABLE ONLY backoffice_ledger.bl_redaction
    ADD CONSTRAINT bl_redaction_pkey PRIMARY KEY (book_id, ordinal, field);

ALTER TABLE ONLY backoffice_ledger.bl_unsealed
    ADD CONSTRAINT bl_unsealed_pkey PRIMARY KEY (book_id, first);

CREATE INDEX bl_dimension_value ON backoffice_ledger.bl_dimension USING btree (book_id, dimension_no, value, ordinal);

CREATE UNIQUE INDEX bl_log_position_number ON backoffice_ledger.bl_log_position USING btree (book_id, journal_no, number) WHERE (journal_no IS NOT NULL);

CREATE INDEX bl_pending_account ON backoffice_ledger.bl_pending USING btree (book_id, account_no, commodity_no, expires_at);

CREATE INDEX bl_pending_expiry ON backoffice_ledger.bl_pending USING btree (book_id, expires_at) WHERE (expires_at IS NOT NULL);

CREATE INDEX bl_posting_account ON backoffice_ledger.bl_posting USING btree (book_id, account_no, date, ordinal);

CREATE INDEX bl_record_date ON backoffice_ledger.bl_record USING btree (book_id, date, ordinal) WHERE (type = 0);

CREATE UNIQUE INDEX bl_record_entry_id ON backoffice_ledger.bl_record USING btree (book_id, id) WHERE (type = ANY (ARRAY[0, 13]));

CREATE INDEX bl_record_other ON backoffice_ledger.bl_record USING btree (book_id, type, id) WHERE (type <> 0);

CREATE TRIGGER bl_entry_seal_record AFTER INSERT ON backoffice_ledger.bl_record REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION backoffice_ledger.bl_entry_seal();

CREATE TRIGGER bl_erased_opening AFTER DELETE ON backoffice_ledger.bl_opening REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION backoffice_ledger.bl_erased();

CREATE TRIGGER bl_late_dimension AFTER INSERT ON backoffice_ledger.bl_dimension REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION backoffice_ledger.bl_late();

CREATE TRIGGER bl_late_posting AFTER INSERT ON backoffice_ledger.bl_posting REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION backoffice_ledger.bl_late();

CREATE TRIGGER bl_never_book BEFORE DELETE OR TRUNCATE ON backoffice_ledger.bl_book FOR EACH STATEMENT EXECUTE FUNCTION backoffice_ledger.bl_append_only();

CREATE TRIGGER bl_never_dimension BEFORE DELETE OR UPDATE OR TRUNCATE ON backoffice_ledger.bl_dimension FOR EACH STATEMENT EXECUTE FUNCTION backoffice_ledger.bl_append_only();

CREATE TRIGGER bl_never_log_position BEFORE DELETE OR UPDATE OR TRUNCATE ON backoffice_ledger.bl_log_position FOR EACH STATEMENT EXECUTE FUNCTION backoffice_ledger.bl_append_only();

CREATE TRIGGER bl_never_opening BEFORE UPDATE OR TRUNCATE ON backoffice_ledger.bl_opening FOR EACH STATEMENT EXECUTE FUNCTION backoffice_ledger.bl_append_only();

CREATE TRIGGER bl_never_posting BEFORE DELETE OR UPDATE OR TRUNCATE ON backoffice_ledger.bl_posting FOR EACH STATEMENT EXECUTE FUNCTION backoffice_ledger.bl_append_only();

CREATE TRIGGER bl_never_record BEFORE DELETE OR UPDATE OR TRUNCATE ON backoffice_ledger.bl_record FOR EACH STATEMENT EXECUTE FUNCTION backoffice_ledger.bl_append_only();

CREATE TRIGGER bl_never_redaction BEFORE DELETE OR UPDATE OR TRUNCATE ON backoffice_ledger.bl_redaction FOR EACH STATEMENT EXECUTE FUNCTION backoffice_ledger.bl_append_only();

CREATE TRIGGER bl_placed_log_position AFTER INSERT ON backoffice_ledger.bl_log_position REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION backoffice_ledger.bl_placed();
