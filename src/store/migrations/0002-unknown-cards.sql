-- The day (UTC) on which feedback arrived for an unknown card: each client has a daily quota.
ALTER TABLE feedback ADD COLUMN unknown_on TEXT;
CREATE INDEX feedback_unknown_on ON feedback (client, unknown_on) WHERE unknown_on IS NOT NULL;
