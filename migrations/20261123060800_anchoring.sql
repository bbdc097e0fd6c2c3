-- What anchoring leaves behind besides the blocks themselves.

-- Leaves of this organisation's batches, padding included: what receipts of events are built from.
CREATE TABLE batch_leaves (
    sequence bigint NOT NULL,
    -- leaf hashes' contents, 32 bytes each, in order
    leaves   bytea  NOT NULL,
    CONSTRAINT batch_leaves_pkey PRIMARY KEY (sequence),
    CONSTRAINT batch_leaves_length CHECK (octet_length(leaves) % 32 = 0)
);

ALTER TABLE batch_leaves ALTER COLUMN leaves SET STORAGE EXTERNAL;

-- Updates of this organisation's events that the ledger refused. Few: what a site accepts, the rules mostly do.
CREATE TABLE update_refusal (
    event_seq  bigint   NOT NULL,
    record_key bytea    NOT NULL,
    -- lifecycle's code
    refusal    smallint NOT NULL,
    height     bigint   NOT NULL,
    CONSTRAINT update_refusal_pkey PRIMARY KEY (event_seq, record_key),
    CONSTRAINT update_refusal_record_key_length CHECK (octet_length(record_key) = 32)
);

-- Goods shipped to other organisations, and whether their notice was written.
CREATE TABLE shipment (
    event_seq   bigint      NOT NULL,
    captured_at timestamptz NOT NULL,
    -- organisation id
    consignee   bigint      NOT NULL,
    site_gln    text        COLLATE "C" NOT NULL,
    -- canonical keys of what was shipped, top level
    items       text[]      COLLATE "C" NOT NULL,
    -- the notice; null while the event is not final
    notice_id   uuid,
    CONSTRAINT shipment_pkey PRIMARY KEY (event_seq),
    CONSTRAINT shipment_site_gln_form CHECK (length(site_gln) = 13)
);

CREATE INDEX shipment_waiting_idx ON shipment (event_seq) WHERE notice_id IS NULL;

-- Alerts that other organisations must hear of, until their message is written.
CREATE TABLE alert_forward (
    alert_id  uuid   NOT NULL,
    -- organisation id
    recipient bigint NOT NULL,
    CONSTRAINT alert_forward_pkey PRIMARY KEY (alert_id, recipient)
);
