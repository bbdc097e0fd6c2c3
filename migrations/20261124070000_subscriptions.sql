-- Named queries and their webhook subscriptions (EPCIS 2.0 sections 8.2.5 and 12).

-- A query that a client gave a name. Each client has names of its own.
CREATE TABLE named_query (
    id         uuid        NOT NULL,
    client_id  uuid        NOT NULL,
    name       text        COLLATE "C" NOT NULL,
    -- the member `query` as given
    query      jsonb       NOT NULL,
    -- prefixes of extension fields in it: an object of prefix and namespace
    namespaces jsonb       NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT named_query_pkey PRIMARY KEY (id),
    CONSTRAINT named_query_name_key UNIQUE (client_id, name),
    CONSTRAINT named_query_client_id_fkey FOREIGN KEY (client_id) REFERENCES api_client (id)
);

-- Where the events that a query finds are sent as they are captured. Whoever sends takes a lease on the row and commits
-- it, so that no transaction is open while the receiver is talked to; the lease of one that died runs out.
CREATE TABLE subscription (
    id               uuid        NOT NULL,
    query_id         uuid        NOT NULL,
    client_id        uuid        NOT NULL,
    dest             text        NOT NULL,
    -- the member `schedule` as given; null: events are sent as they come (stream)
    schedule         jsonb,
    report_if_empty  boolean     NOT NULL,
    -- the header GS1-EPC-Format of the subscription
    epc_format       text,
    -- events recorded before this are not sent
    initial_record_time timestamptz,
    -- the watermark as a recordTime, for clients: that of the last event acknowledged
    min_record_time  timestamptz NOT NULL,
    -- the shared secret for signatures, encrypted under a key that is not in the database
    sealed_secret    bytea,
    created_at       timestamptz NOT NULL,
    -- the watermark: every event up to this one was acknowledged, or is not one of the query's
    after_seq        bigint      NOT NULL,
    -- the last event of the delivery that was begun and is not acknowledged: a repeat sends just the same
    pending_seq      bigint,
    -- whether that delivery is the last of its turn
    pending_last     boolean     NOT NULL DEFAULT true,
    -- most events of one delivery; halved when the receiver says that one is too large
    events_max       integer     NOT NULL,
    -- the turn of the schedule that is due next, or under way
    turn_at          timestamptz,
    -- not before this
    next_attempt_at  timestamptz NOT NULL,
    -- failures since the last acknowledgement
    attempts         integer     NOT NULL DEFAULT 0,
    -- HTTP status of the last failure; null where there was no answer
    last_status      smallint,
    last_notified_at timestamptz,
    -- since when nothing is sent any more, because the receiver said that it is gone for good
    ended_at         timestamptz,
    lease            uuid,
    leased_until     timestamptz,
    CONSTRAINT subscription_pkey PRIMARY KEY (id),
    CONSTRAINT subscription_query_id_fkey FOREIGN KEY (query_id) REFERENCES named_query (id) ON DELETE CASCADE,
    CONSTRAINT subscription_client_id_fkey FOREIGN KEY (client_id) REFERENCES api_client (id),
    CONSTRAINT subscription_turn CHECK ((schedule IS NULL) = (turn_at IS NULL)),
    CONSTRAINT subscription_pending CHECK (pending_seq >= after_seq),
    CONSTRAINT subscription_events_max CHECK (events_max > 0),
    CONSTRAINT subscription_lease CHECK ((lease IS NULL) = (leased_until IS NULL))
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);

CREATE INDEX subscription_query_idx ON subscription (query_id, id);
CREATE INDEX subscription_client_idx ON subscription (client_id);
CREATE INDEX subscription_due_idx ON subscription (next_attempt_at) WHERE ended_at IS NULL;
