-- SPDX-License-Identifier: BSD-2-Clause
-- Collected by IMAP, known by POP3 as well (--uidl-from): the UIDL that a
-- message has there, and its place. written: it stands in dovecot-uidlist;
-- tries: it could not be written so often.
CREATE TABLE pop3_name (
	message_id INTEGER PRIMARY KEY
		REFERENCES message (id) ON DELETE CASCADE,
	uidl TEXT NOT NULL UNIQUE,
	pop3_order INTEGER NOT NULL,
	written INTEGER NOT NULL DEFAULT 0 CHECK (written IN (0, 1)),
	tries INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX pop3_name_pending ON pop3_name (message_id) WHERE written = 0;

-- upto: the newest message (id) that was there when the listing was last
-- compared; asked_at: when a listing was last asked for; why: it failed.
CREATE TABLE pop3_listing (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	source TEXT NOT NULL,
	upto INTEGER NOT NULL,
	asked_at INTEGER NOT NULL,
	why TEXT NOT NULL,
	refused INTEGER NOT NULL CHECK (refused IN (0, 1))
) STRICT;
INSERT INTO pop3_listing VALUES (1, '', 0, 0, '', 0);
