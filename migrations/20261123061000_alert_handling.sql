-- Who did what about an alert. Rows are only ever added; the alert's own state is that of the newest.

CREATE TABLE alert_action (
    alert_id    uuid        NOT NULL,
    -- 1, 2, ... within the alert
    number      integer     NOT NULL,
    -- the alert's state afterwards: 1 open, 2 acknowledged: under investigation, 3 closed
    state       smallint    NOT NULL,
    at          timestamptz NOT NULL,
    -- the client and its name at that time
    client_id   uuid        NOT NULL,
    client_name text        NOT NULL,
    -- why it was closed; null where it was not
    reason      smallint,
    note        text,
    CONSTRAINT alert_action_pkey PRIMARY KEY (alert_id, number),
    CONSTRAINT alert_action_state_known CHECK (state BETWEEN 1 AND 3),
    CONSTRAINT alert_action_reason_when_closed CHECK ((state = 3) = (reason IS NOT NULL))
);
