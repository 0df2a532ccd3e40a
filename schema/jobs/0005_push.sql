-- SPDX-License-Identifier: BSD-2-Clause
-- 1: a session waits for new mail (IDLE) since the last run; 2: the server
-- cannot do that. What is 1 after a kill is put right at the next start.
ALTER TABLE job ADD COLUMN push INTEGER NOT NULL DEFAULT 0
	CHECK (push IN (0, 1, 2));

-- Counts what a person changes of the account: a session that was opened
-- before is not what the account wants now.
ALTER TABLE job ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
CREATE TRIGGER account_revised AFTER UPDATE ON account BEGIN
	UPDATE job SET revision = revision + 1 WHERE account_id = new.id;
END;
CREATE TRIGGER secret_new AFTER INSERT ON secret BEGIN
	UPDATE job SET revision = revision + 1 WHERE account_id =
		(SELECT id FROM account WHERE uuid = new.account_uuid);
END;
CREATE TRIGGER secret_revised AFTER UPDATE ON secret BEGIN
	UPDATE job SET revision = revision + 1 WHERE account_id =
		(SELECT id FROM account WHERE uuid = new.account_uuid);
END;
