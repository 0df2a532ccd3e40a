-- SPDX-License-Identifier: BSD-2-Clause
-- The last lines of the conversation in which a message did not come.
ALTER TABLE failure ADD COLUMN dialogue TEXT NOT NULL DEFAULT '';
