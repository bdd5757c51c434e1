#include "backend/analysis/replay.h"

#include "backend/analysis/results_writer.h"
#include "backend/dtos/results/trade_codec.h"
#include "backend/utils/hash.h"
#include "backend/utils/uid.h"

#include <jansson.h>
#include <string.h>

#define JSON_BYTES_MAX   ((size_t)64 << 20)
#define TRADES_BYTES_MAX ((size_t)4 << 30)
#define STATE_BYTES_MAX  ((size_t)64 << 20)
#define CHECKS_MAX       512u
#define FIELDS_MAX       16u
#define NUMBER_TEXT_MAX  24u

static const char *const words[] = {"invalid",
#define X(name, word) (word),
                                    S1_REPLAY_STATUS_MAP(X)
#undef X
};

const char *s1_replay_status_word(int32_t status)
{
    return words[status > 0 && status <= S1_REPLAY_NOT_KEPT ? status : 0];
}

static const char *const note_names[] = {NULL,
#define X(name, words) (#name),
                                         S1_REPLAY_NOTE_MAP(X)
#undef X
};
static const char *const note_words[] = {NULL,
#define X(name, words) (words),
                                         S1_REPLAY_NOTE_MAP(X)
#undef X
};

const char *s1_replay_note_name(int32_t note)
{
    return note_names[note > 0 && note <= S1_REPLAY_NOTE_PLUGIN_STATE ? note : 0];
}

const char *s1_replay_note_words(int32_t note)
{
    return note_words[note > 0 && note <= S1_REPLAY_NOTE_PLUGIN_STATE ? note : 0];
}

/* One comparison of a folder. */
typedef struct comparison {
    s1_audit *audit;
    const s1_books *books;
    const s1_journal_verdict *verdict;
    const s1_fs *fs;
    const char *folder;
    s1_arena *arena;
    s1_replay_report report;
} comparison;

/* --- What was compared. ------------------------------------------------------------------- */

static const char *keep(const comparison *c, const char *text)
{
    return text != NULL ? s1_arena_copy_cstr(c->arena, s1_str_of(text)) : NULL;
}

static s1_rc add(comparison *c, const s1_replay_check *check, s1_err *err)
{
    if (c->report.count == CHECKS_MAX) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "more than %u comparisons", CHECKS_MAX);
    }
    s1_replay_check *const kept = &c->report.checks[c->report.count++];
    *kept = (s1_replay_check){.where = keep(c, check->where),
                              .field = keep(c, check->field),
                              .rebuilt = keep(c, check->rebuilt),
                              .left = keep(c, check->left),
                              .note = check->note,
                              .status = check->status};
    if (kept->where == NULL || kept->field == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "a comparison");
    }
    c->report.equal += check->status == S1_REPLAY_EQUAL ? 1 : 0;
    c->report.differs += check->status == S1_REPLAY_DIFFERS ? 1 : 0;
    c->report.not_kept += check->status == S1_REPLAY_NOT_KEPT ? 1 : 0;
    return S1_OK;
}

/* Notes the comparison, and a finding where it differs. `line` of the file, 0: of none. */
static s1_rc compare(comparison *c, const char *where, const char *field, const char *rebuilt,
                     const char *left, uint64_t line, s1_err *err)
{
    const bool is_equal = left != NULL && strcmp(rebuilt, left) == 0;
    S1_TRY(err, add(c,
                    &(s1_replay_check){.where = where,
                                       .field = field,
                                       .rebuilt = rebuilt,
                                       .left = left != NULL ? left : "nothing",
                                       .status = is_equal ? S1_REPLAY_EQUAL : S1_REPLAY_DIFFERS},
                    err));
    if (is_equal) {
        return S1_OK;
    }
    const s1_finding finding = {.invariant = S1_INVARIANT_REPLAY,
                                .line = line,
                                .where = where,
                                .field = field,
                                .found = left != NULL ? left : "nothing",
                                .expected = rebuilt};
    return s1_audit_add(c->audit, &finding, err);
}

static s1_rc skip(comparison *c, const char *where, const char *field, int32_t note, s1_err *err)
{
    return add(c,
               &(s1_replay_check){
                   .where = where, .field = field, .note = note, .status = S1_REPLAY_NOT_KEPT},
               err);
}

/* --- JSON files. -------------------------------------------------------------------------- */

static s1_rc read_text(const comparison *c, const char *name, size_t bytes_max, s1_strbuf *ret_text,
                       s1_err *err)
{
    char path[S1_PATH_MAX];
    S1_TRY(err, s1_path_join(path, sizeof path, s1_str_of(c->folder), s1_str_of(name), err));
    return s1_fs_read_all(c->fs, path, bytes_max, ret_text, err);
}

static s1_rc read_json(const comparison *c, const char *name, json_t **ret_root, s1_err *err)
{
    s1_strbuf text;
    s1_strbuf_init(&text, JSON_BYTES_MAX);
    s1_rc rc = read_text(c, name, JSON_BYTES_MAX, &text, err);
    json_error_t fault;
    if (rc == S1_OK) {
        json_t *const root = json_loadb(text.data != NULL ? text.data : "", text.len,
                                        JSON_REJECT_DUPLICATES, &fault);
        if (json_is_object(root)) {
            *ret_root = root;
        } else {
            json_decref(root);
            rc = S1_RAISE(err, S1_E_DATA, "%s/%s: found no JSON object, expected one", c->folder,
                          name);
        }
    }
    s1_strbuf_done(&text);
    return rc;
}

/* A member as text: strings as they are, whole numbers in digits; NULL for anything else. */
static const char *member_text(const json_t *object, const char *name,
                               char number[static NUMBER_TEXT_MAX])
{
    const json_t *const value = json_object_get(object, name);
    if (json_is_integer(value)) {
        (void)snprintf(number, NUMBER_TEXT_MAX, "%lld", (long long)json_integer_value(value));
        return number;
    }
    return json_string_value(value);
}

static s1_rc compare_text(comparison *c, const char *file, const json_t *object, const char *name,
                          const char *rebuilt, s1_err *err)
{
    char number[NUMBER_TEXT_MAX];
    return compare(c, file, name, rebuilt, member_text(object, name, number), 0, err);
}

static s1_rc compare_dec(comparison *c, const char *file, const json_t *object, const char *name,
                         s1_dec rebuilt, s1_err *err)
{
    char text[S1_DEC_TEXT_MAX];
    (void)s1_dec_print(rebuilt, text);
    return compare_text(c, file, object, name, text, err);
}

static s1_rc compare_count(comparison *c, const json_t *counts, const char *name, uint64_t rebuilt,
                           bool is_kept, s1_err *err)
{
    char field[64];
    char text[NUMBER_TEXT_MAX];
    char number[NUMBER_TEXT_MAX];
    (void)snprintf(field, sizeof field, "counts.%s", name);
    if (!is_kept) {
        return skip(c, S1_RESULTS_RUN_FILE, field, S1_REPLAY_NOTE_LEVEL, err);
    }
    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)rebuilt);
    return compare(c, S1_RESULTS_RUN_FILE, field, text, member_text(counts, name, number), 0, err);
}

/* --- run.json. ---------------------------------------------------------------------------- */

static s1_rc compare_counts(comparison *c, const json_t *counts, s1_err *err)
{
    const s1_books *const books = c->books;
    const bool is_full = books->level == S1_JOURNAL_LEVEL_FULL;
    const struct {
        const char *name;
        uint64_t rebuilt;
        bool is_kept;
    } rows[] = {
        {"opportunities", books->opportunities, is_full},
        {"approved", books->approved, is_full},
        {"rejected", books->rejected, is_full},
        {"rejected_governor", books->rejected_at[0], is_full},
        {"rejected_entry", books->rejected_at[1], is_full},
        {"rejected_exit", books->rejected_at[2], is_full},
        {"rejected_size", books->rejected_at[3], is_full},
        {"rejected_routing", books->rejected_at[4], is_full},
        {"rejected_gate", books->rejected_at[5], is_full},
        {"rejected_venue", books->rejected_venue, is_full},
        {"orders", books->orders, is_full},
        {"fills", books->fills, is_full},
        {"trades", books->closed_count, true},
        {"closed_by_threat", books->closed_by_threat, true},
        {"open_positions", books->open_positions, true},
        {"threats", books->threats, is_full},
        {"journal_entries", books->entries, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        S1_TRY(err, compare_count(c, counts, rows[i].name, rows[i].rebuilt, rows[i].is_kept, err));
    }
    return S1_OK;
}

static s1_rc compare_run(comparison *c, s1_err *err)
{
    json_t *run = NULL;
    char head[S1_SHA256_HEX];
    S1_TRY(err, read_json(c, S1_RESULTS_RUN_FILE, &run, err));
    s1_hex_print(c->verdict->head, sizeof c->verdict->head, head);
    s1_rc rc = compare_text(c, S1_RESULTS_RUN_FILE, run, "journal_head", head, err);
    if (rc == S1_OK) {
        rc = compare_text(c, S1_RESULTS_RUN_FILE, run, "run_id", c->books->run_id, err);
    }
    if (rc == S1_OK) {
        rc = compare_text(c, S1_RESULTS_RUN_FILE, run, "strategy_link_id", c->books->link, err);
    }
    if (rc == S1_OK) {
        rc = compare_dec(c, S1_RESULTS_RUN_FILE, run, "initial_capital", c->books->initial_capital,
                         err);
    }
    if (rc == S1_OK) {
        rc = compare_counts(c, json_object_get(run, "counts"), err);
    }
    json_decref(run);
    return rc;
}

/* --- result_metrics.json. ----------------------------------------------------------------- */

/* The equity at the end: the cash, unless a position is open, whose value hangs on a closing price
 * that no entry holds. Then RUN_FINISHED says it, and what is left of the metrics must agree. */
static s1_rc compare_equity(comparison *c, const json_t *metrics, s1_err *err)
{
    const s1_books *const books = c->books;
    const bool is_flat =
        books->open_positions == 0 && books->unknown_parts == 0 && s1_dec_is_zero(books->elsewhere);
    S1_TRY(err, compare_dec(c, S1_RESULTS_METRICS_FILE, metrics, "final_equity",
                            is_flat ? books->cash : books->final_equity, err));
    return is_flat ? S1_OK : skip(c, "books", "equity", S1_REPLAY_NOTE_LAST_CLOSE, err);
}

static s1_rc compare_metrics(comparison *c, s1_err *err)
{
    json_t *root = NULL;
    S1_TRY(err, read_json(c, S1_RESULTS_METRICS_FILE, &root, err));
    const json_t *const metrics = json_object_get(root, "metrics");
    const s1_books *const books = c->books;
    s1_i128 net = 0;
    for (uint32_t i = 0; i < books->closed_count; i++) {
        net += s1_dec_raw(s1_book_trade_record(&books->trades[books->closed[i]]).pnl);
    }
    char count[NUMBER_TEXT_MAX];
    (void)snprintf(count, sizeof count, "%u", books->closed_count);
    s1_rc rc = compare_equity(c, metrics, err);
    if (rc == S1_OK && books->unknown_parts > 0) {
        rc = skip(c, S1_RESULTS_METRICS_FILE, "fees", S1_REPLAY_NOTE_PART_FEE, err);
    } else if (rc == S1_OK) {
        rc = compare_dec(c, S1_RESULTS_METRICS_FILE, metrics, "fees", books->fees, err);
    }
    if (rc == S1_OK) {
        rc =
            compare_dec(c, S1_RESULTS_METRICS_FILE, metrics, "net_profit", s1_dec_of_raw(net), err);
    }
    if (rc == S1_OK) {
        rc = compare_text(c, S1_RESULTS_METRICS_FILE, metrics, "trade_count", count, err);
    }
    json_decref(root);
    return rc;
}

/* --- result_trades.csv. ------------------------------------------------------------------- */

/* Cuts a row at its commas (none of our fields holds one). */
static size_t split_row(s1_str row, s1_str fields[static FIELDS_MAX])
{
    size_t count = 0;
    for (bool is_done = false;
         count < FIELDS_MAX && s1_str_split(&row, ',', &fields[count], &is_done);) {
        count++;
    }
    return count;
}

static s1_rc compare_row(comparison *c, s1_str header, s1_str rebuilt, s1_str left, uint64_t line,
                         s1_err *err)
{
    s1_str names[FIELDS_MAX], ours[FIELDS_MAX], theirs[FIELDS_MAX];
    const size_t count = split_row(header, names);
    const size_t our_count = split_row(rebuilt, ours);
    const size_t their_count = split_row(left, theirs);
    c->report.trade_fields += count;
    if (s1_str_eq(rebuilt, left)) {
        return S1_OK;
    }
    for (size_t i = 0; i < count && i < our_count; i++) {
        const s1_str theirs_i = i < their_count ? theirs[i] : S1_STR("nothing");
        if (s1_str_eq(ours[i], theirs_i)) {
            continue;
        }
        char field[128], expected[256], found[256];
        (void)snprintf(field, sizeof field, "line %llu %.*s", (unsigned long long)line,
                       S1_STR_ARG(names[i]));
        (void)snprintf(expected, sizeof expected, "%.*s", S1_STR_ARG(ours[i]));
        (void)snprintf(found, sizeof found, "%.*s", S1_STR_ARG(theirs_i));
        S1_TRY(err, compare(c, S1_RESULTS_TRADES_FILE, field, expected, found, line, err));
    }
    return S1_OK;
}

static s1_rc compare_rows(comparison *c, s1_str left, s1_strbuf *row, s1_err *err)
{
    s1_str header, line;
    bool is_done = false;
    const uint64_t differs = c->report.differs;
    s1_strbuf_clear(row);
    s1_trade_record_csv_header(row);
    S1_TRY(err, s1_strbuf_check(row, err));
    (void)s1_str_split(&left, '\n', &header, &is_done);
    const s1_str wanted = s1_str_trim(s1_strbuf_view(row));
    S1_TRY(err, compare_row(c, header, wanted, header, 1, err));
    c->report.trade_fields = 0;
    uint32_t number = 0;
    while (s1_str_split(&left, '\n', &line, &is_done)) {
        if (line.len == 0 && left.len == 0) {
            break;
        }
        if (number < c->books->closed_count && c->report.differs < S1_FINDINGS_MAX) {
            const s1_trade_record record =
                s1_book_trade_record(&c->books->trades[c->books->closed[number]]);
            s1_strbuf_clear(row);
            s1_trade_record_csv_row(&record, row);
            S1_TRY(err, s1_strbuf_check(row, err));
            const s1_str ours = s1_strbuf_view(row);
            S1_TRY(err, compare_row(c, header, s1_str_slice(ours, 0, ours.len - 1), line,
                                    number + 2u, err));
        }
        number++;
    }
    char rebuilt[NUMBER_TEXT_MAX], found[NUMBER_TEXT_MAX];
    (void)snprintf(rebuilt, sizeof rebuilt, "%u", c->books->closed_count);
    (void)snprintf(found, sizeof found, "%u", number);
    S1_TRY(err, compare(c, S1_RESULTS_TRADES_FILE, "rows", rebuilt, found, 0, err));
    if (c->report.differs > differs) {
        return S1_OK;
    }
    (void)snprintf(rebuilt, sizeof rebuilt, "%llu fields",
                   (unsigned long long)c->report.trade_fields);
    return compare(c, S1_RESULTS_TRADES_FILE, "fields", rebuilt, rebuilt, 0, err);
}

static s1_rc compare_trades(comparison *c, s1_err *err)
{
    s1_strbuf text, row;
    s1_strbuf_init(&text, TRADES_BYTES_MAX);
    s1_strbuf_init(&row, JSON_BYTES_MAX);
    s1_rc rc = read_text(c, S1_RESULTS_TRADES_FILE, TRADES_BYTES_MAX, &text, err);
    if (rc == S1_OK) {
        rc = compare_rows(c, s1_strbuf_view(&text), &row, err);
    }
    s1_strbuf_done(&text);
    s1_strbuf_done(&row);
    return rc;
}

/* --- RUN_FINISHED and state/. ------------------------------------------------------------- */

/* The audit held RUN_FINISHED against the books when it passed; here it is only told. */
static s1_rc tell_finished(comparison *c, s1_err *err)
{
    const s1_books *const books = c->books;
    if (books->has_finished == 0) {
        return compare(c, S1_RESULTS_JOURNAL_FILE, "RUN_FINISHED", "the last entry", NULL, 0, err);
    }
    static const char *const money[] = {"final_cash", "fees", "realized_pnl"};
    const s1_dec values[] = {books->cash, books->fees, books->realized_pnl};
    size_t kept = 0;
    uint64_t count = 0;
    const s1_finding *const findings = s1_audit_findings_borrow(c->audit, &kept, &count);
    for (size_t i = 0; i < 3; i++) {
        char text[S1_DEC_TEXT_MAX];
        const char *left = text;
        (void)s1_dec_print(values[i], text);
        if (books->unknown_parts > 0) {
            S1_TRY(err, skip(c, "RUN_FINISHED", money[i], S1_REPLAY_NOTE_PART_PRICE, err));
            continue;
        }
        for (size_t k = 0; k < kept; k++) {
            if (strcmp(findings[k].where, "RUN_FINISHED") == 0 &&
                strcmp(findings[k].field, money[i]) == 0) {
                left = findings[k].found;
            }
        }
        const s1_replay_check check = {.where = "RUN_FINISHED",
                                       .field = money[i],
                                       .rebuilt = text,
                                       .left = left,
                                       .status =
                                           left == text ? S1_REPLAY_EQUAL : S1_REPLAY_DIFFERS};
        S1_TRY(err, add(c, &check, err));
    }
    return S1_OK;
}

/* {"generation":G,"length":L,"crc32c":"8 hex","state":...}: the checksum covers every byte of the
 * file but its own digits. */
static bool is_envelope_whole(s1_str text)
{
    static const char key[] = "\"crc32c\":\"";
    const size_t length = sizeof key - 1;
    for (size_t at = 0; at + length + 8 <= text.len && at < 128; at++) {
        if (memcmp(text.ptr + at, key, length) != 0) {
            continue;
        }
        const size_t digits = at + length;
        char expected[16];
        uint32_t crc = s1_crc32c(0, text.ptr, digits);
        crc = s1_crc32c(crc, text.ptr + digits + 8, text.len - digits - 8);
        (void)snprintf(expected, sizeof expected, "%08x", crc);
        return memcmp(expected, text.ptr + digits, 8) == 0;
    }
    return false;
}

static s1_rc check_state_file(comparison *c, const char *name, s1_err *err)
{
    s1_strbuf text;
    s1_strbuf_init(&text, STATE_BYTES_MAX);
    s1_rc rc = read_text(c, name, STATE_BYTES_MAX, &text, err);
    if (rc == S1_OK) {
        rc = compare(c, name, "checksum", "whole",
                     is_envelope_whole(s1_strbuf_view(&text)) ? "whole" : "damaged", 0, err);
    }
    s1_strbuf_done(&text);
    S1_TRY(err, rc);
    return skip(c, name, "state", S1_REPLAY_NOTE_PLUGIN_STATE, err);
}

static s1_rc join(char out[static S1_PATH_MAX], const char *folder, const char *name, s1_err *err)
{
    return s1_path_join(out, S1_PATH_MAX, s1_str_of(folder), s1_str_of(name), err);
}

/* state/<link>/<instance>/state.json. */
static s1_rc check_states_of(comparison *c, const char *link, s1_err *err)
{
    char path[S1_PATH_MAX], below[S1_PATH_MAX], file[S1_PATH_MAX], full[S1_PATH_MAX];
    s1_fs_list workers = {0};
    S1_TRY(err, join(below, "state", link, err));
    S1_TRY(err, join(path, c->folder, below, err));
    S1_TRY(err, s1_fs_list_names(c->fs, path, &workers, err));
    s1_rc rc = S1_OK;
    for (size_t i = 0; i < workers.count && rc == S1_OK; i++) {
        rc = join(path, below, workers.names[i], err);
        rc = rc == S1_OK ? join(file, path, "state.json", err) : rc;
        rc = rc == S1_OK ? join(full, c->folder, file, err) : rc;
        if (rc == S1_OK && s1_fs_is_file(c->fs, full)) {
            rc = check_state_file(c, file, err);
        }
    }
    s1_fs_list_done(&workers);
    return rc;
}

static s1_rc check_states(comparison *c, s1_err *err)
{
    char path[S1_PATH_MAX];
    s1_fs_list links = {0};
    S1_TRY(err, join(path, c->folder, "state", err));
    if (!s1_fs_is_folder(c->fs, path)) {
        return S1_OK;
    }
    S1_TRY(err, s1_fs_list_names(c->fs, path, &links, err));
    s1_rc rc = S1_OK;
    for (size_t i = 0; i < links.count && rc == S1_OK; i++) {
        rc = check_states_of(c, links.names[i], err);
    }
    s1_fs_list_done(&links);
    return rc;
}

s1_rc s1_replay_compare(s1_audit *audit, const s1_journal_verdict *verdict, const s1_fs *fs,
                        const char *folder, s1_arena *arena, s1_replay_report *ret_report,
                        s1_err *err)
{
    comparison c = {.audit = audit,
                    .books = s1_audit_books_borrow(audit),
                    .verdict = verdict,
                    .fs = fs,
                    .folder = folder,
                    .arena = arena};
    c.report.checks = s1_arena_array(arena, s1_replay_check, CHECKS_MAX);
    c.report.capacity = CHECKS_MAX;
    if (c.report.checks == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%u comparisons", CHECKS_MAX);
    }
    S1_TRY(err, tell_finished(&c, err));
    S1_TRY(err, compare_run(&c, err));
    S1_TRY(err, compare_metrics(&c, err));
    S1_TRY(err, compare_trades(&c, err));
    S1_TRY(err, check_states(&c, err));
    *ret_report = c.report;
    return S1_OK;
}
