#include "services/api/data.h"

#include "backend/data/catalog/catalog.h"
#include "backend/data/ingest/data_import.h"
#include "backend/data/ingest/import_profile.h"
#include "backend/data/persistors/parquet_persistor.h"
#include "backend/utils/timefmt.h"

#include <stdio.h>

bool s1_api_data_profile(size_t index, const char **ret_name, const char **ret_about)
{
    size_t count = 0;
    const s1_import_profile *const profiles = s1_import_profiles(&count);
    if (index >= count) {
        return false;
    }
    *ret_name = profiles[index].name;
    *ret_about = profiles[index].about;
    return true;
}

/* --- Options out of text ---------------------------------------------------------------------- */

typedef struct word {
    const char *text;
    int32_t value;
} word;

/* The value of a word, 0 where there is none. `words` ends with a NULL text. */
static s1_rc parse_word(const char *flag, const char *text, const word *words, int32_t *ret_value,
                        s1_err *err)
{
    char known[128] = "";
    size_t used = 0;
    for (const word *w = words; text != NULL && w->text != NULL; w++) {
        if (strcmp(w->text, text) == 0) {
            *ret_value = w->value;
            return S1_OK;
        }
        const int len =
            snprintf(known + used, sizeof known - used, "%s%s", used > 0 ? ", " : "", w->text);
        used += len > 0 && (size_t)len < sizeof known - used ? (size_t)len : 0;
    }
    return text == NULL ? S1_OK
                        : S1_RAISE(err, S1_E_INVALID, "%s: found '%.60s', expected one of %s", flag,
                                   text, known);
}

static const word types[] = {{"bars", S1_DATA_OHLCV},    {"ohlcv", S1_DATA_OHLCV},
                             {"trades", S1_DATA_TRADES}, {"quotes", S1_DATA_QUOTES},
                             {"book", S1_DATA_BOOK},     {NULL, 0}};
static const word headers[] = {
    {"yes", S1_HEADER_YES}, {"no", S1_HEADER_NO}, {"auto", S1_HEADER_AUTO}, {NULL, 0}};
static const word orders[] = {
    {"rising", S1_ORDER_RISING}, {"falling", S1_ORDER_FALLING}, {"auto", S1_ORDER_AUTO}, {NULL, 0}};
static const word duplicates[] = {{"error", S1_DUPLICATES_ERROR},
                                  {"first", S1_DUPLICATES_FIRST},
                                  {"last", S1_DUPLICATES_LAST},
                                  {"keep", S1_DUPLICATES_KEEP},
                                  {NULL, 0}};
static const word prices[] = {
    {"mid", S1_PRICE_MID}, {"bid", S1_PRICE_BID}, {"ask", S1_PRICE_ASK}, {NULL, 0}};
static const word overlaps[] = {
    {"replace", S1_OVERLAP_REPLACE}, {"refuse", S1_OVERLAP_REFUSE}, {NULL, 0}};
static const word separators[] = {{"comma", ','}, {",", ','},    {"semicolon", ';'}, {";", ';'},
                                  {"tab", '\t'},  {"\\t", '\t'}, {"pipe", '|'},      {"|", '|'},
                                  {"space", ' '}, {NULL, 0}};

static s1_rc parse_scale(const char *flag, const char *text, int32_t *ret_scale, s1_err *err)
{
    int64_t value = S1_SCALE_DETECT;
    if (text != NULL && (s1_str_parse_i64(s1_str_of(text), &value, NULL) != S1_OK || value < 0 ||
                         value > S1_SCALE_MAX)) {
        return S1_RAISE(err, S1_E_INVALID, "%s: found '%.60s', expected 0..%u", flag, text,
                        S1_SCALE_MAX);
    }
    *ret_scale = (int32_t)value;
    return S1_OK;
}

/* "12" rows, or "0.25%" of all. */
static s1_rc parse_max_rejects(const char *text, s1_data_import_options *options, s1_err *err)
{
    s1_str number = s1_str_of(text);
    if (text == NULL || s1_str_parse_u64(number, &options->max_rejects, NULL) == S1_OK) {
        return S1_OK;
    }
    s1_dec percent = S1_DEC_ZERO;
    if (number.len > 1 && number.ptr[number.len - 1] == '%') {
        number = s1_str_trim(s1_str_slice(number, 0, number.len - 1));
        if (s1_dec_parse(number, &percent, NULL) == S1_OK &&
            s1_dec_cmp(percent, S1_DEC_ZERO) >= 0 &&
            s1_dec_cmp(percent, s1_dec_from_int(100)) <= 0) {
            s1_dec ppm = S1_DEC_ZERO;
            S1_TRY(err, s1_dec_mul(percent, s1_dec_from_int(10000), S1_ROUND_DOWN, &ppm, err));
            options->max_rejects_ppm = (uint32_t)s1_dec_to_double(ppm);
            return S1_OK;
        }
    }
    return S1_RAISE(err, S1_E_INVALID,
                    "--max-rejects: found '%.60s', expected a number of rows or a percentage like "
                    "0.1%%",
                    text);
}

/* All but what needs the archive. */
static s1_rc parse_options(const s1_api_import_options *asked, s1_data_import_options *options,
                           s1_err *err)
{
    const s1_import_profile *profile;
    const s1_str name = s1_str_of(asked->profile != NULL ? asked->profile : "generic");
    int32_t separator = 0;
    S1_TRY(err, s1_import_profile_find(name, &profile, err));
    options->profile = s1_str_of(profile->name);
    options->key.data_type = profile->data_type;
    S1_TRY(err, parse_word("--type", asked->type, types, &options->key.data_type, err));
    S1_TRY(err, parse_word("--header", asked->header, headers, &options->header, err));
    S1_TRY(err, parse_word("--order", asked->order, orders, &options->order, err));
    S1_TRY(err, parse_word("--price", asked->price, prices, &options->price, err));
    S1_TRY(err, parse_word("--overlap", asked->overlap, overlaps, &options->overlap, err));
    S1_TRY(err, parse_word("--separator", asked->separator, separators, &separator, err));
    S1_TRY(err, parse_word("--on-duplicate", asked->on_duplicate, duplicates,
                           &options->on_duplicate, err));
    options->separator = (char)separator;
    if (asked->time_form != NULL) {
        S1_TRY(err, s1_time_form_parse(s1_str_of(asked->time_form), &options->time_form, err));
    }
    S1_TRY(err, parse_scale("--price-scale", asked->price_scale, &options->price_scale, err));
    S1_TRY(err, parse_scale("--qty-scale", asked->qty_scale, &options->qty_scale, err));
    S1_TRY(err, parse_max_rejects(asked->max_rejects, options, err));
    s1_nanos timeframe = 0;
    if (asked->timeframe != NULL) {
        S1_TRY(err, s1_timeframe_parse(s1_str_of(asked->timeframe), &timeframe, err));
    }
    const bool is_bars = options->key.data_type == S1_DATA_OHLCV;
    if (is_bars && timeframe == 0) {
        return S1_RAISE(err, S1_E_INVALID, "missing --timeframe T, the length of a bar");
    }
    options->key.timeframe = is_bars ? timeframe : 0;
    options->bar_length = is_bars ? 0 : timeframe;
    options->key.asset_pair = s1_str_of(asked->asset_pair);
    options->key.source = s1_str_of(asked->source != NULL ? asked->source : "");
    return s1_stream_key_check(&options->key, err);
}

/* --- The import ------------------------------------------------------------------------------- */

static s1_rc on_progress(void *user, uint64_t done, uint64_t total, uint64_t rows)
{
    const s1_api_import_options *const options = user;
    (void)rows;
    if (options->is_stopping != NULL && atomic_load(options->is_stopping)) {
        return S1_E_CANCELED;
    }
    if (options->on_progress != NULL) {
        options->on_progress(options->user, done, total);
    }
    return S1_OK;
}

/* A name of its own for what an import keeps beside the archive: "BTC_USD-1h-XBTUSD_60.csv". */
static s1_rc beside(const s1_api_import_options *asked, const s1_stream_key *key,
                    const char *prefix, const char *ending, char *out, size_t size, s1_err *err)
{
    char name[300];
    char timeframe[S1_TIMEFRAME_TEXT_MAX];
    const size_t slash = s1_str_find_byte(key->asset_pair, '/', 0);
    (void)snprintf(timeframe, sizeof timeframe, "%s", s1_data_type_name(key->data_type));
    if (key->timeframe > 0) {
        (void)s1_timeframe_print(key->timeframe, timeframe);
    }
    const s1_str file = s1_str_slice(s1_str_basename(s1_str_of(asked->file)), 0, 150);
    (void)snprintf(name, sizeof name, "%s%.*s%s%.*s_%s-%s-%.*s%s", prefix, S1_STR_ARG(key->source),
                   key->source.len > 0 ? "-" : "", (int)slash, key->asset_pair.ptr,
                   key->asset_pair.ptr + slash + 1, timeframe, S1_STR_ARG(file), ending);
    return s1_path_join(out, size, s1_str_of(asked->archive_dir), s1_str_of(name), err);
}

static void fill_report(const s1_data_import_options *options,
                        const s1_data_import_summary *summary, s1_api_import_report *report)
{
    enum { BAR_TRADES = 6, BAR_VWAP = 7, TRADE_ID = 4 };
    const bool is_bars = options->key.data_type == S1_DATA_OHLCV;
    *report =
        (s1_api_import_report){.type = s1_data_type_name(options->key.data_type),
                               .profile = options->profile.ptr,
                               .rows = summary->rows,
                               .rows_replaced = summary->rows_replaced,
                               .bytes = summary->bytes,
                               .first = summary->first,
                               .last = summary->last,
                               .duplicates = summary->duplicates,
                               .rejects = summary->rejects,
                               .first_reject_line = summary->first_reject_line,
                               .rounded = summary->rounded,
                               .gaps = summary->gaps,
                               .missing_bars = summary->missing_bars,
                               .largest_gap_bars = summary->largest_gap_bars,
                               .largest_gap_after = summary->largest_gap_after,
                               .zero_volume_bars = summary->zero_volume_bars,
                               .id_jumps = summary->id_jumps,
                               .crossed = summary->crossed,
                               .locked = summary->locked,
                               .messages = summary->messages,
                               .snapshots = summary->snapshots,
                               .old_messages = summary->old_messages,
                               .message_gaps = summary->message_gaps,
                               .price_scale = summary->price_scale,
                               .qty_scale = summary->qty_scale,
                               .has_trades = is_bars && (summary->columns & 1u << BAR_TRADES) != 0,
                               .has_vwap = is_bars && (summary->columns & 1u << BAR_VWAP) != 0,
                               .has_ids = options->key.data_type == S1_DATA_TRADES &&
                                          (summary->columns & 1u << TRADE_ID) != 0,
                               .ends_without_newline = summary->ends_without_newline,
                               .is_unchanged = summary->is_unchanged,
                               .seconds = summary->seconds,
                               .seconds_hashing = summary->seconds_hashing,
                               .seconds_reading = summary->seconds_reading};
    (void)snprintf(report->asset_pair, sizeof report->asset_pair, "%.*s",
                   S1_STR_ARG(options->key.asset_pair));
    (void)snprintf(report->first_reject, sizeof report->first_reject, "%s", summary->first_reject);
    (void)snprintf(report->sha256, sizeof report->sha256, "%s", summary->sha256);
    (void)snprintf(report->member, sizeof report->member, "%s", summary->member);
    (void)snprintf(report->content_hash, sizeof report->content_hash, "%s", summary->content_hash);
    if (summary->rejects > 0 && options->rejects_path != NULL) {
        (void)snprintf(report->rejects_path, sizeof report->rejects_path, "%s",
                       options->rejects_path);
    }
}

/* The catalogue remembers the import; without it the data is as good. */
static void note_import(const s1_data_import_options *options, const char *archive_dir,
                        const s1_data_import_summary *summary, s1_api_import_report *report)
{
    s1_err why = S1_ERR_INIT;
    const s1_catalog_import import = {.at = s1_clock_wall(s1_clock_real()),
                                      .who = S1_STR("import"),
                                      .file = s1_str_basename(s1_str_of(options->file)),
                                      .sha256 = s1_str_of(summary->sha256),
                                      .profile = options->profile,
                                      .rows = summary->rows,
                                      .rejects = summary->rejects,
                                      .replaced = summary->rows_replaced};
    if (!s1_catalog_note_commit(options->fs, archive_dir, options->archive, &options->key, &import,
                                &why)) {
        (void)snprintf(report->warning, sizeof report->warning, "catalogue: %.480s", why.msg);
    }
}

static s1_rc import(const s1_api_import_options *asked, s1_data_import_options *options,
                    s1_api_import_report *ret_report, s1_err *err)
{
    char rejects[S1_PATH_MAX];
    char scratch[S1_PATH_MAX];
    s1_data_import_summary summary = {0};
    options->rejects_path = asked->rejects_path;
    options->keeps_rejects = asked->rejects_path != NULL;
    if (options->archive != NULL) {
        S1_TRY(err,
               beside(asked, &options->key, ".rejects/", ".tsv", rejects, sizeof rejects, err));
        S1_TRY(err, beside(asked, &options->key, ".scratch-", "", scratch, sizeof scratch, err));
        options->rejects_path = options->rejects_path != NULL ? options->rejects_path : rejects;
        options->scratch_path = scratch;
        S1_TRY(err, s1_fs_mkdir_all(options->fs, asked->archive_dir, err));
    }
    S1_TRY(err, s1_data_import(options, &summary, err));
    fill_report(options, &summary, ret_report);
    if (options->archive != NULL) {
        if (summary.rejects == 0 && options->rejects_path == rejects &&
            s1_fs_is_file(options->fs, rejects)) {
            S1_TRY(err, s1_fs_unlink(options->fs, rejects, err)); /* of a worse file of this name */
        }
        note_import(options, asked->archive_dir, &summary, ret_report);
    }
    return S1_OK;
}

s1_rc s1_api_data_import(const s1_api_import_options *options, s1_api_import_report *ret_report,
                         s1_err *err)
{
    s1_api_import_options callback = *options;
    s1_data_import_options request = {.fs = s1_fs_real(),
                                      .clock = s1_clock_real(),
                                      .file = options->file,
                                      .map = s1_str_of(options->map),
                                      .member = s1_str_of(options->member),
                                      .zone = s1_str_of(options->zone),
                                      .symbol = s1_str_of(options->symbol),
                                      .skip_lines = (uint32_t)options->skip_lines,
                                      .ignores_name = options->ignores_name,
                                      .rounds_price = options->rounds_price,
                                      .rounds_quantity = options->rounds_quantity,
                                      .on_disorder = options->sorts ? S1_DISORDER_SORT : 0,
                                      .progress = on_progress,
                                      .progress_user = &callback};
    S1_TRY(err, parse_options(options, &request, err));
    if (options->only_checks) {
        return import(options, &request, ret_report, err);
    }
    s1_duckdb *duckdb = NULL;
    S1_TRY(err, s1_duckdb_new(NULL, &duckdb, err));
    s1_rc rc = s1_parquet_persistor_new(&(s1_parquet_options){.fs = s1_fs_real(),
                                                              .duckdb = duckdb,
                                                              .archive = options->archive_dir},
                                        &request.archive, err);
    if (rc == S1_OK) {
        rc = import(options, &request, ret_report, err);
    }
    s1_data_persistor_free(request.archive);
    s1_duckdb_free(duckdb);
    return rc;
}
