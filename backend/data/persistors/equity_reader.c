#include "backend/data/persistors/equity_reader.h"

#include "backend/data/persistors/duckdb_internal.h"

#include <stdlib.h>
#include <string.h>

#define WHAT "read equity.parquet"

_Static_assert(sizeof(s1_dec) == 16, "a DECIMAL(38, 18) of DuckDB is an s1_dec");

static s1_rc grow(s1_equity_table *table, size_t room, bool has_benchmark, s1_err *err)
{
    bool is_whole = true;
#define GROW(column)                                                                               \
    do {                                                                                           \
        void *const grown = realloc(table->column, room * sizeof *table->column);                  \
        is_whole = is_whole && grown != NULL;                                                      \
        table->column = grown != NULL ? grown : table->column;                                     \
    } while (0)
    GROW(time);
    GROW(equity);
    GROW(drawdown);
    GROW(close);
    GROW(in_position);
    if (has_benchmark) {
        GROW(benchmark);
    }
#undef GROW
    return is_whole ? S1_OK : S1_RAISE(err, S1_E_NO_MEMORY, WHAT ": %zu rows", room);
}

static s1_rc check_types(s1_duckdb_stream *stream, const char *path, bool has_benchmark,
                         s1_err *err)
{
    static const duckdb_type types[] = {DUCKDB_TYPE_TIMESTAMP_NS, DUCKDB_TYPE_HUGEINT,
                                        DUCKDB_TYPE_DOUBLE,       DUCKDB_TYPE_DOUBLE,
                                        DUCKDB_TYPE_BOOLEAN,      DUCKDB_TYPE_DOUBLE};
    const size_t count = sizeof types / sizeof types[0] - !has_benchmark;
    for (size_t i = 0; i < count; i++) {
        const bool is_money = types[i] == DUCKDB_TYPE_HUGEINT;
        if (is_money ? s1_duckdb_stream_scale(stream, i) != 18
                     : !s1_duckdb_stream_has_type(stream, i, types[i])) {
            return S1_RAISE(err, S1_E_DATA, "%.300s: column %zu is not of its type", path, i + 1);
        }
    }
    return S1_OK;
}

static s1_rc take_chunk(s1_duckdb_stream *stream, size_t rows, s1_equity_table *table, s1_err *err)
{
    const void *data;
    size_t column = 0;
#define TAKE(field)                                                                                \
    S1_TRY(err, s1_duckdb_stream_column(stream, column++, WHAT, &data, err));                      \
    memcpy(table->field + table->count, data, rows * sizeof *table->field);
    TAKE(time)
    TAKE(equity)
    TAKE(drawdown)
    TAKE(close)
    TAKE(in_position)
    if (table->benchmark != NULL) {
        TAKE(benchmark)
    }
#undef TAKE
    table->count += rows;
    return S1_OK;
}

static s1_rc read_all(s1_duckdb_stream *stream, const char *path, bool has_benchmark,
                      s1_equity_table *table, s1_err *err)
{
    size_t room = 0;
    S1_TRY(err, check_types(stream, path, has_benchmark, err));
    for (;;) {
        size_t rows = 0;
        S1_TRY(err, s1_duckdb_stream_next(stream, WHAT, &rows, err));
        if (rows == 0) {
            return S1_OK;
        }
        if (table->count + rows > room) {
            room = (table->count + rows) * 2;
            S1_TRY(err, grow(table, room, has_benchmark, err));
        }
        S1_TRY(err, take_chunk(stream, rows, table, err));
    }
}

s1_rc s1_equity_table_read(s1_duckdb *duckdb, const char *path, bool has_benchmark,
                           s1_equity_table *ret_table, s1_err *err)
{
    s1_strbuf sql;
    s1_duckdb_stream stream = {0};
    s1_equity_table table = {0};
    s1_strbuf_init(&sql, S1_SQL_BYTES_MAX);
    s1_strbuf_lit(&sql, "SELECT time, equity, drawdown, close, in_position");
    s1_strbuf_cstr_add(&sql, has_benchmark ? ", benchmark" : "");
    s1_strbuf_lit(&sql, " FROM read_parquet(");
    s1_sql_add_quoted(&sql, path);
    s1_strbuf_lit(&sql, ")");
    s1_rc rc = s1_strbuf_check(&sql, err);
    if (rc == S1_OK) {
        rc = s1_duckdb_stream_open(duckdb, s1_strbuf_cstr(&sql), WHAT, &stream, err);
    }
    s1_strbuf_done(&sql);
    S1_TRY(err, rc);
    rc = read_all(&stream, path, has_benchmark, &table, err);
    s1_duckdb_stream_close(&stream);
    if (rc == S1_OK) {
        *ret_table = table;
    } else {
        s1_equity_table_done(&table);
    }
    return rc;
}

void s1_equity_table_done(s1_equity_table *table)
{
    if (table != NULL) {
        free(table->time);
        free(table->equity);
        free(table->drawdown);
        free(table->close);
        free(table->in_position);
        free(table->benchmark);
        *table = (s1_equity_table){0};
    }
}
