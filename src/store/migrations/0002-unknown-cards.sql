-- The day (UTC) on which feedback came for a card that was not known then: of such feedback each client has a daily quota.
ALTER TABLE feedback ADD COLUMN unknown_on TEXT;
CREATE INDEX feedback_unknown_on ON feedback (client, unknown_on) WHERE unknown_on IS NOT NULL;
