-- SPDX-License-Identifier: BSD-2-Clause
-- Messages that have vanished at the source.
-- expunge: 0 there, 1 held (by the brake, until a person confirms), 2 due,
-- 3 gone: a tombstone in state 3, so that it is never fetched again.
-- held_fence: the run that first held it; proved_fence: the last run that
-- proved that it is not there; gone_at: when it became a tombstone.
ALTER TABLE message ADD COLUMN expunge INTEGER NOT NULL DEFAULT 0
	CHECK (expunge BETWEEN 0 AND 3);
ALTER TABLE message ADD COLUMN held_fence INTEGER NOT NULL DEFAULT 0;
ALTER TABLE message ADD COLUMN proved_fence INTEGER NOT NULL DEFAULT 0;
ALTER TABLE message ADD COLUMN gone_at INTEGER NOT NULL DEFAULT 0;

CREATE INDEX message_expunge_due ON message (mailbox_id, uid)
	WHERE expunge = 2;

-- Beside tally, whose skipped counts tombstones too. waiting: held and due.
CREATE TABLE expunge_tally (
	mailbox_id INTEGER NOT NULL REFERENCES mailbox (id),
	uidvalidity INTEGER NOT NULL,
	waiting INTEGER NOT NULL DEFAULT 0,
	held INTEGER NOT NULL DEFAULT 0,
	gone INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (mailbox_id, uidvalidity)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER expunge_turned AFTER UPDATE OF expunge ON message
WHEN old.expunge <> new.expunge BEGIN
	INSERT INTO expunge_tally VALUES (new.mailbox_id, new.uidvalidity,
		new.expunge IN (1, 2), new.expunge = 1, new.expunge = 3)
	ON CONFLICT DO UPDATE SET
		waiting = waiting + excluded.waiting - (old.expunge IN (1, 2)),
		held = held + excluded.held - (old.expunge = 1),
		gone = gone + excluded.gone - (old.expunge = 3);
END;
CREATE TRIGGER expunge_removed AFTER DELETE ON message
WHEN old.expunge <> 0 BEGIN
	UPDATE expunge_tally SET waiting = waiting - (old.expunge IN (1, 2)),
		held = held - (old.expunge = 1), gone = gone - (old.expunge = 3)
	WHERE mailbox_id = old.mailbox_id AND uidvalidity = old.uidvalidity;
END;
CREATE TRIGGER expunge_rekeyed AFTER UPDATE OF mailbox_id, uidvalidity
ON message WHEN old.expunge <> 0 AND (old.mailbox_id <> new.mailbox_id
	OR old.uidvalidity <> new.uidvalidity) BEGIN
	UPDATE expunge_tally SET waiting = waiting - (old.expunge IN (1, 2)),
		held = held - (old.expunge = 1), gone = gone - (old.expunge = 3)
	WHERE mailbox_id = old.mailbox_id AND uidvalidity = old.uidvalidity;
	INSERT INTO expunge_tally VALUES (new.mailbox_id, new.uidvalidity,
		old.expunge IN (1, 2), old.expunge = 1, old.expunge = 3)
	ON CONFLICT DO UPDATE SET waiting = waiting + excluded.waiting,
		held = held + excluded.held, gone = gone + excluded.gone;
END;
