-- Runs on SQLite and PostgreSQL. Times are ISO 8601 in UTC, so they compare as text. No patient data: no ids, no names,
-- no text from records.

-- One row per issued card.
CREATE TABLE cards (
  card TEXT PRIMARY KEY,
  issued_at TEXT NOT NULL,
  client TEXT NOT NULL,
  hook_instance TEXT NOT NULL,
  policy TEXT NOT NULL,
  revision TEXT NOT NULL,
  decision_row TEXT NOT NULL,
  indicator TEXT NOT NULL,
  -- JSON: outcome by criterion; resource types of evidence by criterion; uuids of the suggestions.
  criteria TEXT NOT NULL,
  evidence TEXT NOT NULL,
  suggestions TEXT NOT NULL,
  latency_ms DOUBLE PRECISION NOT NULL
);
CREATE INDEX cards_issued_at ON cards (issued_at);

-- One row per outcome of a card; a repeat is the same row.
CREATE TABLE feedback (
  client TEXT NOT NULL,
  card TEXT NOT NULL,
  outcome TEXT NOT NULL,
  outcome_at TEXT NOT NULL,
  -- Ids of the accepted suggestions, sorted and comma-separated; empty for none.
  suggestions TEXT NOT NULL,
  received_at TEXT NOT NULL,
  reason_system TEXT,
  reason_code TEXT,
  -- The site's own reason, from Epic.
  site_reason TEXT,
  -- May hold patient data: stored only with STORE_COMMENTS=true.
  comment TEXT,
  PRIMARY KEY (client, card, outcome, outcome_at, suggestions)
);
CREATE INDEX feedback_received_at ON feedback (received_at);

-- Feedback joined with its card: `unknown` if the card was never issued, or was issued to another client.
CREATE VIEW marked_feedback AS
SELECT
  feedback.*,
  CASE WHEN cards.card IS NULL THEN 'unknown' ELSE 'known' END AS mark,
  cards.policy,
  cards.revision,
  cards.issued_at
FROM feedback
LEFT JOIN cards ON cards.card = feedback.card AND cards.client = feedback.client;
