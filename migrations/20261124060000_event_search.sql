-- What events are found by: the terms and measures of their index (crate epcis, module query), master data, and the
-- values that occur. Partitioned as events are.

CREATE TABLE event_search (
    event_seq   bigint      NOT NULL,
    captured_at timestamptz NOT NULL,
    event_time  timestamptz NOT NULL,
    -- 'bizStep=shipping', 'ilmd:urn:epcglobal:cbv:mda|lotNumber=ABC', a name alone: the field is there
    terms       text[]      COLLATE "C" NOT NULL,
    CONSTRAINT event_search_pkey PRIMARY KEY (event_seq, captured_at)
) PARTITION BY RANGE (captured_at);

CREATE INDEX event_search_event_time_idx ON event_search (event_time, event_seq);
CREATE INDEX event_search_captured_at_idx ON event_search (captured_at, event_seq);
-- Half a megabyte of new rows is read besides the index: some milliseconds.
CREATE INDEX event_search_terms_idx ON event_search USING gin (terms) WITH (gin_pending_list_limit = 512);

DROP INDEX event_event_time_idx;

-- Numbers, and times in microseconds since 1970 UTC.
CREATE TABLE event_measure (
    name        text        COLLATE "C" NOT NULL,
    value       numeric     NOT NULL,
    event_seq   bigint      NOT NULL,
    captured_at timestamptz NOT NULL
) PARTITION BY RANGE (captured_at);

CREATE INDEX event_measure_value_idx ON event_measure (name, value, event_seq);
CREATE INDEX event_measure_event_idx ON event_measure (event_seq, name);

CREATE TABLE event_search_default  PARTITION OF event_search  DEFAULT;
CREATE TABLE event_measure_default PARTITION OF event_measure DEFAULT;

-- Makes the partitions of this month and of those that follow; returns how many were made.
CREATE OR REPLACE FUNCTION ensure_event_partitions(at timestamptz, months_ahead integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    made   integer := 0;
    parent text;
    month  date;
BEGIN
    -- Two services that start at once take turns.
    PERFORM pg_advisory_xact_lock(hashtext('ensure_event_partitions'));
    FOREACH parent IN ARRAY ARRAY['event', 'event_anchor', 'event_epc', 'event_search', 'event_measure'] LOOP
        FOR step IN 0 .. months_ahead LOOP
            month := date_trunc('month', at AT TIME ZONE 'UTC')::date + make_interval(months => step);
            IF ensure_month_partition(parent, month) THEN
                made := made + 1;
            END IF;
        END LOOP;
    END LOOP;
    RETURN made;
END
$$;

-- How far this organisation's books about its events are. One row.
CREATE TABLE event_search_progress (
    one           boolean NOT NULL DEFAULT true,
    -- events from here to indexed_until were captured before there was an index, and are not in it yet
    indexed_from  bigint  NOT NULL,
    indexed_until bigint  NOT NULL,
    -- values of events up to here are in event_value
    valued_through bigint NOT NULL,
    CONSTRAINT event_search_progress_pkey PRIMARY KEY (one),
    CONSTRAINT event_search_progress_one CHECK (one)
);

INSERT INTO event_search_progress (indexed_from, indexed_until, valued_through)
SELECT 1, coalesce(max(seq), 0), 0 FROM event;

-- Values that occur in events, each once a site: what the resources of the REST binding list.
CREATE TABLE event_value (
    -- 1 eventType, 2 bizStep, 3 disposition, 4 readPoint, 5 bizLocation, 6 prefix of an extension
    kind  smallint NOT NULL,
    value text     COLLATE "C" NOT NULL,
    -- GLN of a site of the event; empty: of none
    site  text     COLLATE "C" NOT NULL,
    CONSTRAINT event_value_pkey PRIMARY KEY (kind, value, site),
    CONSTRAINT event_value_kind_known CHECK (kind BETWEEN 1 AND 6)
);

-- Master data as captured; what comes later replaces.
CREATE TABLE master_data (
    vocabulary_type text        COLLATE "C" NOT NULL,
    -- canonical key, or the URI where it is no key
    id              text        COLLATE "C" NOT NULL,
    -- an EPCIS 2.0 JSON document with this element alone
    body            text        NOT NULL,
    captured_at     timestamptz NOT NULL,
    CONSTRAINT master_data_pkey PRIMARY KEY (vocabulary_type, id)
);

CREATE INDEX master_data_id_idx ON master_data (id);

CREATE TABLE master_data_attribute (
    vocabulary_type text COLLATE "C" NOT NULL,
    id              text COLLATE "C" NOT NULL,
    name            text COLLATE "C" NOT NULL,
    value           text COLLATE "C" NOT NULL,
    CONSTRAINT master_data_attribute_element_fkey FOREIGN KEY (vocabulary_type, id) REFERENCES master_data ON DELETE CASCADE
);

CREATE INDEX master_data_attribute_name_idx ON master_data_attribute (name, value, id);
CREATE INDEX master_data_attribute_element_idx ON master_data_attribute (vocabulary_type, id);

CREATE TABLE master_data_child (
    vocabulary_type text COLLATE "C" NOT NULL,
    id              text COLLATE "C" NOT NULL,
    child           text COLLATE "C" NOT NULL,
    CONSTRAINT master_data_child_pkey PRIMARY KEY (vocabulary_type, id, child),
    CONSTRAINT master_data_child_element_fkey FOREIGN KEY (vocabulary_type, id) REFERENCES master_data ON DELETE CASCADE
);

CREATE INDEX master_data_child_id_idx ON master_data_child (id);

-- Takes sequence numbers for events of this transaction, and marks with an advisory lock, held until it ends, that
-- numbers above the one before them may still come. The lock's key is 94 in the upper 16 bits and that number below.
CREATE FUNCTION take_event_seqs(count bigint) RETURNS SETOF bigint LANGUAGE plpgsql AS $$
DECLARE
    before bigint;
BEGIN
    SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END INTO before FROM event_seq;
    PERFORM pg_advisory_xact_lock_shared((94::bigint << 48) | before);
    RETURN QUERY SELECT nextval('event_seq') FROM generate_series(1, count);
END
$$;

-- The number up to which every event is committed: below all that transactions under way have taken or may take. Who
-- reads events in a later statement sees all of them.
CREATE FUNCTION event_horizon() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    last bigint;
    held bigint;
BEGIN
    -- In this order: a transaction that marks itself after the second statement takes numbers above `last`.
    SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END INTO last FROM event_seq;
    SELECT min(((classid::bigint & 65535) << 32) | objid::bigint) INTO held
    FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 1 AND classid::bigint >> 16 = 94
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database());
    RETURN least(last, held);
END
$$;
