#include "services/api/migrate.h"

#include "backend/config/params.h"
#include "backend/config/tables.h"
#include "backend/utils/fs.h"
#include "services/api/migrate_internal.h"
#include "services/operators/run_preparer.h"

#include <stdlib.h>

#define ARENA_BYTES_MAX ((size_t)512 << 20)
#define FILE_BYTES_MAX  ((size_t)1 << 20)
#define OUT_BYTES_MAX   ((size_t)8 << 20)

struct s1_migrate_report {
    s1_arena arena;
    s1_faults faults; /* of the plugins */
    s1_plugin_registry *registry;
    s1_migrate_file *files;
    s1_str *texts; /* [count] of the new files */
    size_t count;
};

static const char *cstr(s1_migrate_report *r, s1_str text)
{
    const char *const copy = s1_arena_copy_cstr(&r->arena, text);
    return copy != NULL ? copy : "";
}

/* --- What the validator says. ----------------------------------------------------------------- */

static void take_faults(s1_migration *m, const s1_faults *faults)
{
    s1_strbuf text;
    s1_strbuf_init(&text, 1u << 16);
    for (uint32_t i = 0; i < faults->count; i++) {
        const s1_fault *const fault = &faults->items[i];
        s1_strbuf_clear(&text);
        s1_strbuf_printf(
            &text, "found %.*s, expected %.*s", fault->found.len > 0 ? (int)fault->found.len : 7,
            fault->found.len > 0 ? fault->found.ptr : "nothing", S1_STR_ARG(fault->expected));
        if (fault->hint.len > 0) {
            s1_strbuf_printf(&text, " (did you mean %.*s?)", S1_STR_ARG(fault->hint));
        }
        const char *const path = s1_migrate_format(m, "%.*s", S1_STR_ARG(fault->path));
        s1_migrate_tell(m, S1_MIGRATE_FAULT, NULL, path,
                        s1_migrate_format(m, "%s", s1_strbuf_cstr(&text)));
        m->entries[m->entry_count - 1].line = fault->source.line;
    }
    s1_strbuf_done(&text);
}

static void check_worker(s1_migration *m, const s1_worker_item *given, int32_t type,
                         s1_faults *faults)
{
    s1_worker_item *const item = s1_arena_one(m->arena, s1_worker_item);
    const s1_plugin *const plugin = s1_plugin_registry_find(m->registry, given->plugin);
    if (item == NULL || plugin == NULL || plugin->manifest == NULL) {
        const s1_str near = s1_plugin_registry_nearest(m->registry, given->plugin);
        s1_faults_addf(faults, S1_FAULT_REFERENCE, &given->source, "plugin",
                       s1_str_of(s1_migrate_format(m, "'%.*s'", S1_STR_ARG(given->plugin))),
                       near.len > 0 ? "a plugin there is (did you mean '%.*s'?)"
                                    : "a plugin there is%.*s",
                       S1_STR_ARG(near));
        return;
    }
    const s1_worker_plan *plan = NULL;
    *item = *given;
    item->worker_type = type;
    s1_worker_plan_resolve(item, plugin->manifest, m->arena, faults, &plan);
}

static void check_workforce(s1_migration *m, const s1_workforce_config *workforce,
                            s1_faults *faults)
{
#define CHECK(list, type)                                                                          \
    for (uint32_t i = 0; i < (list).count; i++) {                                                  \
        check_worker(m, &(list).items[i], type, faults);                                           \
    }
    CHECK(workforce->context_workers, S1_WORKER_CONTEXT)
    CHECK(workforce->opportunity_workers, S1_WORKER_OPPORTUNITY)
    CHECK(workforce->threat_workers, S1_WORKER_THREAT)
    CHECK(workforce->planning_workers.entry_planning, S1_WORKER_PLANNING)
    CHECK(workforce->planning_workers.exit_planning, S1_WORKER_PLANNING)
    CHECK(workforce->planning_workers.size_planning, S1_WORKER_PLANNING)
    CHECK(workforce->planning_workers.order_routing, S1_WORKER_PLANNING)
    CHECK(workforce->execution_workers.trade_initiation, S1_WORKER_EXECUTION)
    CHECK(workforce->execution_workers.position_management, S1_WORKER_EXECUTION)
    CHECK(workforce->execution_workers.risk_safety, S1_WORKER_EXECUTION)
    CHECK(workforce->execution_workers.operational, S1_WORKER_EXECUTION)
#undef CHECK
}

/* Reads the new file as the product will. */
static void validate(s1_migration *m, s1_str text, const char *path, bool is_operation)
{
    s1_faults faults;
    s1_yaml_node *root = NULL;
    const s1_yaml_options options = {.file = s1_str_of(path)};
    s1_faults_init(&faults, m->arena, 0);
    s1_yaml_parse(text, &options, m->arena, &faults, &root);
    if (is_operation) {
        s1_operation_config operation;
        memset(&operation, 0, sizeof operation);
        s1_schema_read(&s1_operation_schema, root, &operation, m->arena, &faults);
    } else {
        s1_blueprint blueprint;
        memset(&blueprint, 0, sizeof blueprint);
        s1_schema_read(&s1_blueprint_schema, root, &blueprint, m->arena, &faults);
        if (m->registry != NULL) {
            check_workforce(m, &blueprint.workforce, &faults);
        }
    }
    take_faults(m, &faults);
}

/* --- One file. -------------------------------------------------------------------------------- */

static int by_line(const void *a, const void *b)
{
    const s1_migrate_entry *const x = a;
    const s1_migrate_entry *const y = b;
    const bool x_last = x->what == S1_MIGRATE_FAULT || x->line == 0;
    const bool y_last = y->what == S1_MIGRATE_FAULT || y->line == 0;
    if (x_last != y_last) {
        return x_last - y_last;
    }
    if (x->what != y->what && x_last) {
        return x->what < y->what ? -1 : 1;
    }
    return x->line != y->line ? (x->line < y->line ? -1 : 1) : strcmp(x->from, y->from);
}

/* The new file's text: where it comes from, the tree, and as comments what has no place in it. */
static s1_str print_file(s1_migration *m, const s1_yaml_node *tree, const char *from)
{
    s1_strbuf text;
    s1_strbuf_init(&text, OUT_BYTES_MAX);
    s1_strbuf_printf(&text, "# Written by `s1mpletrader migrate` from %s.\n", from);
    s1_yaml_print(tree, &text);
    bool is_first = true;
    for (size_t i = 0; i < m->entry_count; i++) {
        const s1_migrate_entry *const entry = &m->entries[i];
        if (entry->what == S1_MIGRATE_LEFT_OUT) {
            s1_strbuf old;
            s1_str line;
            s1_strbuf_init(&old, OUT_BYTES_MAX);
            s1_strbuf_cstr_add(&text, is_first ? "\n# Left out, with the line it stood in:\n" : "");
            s1_strbuf_printf(&text, "#   %u: %s: %s\n", entry->line, entry->from, entry->why);
            s1_yaml_print(m->told[i], &old);
            s1_str rest = s1_str_trim(s1_strbuf_view(&old));
            for (bool is_done = false; s1_str_split(&rest, '\n', &line, &is_done);) {
                s1_strbuf_printf(&text, "#      %.*s\n", S1_STR_ARG(line));
            }
            s1_strbuf_done(&old);
            is_first = false;
        }
    }
    const s1_str copy = s1_arena_copy_str(m->arena, s1_strbuf_view(&text));
    m->has_failed |= text.has_failed || copy.ptr == NULL;
    s1_strbuf_done(&text);
    return copy;
}

static s1_rc read_old(s1_migrate_report *r, const char *path, s1_yaml_node **ret_root, s1_err *err)
{
    s1_strbuf text;
    s1_faults faults;
    const s1_yaml_options options = {.file = s1_str_of(path)};
    s1_strbuf_init(&text, FILE_BYTES_MAX);
    s1_faults_init(&faults, &r->arena, 0);
    s1_rc rc = s1_fs_read_all(s1_fs_real(), path, FILE_BYTES_MAX, &text, err);
    if (rc == S1_OK) {
        const s1_str copy = s1_arena_copy_str(&r->arena, s1_strbuf_view(&text));
        s1_yaml_parse(copy, &options, &r->arena, &faults, ret_root);
        if (s1_faults_check(&faults, err) != S1_OK) {
            rc = err != NULL ? (err->code = S1_E_DATA) : S1_E_DATA;
        }
    }
    s1_strbuf_done(&text);
    return rc;
}

static s1_str stem_of(const char *path)
{
    const s1_str base = s1_str_basename(s1_str_of(path));
    const size_t dot = s1_str_rfind_byte(base, '.');
    return s1_str_slice(base, 0, dot == S1_STR_NPOS ? base.len : dot);
}

static s1_rc migrate_one(s1_migrate_report *r, const s1_migrate_options *options, size_t index,
                         s1_err *err)
{
    s1_migrate_file *const file = &r->files[index];
    const char *const from = options->files[index];
    s1_yaml_node *root = NULL;
    char to[S1_PATH_MAX];
    S1_TRY(err, read_old(r, from, &root, err));
    const enum s1_legacy_form form = s1_legacy_form_of(root);
    const bool is_operation = form == S1_LEGACY_PORTFOLIO;
    if (form == S1_LEGACY_NONE) {
        return S1_RAISE(
            err, S1_E_INVALID,
            "'%s': expected a portfolio (strategies), a V2 run blueprint (taskboard) "
            "or a V2 blueprint (analysis_workers, monitor_workers); nothing was written",
            from);
    }
    s1_migration m = {
        .arena = &r->arena,
        .registry = r->registry,
        .id = stem_of(from),
        .entries = s1_arena_array(&r->arena, s1_migrate_entry, S1_MIGRATE_ENTRIES_MAX),
        .told = s1_arena_array(&r->arena, const s1_yaml_node *, S1_MIGRATE_ENTRIES_MAX)};
    if (m.entries == NULL || m.told == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "migrate");
    }
    const s1_yaml_node *const tree =
        is_operation ? s1_migrate_portfolio(&m, root) : s1_migrate_blueprint(&m, root);
    s1_migrate_tell_rest(&m, root);
    const int length =
        is_operation
            ? snprintf(to, sizeof to, "%s/operation.yaml", options->output_dir)
            : snprintf(to, sizeof to, "%s/runs/%.*s.yaml", options->output_dir, S1_STR_ARG(m.id));
    if (tree != NULL && !m.has_failed) {
        r->texts[index] = print_file(&m, tree, from);
        validate(&m, r->texts[index], to, is_operation);
    }
    if (m.has_failed || length < 0 || (size_t)length >= sizeof to) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "'%s': more than %u entries, or a path too long", from,
                        S1_MIGRATE_ENTRIES_MAX);
    }
    qsort(m.entries, m.entry_count, sizeof *m.entries, by_line);
    *file = (s1_migrate_file){.from = cstr(r, s1_str_of(from)),
                              .to = cstr(r, s1_str_of(to)),
                              .form = s1_legacy_form_text(form),
                              .entries = m.entries,
                              .entry_count = m.entry_count};
    for (size_t i = 0; i < m.entry_count; i++) {
        file->left_out_count += m.entries[i].what == S1_MIGRATE_LEFT_OUT;
        file->fault_count += m.entries[i].what == S1_MIGRATE_FAULT;
    }
    return S1_OK;
}

/* --- Writing. --------------------------------------------------------------------------------- */

static s1_rc check_places(const s1_migrate_report *r, s1_err *err)
{
    for (size_t i = 0; i < r->count; i++) {
        if (s1_fs_exists(s1_fs_real(), r->files[i].to)) {
            return S1_RAISE(err, S1_E_EXISTS,
                            "'%s': the file is there, expected none; nothing was written",
                            r->files[i].to);
        }
        for (size_t k = 0; k < i; k++) {
            if (strcmp(r->files[i].to, r->files[k].to) == 0) {
                return S1_RAISE(err, S1_E_EXISTS,
                                "'%s' and '%s' would both be '%s'; nothing was written",
                                r->files[k].from, r->files[i].from, r->files[i].to);
            }
        }
    }
    return S1_OK;
}

static s1_rc write_one(const s1_migrate_report *r, size_t index, s1_err *err)
{
    const s1_str folder = s1_str_dirname(s1_str_of(r->files[index].to));
    char path[S1_PATH_MAX];
    (void)snprintf(path, sizeof path, "%.*s", S1_STR_ARG(folder));
    S1_TRY(err, s1_fs_mkdir_all(s1_fs_real(), path, err));
    return s1_fs_write_file(s1_fs_real(), r->files[index].to, r->texts[index], err);
}

static s1_rc write_all(const s1_migrate_report *r, s1_err *err)
{
    S1_TRY(err, check_places(r, err));
    for (size_t i = 0; i < r->count; i++) {
        const s1_rc rc = write_one(r, i, err);
        for (size_t k = 0; rc != S1_OK && k <= i; k++) { /* the first error counts */
            const s1_rc ignored = s1_fs_remove_tree(s1_fs_real(), r->files[k].to, NULL);
            (void)ignored;
        }
        S1_TRY(err, rc);
    }
    return S1_OK;
}

/* Without plugins beside the program the blueprints are checked by their form alone. */
static void open_plugins(s1_migrate_report *r, const char *stated)
{
    char path[S1_PATH_MAX];
    if (stated == NULL && s1_plugin_root(s1_fs_real(), (s1_str){NULL, 0}, path, NULL) != S1_OK) {
        return;
    }
    const s1_str root = s1_str_of(stated != NULL ? stated : cstr(r, s1_str_of(path)));
    const s1_plugin_registry_options options = {
        .fs = s1_fs_real(), .roots = &root, .root_count = 1};
    s1_faults_init(&r->faults, &r->arena, 0);
    if (s1_plugin_registry_new(&options, &r->faults, &r->registry, NULL) != S1_OK) {
        r->registry = NULL;
    }
}

s1_rc s1_api_migrate(const s1_migrate_options *options, s1_migrate_report **ret_report, s1_err *err)
{
    s1_migrate_report *const r = calloc(1, sizeof *r);
    if (r == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "migrate");
    }
    s1_arena_init(&r->arena, ARENA_BYTES_MAX, 0);
    r->count = options->file_count;
    r->files = s1_arena_array(&r->arena, s1_migrate_file, r->count + 1);
    r->texts = s1_arena_array(&r->arena, s1_str, r->count + 1);
    s1_rc rc = r->files != NULL && r->texts != NULL
                   ? S1_OK
                   : S1_RAISE(err, S1_E_NO_MEMORY, "%zu files", r->count);
    if (rc == S1_OK) {
        open_plugins(r, options->plugins_dir);
    }
    for (size_t i = 0; i < r->count && rc == S1_OK; i++) {
        rc = migrate_one(r, options, i, err);
    }
    if (rc == S1_OK) {
        rc = write_all(r, err);
    }
    if (rc != S1_OK) {
        s1_migrate_report_free(r);
        return rc;
    }
    *ret_report = r;
    return S1_OK;
}

const s1_migrate_file *s1_migrate_files(const s1_migrate_report *report, size_t *ret_count)
{
    *ret_count = report->count;
    return report->files;
}

const char *s1_migrate_what_text(int32_t what)
{
    switch (what) {
    case S1_MIGRATE_MAPPED:
        return "mapped";
    case S1_MIGRATE_ADDED:
        return "added";
    case S1_MIGRATE_LEFT_OUT:
        return "left out";
    default:
        return "fault";
    }
}

void s1_migrate_report_free(s1_migrate_report *report)
{
    if (report != NULL) {
        s1_plugin_registry_free(report->registry);
        s1_arena_done(&report->arena);
        free(report);
    }
}
