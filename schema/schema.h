/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * schema: all SQL of mailhaul, embedded at build from schema/.
 *     jobs/NNNN_what.sql     migrations of the job table
 *     ledger/NNNN_what.sql   migrations of a ledger
 *     queries/NAME.sql       named statements: "-- name: job_claim"
 * A migration is never edited once it was released; the next one follows it.
 * A statement that reads a whole table or index says why: "-- scan: …".
 * Constant; any thread.
 */
#ifndef MAILHAUL_SCHEMA_H
#define MAILHAUL_SCHEMA_H

#include <stddef.h>

struct schema_migration {
	int version; /* 1, 2, 3 …; the table ends with 0 */
	const char *file;
	const char *sql;
};

struct schema_statement {
	const char *name;
	const char *sql;
};

extern const struct schema_migration schema_jobs_migrations[];
extern const struct schema_migration schema_ledger_migrations[];

/* Sorted by name (byte values). */
extern const struct schema_statement schema_jobs_statements[];
extern const size_t schema_jobs_statement_count;
extern const struct schema_statement schema_ledger_statements[];
extern const size_t schema_ledger_statement_count;

#endif
