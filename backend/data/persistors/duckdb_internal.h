/* backend/data/persistors/duckdb_internal.h - the table of DuckDB's functions, and queries.
 *
 * Only for backend/data/persistors. Every call goes through duckdb->api, because nothing is linked.
 */
#ifndef S1_BACKEND_DATA_PERSISTORS_DUCKDB_INTERNAL_H
#define S1_BACKEND_DATA_PERSISTORS_DUCKDB_INTERNAL_H

#include "backend/data/persistors/duckdb_library.h"
#include "backend/utils/text.h"

#include <duckdb.h>

/* X(suffix of duckdb_<suffix>): every function used. All must be there. */
#define S1_DUCKDB_SYMBOL_MAP(X)                                                                    \
    X(library_version)                                                                             \
    X(create_config)                                                                               \
    X(set_config)                                                                                  \
    X(destroy_config)                                                                              \
    X(open_ext)                                                                                    \
    X(close)                                                                                       \
    X(connect)                                                                                     \
    X(disconnect)                                                                                  \
    X(free)                                                                                        \
    X(query)                                                                                       \
    X(result_error)                                                                                \
    X(destroy_result)                                                                              \
    X(prepare)                                                                                     \
    X(prepare_error)                                                                               \
    X(destroy_prepare)                                                                             \
    X(execute_prepared_streaming)                                                                  \
    X(fetch_chunk)                                                                                 \
    X(destroy_data_chunk)                                                                          \
    X(data_chunk_get_size)                                                                         \
    X(data_chunk_set_size)                                                                         \
    X(data_chunk_get_vector)                                                                       \
    X(vector_assign_string_element_len)                                                            \
    X(vector_get_data)                                                                             \
    X(vector_get_validity)                                                                         \
    X(vector_size)                                                                                 \
    X(string_t_data)                                                                               \
    X(string_t_length)                                                                             \
    X(column_count)                                                                                \
    X(column_logical_type)                                                                         \
    X(get_type_id)                                                                                 \
    X(decimal_width)                                                                               \
    X(decimal_scale)                                                                               \
    X(create_logical_type)                                                                         \
    X(create_decimal_type)                                                                         \
    X(destroy_logical_type)                                                                        \
    X(create_table_function)                                                                       \
    X(table_function_set_name)                                                                     \
    X(table_function_add_parameter)                                                                \
    X(table_function_set_bind)                                                                     \
    X(table_function_set_init)                                                                     \
    X(table_function_set_function)                                                                 \
    X(register_table_function)                                                                     \
    X(destroy_table_function)                                                                      \
    X(bind_get_parameter)                                                                          \
    X(get_uint64)                                                                                  \
    X(destroy_value)                                                                               \
    X(bind_add_result_column)                                                                      \
    X(bind_set_bind_data)                                                                          \
    X(bind_set_cardinality)                                                                        \
    X(init_set_max_threads)                                                                        \
    X(function_get_bind_data)                                                                      \
    X(function_set_error)

typedef struct s1_duckdb_api {
#define X(name) __typeof__(duckdb_##name) *name;
    S1_DUCKDB_SYMBOL_MAP(X)
#undef X
} s1_duckdb_api;

struct s1_duckdb {
    const s1_duckdb_api *api; /* NULL until open */
    duckdb_database database;
    uint32_t threads;
    uint32_t memory_mib_max;
    char *library_path; /* owned; NULL: look in the usual places */
};

/* The functions of the library this process has loaded: what callbacks, which are told nothing,
 * call. Only after an s1_duckdb_open. */
const s1_duckdb_api *s1_duckdb_process_api(void);

/* Rows a query gives, chunk by chunk, never all at once. Zero-initialise; _close in any state. */
typedef struct s1_duckdb_stream {
    s1_duckdb *duckdb;
    duckdb_connection connection; /* its own: a second query on one would end the first */
    duckdb_prepared_statement statement;
    duckdb_result result;
    duckdb_data_chunk chunk; /* the one handed out last */
    bool has_result;
} s1_duckdb_stream;

/* Opens the library if need be and a connection of its own, and starts the query. `what` names the
 * doing in errors ("read bars of EUR/USD 1h"). On failure the stream is closed. */
S1_WARN_UNUSED
s1_rc s1_duckdb_stream_open(s1_duckdb *duckdb, const char *sql, const char *what,
                            s1_duckdb_stream *stream, s1_err *err);

/* The next chunk's rows; 0 at the end. Vectors are valid until the next call. */
S1_WARN_UNUSED
s1_rc s1_duckdb_stream_next(s1_duckdb_stream *stream, const char *what, size_t *ret_rows,
                            s1_err *err);

/* The data of a column of the current chunk, which must hold no NULL. Errors: S1_E_DATA. */
S1_WARN_UNUSED
s1_rc s1_duckdb_stream_column(const s1_duckdb_stream *stream, size_t column, const char *what,
                              const void **ret_data, s1_err *err);

/* A VARCHAR of the current chunk, borrowed until the next one; "" for NULL. */
s1_str s1_duckdb_stream_text(const s1_duckdb_stream *stream, size_t column, size_t row);

/* Is the column of this type? For DECIMAL also: width 18, which makes its data int64. */
bool s1_duckdb_stream_has_type(s1_duckdb_stream *stream, size_t column, duckdb_type type);

/* The scale of a DECIMAL column. */
uint32_t s1_duckdb_stream_scale(s1_duckdb_stream *stream, size_t column);

void s1_duckdb_stream_close(s1_duckdb_stream *stream);

/* Runs a statement on a connection of its own and drops what it gives. */
S1_WARN_UNUSED
s1_rc s1_duckdb_execute(s1_duckdb *duckdb, const char *sql, const char *what, s1_err *err);

/* Appends a text as an SQL literal: 'it''s'. */
void s1_sql_add_quoted(s1_strbuf *sql, const char *text);

/* Longest SQL text we write. */
#define S1_SQL_BYTES_MAX (4u << 20)

#endif /* S1_BACKEND_DATA_PERSISTORS_DUCKDB_INTERNAL_H */
