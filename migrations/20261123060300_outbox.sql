-- What waits for the ledger: written with the event, taken in order by the one signer of the organisation.

CREATE TABLE outbox (
    id             bigint      GENERATED ALWAYS AS IDENTITY,
    -- the event; null for a directory change without one
    event_seq      bigint,
    captured_at    timestamptz,
    -- the event's commitment, in the first of its rows alone
    commitment     bytea,
    -- status updates in canonical form, one after another, and their number
    updates        bytea       NOT NULL,
    update_count   integer     NOT NULL,
    -- directory changes in canonical form
    changes        bytea       NOT NULL,
    -- whether this is the last row of its event
    last           boolean     NOT NULL,
    created_at     timestamptz NOT NULL,
    -- null: waits
    batch_sequence bigint,
    leaf           bigint,
    CONSTRAINT outbox_pkey PRIMARY KEY (id),
    CONSTRAINT outbox_commitment_length CHECK (octet_length(commitment) = 32),
    CONSTRAINT outbox_event CHECK ((event_seq IS NULL) = (captured_at IS NULL)),
    CONSTRAINT outbox_update_count_range CHECK (update_count >= 0)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

-- Encoded updates are hashes: they do not compress.
ALTER TABLE outbox ALTER COLUMN updates SET STORAGE EXTERNAL;

CREATE INDEX outbox_waiting_idx ON outbox (id) WHERE batch_sequence IS NULL;
CREATE INDEX outbox_batch_idx ON outbox (batch_sequence) WHERE batch_sequence IS NOT NULL;

-- This organisation's chain of batches.
CREATE TABLE batch (
    sequence   bigint      NOT NULL,
    hash       bytea       NOT NULL,
    -- the signed batch as it was sent; emptied when it is final, because block_batch has it then
    signed     bytea       NOT NULL,
    created_at timestamptz NOT NULL,
    -- the block that holds it; null: not yet
    height     bigint,
    CONSTRAINT batch_pkey PRIMARY KEY (sequence),
    CONSTRAINT batch_hash_length CHECK (octet_length(hash) = 32)
) WITH (fillfactor = 70);

ALTER TABLE batch ALTER COLUMN signed SET STORAGE EXTERNAL;

CREATE INDEX batch_unfinished_idx ON batch (sequence) WHERE height IS NULL;

-- State changes of packs that this site has decided and that are not final: a second one is refused here.
-- Commissioning has no row: custody_pkey refuses a second commissioning.
CREATE TABLE pending_change (
    record_key bytea       NOT NULL,
    event_seq  bigint      NOT NULL,
    transition smallint    NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT pending_change_pkey PRIMARY KEY (record_key),
    CONSTRAINT pending_change_record_key_length CHECK (octet_length(record_key) = 32)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
