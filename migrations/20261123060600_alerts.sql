-- What somebody must look at, and who looked at what.

CREATE TABLE alert (
    id         uuid        NOT NULL,
    -- lifecycle's code of the alert
    code       text        COLLATE "C" NOT NULL,
    level      smallint    NOT NULL,
    raised_at  timestamptz NOT NULL,
    record_key bytea,
    gtin       text        COLLATE "C",
    serial     text        COLLATE "C",
    site_gln   text        COLLATE "C",
    detail     jsonb       NOT NULL,
    -- organisation at whose site it arose
    origin     bigint      NOT NULL,
    -- 1 open, 2 acknowledged, 3 closed
    state      smallint    NOT NULL DEFAULT 1,
    CONSTRAINT alert_pkey PRIMARY KEY (id),
    CONSTRAINT alert_record_key_length CHECK (octet_length(record_key) = 32),
    CONSTRAINT alert_state_known CHECK (state BETWEEN 1 AND 3)
);

CREATE INDEX alert_raised_at_idx ON alert (raised_at DESC, id DESC);
CREATE INDEX alert_pack_idx ON alert (gtin, serial) WHERE gtin IS NOT NULL;

-- Every look-up of the regulator, with its reason. Rows are only ever added.
CREATE TABLE lookup_log (
    id          uuid        NOT NULL,
    client_id   uuid        NOT NULL,
    at          timestamptz NOT NULL,
    reason      text        NOT NULL,
    case_number text        NOT NULL,
    subject     text        NOT NULL,
    result      text        NOT NULL,
    CONSTRAINT lookup_log_pkey PRIMARY KEY (id)
);

CREATE INDEX lookup_log_at_idx ON lookup_log (at DESC, id DESC);
