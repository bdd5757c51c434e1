#include "backend/utils/timefmt.h"
#include "frontends/cli/chart.h"
#include "frontends/cli/cli.h"
#include "frontends/cli/fields.h"
#include "services/api/data_show.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CHART_HEIGHT  12u
#define CHART_MAX     160u
#define ROWS_DEFAULT  5u
#define ITEMS_DEFAULT 5u

/* --- JSON ------------------------------------------------------------------------------------- */

static void json_lists(s1_json_writer *w, const s1_show *show)
{
    s1_json_key_lit(w, "largest_gaps");
    s1_json_array(w);
    for (size_t i = 0; i < show->gap_count; i++) {
        s1_json_object(w);
        s1_put_time(w, "first", true, show->gaps[i].first);
        s1_put_time(w, "last", true, show->gaps[i].last);
        S1_PUT_NUMBERS(w, {"missing", show->gaps[i].missing});
        s1_json_object_end(w);
    }
    s1_json_array_end(w);
    s1_json_key_lit(w, "imports");
    s1_json_array(w);
    for (size_t i = 0; i < show->import_count; i++) {
        const s1_show_import *const import = &show->imports[i];
        s1_json_object(w);
        s1_put_time(w, "at", import->at != 0, import->at);
        S1_PUT_TEXTS(w, {"who", import->who});
        S1_PUT_TEXTS(w, {"file", import->file});
        S1_PUT_TEXTS(w, {"sha256", import->sha256});
        S1_PUT_TEXTS(w, {"profile", import->profile});
        S1_PUT_NUMBERS(w, {"rows", import->rows}, {"rejects", import->rejects},
                       {"replaced", import->replaced});
        s1_json_object_end(w);
    }
    s1_json_array_end(w);
    s1_json_key_lit(w, "files");
    s1_json_array(w);
    for (size_t i = 0; i < show->file_count; i++) {
        const s1_show_file *const file = &show->files[i];
        s1_json_object(w);
        S1_PUT_TEXTS(w, {"path", file->path});
        S1_PUT_TEXTS(w, {"sha256", file->sha256});
        s1_put_time(w, "first", true, file->first);
        s1_put_time(w, "last", true, file->last);
        S1_PUT_NUMBERS(w, {"rows", file->rows}, {"bytes", file->bytes});
        s1_json_object_end(w);
    }
    s1_json_array_end(w);
}

static void json_versions(s1_json_writer *w, const s1_show *show)
{
    s1_json_key_lit(w, "former_versions");
    s1_json_array(w);
    for (size_t i = 0; i < show->version_count; i++) {
        const s1_show_version *const version = &show->versions[i];
        s1_json_object(w);
        S1_PUT_TEXTS(w, {"content_hash", version->content_hash});
        s1_put_time(w, "first", true, version->first);
        s1_put_time(w, "last", true, version->last);
        s1_put_time(w, "replaced_at", true, version->replaced_at);
        S1_PUT_NUMBERS(w, {"rows", version->rows}, {"bytes", version->bytes});
        s1_json_object_end(w);
    }
    s1_json_array_end(w);
}

static void json_rows(s1_json_writer *w, const s1_show *show)
{
    s1_json_key_lit(w, "last_rows");
    s1_json_array(w);
    for (size_t i = 0; i < show->row_count; i++) {
        s1_json_object(w);
        for (size_t c = 0; c < show->cell_count; c++) {
            S1_PUT_TEXTS(w, {show->names[c], show->cells[i * show->cell_count + c]});
        }
        s1_json_object_end(w);
    }
    s1_json_array_end(w);
}

static s1_rc print_json(s1_cli *cli, const char *archive, const s1_show *show, s1_err *err)
{
    const s1_list_entry *const d = &show->dataset;
    s1_strbuf text;
    s1_json_writer w;
    s1_cli_json_begin(&text, &w);
    s1_json_object(&w);
    S1_PUT_TEXTS(&w, {"archive", archive});
    S1_PUT_TEXTS(&w, {"notice", show->notice[0] != '\0' ? show->notice : NULL});
    S1_PUT_TEXTS(&w, {"source", d->source});
    S1_PUT_TEXTS(&w, {"asset_pair", d->asset_pair});
    S1_PUT_TEXTS(&w, {"data_type", d->data_type});
    S1_PUT_TEXTS(&w, {"timeframe", d->timeframe});
    S1_PUT_TEXTS(&w, {"session", d->session});
    S1_PUT_TEXTS(&w, {"content_hash", show->content_hash});
    s1_put_time(&w, "first", true, d->first);
    s1_put_time(&w, "last", true, d->last);
    s1_json_key_lit(&w, "completeness");
    s1_json_double(&w, d->completeness);
    S1_PUT_NUMBERS(&w, {"rows", d->rows}, {"bytes", d->bytes}, {"file_count", d->files},
                   {"versions", d->versions}, {"price_scale", d->price_scale},
                   {"qty_scale", d->qty_scale}, {"gaps", d->gaps}, {"missing", d->missing},
                   {"blocks", show->block_count}, {"import_count", show->imports_in_all},
                   {"errors", d->errors}, {"warnings", d->warnings}, {"infos", d->infos});
    s1_put_time(&w, "checked_at", d->checked_at != 0, d->checked_at);
    s1_json_key_lit(&w, "is_check_old");
    s1_json_bool(&w, d->is_check_old);
    json_lists(&w, show);
    json_versions(&w, show);
    json_rows(&w, show);
    s1_json_object_end(&w);
    return s1_cli_json_end(cli, &text, err);
}

static s1_nanos whole_second(s1_nanos time)
{
    return time - time % S1_NANOS_PER_SECOND;
}

/* --- Text: what is known ------------------------------------------------------------------------
 */

static void print_head(const s1_cli *cli, const s1_show *show)
{
    FILE *const out = cli->out.out;
    const s1_list_entry *const d = &show->dataset;
    char first[S1_TIME_TEXT_MAX], last[S1_TIME_TEXT_MAX], rows[S1_FORMAT_MAX];
    char missing[S1_FORMAT_MAX], gaps[S1_FORMAT_MAX];
    (void)s1_time_print_short(d->first, first);
    (void)s1_time_print_short(d->last, last);
    (void)fprintf(out, "%s%s %s%s%s%s\n", s1_terminal_on(&cli->out, S1_STYLE_BOLD), d->asset_pair,
                  d->timeframe != NULL ? d->timeframe : d->data_type, s1_terminal_off(&cli->out),
                  d->source[0] != '\0' ? " of " : "", d->source);
    (void)fprintf(out, "  period        %s to %s\n", first, last);
    (void)fprintf(out, "  rows          %s in %" PRIu64 " file%s, %.2f MB\n",
                  s1_format_count(d->rows, rows), d->files, d->files == 1 ? "" : "s",
                  (double)d->bytes / 1e6);
    (void)fprintf(out, "  digits        %u of the price, %u of the %s\n", d->price_scale,
                  d->qty_scale, d->timeframe != NULL ? "volume" : "quantity");
    if (d->timeframe != NULL) {
        (void)fprintf(out, "  complete      %.2f %%: %s bars missing in %s gaps; session %s\n",
                      floor(d->completeness * 1e4) / 100, s1_format_count(d->missing, missing),
                      s1_format_count(d->gaps, gaps), d->session);
    } else {
        (void)fprintf(out, "  gaps          %s of over a minute\n", s1_format_count(d->gaps, gaps));
    }
    if (d->checked_at == 0) {
        (void)fprintf(out, "  check         never\n");
    } else {
        (void)s1_time_print_date(d->checked_at, first);
        (void)fprintf(out,
                      "  check         %s: %" PRIu64 " errors, %" PRIu64 " warnings, %" PRIu64
                      " infos%s\n",
                      first, d->errors, d->warnings, d->infos,
                      d->is_check_old ? "; the data changed since" : "");
    }
    (void)fprintf(out, "  content hash  %.16s\n", show->content_hash);
}

/* --- Text: how it looks -------------------------------------------------------------------------
 */

/* Digits behind the point that tell the lines of the chart apart. */
static uint32_t decimals_of(const s1_show *show)
{
    double low = 0, high = 0;
    bool is_there = false;
    for (size_t i = 0; i < show->column_count; i++) {
        const s1_show_column *const c = &show->columns[i];
        if (c->rows > 0) {
            low = is_there ? fmin(low, c->low) : c->low;
            high = is_there ? fmax(high, c->high) : c->high;
            is_there = true;
        }
    }
    const double step = (high - low) / CHART_HEIGHT;
    const double digits = step > 0 ? ceil(-log10(step)) + 1 : show->dataset.price_scale;
    return digits <= 0                           ? 0
           : digits >= show->dataset.price_scale ? show->dataset.price_scale
                                                 : (uint32_t)digits;
}

static void print_chart(const s1_cli *cli, const s1_show *show)
{
    s1_candle candles[CHART_MAX];
    double volumes[CHART_MAX], shares[CHART_MAX];
    size_t there = 0;
    /* The levels of a book are no course of a price. */
    const bool is_book = strcmp(show->dataset.data_type, "book") == 0;
    const bool has_volume = !is_book && strcmp(show->dataset.data_type, "quotes") != 0;
    for (size_t i = 0; i < show->column_count; i++) {
        const s1_show_column *const c = &show->columns[i];
        candles[i] = (s1_candle){c->rows > 0 && !is_book, c->open, c->high, c->low, c->close};
        volumes[i] = c->volume;
        shares[i] = c->there;
        there += c->rows > 0 ? 1 : 0;
    }
    if (there == 0) {
        return;
    }
    char left[S1_TIME_TEXT_MAX], middle[S1_TIME_TEXT_MAX], right[S1_TIME_TEXT_MAX];
    size_t (*const print)(s1_nanos, char *) =
        show->chart_to - show->chart_from < 3 * S1_NANOS_PER_DAY ? s1_time_print_short
                                                                 : s1_time_print_date;
    (void)print(whole_second(show->chart_from), left);
    (void)print(whole_second(show->columns[show->column_count / 2].from), middle);
    (void)print(whole_second(show->chart_to), right);
    (void)fputc('\n', cli->out.out);
    s1_chart_candles(&cli->out, candles, show->column_count, CHART_HEIGHT, decimals_of(show));
    s1_chart_spark(&cli->out, has_volume ? "volume" : "rows", volumes, show->column_count);
    s1_chart_strip(&cli->out, "coverage", shares, show->column_count);
    s1_chart_axis(&cli->out, show->column_count, left, middle, right);
}

/* --- Text: tables -------------------------------------------------------------------------------
 */

static const char *print_u64(uint64_t value, char out[static S1_FORMAT_MAX])
{
    (void)snprintf(out, S1_FORMAT_MAX, "%" PRIu64, value);
    return out;
}

static void print_title(const s1_cli *cli, const char *title, uint64_t all, size_t shown)
{
    (void)fprintf(cli->out.out, "\n%s%s%s", s1_terminal_on(&cli->out, S1_STYLE_BOLD), title,
                  s1_terminal_off(&cli->out));
    if (all > shown) {
        char count[S1_FORMAT_MAX];
        (void)fprintf(cli->out.out, ", %zu of %s (--limit)", shown, s1_format_count(all, count));
    }
    (void)fputc('\n', cli->out.out);
}

static s1_rc print_gaps(s1_cli *cli, const s1_show *show, s1_err *err)
{
    const bool is_bars = show->dataset.timeframe != NULL;
    const s1_table_column columns[] = {
        {.title = is_bars ? "first missing" : "after"},
        {.title = is_bars ? "last missing" : "before"},
        {.title = is_bars ? "bars" : "length", .is_right = true},
    };
    if (show->gap_count == 0) {
        return S1_OK;
    }
    print_title(cli, "Largest gaps", show->dataset.gaps, show->gap_count);
    s1_table *const table = s1_table_new(columns, sizeof columns / sizeof columns[0]);
    bool is_whole = table != NULL;
    for (size_t i = 0; i < show->gap_count && is_whole; i++) {
        const s1_show_gap *const gap = &show->gaps[i];
        char first[S1_TIME_TEXT_MAX], last[S1_TIME_TEXT_MAX], size[S1_FORMAT_MAX];
        (void)s1_time_print_short(gap->first, first);
        (void)s1_time_print_short(gap->last, last);
        if (is_bars) {
            (void)print_u64(gap->missing, size);
        } else {
            (void)s1_duration_print(gap->last - gap->first, size);
        }
        is_whole =
            s1_table_add(table, first) && s1_table_add(table, last) && s1_table_add(table, size);
    }
    return s1_cli_table_end(cli, table, is_whole, err);
}

static s1_rc print_imports(s1_cli *cli, const s1_show *show, s1_err *err)
{
    static const s1_table_column columns[] = {
        {.title = "when"},
        {.title = "by", .is_optional = true},
        {.title = "file", .is_flexible = true},
        {.title = "profile", .is_optional = true},
        {.title = "rows", .is_right = true},
        {.title = "rejects", .is_right = true, .is_optional = true},
    };
    if (show->import_count == 0) {
        return S1_OK;
    }
    print_title(cli, "Last imports", show->imports_in_all, show->import_count);
    s1_table *const table = s1_table_new(columns, sizeof columns / sizeof columns[0]);
    bool is_whole = table != NULL;
    for (size_t i = 0; i < show->import_count && is_whole; i++) {
        const s1_show_import *const import = &show->imports[i];
        char at[S1_TIME_TEXT_MAX], rows[S1_FORMAT_MAX], rejects[S1_FORMAT_MAX];
        (void)s1_time_print_short(whole_second(import->at), at);
        is_whole = s1_table_add(table, import->at != 0 ? at : "-") &&
                   s1_table_add(table, import->who) && s1_table_add(table, import->file) &&
                   s1_table_add(table, import->profile) &&
                   s1_table_add(table, print_u64(import->rows, rows)) &&
                   s1_table_add(table, print_u64(import->rejects, rejects));
    }
    return s1_cli_table_end(cli, table, is_whole, err);
}

static s1_rc print_versions(s1_cli *cli, const s1_show *show, s1_err *err)
{
    static const s1_table_column columns[] = {
        {.title = "content hash"},
        {.title = "replaced"},
        {.title = "begin", .is_optional = true},
        {.title = "end", .is_optional = true},
        {.title = "rows", .is_right = true},
    };
    if (show->version_count == 0) {
        return S1_OK;
    }
    print_title(cli, "Former versions", show->dataset.versions, show->version_count);
    s1_table *const table = s1_table_new(columns, sizeof columns / sizeof columns[0]);
    bool is_whole = table != NULL;
    for (size_t i = 0; i < show->version_count && is_whole; i++) {
        const s1_show_version *const version = &show->versions[i];
        char hash[S1_FORMAT_MAX], at[S1_TIME_TEXT_MAX], rows[S1_FORMAT_MAX];
        char first[S1_TIME_TEXT_MAX], last[S1_TIME_TEXT_MAX];
        (void)snprintf(hash, sizeof hash, "%.16s", version->content_hash);
        (void)s1_time_print_short(whole_second(version->replaced_at), at);
        (void)s1_time_print_date(version->first, first);
        (void)s1_time_print_date(version->last, last);
        is_whole = s1_table_add(table, hash) && s1_table_add(table, at) &&
                   s1_table_add(table, first) && s1_table_add(table, last) &&
                   s1_table_add(table, print_u64(version->rows, rows));
    }
    return s1_cli_table_end(cli, table, is_whole, err);
}

static s1_rc print_rows(s1_cli *cli, const s1_show *show, s1_err *err)
{
    s1_table_column columns[S1_TABLE_COLUMNS_MAX];
    if (show->row_count == 0) {
        return S1_OK;
    }
    for (size_t c = 0; c < show->cell_count; c++) {
        columns[c] = (s1_table_column){.title = show->names[c], .is_right = c > 0};
    }
    print_title(cli, "Last rows", show->row_count, show->row_count);
    s1_table *const table = s1_table_new(columns, show->cell_count);
    bool is_whole = table != NULL;
    for (size_t i = 0; i < show->row_count * show->cell_count && is_whole; i++) {
        is_whole = s1_table_add(table, show->cells[i]);
    }
    return s1_cli_table_end(cli, table, is_whole, err);
}

static s1_rc print_text(s1_cli *cli, const s1_show *show, s1_err *err)
{
    if (show->notice[0] != '\0') {
        (void)fprintf(cli->err.out, "warning: %s\n", show->notice);
    }
    print_head(cli, show);
    print_chart(cli, show);
    S1_TRY(err, print_gaps(cli, show, err));
    S1_TRY(err, print_imports(cli, show, err));
    S1_TRY(err, print_versions(cli, show, err));
    return print_rows(cli, show, err);
}

/* --- The command ------------------------------------------------------------------------------ */

static uint32_t number(const s1_cli_args *args, const char *name, uint32_t otherwise)
{
    const uint64_t value = s1_cli_number(args, name, otherwise);
    return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

/* Columns of the chart: what is left of the line, and a margin. */
static uint32_t chart_columns(const s1_cli *cli, const s1_cli_args *args)
{
    if (s1_cli_flag(args, "no-chart") || cli->is_json || cli->out.columns < S1_CHART_LABEL + 12) {
        return 0;
    }
    const uint32_t columns = cli->out.columns - S1_CHART_LABEL - 1;
    return columns < CHART_MAX ? columns : CHART_MAX;
}

static int run(s1_cli *cli, const s1_cli_args *args, s1_err *err)
{
    s1_cli_watch w = s1_cli_watch_of(cli, "read", "rows");
    const s1_show_options request = {
        .archive_dir = s1_cli_text(args, "archive"),
        .asset_pair = args->positionals[0],
        .kind = args->positionals[1],
        .source = s1_cli_text(args, "source"),
        .config_dir = s1_cli_config_dir(args),
        .from = s1_cli_text(args, "from"),
        .to = s1_cli_text(args, "to"),
        .rows_max = number(args, "rows", ROWS_DEFAULT),
        .items_max = number(args, "limit", ITEMS_DEFAULT),
        .column_count = chart_columns(cli, args),
        .on_progress = s1_cli_watch_progress,
        .user = &w,
        .is_stopping = &w.is_stopping,
    };
    if (request.archive_dir == NULL) {
        (void)S1_RAISE(err, S1_E_INVALID,
                       "missing --archive DIR; see 's1mpletrader data show --help'");
        return S1_EXIT_USAGE;
    }
    s1_show_report *report = NULL;
    s1_rc rc = s1_api_data_show(&request, &report, err);
    s1_progress_end(&w.progress);
    if (rc == S1_E_CANCELED && err->code == S1_OK) {
        rc = S1_RAISE(err, S1_E_CANCELED, "stopped");
    }
    if (rc != S1_OK) {
        return rc == S1_E_INVALID ? S1_EXIT_USAGE : s1_exit_from_rc(rc);
    }
    const s1_show *const show = s1_show_view(report);
    rc =
        cli->is_json ? print_json(cli, request.archive_dir, show, err) : print_text(cli, show, err);
    s1_show_report_free(report);
    return s1_exit_from_rc(rc);
}

static const s1_cli_option options[] = {
    {"archive", 'a', S1_CLI_TEXT, "DIR", "the archive's folder", NULL},
    {"source", 0, S1_CLI_TEXT, "NAME", "of this source, default the unnamed one", NULL},
    {"from", 0, S1_CLI_TEXT, "TIME", "where the chart begins, default the first row", NULL},
    {"to", 0, S1_CLI_TEXT, "TIME", "where it ends, default the last row", NULL},
    {"rows", 0, S1_CLI_NUMBER, "N", "last rows that are shown, default 5", NULL},
    {"limit", 0, S1_CLI_NUMBER, "N", "gaps, imports, versions and files that are told, default 5",
     NULL},
    {"no-chart", 0, S1_CLI_FLAG, NULL, "leave the chart out", NULL},
    {"config", 'c', S1_CLI_TEXT, "DIR",
     "the configuration whose instruments.yaml tells of sessions, default config", NULL},
    {NULL, 0, 0, NULL, NULL, NULL},
};

static const s1_cli_example examples[] = {
    {"data show EUR/USD 1h --archive data", "bars of an hour, with a chart of all of them"},
    {"data show BTC/USD trades --archive data --from 2024-03-01 --to 2024-03-02", "a day's trades"},
    {NULL, NULL},
};

const s1_cli_command s1_cmd_data_show = {
    .name = "data show",
    .summary = "Show one dataset of an archive: what is known of it, a chart, its last rows",
    .usage = "PAIR TIMEFRAME --archive DIR",
    .detail = "TIMEFRAME is the length of a bar (1m, 1h, 1d), or trades, quotes, book. Each column "
              "of the chart "
              "is an equal share of the time; below it stand the volume and how much of what may "
              "be there is there: full, some, none, or closed.",
    .positionals_min = 2,
    .positionals_max = 2,
    .options = options,
    .examples = examples,
    .run = run,
};
