-- The ledger as this node has executed it. One transaction a block; node_state says up to which.

CREATE TABLE block (
    height      bigint NOT NULL,
    hash        bytea  NOT NULL,
    -- milliseconds since 1970
    time_ms     bigint NOT NULL,
    header      bytea  NOT NULL,
    certificate bytea  NOT NULL,
    -- a result for each item, in order
    results     bytea  NOT NULL,
    CONSTRAINT block_pkey PRIMARY KEY (height),
    CONSTRAINT block_hash_key UNIQUE (hash),
    CONSTRAINT block_hash_length CHECK (octet_length(hash) = 32)
);

CREATE TABLE block_batch (
    height   bigint  NOT NULL,
    position integer NOT NULL,
    -- organisation id
    author   bigint  NOT NULL,
    sequence bigint  NOT NULL,
    hash     bytea   NOT NULL,
    signed   bytea   NOT NULL,
    CONSTRAINT block_batch_pkey PRIMARY KEY (height, position),
    CONSTRAINT block_batch_author_sequence_key UNIQUE (author, sequence),
    CONSTRAINT block_batch_hash_length CHECK (octet_length(hash) = 32)
);

-- Signed batches are mostly hashes: they do not compress.
ALTER TABLE block_batch ALTER COLUMN signed SET STORAGE EXTERNAL;

-- The status of every pack, by its blinded key.
CREATE TABLE status_record (
    record_key bytea NOT NULL,
    -- ledger::StatusRecord in canonical form
    record     bytea NOT NULL,
    CONSTRAINT status_record_pkey PRIMARY KEY (record_key),
    CONSTRAINT status_record_record_key_length CHECK (octet_length(record_key) = 32)
) WITH (fillfactor = 90);

ALTER TABLE status_record ALTER COLUMN record SET STORAGE PLAIN;
ALTER TABLE status_record ALTER COLUMN record_key SET STORAGE PLAIN;

-- Where each change after commissioning is on the chain.
CREATE TABLE status_history (
    record_key bytea   NOT NULL,
    version    integer NOT NULL,
    height     bigint  NOT NULL,
    -- the batch in the block and the item in the batch, from 0
    batch      integer NOT NULL,
    item       integer NOT NULL
) PARTITION BY RANGE (height);

CREATE INDEX status_history_record_key_idx ON status_history (record_key, version);

CREATE TABLE status_history_default PARTITION OF status_history DEFAULT;

-- Makes the partitions, of ten million blocks each, for this height and the ten million after it.
CREATE FUNCTION ensure_history_partitions(at_height bigint) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    width CONSTANT bigint := 10000000;
    made  integer := 0;
    low   bigint;
    child text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('ensure_history_partitions'));
    FOR step IN at_height / width .. at_height / width + 1 LOOP
        low := step * width;
        child := format('status_history_%s', step);
        CONTINUE WHEN to_regclass(child) IS NOT NULL;
        EXECUTE format('CREATE TABLE %I (LIKE status_history INCLUDING DEFAULTS)', child);
        EXECUTE format('WITH moved AS (DELETE FROM status_history_default WHERE height >= %s AND height < %s RETURNING *)
                        INSERT INTO %I SELECT * FROM moved', low, low + width, child);
        EXECUTE format('ALTER TABLE status_history ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)', child, low, low + width);
        made := made + 1;
    END LOOP;
    RETURN made;
END
$$;

-- Organisations, products, recalls, validators, rules: by kind and key, in canonical form.
CREATE TABLE directory_entry (
    kind   smallint NOT NULL,
    key    bytea    NOT NULL,
    body   bytea    NOT NULL,
    -- the block that wrote it last
    height bigint   NOT NULL,
    CONSTRAINT directory_entry_pkey PRIMARY KEY (kind, key)
);

-- One row: how far this database is.
CREATE TABLE node_state (
    id             smallint NOT NULL DEFAULT 1,
    height         bigint   NOT NULL,
    block_hash     bytea    NOT NULL,
    results_root   bytea    NOT NULL,
    status_root    bytea    NOT NULL,
    directory_root bytea    NOT NULL,
    -- what else the executor carries from block to block, in canonical form
    carry          bytea    NOT NULL,
    CONSTRAINT node_state_pkey PRIMARY KEY (id),
    CONSTRAINT node_state_single CHECK (id = 1)
);
