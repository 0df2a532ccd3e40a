-- SPDX-License-Identifier: BSD-2-Clause
-- name: secret_store
INSERT INTO secret (account_uuid, field, sealed)
VALUES (:account_uuid, :field, :sealed)
ON CONFLICT (account_uuid, field) DO UPDATE SET sealed = excluded.sealed;

-- name: secret_load
SELECT sealed FROM secret
WHERE account_uuid = :account_uuid AND field = :field;

-- name: secret_remove
DELETE FROM secret WHERE account_uuid = :account_uuid AND field = :field;

-- name: secret_any
-- scan: stops at the first row
SELECT 1 AS found FROM secret LIMIT 1;

-- name: secret_after
SELECT account_uuid, field, sealed FROM secret
WHERE (account_uuid, field) > (:account_uuid, :field)
ORDER BY account_uuid, field LIMIT 1;
