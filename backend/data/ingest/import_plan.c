#include "backend/data/ingest/import_internal.h"
#include "backend/utils/timefmt.h"
#include "s1mple/error.h"

#include <stdio.h>
#include <string.h>

#define NAME_TEXT_MAX 64u
#define NO_FIELD      S1_FIELD_COUNT

/* Which field of a file fills which column of a stream, and what a kind cannot do without. */
typedef struct kind_fields {
    int32_t data_type;
    size_t columns[S1_MARKET_COLUMNS_MAX]; /* enum s1_field by column; NO_FIELD: none */
    size_t needed[7];                      /* ends with NO_FIELD */
} kind_fields;

static const kind_fields kinds[] = {
    {S1_DATA_OHLCV,
     {S1_FIELD_TIME, S1_FIELD_OPEN, S1_FIELD_HIGH, S1_FIELD_LOW, S1_FIELD_CLOSE, S1_FIELD_VOLUME,
      S1_FIELD_TRADES, S1_FIELD_VWAP},
     {S1_FIELD_TIME, S1_FIELD_OPEN, S1_FIELD_HIGH, S1_FIELD_LOW, S1_FIELD_CLOSE, S1_FIELD_VOLUME,
      NO_FIELD}},
    {S1_DATA_TRADES,
     {S1_FIELD_TIME, S1_FIELD_PRICE, S1_FIELD_QUANTITY, S1_FIELD_SIDE, S1_FIELD_ID, NO_FIELD,
      NO_FIELD, NO_FIELD},
     {S1_FIELD_TIME, S1_FIELD_PRICE, S1_FIELD_QUANTITY, NO_FIELD, 0, 0, 0}},
    {S1_DATA_QUOTES,
     {S1_FIELD_TIME, S1_FIELD_BID, S1_FIELD_ASK, S1_FIELD_BID_QUANTITY, S1_FIELD_ASK_QUANTITY,
      NO_FIELD, NO_FIELD, NO_FIELD},
     {S1_FIELD_TIME, S1_FIELD_BID, S1_FIELD_ASK, NO_FIELD, 0, 0, 0}},
    {S1_DATA_BOOK,
     {S1_FIELD_TIME, S1_FIELD_UPDATE_ID, S1_FIELD_KIND, S1_FIELD_SIDE, S1_FIELD_PRICE,
      S1_FIELD_QUANTITY, NO_FIELD, NO_FIELD},
     {S1_FIELD_TIME, S1_FIELD_UPDATE_ID, S1_FIELD_KIND, S1_FIELD_SIDE, S1_FIELD_PRICE,
      S1_FIELD_QUANTITY, NO_FIELD}},
};

static const kind_fields *kind_of(int32_t data_type)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kinds[i].data_type == data_type) {
            return &kinds[i];
        }
    }
    return NULL;
}

enum s1_scale_group s1_import_group_of(int32_t column_kind)
{
    return column_kind == S1_COLUMN_PRICE  ? S1_GROUP_PRICE
           : column_kind == S1_COLUMN_QTY  ? S1_GROUP_QTY
           : column_kind == S1_COLUMN_VWAP ? S1_GROUP_VWAP
                                           : S1_GROUP_COUNT;
}

/* --- Options ---------------------------------------------------------------------------------- */

static s1_rc check_scale(const char *flag, int32_t scale, bool rounds, s1_err *err)
{
    if (scale != S1_SCALE_DETECT && (scale < 0 || scale > (int32_t)S1_SCALE_MAX)) {
        return S1_RAISE(err, S1_E_INVALID, "%s: found %d, expected 0..%u", flag, scale,
                        S1_SCALE_MAX);
    }
    if (rounds && scale == S1_SCALE_DETECT) {
        return S1_RAISE(err, S1_E_INVALID, "%s: found none, expected the decimals to round to",
                        flag);
    }
    return S1_OK;
}

static s1_rc check_choice(const char *flag, int32_t found, int32_t max, s1_err *err)
{
    return found >= 0 && found <= max
               ? S1_OK
               : S1_RAISE(err, S1_E_INVALID, "%s: found %d, expected 0..%d", flag, found, max);
}

static s1_rc check_options(const s1_data_import_options *options, s1_err *err)
{
    S1_TRY(err, s1_stream_key_check(&options->key, err));
    if (kind_of(options->key.data_type) == NULL) {
        return S1_RAISE(err, S1_E_UNSUPPORTED,
                        "data type: found %s, expected ohlcv, trades, quotes or book",
                        s1_data_type_name(options->key.data_type));
    }
    S1_TRY(err, check_scale("--price-scale", options->price_scale, options->rounds_price, err));
    S1_TRY(err, check_scale("--qty-scale", options->qty_scale, options->rounds_quantity, err));
    S1_TRY(err, check_choice("on duplicate", options->on_duplicate, S1_DUPLICATES_KEEP, err));
    S1_TRY(err, check_choice("on disorder", options->on_disorder, S1_DISORDER_SORT, err));
    S1_TRY(err, check_choice("price", options->price, S1_PRICE_ASK, err));
    const bool is_bars = options->key.data_type == S1_DATA_OHLCV;
    if (options->on_duplicate == (is_bars ? S1_DUPLICATES_KEEP : S1_DUPLICATES_LAST)) {
        return S1_RAISE(err, S1_E_INVALID, "on duplicate: found %s, expected error%s for %s",
                        is_bars ? "keep" : "last", is_bars ? ", first or last" : ", first or keep",
                        s1_data_type_name(options->key.data_type));
    }
    if (options->max_rejects_ppm > 1000000) {
        return S1_RAISE(err, S1_E_INVALID,
                        "--max-rejects: found over 100 %%, expected at most that");
    }
    return S1_OK;
}

s1_rc s1_import_prepare(s1_import_job *job, s1_err *err)
{
    const s1_data_import_options *const options = job->options;
    S1_TRY(err, check_options(options, err));
    const s1_str name = options->profile.len > 0 ? options->profile : S1_STR("generic");
    S1_TRY(err, s1_import_profile_find(name, &job->profile, err));
    job->data_type = options->key.data_type;
    job->layout = s1_market_layout(job->data_type, &job->column_count);
    job->time_form = options->time_form != 0 ? options->time_form : job->profile->time_form;
    job->order = options->order != 0 ? options->order : job->profile->order;
    job->header = options->header != 0 ? options->header : job->profile->header;
    job->price = options->price != 0 ? options->price : S1_PRICE_MID;
    job->sorts = options->on_disorder == S1_DISORDER_SORT;
    job->on_duplicate = options->on_duplicate;
    job->capacity_max =
        options->buffer_rows != 0 ? options->buffer_rows : (size_t)S1_IMPORT_BUFFER_ROWS;
    job->capacity_max = job->capacity_max > 2 ? job->capacity_max : 2;
    if (job->data_type == S1_DATA_OHLCV) {
        const s1_nanos timeframe = options->key.timeframe;
        /* Bars longer than a day start where their venue's week does. */
        job->grid = timeframe < S1_NANOS_PER_DAY ? timeframe : S1_NANOS_PER_DAY;
    }
    /* The bars of a day are named by their date, wherever that was. */
    const bool is_daily = job->data_type == S1_DATA_OHLCV && job->grid == S1_NANOS_PER_DAY;
    const s1_str zone = options->zone.len > 0 ? options->zone : s1_str_of(job->profile->zone);
    if (zone.len > 0 && !is_daily && !s1_str_eq(zone, S1_STR("UTC"))) {
        S1_TRY(err, s1_time_zone_load(options->fs, zone, &job->zone, err));
    }
    const int32_t scales[] = {options->price_scale, options->qty_scale, S1_SCALE_DETECT};
    for (size_t i = 0; i < S1_GROUP_COUNT; i++) {
        job->is_fixed[i] = scales[i] != S1_SCALE_DETECT;
        job->scale[i] = job->is_fixed[i] ? (uint32_t)scales[i] : 0;
    }
    job->columns_seen = UINT32_MAX;
    return S1_OK;
}

/* --- Names of files --------------------------------------------------------------------------- */

/* What a name says of pair and timeframe must not be something else. */
static bool is_meant(const s1_import_job *job, const s1_import_name *name)
{
    const s1_stream_key *const key = &job->options->key;
    const s1_str base = s1_str_slice(key->asset_pair, 0, s1_str_find_byte(key->asset_pair, '/', 0));
    const bool is_base =
        job->profile->naming == S1_NAMING_LEAN && s1_str_eq_nocase(name->symbol, base);
    return (name->symbol.len == 0 || is_base || s1_symbol_is_pair(name->symbol, key->asset_pair)) &&
           (name->timeframe == 0 || key->timeframe == 0 || name->timeframe == key->timeframe) &&
           (name->data_type == 0 || name->data_type == key->data_type);
}

static s1_rc check_name(s1_import_job *job, s1_str base_name, s1_err *err)
{
    s1_import_name name;
    if (!s1_import_name_read(job->profile->naming, base_name, &name)) {
        return S1_OK;
    }
    if (name.has_date) {
        job->date = name.date;
        job->has_date = true;
    }
    if (job->options->ignores_name || is_meant(job, &name)) {
        return S1_OK;
    }
    char timeframe[S1_TIMEFRAME_TEXT_MAX] = "";
    char stream[S1_STREAM_TEXT_MAX];
    if (name.timeframe > 0) {
        (void)s1_timeframe_print(name.timeframe, timeframe);
    }
    return S1_RAISE(
        err, S1_E_INVALID,
        "'%.*s': the name says %.*s %s, expected a file of %s (--ignore-name imports it "
        "all the same)",
        S1_STR_ARG(s1_str_slice(base_name, 0, 100)), S1_STR_ARG(name.symbol), timeframe,
        s1_stream_key_format(&job->options->key, stream));
}

static bool match_member(void *user, s1_str base_name)
{
    const s1_import_job *const job = user;
    s1_import_name name;
    if (job->options->member.len > 0) {
        return s1_str_eq(base_name, job->options->member);
    }
    if (job->profile->naming == S1_NAMING_NONE || job->profile->naming == S1_NAMING_LEAN) {
        return true;
    }
    return s1_import_name_read(job->profile->naming, base_name, &name) && is_meant(job, &name);
}

/* --- Header ----------------------------------------------------------------------------------- */

/* Does a header's field bear one of the names? `name` is one, "{base}" in it stands for the pair's
 * base. */
static bool is_named(s1_str field, s1_str name, s1_str base)
{
    char text[NAME_TEXT_MAX];
    const size_t brace = s1_str_find(name, S1_STR("{base}"), 0);
    if (brace != S1_STR_NPOS) {
        const int len =
            snprintf(text, sizeof text, "%.*s%.*s", (int)brace, name.ptr, S1_STR_ARG(base));
        name = s1_str_make(text, len > 0 ? (size_t)len : 0);
    }
    return s1_str_eq_nocase(s1_str_trim(field), name);
}

/* The header: the members' names of JSON objects, else the fields of the line. */
static const s1_str *header_of(const s1_import_job *job, size_t *ret_count)
{
    const s1_row_reader *const reader = &job->reader;
    *ret_count = reader->is_json ? reader->name_count : reader->field_count;
    return reader->is_json ? reader->names : reader->fields;
}

/* Column of the first of the names, '|' between them, that is there. */
static uint16_t find_column(const s1_import_job *job, s1_str names)
{
    const s1_str pair = job->options->key.asset_pair;
    const s1_str base = s1_str_slice(pair, 0, s1_str_find_byte(pair, '/', 0));
    size_t count;
    const s1_str *const header = header_of(job, &count);
    s1_str name;
    for (bool is_done = false; s1_str_split(&names, '|', &name, &is_done);) {
        for (size_t i = 0; i < count; i++) {
            if (is_named(header[i], name, base)) {
                return (uint16_t)i;
            }
        }
    }
    return S1_NO_COLUMN;
}

static void no_columns(s1_import_plan *plan)
{
    *plan = (s1_import_plan){0};
    for (size_t i = 0; i < S1_FIELD_COUNT; i++) {
        plan->position[i] = S1_NO_COLUMN;
    }
}

static void plan_from_header(s1_import_job *job, s1_import_plan *plan)
{
    no_columns(plan);
    (void)header_of(job, &plan->field_count);
    for (size_t i = 0; i < S1_FIELD_COUNT; i++) {
        if (job->profile->names[i] != NULL) {
            plan->position[i] = find_column(job, s1_str_of(job->profile->names[i]));
        }
    }
}

static void plan_from_layout(const s1_row_layout *layout, s1_import_plan *plan)
{
    no_columns(plan);
    plan->field_count = layout->field_count;
    for (size_t i = 0; i < S1_FIELD_COUNT; i++) {
        if (layout->position[i] > 0) {
            plan->position[i] = (uint16_t)(layout->position[i] - 1);
        }
    }
}

/* --- Mapping ---------------------------------------------------------------------------------- */

static s1_rc map_one(s1_import_job *job, s1_import_plan *plan, size_t field, s1_str target,
                     bool has_names, s1_err *err)
{
    uint64_t position;
    if (s1_str_eq(target, S1_STR("none"))) {
        plan->position[field] = S1_NO_COLUMN;
        return S1_OK;
    }
    if (s1_str_parse_u64(target, &position, NULL) == S1_OK) {
        if (position >= plan->field_count) {
            return S1_RAISE(
                err, S1_E_DATA,
                "--map: found %s=%llu, expected a position below the %zu fields of a row "
                "(the first is 0)",
                s1_field_name(field), (unsigned long long)position, plan->field_count);
        }
        plan->position[field] = (uint16_t)position;
        return S1_OK;
    }
    plan->position[field] = has_names ? find_column(job, target) : S1_NO_COLUMN;
    if (plan->position[field] == S1_NO_COLUMN) {
        return s1_row_fault(&job->reader, "header", job->reader.line, err,
                            "a column '%.*s' (--map)", S1_STR_ARG(s1_str_slice(target, 0, 60)));
    }
    return S1_OK;
}

/* "time=0,open=3,volume=none,time=date+hour" over what the profile says. */
static s1_rc apply_map(s1_import_job *job, s1_import_plan *plan, bool has_names, s1_err *err)
{
    s1_str rest = job->options->map;
    s1_str part;
    if (rest.len == 0) {
        return S1_OK;
    }
    for (bool is_done = false; s1_str_split(&rest, ',', &part, &is_done);) {
        const size_t equals = s1_str_find_byte(part, '=', 0);
        if (equals == S1_STR_NPOS) {
            return S1_RAISE(err, S1_E_INVALID,
                            "--map: found '%.*s', expected FIELD=COLUMN, a name or a position "
                            "from 0",
                            S1_STR_ARG(s1_str_slice(part, 0, 60)));
        }
        size_t field;
        s1_str target = s1_str_trim(s1_str_slice(part, equals + 1, part.len));
        S1_TRY(err, s1_field_parse(s1_str_trim(s1_str_slice(part, 0, equals)), &field, err));
        const size_t plus = s1_str_find_byte(target, '+', 0);
        if (field == S1_FIELD_TIME && plus != S1_STR_NPOS) {
            S1_TRY(err, map_one(job, plan, S1_FIELD_CLOCK,
                                s1_str_slice(target, plus + 1, target.len), has_names, err));
            target = s1_str_slice(target, 0, plus);
        }
        S1_TRY(err, map_one(job, plan, field, target, has_names, err));
    }
    return S1_OK;
}

/* --- Plans ------------------------------------------------------------------------------------ */

static bool is_mapped_to_none(const s1_import_job *job, size_t field)
{
    char text[40];
    const int len = snprintf(text, sizeof text, "%s=none", s1_field_name(field));
    s1_str rest = job->options->map;
    s1_str part;
    for (bool is_done = false; s1_str_split(&rest, ',', &part, &is_done);) {
        if (s1_str_eq(s1_str_trim(part), s1_str_make(text, (size_t)len))) {
            return true;
        }
    }
    return false;
}

/* Bars of bid and ask become quotes, or bars of one price; both need all eight prices. */
static bool reads_bid_and_ask(const s1_import_plan *plan)
{
    return plan->position[S1_FIELD_ASK_CLOSE] != S1_NO_COLUMN &&
           plan->position[S1_FIELD_CLOSE] != S1_NO_COLUMN;
}

static s1_rc complete_plan(s1_import_job *job, s1_import_plan *plan, s1_err *err)
{
    const kind_fields *const kind = kind_of(job->data_type);
    plan->has_bid_and_ask = reads_bid_and_ask(plan);
    for (size_t i = 0; kind->needed[i] != NO_FIELD; i++) {
        const size_t field = kind->needed[i];
        const bool is_made = plan->has_bid_and_ask && field != S1_FIELD_TIME;
        if (plan->position[field] == S1_NO_COLUMN && !is_made &&
            !(field == S1_FIELD_VOLUME && is_mapped_to_none(job, field))) {
            const char *const names = job->profile->names[field];
            return s1_row_fault(&job->reader, "header", job->reader.line, err, "a column %s '%s'",
                                s1_field_name(field),
                                names == NULL      ? "of this profile"
                                : names[0] != '\0' ? names
                                                   : "without a name");
        }
    }
    for (size_t i = 0; i < job->column_count; i++) {
        if (job->layout[i].is_optional && kind->columns[i] != NO_FIELD &&
            plan->position[kind->columns[i]] != S1_NO_COLUMN) {
            plan->columns |= 1u << i;
        }
    }
    return S1_OK;
}

static const s1_import_plan *plan_with(const s1_import_job *job, size_t field_count)
{
    for (size_t i = 0; i < job->plan_count; i++) {
        if (job->plans[i].field_count == field_count) {
            return &job->plans[i];
        }
    }
    return NULL;
}

s1_rc s1_import_plan_of_row(const s1_import_job *job, const s1_import_plan **ret_plan, s1_err *err)
{
    const s1_row_reader *const reader = &job->reader;
    const size_t count = reader->field_count;
    const s1_import_plan *plan = NULL;
    if (job->may_end_with_separator && count > 1 && reader->fields[count - 1].len == 0) {
        plan = plan_with(job, count - 1);
    }
    if (plan == NULL) {
        plan = plan_with(job, count);
    }
    if (plan != NULL) {
        *ret_plan = plan;
        return S1_OK;
    }
    char found[32], expected[64];
    size_t used = 0;
    (void)snprintf(found, sizeof found, "%zu fields", count);
    for (size_t i = 0; i < job->plan_count && used < sizeof expected; i++) {
        const int len = snprintf(expected + used, sizeof expected - used, "%s%zu",
                                 i > 0 ? " or " : "", job->plans[i].field_count);
        used += len > 0 ? (size_t)len : 0;
    }
    return s1_row_fault(reader, "row", s1_str_of(found), err, "%s fields", expected);
}

/* --- The start of the file -------------------------------------------------------------------- */

static char guess_separator(s1_str line)
{
    static const char candidates[] = ",;\t|";
    char best = ',';
    size_t most = 0;
    for (const char *c = candidates; *c != '\0'; c++) {
        size_t count = 0;
        for (size_t at = s1_str_find_byte(line, *c, 0); at != S1_STR_NPOS;
             at = s1_str_find_byte(line, *c, at + 1)) {
            count++;
        }
        if (count > most) {
            most = count;
            best = *c;
        }
    }
    return best;
}

/* Reads lines until one is the first that counts: lines to skip, comments with a '#', and those
 * that a profile allows stand before it. */
static s1_rc read_first_line(s1_import_job *job, s1_err *err)
{
    s1_row_reader *const reader = &job->reader;
    const char *const names = job->profile->names[S1_FIELD_TIME];
    uint32_t comments = 0;
    for (uint32_t line = 0;; line++) {
        bool has_row;
        S1_TRY(err, s1_row_reader_next(reader, &has_row, err));
        if (!has_row) {
            return s1_row_fault(reader, "header", reader->line, err, "a header line behind it");
        }
        if (!reader->is_json && (line < job->options->skip_lines || reader->line.ptr[0] == '#')) {
            continue;
        }
        if (!reader->is_json && job->options->separator == '\0' &&
            s1_str_eq_cstr(s1_str_of(job->profile->name), "generic")) {
            reader->separator = guess_separator(reader->line);
        }
        S1_TRY(err, s1_row_reader_split(reader, err));
        if (comments >= job->profile->comment_lines_max || names == NULL ||
            find_column(job, s1_str_of(names)) != S1_NO_COLUMN) {
            return S1_OK;
        }
        comments++;
    }
}

/* Is the first line of the file, where it may be either, a row? */
static bool is_first_line_a_row(const s1_import_job *job)
{
    const s1_row_reader *const reader = &job->reader;
    for (size_t i = 0; i < reader->field_count; i++) {
        s1_csv_decimal number;
        s1_csv_time time;
        if (s1_csv_decimal_parse(reader->fields[i], &number) == NULL ||
            s1_csv_time_parse(reader->fields[i], S1_TIME_FORM_ISO, &time) == NULL) {
            return true; /* a header has none */
        }
    }
    return false;
}

static s1_rc plan_layouts(s1_import_job *job, s1_err *err)
{
    for (size_t i = 0; i < S1_LAYOUTS_MAX && job->profile->layouts[i].field_count > 0; i++) {
        s1_import_plan *const plan = &job->plans[job->plan_count];
        const s1_row_layout *const layout = &job->profile->layouts[i];
        plan_from_layout(layout, plan);
        const bool is_convertible =
            layout->data_type == S1_DATA_OHLCV && job->data_type == S1_DATA_QUOTES;
        if (layout->data_type == job->data_type ||
            (is_convertible && layout->position[S1_FIELD_ASK_CLOSE] > 0)) {
            S1_TRY(err, complete_plan(job, plan, err));
            job->plan_count++;
        }
    }
    job->may_end_with_separator = true;
    return S1_OK;
}

/* One plan for the file: its header's or first layout's, with the mapping over it. */
static s1_rc plan_file(s1_import_job *job, bool has_names, s1_err *err)
{
    s1_import_plan *const plan = &job->plans[0];
    if (has_names) {
        plan_from_header(job, plan);
    } else {
        plan_from_layout(&job->profile->layouts[0], plan);
        plan->field_count = job->reader.field_count;
    }
    S1_TRY(err, apply_map(job, plan, has_names, err));
    S1_TRY(err, complete_plan(job, plan, err));
    job->plan_count = 1;
    job->may_end_with_separator = !has_names;
    return S1_OK;
}

static s1_rc make_plans(s1_import_job *job, bool *ret_is_row, s1_err *err)
{
    s1_row_reader *const reader = &job->reader;
    const bool has_map = job->options->map.len > 0;
    bool has_names = job->header == S1_HEADER_YES;
    *ret_is_row = false;
    if (job->header == S1_HEADER_NO && !has_map && !reader->is_json &&
        job->options->skip_lines == 0) {
        return plan_layouts(job, err); /* nothing of the file is read yet */
    }
    S1_TRY(err, read_first_line(job, err));
    if (reader->is_json) {
        has_names = reader->has_names; /* objects, whatever was said */
        *ret_is_row = true;
    } else if (job->header != S1_HEADER_YES || (has_map && job->options->header == 0)) {
        *ret_is_row = job->header == S1_HEADER_NO || is_first_line_a_row(job);
        has_names = !*ret_is_row;
    }
    return has_names || has_map ? plan_file(job, has_names, err) : plan_layouts(job, err);
}

s1_rc s1_import_open(s1_import_job *job, s1_err *err)
{
    const s1_data_import_options *const options = job->options;
    s1_row_reader *const reader = &job->reader;
    S1_TRY(err, check_name(job, s1_str_basename(s1_str_of(options->file)), err));
    S1_TRY(err, s1_row_reader_open(reader, options->fs, options->file, match_member, job, err));
    const s1_str member = s1_byte_source_member(reader->source);
    if (member.len > 0) {
        S1_TRY(err, check_name(job, s1_str_basename(member), err));
        (void)snprintf(job->summary.member, sizeof job->summary.member, "%.*s",
                       S1_STR_ARG(s1_str_slice(member, 0, sizeof job->summary.member - 1)));
    }
    if (options->separator != '\0') {
        reader->separator = options->separator;
    }
    if (job->profile->is_recording) {
        S1_TRY(err, s1_row_reader_record(reader, job->data_type, err));
    }
    S1_TRY(err, make_plans(job, &job->has_first_row, err));
    if (job->plan_count == 0) {
        return S1_RAISE(err, S1_E_INVALID, "profile %s: it has no layout of %s", job->profile->name,
                        s1_data_type_name(job->data_type));
    }
    return S1_OK;
}
