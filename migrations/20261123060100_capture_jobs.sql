-- Documents accepted by POST /epcis/capture and not yet, or already, turned into events. A worker holds the
-- row's lock while it stores one page, and stores the page and next_event in that transaction.
CREATE TABLE capture_job (
    id              uuid        NOT NULL,
    client_id       uuid        NOT NULL,
    created_at      timestamptz NOT NULL,
    finished_at     timestamptz,
    running         boolean     NOT NULL DEFAULT true,
    success         boolean     NOT NULL DEFAULT true,
    -- 1 rollback, 2 proceed (EPCIS 2.0, GS1-Capture-Error-Behaviour)
    error_behaviour smallint    NOT NULL,
    media_type      text        NOT NULL,
    -- the document as received; emptied when the job is finished
    body            bytea       NOT NULL,
    -- events in the document, known once it was read
    event_count     bigint,
    -- position of the next event to store
    next_event      bigint      NOT NULL DEFAULT 0,
    -- problem documents, in the order of the events
    errors          jsonb       NOT NULL DEFAULT '[]',
    CONSTRAINT capture_job_pkey PRIMARY KEY (id),
    CONSTRAINT capture_job_error_behaviour_known CHECK (error_behaviour IN (1, 2)),
    CONSTRAINT capture_job_finished CHECK (running = (finished_at IS NULL)),
    CONSTRAINT capture_job_progress CHECK (next_event >= 0 AND (event_count IS NULL OR next_event <= event_count))
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);

CREATE INDEX capture_job_running_idx ON capture_job (created_at, id) WHERE running;
CREATE INDEX capture_job_client_idx ON capture_job (client_id, created_at DESC, id DESC);
