-- SPDX-License-Identifier: BSD-2-Clause
-- name: job_task_set
UPDATE job SET task = :task, task_result = '' WHERE account_id = :account_id;

-- name: job_task_result
SELECT task_result, task FROM job WHERE account_id = :account_id;
