/* Queries on the lazily loaded DuckDB: text in, chunks out, its errors turned into ours. */
#include "backend/data/persistors/duckdb_internal.h"
#include "s1mple/error.h"

#include <string.h>

/* DuckDB tells the kind of an error by its first words. */
static s1_rc error_code(const char *message)
{
    static const struct {
        const char *prefix;
        s1_rc code;
    } kinds[] = {
        {"IO Error", S1_E_IO},
        {"Out of Memory Error", S1_E_NO_MEMORY},
        {"Out of Range Error", S1_E_RANGE},
        {"Conversion Error", S1_E_RANGE},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strncmp(message, kinds[i].prefix, strlen(kinds[i].prefix)) == 0) {
            return kinds[i].code;
        }
    }
    return S1_E_DATA;
}

/* Raises with the first line of what DuckDB says; the rest repeats the SQL. */
static s1_rc raise_message(const char *what, const char *message, s1_err *err)
{
    if (message == NULL) {
        message = "DuckDB gave no reason";
    }
    return S1_RAISE(err, error_code(message), "%s: %.*s", what, (int)strcspn(message, "\n"),
                    message);
}

s1_rc s1_duckdb_execute(s1_duckdb *duckdb, const char *sql, const char *what, s1_err *err)
{
    S1_TRY(err, s1_duckdb_open(duckdb, err));
    const s1_duckdb_api *api = duckdb->api;
    duckdb_connection connection = NULL;
    if (api->connect(duckdb->database, &connection) != DuckDBSuccess) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%s: DuckDB gave no connection", what);
    }
    duckdb_result result;
    memset(&result, 0, sizeof result);
    s1_rc rc = S1_OK;
    if (api->query(connection, sql, &result) != DuckDBSuccess) {
        rc = raise_message(what, api->result_error(&result), err);
    }
    api->destroy_result(&result);
    api->disconnect(&connection);
    return rc;
}

s1_rc s1_duckdb_stream_open(s1_duckdb *duckdb, const char *sql, const char *what,
                            s1_duckdb_stream *stream, s1_err *err)
{
    *stream = (s1_duckdb_stream){.duckdb = duckdb};
    S1_TRY(err, s1_duckdb_open(duckdb, err));
    const s1_duckdb_api *api = duckdb->api;
    s1_rc rc = S1_OK;
    if (api->connect(duckdb->database, &stream->connection) != DuckDBSuccess) {
        rc = S1_RAISE(err, S1_E_NO_MEMORY, "%s: DuckDB gave no connection", what);
    } else if (api->prepare(stream->connection, sql, &stream->statement) != DuckDBSuccess) {
        rc = raise_message(what, api->prepare_error(stream->statement), err);
    } else {
        stream->has_result = true;
        if (api->execute_prepared_streaming(stream->statement, &stream->result) != DuckDBSuccess) {
            rc = raise_message(what, api->result_error(&stream->result), err);
        }
    }
    if (rc != S1_OK) {
        s1_duckdb_stream_close(stream);
    }
    return rc;
}

s1_rc s1_duckdb_stream_next(s1_duckdb_stream *stream, const char *what, size_t *ret_rows,
                            s1_err *err)
{
    const s1_duckdb_api *api = stream->duckdb->api;
    if (stream->chunk != NULL) {
        api->destroy_data_chunk(&stream->chunk);
    }
    stream->chunk = api->fetch_chunk(stream->result);
    if (stream->chunk == NULL) {
        const char *message = api->result_error(&stream->result);
        if (message != NULL && message[0] != '\0') {
            return raise_message(what, message, err);
        }
        *ret_rows = 0;
        return S1_OK;
    }
    *ret_rows = (size_t)api->data_chunk_get_size(stream->chunk);
    return S1_OK;
}

s1_rc s1_duckdb_stream_column(const s1_duckdb_stream *stream, size_t column, const char *what,
                              const void **ret_data, s1_err *err)
{
    const s1_duckdb_api *api = stream->duckdb->api;
    duckdb_vector vector = api->data_chunk_get_vector(stream->chunk, column);
    const uint64_t *validity = api->vector_get_validity(vector);
    const size_t rows = (size_t)api->data_chunk_get_size(stream->chunk);
    for (size_t i = 0; validity != NULL && i < rows; i++) {
        if ((validity[i / 64] >> (i % 64) & 1u) == 0) {
            return S1_RAISE(err, S1_E_DATA, "%s: column %zu: found NULL, expected a value", what,
                            column + 1);
        }
    }
    *ret_data = api->vector_get_data(vector);
    return S1_OK;
}

s1_str s1_duckdb_stream_text(const s1_duckdb_stream *stream, size_t column, size_t row)
{
    const s1_duckdb_api *api = stream->duckdb->api;
    duckdb_vector vector = api->data_chunk_get_vector(stream->chunk, column);
    const uint64_t *validity = api->vector_get_validity(vector);
    if (validity != NULL && (validity[row / 64] >> (row % 64) & 1u) == 0) {
        return (s1_str){"", 0};
    }
    duckdb_string_t *text = (duckdb_string_t *)api->vector_get_data(vector) + row;
    return (s1_str){api->string_t_data(text), api->string_t_length(*text)};
}

bool s1_duckdb_stream_has_type(s1_duckdb_stream *stream, size_t column, duckdb_type type)
{
    const s1_duckdb_api *api = stream->duckdb->api;
    if (column >= api->column_count(&stream->result)) {
        return false;
    }
    duckdb_logical_type logical = api->column_logical_type(&stream->result, column);
    bool is_same = api->get_type_id(logical) == type;
    if (is_same && type == DUCKDB_TYPE_DECIMAL) {
        is_same = api->decimal_width(logical) == 18;
    }
    api->destroy_logical_type(&logical);
    return is_same;
}

uint32_t s1_duckdb_stream_scale(s1_duckdb_stream *stream, size_t column)
{
    const s1_duckdb_api *api = stream->duckdb->api;
    duckdb_logical_type logical = api->column_logical_type(&stream->result, column);
    const uint32_t scale = api->decimal_scale(logical);
    api->destroy_logical_type(&logical);
    return scale;
}

void s1_duckdb_stream_close(s1_duckdb_stream *stream)
{
    if (stream->duckdb == NULL) {
        return;
    }
    const s1_duckdb_api *api = stream->duckdb->api;
    if (stream->chunk != NULL) {
        api->destroy_data_chunk(&stream->chunk);
    }
    if (stream->has_result) {
        api->destroy_result(&stream->result);
    }
    if (stream->statement != NULL) {
        api->destroy_prepare(&stream->statement);
    }
    if (stream->connection != NULL) {
        api->disconnect(&stream->connection);
    }
    *stream = (s1_duckdb_stream){0};
}

void s1_sql_add_quoted(s1_strbuf *sql, const char *text)
{
    s1_strbuf_char(sql, '\'');
    for (; *text != '\0'; text++) {
        if (*text == '\'') {
            s1_strbuf_char(sql, '\'');
        }
        s1_strbuf_char(sql, *text);
    }
    s1_strbuf_char(sql, '\'');
}
