/* Running a recorded run again. */
#include "backend/analysis/results_writer.h"
#include "backend/utils/arena.h"
#include "backend/utils/fs.h"
#include "backend/utils/json_memory.h"
#include "backend/utils/json_writer.h"
#include "services/api/journal_open_internal.h"
#include "services/api/replay.h"
#include "services/api/results.h"

#include <jansson.h>
#include <stdlib.h>

#define ARENA_BYTES_MAX ((size_t)256 << 20)
#define JSON_BYTES_MAX  ((size_t)64 << 20)
#define DEPTH_MAX       8u
#define FOLDERS_MAX     100u

struct s1_replay_execution {
    s1_arena arena;
    s1_strbuf json;
    s1_replay_execution_view view;
    char again[S1_PATH_MAX]; /* the folder of the second run */
    bool has_again;
};

static const char *kept(s1_replay_execution *e, s1_str text)
{
    const char *const copy = s1_arena_copy_cstr(&e->arena, text);
    return copy != NULL ? copy : "";
}

/* --- Comparing entries. ------------------------------------------------------------------- */

/* The first entry that is not the same in both journals. */
static s1_rc compare_entries(s1_replay_execution *e, s1_journal_reader *a, s1_journal_reader *b,
                             s1_err *err)
{
    for (;;) {
        const s1_journal_entry *left = NULL;
        const s1_journal_entry *right = NULL;
        S1_TRY(err, s1_journal_reader_next(a, &left, err));
        S1_TRY(err, s1_journal_reader_next(b, &right, err));
        e->view.entries += right != NULL ? 1 : 0;
        if (left == NULL && right == NULL) {
            return S1_OK;
        }
        if (e->view.seq != 0 ||
            (left != NULL && right != NULL && s1_str_eq(left->line, right->line))) {
            continue;
        }
        e->view.seq = left != NULL ? left->seq : right->seq;
        e->view.line = left != NULL ? left->line_number : right->line_number;
        e->view.recorded = left != NULL ? kept(e, left->line) : "";
        e->view.again = right != NULL ? kept(e, right->line) : "";
    }
}

static s1_rc compare_journals(s1_replay_execution *e, s1_err *err)
{
    s1_journal_reader *a = NULL;
    s1_journal_reader *b = NULL;
    s1_rc rc = s1_api_journal_open(e->view.dir, &a, err);
    if (rc == S1_OK) {
        rc = s1_api_journal_open(e->again, &b, err);
    }
    if (rc == S1_OK) {
        rc = compare_entries(e, a, b, err);
    }
    s1_journal_reader_free(a);
    s1_journal_reader_free(b);
    return rc;
}

/* --- Comparing files. --------------------------------------------------------------------- */

static s1_rc same_bytes(const char *a, const char *b, uint64_t *bytes, bool *ret_is_same,
                        s1_err *err)
{
    s1_strbuf left, right;
    const s1_fs *const fs = s1_fs_real();
    s1_strbuf_init(&left, SIZE_MAX / 4);
    s1_strbuf_init(&right, SIZE_MAX / 4);
    s1_rc rc = s1_fs_read_all(fs, a, SIZE_MAX / 4, &left, err);
    if (rc == S1_OK) {
        rc = s1_fs_read_all(fs, b, SIZE_MAX / 4, &right, err);
    }
    if (rc == S1_OK) {
        *ret_is_same = s1_str_eq(s1_strbuf_view(&left), s1_strbuf_view(&right));
        *bytes += left.len;
    }
    s1_strbuf_done(&left);
    s1_strbuf_done(&right);
    return rc;
}

/* run.json without what names the program: another build may make the same run. */
static json_t *run_without_program(const char *path)
{
    s1_strbuf text;
    s1_strbuf_init(&text, JSON_BYTES_MAX);
    json_t *root = NULL;
    if (s1_fs_read_all(s1_fs_real(), path, JSON_BYTES_MAX, &text, NULL) == S1_OK) {
        root = json_loadb(text.data, text.len, 0, NULL);
        (void)json_object_del(root, "binary_hash");
        (void)json_object_del(root, "plugins");
        (void)json_object_del(root, "version");
    }
    s1_strbuf_done(&text);
    return root;
}

static bool same_run(s1_replay_execution *e, const char *a, const char *b)
{
    json_t *const left = run_without_program(a);
    json_t *const right = run_without_program(b);
    const bool is_same = left != NULL && right != NULL && json_equal(left, right) != 0;
    json_decref(left);
    json_decref(right);
    if (is_same) {
        e->view.note = "run.json names another build of the program or of a plugin";
    }
    return is_same;
}

/* What the machine made, and what was made from the journal later. */
static bool is_left_out(const char *name)
{
    return strcmp(name, S1_RESULTS_LOG_FILE) == 0 ||
           strncmp(name, S1_RESULTS_JOURNAL_FILE ".idx",
                   sizeof S1_RESULTS_JOURNAL_FILE ".idx" - 1) == 0;
}

static void note_difference(s1_replay_execution *e, const char *name)
{
    if (e->view.differing_file[0] == '\0') {
        e->view.differing_file = kept(e, s1_str_of(name));
    }
    e->view.is_identical = false;
}

static s1_rc compare_tree(s1_replay_execution *e, const char *below, unsigned depth, s1_err *err);

/* A name that stands in the recorded folder. */
static s1_rc compare_name(s1_replay_execution *e, const char *name, unsigned depth, s1_err *err)
{
    const s1_fs *const fs = s1_fs_real();
    char a[S1_PATH_MAX], b[S1_PATH_MAX];
    S1_TRY(err, s1_path_join(a, sizeof a, s1_str_of(e->view.dir), s1_str_of(name), err));
    S1_TRY(err, s1_path_join(b, sizeof b, s1_str_of(e->again), s1_str_of(name), err));
    if (s1_fs_is_folder(fs, a)) {
        return compare_tree(e, name, depth + 1, err);
    }
    if (!s1_fs_is_file(fs, b)) {
        note_difference(e, name);
        return S1_OK;
    }
    bool is_same = false;
    S1_TRY(err, same_bytes(a, b, &e->view.bytes, &is_same, err));
    e->view.files++;
    if (!is_same && !(strcmp(name, S1_RESULTS_RUN_FILE) == 0 && same_run(e, a, b))) {
        note_difference(e, name);
    }
    return S1_OK;
}

static s1_rc compare_tree(s1_replay_execution *e, const char *below, unsigned depth, s1_err *err)
{
    char folder[S1_PATH_MAX], name[S1_PATH_MAX];
    s1_fs_list list = {0};
    if (depth > DEPTH_MAX) {
        return S1_RAISE(err, S1_E_DATA, "%s: folders lie deeper than %u", e->view.dir, DEPTH_MAX);
    }
    if (below[0] == '\0') {
        S1_TRY(err, s1_fs_list_names(s1_fs_real(), e->view.dir, &list, err));
    } else {
        S1_TRY(err,
               s1_path_join(folder, sizeof folder, s1_str_of(e->view.dir), s1_str_of(below), err));
        S1_TRY(err, s1_fs_list_names(s1_fs_real(), folder, &list, err));
    }
    s1_rc rc = S1_OK;
    for (size_t i = 0; i < list.count && rc == S1_OK; i++) {
        if (below[0] == '\0' && is_left_out(list.names[i])) {
            continue;
        }
        rc = below[0] == '\0'
                 ? S1_OK
                 : s1_path_join(name, sizeof name, s1_str_of(below), s1_str_of(list.names[i]), err);
        if (rc == S1_OK) {
            rc = compare_name(e, below[0] == '\0' ? list.names[i] : name, depth, err);
        }
    }
    s1_fs_list_done(&list);
    return rc;
}

static s1_rc compare_all(s1_replay_execution *e, s1_err *err)
{
    S1_TRY(err, compare_journals(e, err));
    e->view.is_identical = true;
    if (e->view.seq != 0) {
        note_difference(e, S1_RESULTS_JOURNAL_FILE);
    }
    return compare_tree(e, "", 0, err);
}

/* --- Running. ----------------------------------------------------------------------------- */

/* DIR.replay, or the first of DIR.replay-2, ... that is not there. */
static s1_rc choose_folder(s1_replay_execution *e, s1_err *err)
{
    const s1_fs *const fs = s1_fs_real();
    for (unsigned number = 1; number < FOLDERS_MAX; number++) {
        char suffix[16] = "";
        char partial[S1_PATH_MAX + 16];
        if (number > 1) {
            (void)snprintf(suffix, sizeof suffix, "-%u", number);
        }
        const int length = snprintf(e->again, sizeof e->again, "%s.replay%s", e->view.dir, suffix);
        if (length < 0 || (size_t)length >= sizeof e->again) {
            return S1_RAISE(err, S1_E_RANGE, "%s: the path is too long", e->view.dir);
        }
        (void)snprintf(partial, sizeof partial, "%s.partial", e->again);
        if (!s1_fs_exists(fs, e->again) && !s1_fs_exists(fs, partial)) {
            return S1_OK;
        }
    }
    return S1_RAISE(err, S1_E_EXISTS, "%s.replay and %u more are there; remove them", e->view.dir,
                    FOLDERS_MAX);
}

/* The word after `flag` in a recorded command; NULL if it is not there. */
static const char *word_after(s1_replay_execution *e, s1_str command, s1_str flag)
{
    s1_str word;
    bool is_next = false;
    for (bool is_done = false; s1_str_split(&command, ' ', &word, &is_done);) {
        if (is_next) {
            return kept(e, word);
        }
        is_next = s1_str_eq(word, flag);
    }
    return NULL;
}

static s1_rc run_again(s1_replay_execution *e, const s1_replay_execute_options *options,
                       const s1_results_view *results, s1_err *err)
{
    const s1_str command = s1_str_of(results->command);
    s1_backtest_options run = {.results_dir = e->again,
                               .overrides = options->overrides,
                               .override_count = options->override_count,
                               .on_progress = options->on_progress,
                               .user = options->user,
                               .is_stopping = options->is_stopping};
    if (options->config_dir == NULL) {
        run.rerun_dir = results->dir;
    } else {
        run.config_dir = options->config_dir;
        run.target = word_after(e, command, S1_STR("backtest"));
        run.from = word_after(e, command, S1_STR("--from"));
        run.to = word_after(e, command, S1_STR("--to"));
        run.has_seed = true;
        S1_TRY(err, s1_str_parse_u64(s1_str_of(results->seed), &run.seed, err));
    }
    s1_backtest_outcome *outcome = NULL;
    S1_TRY(err, s1_api_backtest(&run, &outcome, err));
    e->has_again = true;
    e->view.bars = s1_backtest_facts_borrow(outcome)->bars;
    s1_backtest_outcome_free(outcome);
    return S1_OK;
}

static void write_json(s1_replay_execution *e)
{
    const s1_replay_execution_view *const view = &e->view;
    s1_json_writer w;
    s1_json_init(&w, &e->json, 2);
    s1_json_object(&w);
    s1_json_key_lit(&w, "results");
    s1_json_cstr(&w, view->dir);
    s1_json_key_lit(&w, "is_identical");
    s1_json_bool(&w, view->is_identical);
    s1_json_key_lit(&w, "is_other_configuration");
    s1_json_bool(&w, view->is_other);
    s1_json_key_lit(&w, "bars");
    s1_json_u64(&w, view->bars);
    s1_json_key_lit(&w, "entries");
    s1_json_u64(&w, view->entries);
    s1_json_key_lit(&w, "files");
    s1_json_u64(&w, view->files);
    s1_json_key_lit(&w, "bytes");
    s1_json_u64(&w, view->bytes);
    if (!view->is_identical) {
        s1_json_key_lit(&w, "differing_file");
        s1_json_cstr(&w, view->differing_file);
    }
    if (view->seq != 0) {
        s1_json_key_lit(&w, "seq");
        s1_json_u64(&w, view->seq);
        s1_json_key_lit(&w, "line");
        s1_json_u64(&w, view->line);
        s1_json_key_lit(&w, "recorded");
        s1_json_cstr(&w, view->recorded);
        s1_json_key_lit(&w, "again");
        s1_json_cstr(&w, view->again);
    }
    s1_json_key_lit(&w, "note");
    s1_json_cstr(&w, view->note);
    s1_json_object_end(&w);
    e->view.json = s1_strbuf_cstr(&e->json);
}

static s1_rc execute(s1_replay_execution *e, const s1_replay_execute_options *options,
                     const s1_results_view *results, s1_err *err)
{
    e->view = (s1_replay_execution_view){.dir = kept(e, s1_str_of(results->dir)),
                                         .link = kept(e, s1_str_of(results->link)),
                                         .is_other = options->config_dir != NULL ||
                                                     options->override_count > 0,
                                         .differing_file = "",
                                         .recorded = "",
                                         .again = "",
                                         .note = ""};
    S1_TRY(err, choose_folder(e, err));
    S1_TRY(err, run_again(e, options, results, err));
    S1_TRY(err, compare_all(e, err));
    if (options->on_folder != NULL) {
        S1_TRY(err, options->on_folder(options->user, e->view.dir, e->again, err));
    }
    write_json(e);
    return s1_strbuf_check(&e->json, err);
}

s1_rc s1_api_replay_execute(const s1_replay_execute_options *options,
                            s1_replay_execution **ret_execution, s1_err *err)
{
    s1_results *results = NULL;
    S1_TRY(err, s1_api_results_open(options->results_dir, NULL, &results, err));
    s1_replay_execution *const e = calloc(1, sizeof *e);
    if (e == NULL) {
        s1_results_free(results);
        return S1_RAISE(err, S1_E_NO_MEMORY, "a replay");
    }
    s1_arena_init(&e->arena, ARENA_BYTES_MAX, 0);
    s1_strbuf_init(&e->json, JSON_BYTES_MAX);
    const uint64_t before = s1_json_memory_failures();
    s1_rc rc = execute(e, options, s1_results_view_borrow(results), err);
    rc = s1_json_memory_judge(before, rc, err);
    s1_results_free(results);
    if (e->has_again) {
        s1_err fault = S1_ERR_INIT;
        const s1_rc removed = s1_fs_remove_tree(s1_fs_real(), e->again, &fault);
        if (removed != S1_OK && rc == S1_OK) {
            rc = S1_RAISE(err, removed, "%s was not removed: %s", e->again, fault.msg);
        }
    }
    if (rc != S1_OK) {
        s1_replay_execution_free(e);
        return rc;
    }
    *ret_execution = e;
    return S1_OK;
}

const s1_replay_execution_view *s1_replay_execution_borrow(const s1_replay_execution *execution)
{
    return &execution->view;
}

void s1_replay_execution_free(s1_replay_execution *execution)
{
    if (execution != NULL) {
        s1_strbuf_done(&execution->json);
        s1_arena_done(&execution->arena);
        free(execution);
    }
}
