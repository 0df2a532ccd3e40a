-- SPDX-License-Identifier: BSD-2-Clause
-- name: origin_mark
UPDATE origin SET copied_at = :now WHERE one = 1;

-- name: origin_read
SELECT copied_at FROM origin WHERE one = 1;

-- name: job_fence_read
SELECT fence FROM job WHERE account_id = :account_id;

-- name: job_fence_raise
-- A confirmation that a person gave before the copy was made is not one now.
UPDATE job SET fence = max(fence, :fence), confirmed_fence = 0, held_fence = 0
WHERE account_id = :account_id;
