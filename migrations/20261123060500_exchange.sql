-- Messages between organisations, and what was learned from them.

-- Stored until the receiver has stored it.
CREATE TABLE message_out (
    id              uuid        NOT NULL,
    -- see exchange: shipment notice, alert, …
    kind            smallint    NOT NULL,
    -- organisation id
    recipient       bigint      NOT NULL,
    payload         bytea       NOT NULL,
    created_at      timestamptz NOT NULL,
    attempts        integer     NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL,
    acknowledged_at timestamptz,
    CONSTRAINT message_out_pkey PRIMARY KEY (id)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);

CREATE INDEX message_out_due_idx ON message_out (next_attempt_at) WHERE acknowledged_at IS NULL;

-- Stored before it is acknowledged; the same message may come again.
CREATE TABLE message_in (
    id           uuid        NOT NULL,
    kind         smallint    NOT NULL,
    sender       bigint      NOT NULL,
    payload      bytea       NOT NULL,
    received_at  timestamptz NOT NULL,
    -- null: still to be worked on
    processed_at timestamptz,
    -- why it was not accepted; null: it was, or is to be worked on
    refusal      text,
    CONSTRAINT message_in_pkey PRIMARY KEY (sender, id)
) WITH (autovacuum_vacuum_scale_factor = 0.02);

CREATE INDEX message_in_waiting_idx ON message_in (received_at, id) WHERE processed_at IS NULL;

-- Events of others, received with a receipt that was checked.
CREATE TABLE known_event (
    seq         bigint      GENERATED ALWAYS AS IDENTITY,
    -- organisation that anchored it
    author      bigint      NOT NULL,
    event_id    text        COLLATE "C" NOT NULL,
    commitment  bytea       NOT NULL,
    -- what was disclosed of the commitment's leaves
    disclosure  bytea       NOT NULL,
    receipt     bytea       NOT NULL,
    -- EPCIS 2.0 JSON
    body        text        NOT NULL,
    received_at timestamptz NOT NULL,
    CONSTRAINT known_event_pkey PRIMARY KEY (seq),
    CONSTRAINT known_event_author_event_id_key UNIQUE (author, event_id),
    CONSTRAINT known_event_commitment_length CHECK (octet_length(commitment) = 32)
);

CREATE TABLE known_event_epc (
    epc       text     COLLATE "C" NOT NULL,
    role      smallint NOT NULL,
    known_seq bigint   NOT NULL
);

CREATE INDEX known_event_epc_epc_idx ON known_event_epc (epc, known_seq);

-- Goods on their way here, top level of each shipment, and goods that came before their notice.
CREATE TABLE expected_receipt (
    epc         text        COLLATE "C" NOT NULL,
    -- the shipment notice; null while it is awaited
    notice_id   uuid,
    -- organisation that ships; null while unknown
    consignor   bigint,
    site_gln    text        COLLATE "C" NOT NULL,
    -- 1 expected, 2 awaiting data, 3 received, 4 refused
    state       smallint    NOT NULL,
    updated_at  timestamptz NOT NULL,
    CONSTRAINT expected_receipt_pkey PRIMARY KEY (epc),
    CONSTRAINT expected_receipt_state_known CHECK (state BETWEEN 1 AND 4),
    CONSTRAINT expected_receipt_notice CHECK (state = 2 OR (notice_id IS NOT NULL AND consignor IS NOT NULL))
) WITH (fillfactor = 80);

CREATE INDEX expected_receipt_open_idx ON expected_receipt (updated_at, epc) WHERE state IN (1, 2);
