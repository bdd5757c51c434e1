/* backend/data/persistors/equity_reader.h - reads back results/equity.parquet. */
#ifndef S1_BACKEND_DATA_PERSISTORS_EQUITY_READER_H
#define S1_BACKEND_DATA_PERSISTORS_EQUITY_READER_H

#include "backend/data/persistors/duckdb_library.h"
#include "s1mple/decimal.h"
#include "s1mple/error.h"

/* The columns of the file, a row per bar. Heap: free with s1_equity_table_done. */
typedef struct s1_equity_table {
    size_t count;
    s1_nanos *time;
    s1_dec *equity;
    double *drawdown, *close;
    double *benchmark; /* NULL: the file has none */
    uint8_t *in_position;
} s1_equity_table;

/* Reads the file s1_parquet_write_equity wrote; `has_benchmark`: of a series with one. Errors:
 * S1_E_DATA for a file that is damaged or of other columns, S1_E_NO_MEMORY, those of
 * s1_duckdb_open. */
S1_WARN_UNUSED
s1_rc s1_equity_table_read(s1_duckdb *duckdb, const char *path, bool has_benchmark,
                           s1_equity_table *ret_table, s1_err *err);
void s1_equity_table_done(s1_equity_table *table); /* accepts NULL; empties it */

#endif /* S1_BACKEND_DATA_PERSISTORS_EQUITY_READER_H */
