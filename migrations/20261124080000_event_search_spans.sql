-- The index of terms also knows, of each event, among which 4,096 of the order of capture it is. An intersection with that
-- number finds the next events with a term, however common the term is and wherever it begins.
DROP INDEX event_search_terms_idx;
CREATE INDEX event_search_terms_idx ON event_search USING gin (terms, (ARRAY[event_seq >> 12])) WITH (gin_pending_list_limit = 512);

-- Whether the event has other measures of the same name. An event without them that is above one bound and below another
-- has its one value between the two.
ALTER TABLE event_measure ADD COLUMN several boolean NOT NULL DEFAULT false;

UPDATE event_measure m SET several = true
FROM (SELECT event_seq, name FROM event_measure GROUP BY event_seq, name HAVING count(*) > 1) AS s
WHERE m.event_seq = s.event_seq AND m.name = s.name;

CREATE INDEX event_measure_several_idx ON event_measure (name, value, event_seq) WHERE several;
