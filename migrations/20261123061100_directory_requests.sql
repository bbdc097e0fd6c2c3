-- Changes of the directory that this organisation asked for, and what the ledger made of them.

CREATE TABLE directory_request (
    id           uuid        NOT NULL,
    -- the change in canonical form: how the node recognises it in a batch
    change       bytea       NOT NULL,
    -- 1 product, 2 recall or withdrawal
    kind         smallint    NOT NULL,
    gtin         text        COLLATE "C" NOT NULL,
    -- null: the whole product
    lot          text        COLLATE "C",
    client_id    uuid        NOT NULL,
    requested_at timestamptz NOT NULL,
    -- 1 pending, 2 accepted, 3 refused
    state        smallint    NOT NULL DEFAULT 1,
    -- lifecycle's code of the refusal
    refusal      smallint,
    -- the block that decided
    height       bigint,
    CONSTRAINT directory_request_pkey PRIMARY KEY (id),
    CONSTRAINT directory_request_kind_known CHECK (kind BETWEEN 1 AND 2),
    CONSTRAINT directory_request_state_known CHECK (state BETWEEN 1 AND 3),
    CONSTRAINT directory_request_decided CHECK ((state = 1) = (height IS NULL)),
    CONSTRAINT directory_request_refused CHECK ((state = 3) = (refusal IS NOT NULL))
);

CREATE INDEX directory_request_pending_idx ON directory_request (id) WHERE state = 1;
CREATE INDEX directory_request_kind_idx ON directory_request (kind, id DESC);
