#include "backend/analysis/operation_results.h"

#include "backend/data/persistors/parquet_persistor.h"
#include "backend/utils/json_writer.h"
#include "backend/utils/uid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_BYTES_MAX ((size_t)256 << 20)

/* --- What a link keeps. ------------------------------------------------------------------- */

s1_rc s1_link_record_change(s1_link_record *record, uint64_t row, const s1_portfolio_state *state,
                            s1_err *err)
{
    if (record->change_count > 0 && record->changes[record->change_count - 1].row == row) {
        record->changes[record->change_count - 1].state = *state;
        return S1_OK;
    }
    if (record->change_count == record->change_room) {
        const size_t room = record->change_room * 2 + 64;
        s1_ledger_note *const grown = realloc(record->changes, room * sizeof *grown);
        if (grown == NULL) {
            return S1_RAISE(err, S1_E_NO_MEMORY, "%zu changes of a ledger", room);
        }
        record->changes = grown;
        record->change_room = room;
    }
    record->changes[record->change_count++] = (s1_ledger_note){row, *state};
    return S1_OK;
}

s1_rc s1_link_record_end(s1_link_record *record, const s1_run_series *series,
                         const s1_portfolio_state *last, s1_err *err)
{
    const s1_portfolio_state *const known =
        record->change_count > 0 ? &record->changes[record->change_count - 1].state : NULL;
    const s1_dec cash = known != NULL ? known->cash : last->initial_capital;
    if (!s1_dec_eq(cash, last->cash)) {
        return S1_RAISE(err, S1_E_INVALID,
                        "the ledger changed and nobody said so: wiring_map.yaml must publish "
                        "LedgerStateChanged for every adapter that sends or fills orders");
    }
    record->time = malloc((series->count + 1) * sizeof *record->time);
    record->equity = malloc((series->count + 1) * sizeof *record->equity);
    if (record->time == NULL || record->equity == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "an equity series of %zu bars", series->count);
    }
    if (series->count > 0) {
        memcpy(record->time, series->time, series->count * sizeof *record->time);
        memcpy(record->equity, series->equity, series->count * sizeof *record->equity);
    }
    record->count = series->count;
    record->last = *last;
    return S1_OK;
}

void s1_link_record_done(s1_link_record *record)
{
    free(record->time);
    free(record->equity);
    free(record->changes);
    *record = (s1_link_record){0};
}

/* --- The fold. ---------------------------------------------------------------------------- */

/* One currency's rows. */
typedef struct sum_series {
    size_t count;
    s1_nanos *time;
    s1_dec *equity, *cash, *exposure;
    double *drawdown;
    int64_t *open_positions;
} sum_series;

typedef struct cursor {
    const s1_operation_link *link;
    uint32_t index; /* in the view */
    size_t row, change;
} cursor;

typedef struct fold {
    s1_aggregate_portfolio *view;
    cursor *cursors; /* [count], links that completed */
    uint32_t count;
    sum_series *sums; /* [currency_count] */
    uint32_t currency_count;
} fold;

static s1_rc series_new(sum_series *series, size_t room, s1_err *err)
{
    series->time = malloc((room + 1) * sizeof *series->time);
    series->equity = malloc((room + 1) * sizeof *series->equity);
    series->cash = malloc((room + 1) * sizeof *series->cash);
    series->exposure = malloc((room + 1) * sizeof *series->exposure);
    series->drawdown = malloc((room + 1) * sizeof *series->drawdown);
    series->open_positions = malloc((room + 1) * sizeof *series->open_positions);
    return series->time != NULL && series->equity != NULL && series->cash != NULL &&
                   series->exposure != NULL && series->drawdown != NULL &&
                   series->open_positions != NULL
               ? S1_OK
               : S1_RAISE(err, S1_E_NO_MEMORY, "an aggregate of %zu moments", room);
}

static void series_done(sum_series *series)
{
    free(series->time);
    free(series->equity);
    free(series->cash);
    free(series->exposure);
    free(series->drawdown);
    free(series->open_positions);
}

static void series_add(sum_series *series, const s1_aggregate_metrics *sum, s1_nanos time)
{
    const size_t row = series->count++;
    series->time[row] = time;
    series->equity[row] = sum->equity;
    series->cash[row] = sum->cash;
    series->exposure[row] = sum->exposure;
    series->drawdown[row] = s1_dec_is_zero(sum->drawdown)
                                ? 0.0
                                : -s1_dec_to_double(sum->drawdown) / s1_dec_to_double(sum->peak);
    series->open_positions[row] = sum->open_positions;
}

/* The link's ledger after its row: that of the last change, marked to this row. */
static s1_rc state_at(cursor *at, s1_portfolio_state *ret_state, s1_err *err)
{
    const s1_link_record *const record = at->link->record;
    while (at->change < record->change_count && record->changes[at->change].row <= at->row) {
        at->change++;
    }
    s1_portfolio_state state = {.initial_capital = at->link->initial_capital,
                                .cash = at->link->initial_capital};
    s1_dec carried = S1_DEC_ZERO; /* funding and interest so far: they move with changes alone */
    if (at->change > 0) {
        state = record->changes[at->change - 1].state;
        carried = s1_dec_of_raw(s1_dec_raw(state.initial_capital) + s1_dec_raw(state.realized_pnl) +
                                s1_dec_raw(state.unrealized_pnl) - s1_dec_raw(state.fees) -
                                s1_dec_raw(state.equity));
    }
    state.link = at->index;
    state.time = record->time[at->row];
    state.equity = record->equity[at->row];
    /* equity = capital + realised - fees - carried + unrealised */
    S1_TRY(err, s1_dec_sub(state.equity, state.initial_capital, &state.unrealized_pnl, err));
    S1_TRY(err, s1_dec_sub(state.unrealized_pnl, state.realized_pnl, &state.unrealized_pnl, err));
    S1_TRY(err, s1_dec_add(state.unrealized_pnl, state.fees, &state.unrealized_pnl, err));
    S1_TRY(err, s1_dec_add(state.unrealized_pnl, carried, &state.unrealized_pnl, err));
    *ret_state = state;
    return S1_OK;
}

static s1_rc fold_moment(fold *f, s1_nanos time, s1_err *err)
{
    for (uint32_t i = 0; i < f->count; i++) {
        cursor *const at = &f->cursors[i];
        if (at->row < at->link->record->count && at->link->record->time[at->row] == time) {
            s1_portfolio_state state;
            S1_TRY(err, state_at(at, &state, err));
            S1_TRY(err, s1_aggregate_portfolio_update(f->view, &state, err));
            at->row++;
        }
    }
    S1_TRY(err, s1_aggregate_portfolio_end_moment(f->view, err));
    uint32_t count;
    const s1_aggregate_metrics *const sums = s1_aggregate_portfolio_metrics(f->view, &count);
    for (uint32_t i = 0; i < count; i++) {
        if (sums[i].time == time) {
            series_add(&f->sums[i], &sums[i], time);
        }
    }
    return S1_OK;
}

/* Moment by moment, ties by link order. */
static s1_rc fold_all(fold *f, s1_err *err)
{
    for (;;) {
        s1_nanos next = INT64_MAX;
        for (uint32_t i = 0; i < f->count; i++) {
            const s1_link_record *const record = f->cursors[i].link->record;
            if (f->cursors[i].row < record->count && record->time[f->cursors[i].row] < next) {
                next = record->time[f->cursors[i].row];
            }
        }
        if (next == INT64_MAX) {
            return s1_aggregate_portfolio_check(f->view, err);
        }
        S1_TRY(err, fold_moment(f, next, err));
    }
}

/* The last states must be the ledgers as they ended: the sum of the ledgers, and not of our
 * notes. */
static s1_rc compare_ends(const fold *f, s1_err *err)
{
    uint32_t count;
    const s1_aggregate_metrics *const sums = s1_aggregate_portfolio_metrics(f->view, &count);
    for (uint32_t c = 0; c < count; c++) {
        s1_aggregate_metrics ledgers = {0};
        for (uint32_t i = 0; i < f->count; i++) {
            if (!s1_str_eq(f->cursors[i].link->currency, sums[c].currency)) {
                continue;
            }
            const s1_portfolio_state *const last = &f->cursors[i].link->record->last;
#define X(field, definition)                                                                       \
    S1_TRY(err, s1_dec_add(ledgers.field, last->field, &ledgers.field, err));
            S1_PORTFOLIO_SUM_MAP(X)
#undef X
        }
#define X(field, definition)                                                                       \
    if (!s1_dec_eq(ledgers.field, sums[c].field)) {                                                \
        return S1_RAISE(err, S1_E_DATA,                                                            \
                        "aggregate of %.*s: " #field " is not the sum of the ledgers",             \
                        S1_STR_ARG(sums[c].currency));                                             \
    }
        S1_PORTFOLIO_SUM_MAP(X)
#undef X
    }
    return S1_OK;
}

static void fold_done(fold *f)
{
    for (uint32_t i = 0; f->sums != NULL && i < f->currency_count; i++) {
        series_done(&f->sums[i]);
    }
    free(f->sums);
    free(f->cursors);
    s1_aggregate_portfolio_free(f->view);
}

static s1_rc fold_start(const s1_operation_results *results, fold *f, s1_err *err)
{
    s1_aggregate_link *const links = calloc(results->link_count + 1u, sizeof *links);
    f->cursors = calloc(results->link_count + 1u, sizeof *f->cursors);
    if (links == NULL || f->cursors == NULL) {
        free(links);
        return S1_RAISE(err, S1_E_NO_MEMORY, "%u links", results->link_count);
    }
    for (uint32_t i = 0; i < results->link_count; i++) {
        const s1_operation_link *const link = &results->links[i];
        if (link->is_complete) {
            links[f->count] = (s1_aggregate_link){link->currency, link->initial_capital};
            f->cursors[f->count] = (cursor){.link = link, .index = f->count};
            f->count++;
        }
    }
    const s1_rc rc = s1_aggregate_portfolio_new(links, f->count, &f->view, err);
    free(links);
    S1_TRY(err, rc);
    uint32_t count;
    const s1_aggregate_metrics *const sums = s1_aggregate_portfolio_metrics(f->view, &count);
    f->sums = calloc(count, sizeof *f->sums);
    if (f->sums == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%u currencies", count);
    }
    f->currency_count = count;
    for (uint32_t c = 0; c < count; c++) {
        size_t room = 0;
        for (uint32_t i = 0; i < f->count; i++) {
            if (s1_str_eq(f->cursors[i].link->currency, sums[c].currency)) {
                room += f->cursors[i].link->record->count;
            }
        }
        S1_TRY(err, series_new(&f->sums[c], room, err));
    }
    return S1_OK;
}

/* --- The files. --------------------------------------------------------------------------- */

static void json_text(s1_json_writer *w, const char *name, s1_str text)
{
    s1_json_key(w, s1_str_of(name));
    s1_json_str(w, text);
}

static void json_dec(s1_json_writer *w, const char *name, s1_dec value)
{
    s1_json_key(w, s1_str_of(name));
    s1_json_dec(w, value);
}

static void print_state(s1_json_writer *w, const s1_portfolio_state *state)
{
#define X(field, definition) json_dec(w, #field, state->field);
    S1_PORTFOLIO_SUM_MAP(X)
#undef X
    s1_json_key_lit(w, "open_positions");
    s1_json_u64(w, state->open_positions);
}

static void print_link(s1_json_writer *w, const s1_operation_link *link)
{
    s1_json_object(w);
    json_text(w, "link", link->link);
    json_text(w, "status", link->is_complete ? S1_STR("completed") : S1_STR("failed"));
    json_text(w, "strategy", link->strategy);
    json_text(w, "environment", link->environment);
    json_text(w, "asset_pair", link->asset_pair);
    json_text(w, "timeframe", link->timeframe);
    json_text(w, "currency", link->currency);
    if (link->is_complete) {
        s1_json_key_lit(w, "run_id");
        s1_json_uid(w, link->run_id.uid);
        json_text(w, "finish_reason", link->finish_reason);
        json_text(w, "journal_head", link->journal_head);
        s1_json_key_lit(w, "bars");
        s1_json_u64(w, link->record->count);
        s1_json_key_lit(w, "trades");
        s1_json_u64(w, link->trades);
        print_state(w, &link->record->last);
    } else {
        json_dec(w, "initial_capital", link->initial_capital);
        s1_json_key_lit(w, "error");
        s1_json_object(w);
        json_text(w, "code", link->error_code);
        json_text(w, "message", link->error);
        s1_json_object_end(w);
    }
    s1_json_object_end(w);
}

static void print_sum(s1_json_writer *w, const s1_aggregate_metrics *sum, size_t moments)
{
    s1_json_object(w);
    json_text(w, "currency", sum->currency);
    s1_json_key_lit(w, "links");
    s1_json_u64(w, sum->links);
    s1_json_key_lit(w, "moments");
    s1_json_u64(w, moments);
    s1_json_key_lit(w, "time");
    if (moments > 0) {
        s1_json_time(w, sum->time);
    } else {
        s1_json_null(w);
    }
#define X(field, definition) json_dec(w, #field, sum->field);
    S1_PORTFOLIO_SUM_MAP(X)
#undef X
    s1_json_key_lit(w, "open_positions");
    s1_json_u64(w, sum->open_positions);
    json_dec(w, "peak", sum->peak);
    json_dec(w, "drawdown", sum->drawdown);
    json_dec(w, "drawdown_pct", sum->drawdown_pct);
    json_dec(w, "max_drawdown_pct", sum->max_drawdown_pct);
    s1_json_object_end(w);
}

static void print_event(s1_json_writer *w, const s1_operation_results *results,
                        const s1_rule_event *event)
{
    s1_json_object(w);
    s1_json_key_lit(w, "time");
    s1_json_time(w, event->time);
    json_text(w, "event", event->event);
    s1_json_key_lit(w, "link");
    if (event->link.len > 0) {
        s1_json_str(w, event->link);
    } else {
        s1_json_null(w);
    }
    if (event->currency.len > 0) {
        json_text(w, "currency", event->currency);
    }
    if (!s1_dec_is_zero(event->limit) || !s1_dec_is_zero(event->actual)) {
        json_dec(w, "limit", event->limit);
        json_dec(w, "actual", event->actual);
    }
    json_text(w, "actions", event->actions);
    if (event->message.len > 0) {
        json_text(w, "message", event->message);
    }
    s1_json_key_lit(w, "threat_ids");
    s1_json_object(w);
    for (uint32_t i = 0; event->threat_ids != NULL && i < results->link_count; i++) {
        if (!s1_uid_is_none(event->threat_ids[i])) {
            s1_json_key(w, results->links[i].link);
            s1_json_uid(w, event->threat_ids[i]);
        }
    }
    s1_json_object_end(w);
    s1_json_object_end(w);
}

static void print_definitions(s1_json_writer *w)
{
    s1_json_object(w);
#define X(field, definition) json_text(w, #field, S1_STR(definition));
    S1_PORTFOLIO_SUM_MAP(X)
#undef X
    json_text(w, "peak", S1_STR("highest equity at the end of a moment, initial_capital included"));
    json_text(w, "drawdown", S1_STR("peak - equity"));
    json_text(w, "drawdown_pct", S1_STR("drawdown in percent of the peak, rounded up"));
    json_text(w, "max_drawdown_pct", S1_STR("largest drawdown_pct at the end of a moment"));
    s1_json_object_end(w);
}

static void print_all(s1_json_writer *w, const s1_operation_results *results, const fold *f)
{
    s1_json_object(w);
    s1_json_key_lit(w, "schema_version");
    s1_json_u64(w, S1_OPERATION_VERSION);
    json_text(w, "operation", results->name);
    json_text(w, "display_name", results->display_name);
    json_text(w, "command", results->command);
    s1_json_key_lit(w, "seed");
    s1_json_u64(w, results->seed);
    json_text(w, "clock", results->has_shared_clock ? S1_STR("shared") : S1_STR("own"));
    json_text(w, "config_hash", results->config_hash);
    json_text(w, "binary_hash", results->binary_hash);
    s1_json_key_lit(w, "links");
    s1_json_array(w);
    for (uint32_t i = 0; i < results->link_count; i++) {
        print_link(w, &results->links[i]);
    }
    s1_json_array_end(w);
    s1_json_key_lit(w, "aggregate");
    s1_json_array(w);
    uint32_t count;
    const s1_aggregate_metrics *const sums = s1_aggregate_portfolio_metrics(f->view, &count);
    for (uint32_t i = 0; i < count; i++) {
        print_sum(w, &sums[i], f->sums[i].count);
    }
    s1_json_array_end(w);
    s1_json_key_lit(w, "events");
    s1_json_array(w);
    for (size_t i = 0; i < results->event_count; i++) {
        print_event(w, results, &results->events[i]);
    }
    s1_json_array_end(w);
    s1_json_key_lit(w, "definitions");
    print_definitions(w);
    s1_json_object_end(w);
}

static s1_rc write_json(const s1_operation_results *results, const fold *f, const s1_fs *fs,
                        const char *folder, s1_err *err)
{
    char path[S1_PATH_MAX];
    s1_strbuf text;
    s1_json_writer w;
    S1_TRY(err, s1_path_join(path, sizeof path, s1_str_of(folder), S1_STR(S1_OPERATION_FILE), err));
    s1_strbuf_init(&text, TEXT_BYTES_MAX);
    s1_json_init(&w, &text, 2);
    print_all(&w, results, f);
    s1_strbuf_char(&text, '\n');
    s1_rc rc = s1_strbuf_check(&text, err);
    if (rc == S1_OK) {
        rc = s1_fs_write_file(fs, path, s1_strbuf_view(&text), err);
    }
    s1_strbuf_done(&text);
    return rc;
}

static s1_rc write_series(const s1_operation_results *results, const sum_series *series,
                          s1_str currency, const s1_fs *fs, const char *folder, s1_err *err)
{
    char name[128], path[S1_PATH_MAX];
    const int length = snprintf(name, sizeof name, "aggregate.%.*s.parquet", S1_STR_ARG(currency));
    if (length < 0 || (size_t)length >= sizeof name) {
        return S1_RAISE(err, S1_E_RANGE, "a currency of %zu letters", currency.len);
    }
    S1_TRY(err, s1_path_join(path, sizeof path, s1_str_of(folder), s1_str_of(name), err));
    const s1_parquet_column columns[] = {
        {S1_STR("time"), S1_PARQUET_TIMESTAMP_NS, 0, series->time},
        {S1_STR("equity"), S1_PARQUET_MONEY, 0, series->equity},
        {S1_STR("drawdown"), S1_PARQUET_DOUBLE, 0, series->drawdown},
        {S1_STR("cash"), S1_PARQUET_MONEY, 0, series->cash},
        {S1_STR("exposure"), S1_PARQUET_MONEY, 0, series->exposure},
        {S1_STR("open_positions"), S1_PARQUET_INT64, 0, series->open_positions},
    };
    return s1_parquet_write_table(results->duckdb, fs, path, columns,
                                  sizeof columns / sizeof columns[0], series->count, err);
}

static s1_rc write_all(const s1_operation_results *results, fold *f, const s1_fs *fs,
                       const char *folder, s1_err *err)
{
    S1_TRY(err, fold_start(results, f, err));
    S1_TRY(err, fold_all(f, err));
    S1_TRY(err, compare_ends(f, err));
    uint32_t count;
    const s1_aggregate_metrics *const sums = s1_aggregate_portfolio_metrics(f->view, &count);
    for (uint32_t i = 0; results->duckdb != NULL && i < count; i++) {
        S1_TRY(err, write_series(results, &f->sums[i], sums[i].currency, fs, folder, err));
    }
    return write_json(results, f, fs, folder, err);
}

s1_rc s1_operation_results_write(const s1_operation_results *results, const s1_fs *fs,
                                 const char *folder, s1_err *err)
{
    fold f = {0};
    const s1_rc rc = write_all(results, &f, fs, folder, err);
    fold_done(&f);
    return rc;
}
