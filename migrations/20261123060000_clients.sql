-- Who may call the API of this organisation, and what was answered.

CREATE TABLE api_client (
    id          uuid        NOT NULL,
    name        text        NOT NULL,
    -- GLN of the only site the client acts for; null: every site of the organisation
    site_gln    text        COLLATE "C",
    permissions text[]      NOT NULL,
    -- SHA3-256 of the 256-bit key; the key itself is shown once and never stored
    key_hash    bytea       NOT NULL,
    created_at  timestamptz NOT NULL,
    revoked_at  timestamptz,
    CONSTRAINT api_client_pkey PRIMARY KEY (id),
    CONSTRAINT api_client_key_hash_key UNIQUE (key_hash),
    CONSTRAINT api_client_key_hash_length CHECK (octet_length(key_hash) = 32),
    CONSTRAINT api_client_site_gln_form CHECK (site_gln ~ '^[0-9]{13}$')
);

-- First answers to writes, repeated to a caller that repeats its idempotency key. Written in the transaction
-- of the write itself, purged after a day.
CREATE TABLE idempotency (
    client_id    uuid        NOT NULL,
    key          text        COLLATE "C" NOT NULL,
    -- SHA3-256 of method, path and body: another request under the same key is refused
    request_hash bytea       NOT NULL,
    status       smallint    NOT NULL,
    headers      jsonb       NOT NULL,
    body         bytea       NOT NULL,
    created_at   timestamptz NOT NULL,
    CONSTRAINT idempotency_pkey PRIMARY KEY (client_id, key),
    CONSTRAINT idempotency_request_hash_length CHECK (octet_length(request_hash) = 32)
);

CREATE INDEX idempotency_created_at_idx ON idempotency (created_at);
