-- What this organisation holds, has held or expects, and what is packed in what. Private: none of it is on
-- the ledger. Keys are canonical (GS1 Digital Link path without domain).

CREATE TABLE custody (
    epc        text        COLLATE "C" NOT NULL,
    -- what it is packed in
    parent     text        COLLATE "C",
    site_gln   text        COLLATE "C" NOT NULL,
    -- see store::custody::CustodyState
    state      smallint    NOT NULL,
    -- the last event that changed it
    event_seq  bigint      NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT custody_pkey PRIMARY KEY (epc),
    CONSTRAINT custody_site_gln_form CHECK (length(site_gln) = 13),
    CONSTRAINT custody_not_in_itself CHECK (parent <> epc)
) WITH (fillfactor = 85);

CREATE INDEX custody_parent_idx ON custody (parent) WHERE parent IS NOT NULL;

-- Lots of this organisation's products.
CREATE TABLE lot (
    gtin       text        COLLATE "C" NOT NULL,
    lot        text        COLLATE "C" NOT NULL,
    expiry     date        NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT lot_pkey PRIMARY KEY (gtin, lot),
    CONSTRAINT lot_gtin_form CHECK (length(gtin) = 14)
);
