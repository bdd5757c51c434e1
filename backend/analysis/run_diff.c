#include "backend/analysis/run_diff.h"

#include "backend/analysis/explain_internal.h"
#include "backend/analysis/json_diff.h"
#include "backend/utils/json_memory.h"
#include "backend/utils/timefmt.h"

#include <stdlib.h>
#include <string.h>

#define MOMENT_ENTRIES_MAX 256u /* of one run at the moment of parting that are compared */
#define VALUES_SHOWN       12u
#define CAUSES_SHOWN       20u
#define PATH_BYTES_MAX     ((size_t)1 << 16)
#define SUM_BYTES_MAX      4096u

/* Entries of one run at the moment of parting, copied. */
typedef struct moment {
    s1_journal_entry *items; /* [count] */
    size_t count;
} moment;

typedef struct walker {
    const s1_run_side *sides;
    s1_arena *arena;
    s1_journal_entry finished[2]; /* RUN_FINISHED; kind 0: none */
    s1_journal_entry valued[2];   /* the first that decide the same on other values; 0: none */
    uint64_t common;
} walker;

/* --- Reading side by side. ------------------------------------------------------------------ */

/* The entry with its line in the arena: readers lend theirs for one call. */
static s1_rc copy_entry(s1_arena *arena, const s1_journal_entry *entry, s1_journal_entry *ret_copy,
                        s1_err *err)
{
    const s1_str line = s1_arena_copy_str(arena, entry->line);
    if (line.ptr == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "entries of two journals do not fit their arena");
    }
    const int32_t fault = s1_journal_entry_parse(line, ret_copy);
    if (fault != S1_JOURNAL_FAULT_NONE) {
        return S1_RAISE(err, S1_E_DATA, "line %llu: %s", (unsigned long long)entry->line_number,
                        s1_journal_fault_text(fault));
    }
    return S1_OK;
}

/* The next entry that tells of a decision: RUN_STARTED says what the run is, not what it did. */
static s1_rc next_entry(walker *w, size_t side, const s1_journal_entry **ret_entry, s1_err *err)
{
    do {
        S1_TRY(err, s1_journal_reader_next(w->sides[side].reader, ret_entry, err));
    } while (*ret_entry != NULL && (*ret_entry)->kind == S1_JOURNAL_RUN_STARTED);
    if (*ret_entry != NULL && (*ret_entry)->kind == S1_JOURNAL_RUN_FINISHED) {
        S1_TRY(err, copy_entry(w->arena, *ret_entry, &w->finished[side], err));
    }
    return S1_OK;
}

static bool is_id(s1_str path)
{
    return path.len >= 3 && memcmp(path.ptr + path.len - 3, "_id", 3) == 0;
}

/* How two entries compare, ids aside. */
enum likeness { ANOTHER, SAME_DECISION, SAME };

/* What an entry decided on, not what it decided. */
static bool is_value(s1_str path)
{
    static const char *const values[] = {"context",
                                         "conditions",
                                         "metadata",
                                         "score",
                                         "price",
                                         "details",
                                         "checks",
                                         "rejection_reason.limit",
                                         "rejection_reason.actual"};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        const s1_str value = s1_str_of(values[i]);
        if (s1_str_starts_with(path, value) &&
            (path.len == value.len || path.ptr[value.len] == '.' || path.ptr[value.len] == '[')) {
            return true;
        }
    }
    return false;
}

typedef struct comparison {
    bool is_valuable; /* values are told from decisions in this kind */
    enum likeness likeness;
} comparison;

static void note_difference(void *user, s1_str path, const json_t *a, const json_t *b)
{
    comparison *const c = user;
    (void)a;
    (void)b;
    if (is_id(path)) {
        return;
    }
    if (!c->is_valuable || !is_value(path)) {
        c->likeness = ANOTHER;
    } else if (c->likeness == SAME) {
        c->likeness = SAME_DECISION;
    }
}

static s1_rc compare_details(const s1_journal_entry *a, const s1_journal_entry *b,
                             enum likeness *ret_likeness, s1_err *err)
{
    s1_journal_details_view views[2] = {{NULL}, {NULL}};
    s1_strbuf path;
    S1_TRY(err, s1_journal_details_init(&views[0], a, err));
    const s1_rc rc = s1_journal_details_init(&views[1], b, err);
    if (rc == S1_OK) {
        /* The price of a fill is what happened; that of an opportunity is what was seen. */
        comparison c = {.is_valuable = (a->ids_present >> S1_JOURNAL_ID_ORDER & 1u) == 0,
                        .likeness = SAME};
        s1_strbuf_init(&path, PATH_BYTES_MAX);
        s1_json_diff(views[0].root, views[1].root, &path, note_difference, &c);
        s1_strbuf_done(&path);
        *ret_likeness = c.likeness;
    }
    s1_journal_details_done(&views[0]);
    s1_journal_details_done(&views[1]);
    return rc;
}

static s1_rc compare(const s1_journal_entry *a, const s1_journal_entry *b,
                     enum likeness *ret_likeness, s1_err *err)
{
    const bool is_alike = a->kind == b->kind && a->time == b->time &&
                          a->ids_present == b->ids_present && s1_str_eq(a->worker, b->worker);
    *ret_likeness = is_alike ? SAME : ANOTHER;
    return is_alike && !s1_str_eq(a->details, b->details) ? compare_details(a, b, ret_likeness, err)
                                                          : S1_OK;
}

/* Collects the entries of one run at `time`, from `first` on, and reads the rest for its end. */
static s1_rc read_moment(walker *w, size_t side, const s1_journal_entry *first, s1_nanos time,
                         moment *m, s1_err *err)
{
    m->items = s1_arena_array(w->arena, s1_journal_entry, MOMENT_ENTRIES_MAX);
    if (m->items == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "entries of two journals do not fit their arena");
    }
    for (const s1_journal_entry *entry = first; entry != NULL;) {
        if (entry->time == time && m->count < MOMENT_ENTRIES_MAX) {
            S1_TRY(err, copy_entry(w->arena, entry, &m->items[m->count], err));
            m->count++;
        }
        S1_TRY(err, next_entry(w, side, &entry, err));
    }
    return S1_OK;
}

static s1_rc has_entry(const moment *m, const s1_journal_entry *entry, bool *ret_has, s1_err *err)
{
    *ret_has = false;
    for (size_t i = 0; i < m->count && !*ret_has; i++) {
        enum likeness likeness;
        S1_TRY(err, compare(&m->items[i], entry, &likeness, err));
        *ret_has = likeness != ANOTHER;
    }
    return S1_OK;
}

/* Which of the two decided something the other did not, at the moment they part. */
static s1_rc judge(const moment moments[static 2], int32_t *ret_parting, s1_err *err)
{
    bool a_has = false;
    bool b_has = false;
    if (moments[0].count > 0 && moments[1].count > 0) {
        S1_TRY(err, has_entry(&moments[0], &moments[1].items[0], &a_has, err));
        S1_TRY(err, has_entry(&moments[1], &moments[0].items[0], &b_has, err));
    }
    if (moments[1].count == 0 || (a_has && !b_has)) {
        *ret_parting = S1_RUN_ONLY_A;
    } else if (moments[0].count == 0 || (b_has && !a_has)) {
        *ret_parting = S1_RUN_ONLY_B;
    } else {
        *ret_parting = S1_RUN_OTHERWISE;
    }
    return S1_OK;
}

static s1_rc walk(walker *w, moment moments[static 2], int32_t *ret_parting, s1_err *err)
{
    const s1_journal_entry *entries[2];
    s1_journal_reader_rewind(w->sides[0].reader);
    s1_journal_reader_rewind(w->sides[1].reader);
    for (;;) {
        S1_TRY(err, next_entry(w, 0, &entries[0], err));
        S1_TRY(err, next_entry(w, 1, &entries[1], err));
        if (entries[0] == NULL && entries[1] == NULL) {
            *ret_parting = S1_RUN_SAME;
            return S1_OK;
        }
        enum likeness likeness = ANOTHER;
        if (entries[0] != NULL && entries[1] != NULL) {
            S1_TRY(err, compare(entries[0], entries[1], &likeness, err));
        }
        if (likeness == ANOTHER) {
            break;
        }
        if (likeness == SAME_DECISION && w->valued[0].kind == 0) {
            S1_TRY(err, copy_entry(w->arena, entries[0], &w->valued[0], err));
            S1_TRY(err, copy_entry(w->arena, entries[1], &w->valued[1], err));
        }
        w->common++;
    }
    const bool is_a =
        entries[1] == NULL || (entries[0] != NULL && entries[0]->time <= entries[1]->time);
    const s1_nanos time = entries[is_a ? 0 : 1]->time;
    S1_TRY(err, read_moment(w, 0, entries[0], time, &moments[0], err));
    S1_TRY(err, read_moment(w, 1, entries[1], time, &moments[1], err));
    return judge(moments, ret_parting, err);
}

/* --- Telling where. ------------------------------------------------------------------------- */

typedef struct teller {
    s1_explain_builder builder;
    const s1_run_side *sides;
    s1_explain_node *parent; /* of the differences being told */
    const char *kind;        /* of their nodes */
    const char *label;       /* in front of the path, as people read it */
    const char *first;       /* a path that holds this is told, others not; NULL: all */
    bool is_rest;            /* then: those that do not hold it */
    uint64_t told, found;
    uint64_t shown_max;
} teller;

static void dump(teller *t, const json_t *value)
{
    if (value == NULL) {
        s1_explain_word(&t->builder, "explain.none");
    } else {
        s1_explain_value(&t->builder.text, value);
    }
}

static const char *words(const teller *t, const char *key)
{
    return s1_locale_cstr(t->builder.locale, key);
}

static s1_explain_node *tell_entry_line(teller *t, s1_explain_node *parent,
                                        const s1_journal_entry *entry,
                                        const s1_journal_details_view *details)
{
    s1_explain_builder *const b = &t->builder;
    switch (entry->kind) {
    case S1_JOURNAL_OPPORTUNITY_DETECTED:
        return s1_explain_opportunity(b, parent, entry, details);
    case S1_JOURNAL_THREAT_DETECTED:
    case S1_JOURNAL_THREAT_UPDATED:
    case S1_JOURNAL_THREAT_CLEARED:
        return s1_explain_threat(b, parent, entry, details);
    case S1_JOURNAL_PLAN_CREATED:
        return s1_explain_plan(b, parent, entry, details);
    case S1_JOURNAL_OPPORTUNITY_APPROVED:
    case S1_JOURNAL_OPPORTUNITY_REJECTED:
        return s1_explain_verdict(b, parent, entry, details);
    case S1_JOURNAL_ORDER_SUBMITTED:
        return s1_explain_order(b, parent, entry, details);
    default:
        return entry->ids_present >> S1_JOURNAL_ID_ORDER & 1u
                   ? s1_explain_order_event(b, parent, entry, details)
                   : s1_explain_step(b, parent, entry, details);
    }
}

/* "A decided" with the entry below. */
static s1_rc tell_side(teller *t, s1_explain_node *root, size_t side, const s1_journal_entry *entry,
                       s1_err *err)
{
    s1_journal_details_view details = {NULL};
    S1_TRY(err, s1_journal_details_init(&details, entry, err));
    s1_strbuf_printf(&t->builder.text, "%s: %.*s", t->sides[side].name, S1_STR_ARG(entry->type));
    s1_explain_node *const node = s1_explain_add(&t->builder, root, "side");
    node->time = entry->time;
    (void)tell_entry_line(t, node, entry, &details);
    s1_journal_details_done(&details);
    return S1_OK;
}

static void tell_difference(void *user, s1_str path, const json_t *a, const json_t *b)
{
    teller *const t = user;
    if (is_id(path)) {
        return;
    }
    if (t->first != NULL) {
        char wanted[128];
        (void)snprintf(wanted, sizeof wanted, "[%s]", t->first);
        const s1_str name = s1_str_of(wanted);
        bool has = false;
        for (size_t i = 0; i + name.len <= path.len && !has; i++) {
            has = memcmp(path.ptr + i, name.ptr, name.len) == 0;
        }
        if (has == t->is_rest) {
            return;
        }
    }
    t->found++;
    if (t->told == t->shown_max) {
        return;
    }
    t->told++;
    s1_strbuf *const text = &t->builder.text;
    s1_strbuf_cstr_add(text, t->label);
    s1_strbuf_str(text, path);
    s1_strbuf_printf(text, ": %s ", t->sides[0].name);
    dump(t, a);
    s1_strbuf_printf(text, ", %s ", t->sides[1].name);
    dump(t, b);
    (void)s1_explain_add(&t->builder, t->parent, t->kind);
}

static void tell_differences(teller *t, s1_explain_node *parent, const char *kind,
                             const char *label, const json_t *a, const json_t *b)
{
    s1_strbuf path;
    s1_strbuf_init(&path, PATH_BYTES_MAX);
    t->parent = parent;
    t->kind = kind;
    t->label = label;
    s1_json_diff(a, b, &path, tell_difference, t);
    s1_strbuf_done(&path);
}

static void begin_list(teller *t, uint64_t shown_max)
{
    t->told = 0;
    t->found = 0;
    t->shown_max = shown_max;
    t->first = NULL;
    t->is_rest = false;
}

static void end_list(teller *t, s1_explain_node *parent)
{
    if (t->found > t->told) {
        s1_explain_digits count;
        S1_EXPLAIN_SAY(&t->builder, "explain.diff_more", NULL,
                       S1_SAY_TEXT("count", s1_explain_count(t->found - t->told, &count)));
        s1_explain_add(&t->builder, parent, "more")->count = t->found - t->told;
    }
}

/* The members in which two entries differ, below `parent`. */
static s1_rc tell_members(teller *t, s1_explain_node *parent, const s1_journal_entry *a,
                          const s1_journal_entry *b, s1_err *err)
{
    s1_journal_details_view views[2] = {{NULL}, {NULL}};
    S1_TRY(err, s1_journal_details_init(&views[0], a, err));
    const s1_rc rc = s1_journal_details_init(&views[1], b, err);
    if (rc == S1_OK) {
        begin_list(t, VALUES_SHOWN);
        tell_differences(t, parent, "value", "", views[0].root, views[1].root);
        end_list(t, parent);
    }
    s1_journal_details_done(&views[0]);
    s1_journal_details_done(&views[1]);
    return rc;
}

static s1_rc tell_otherwise(teller *t, s1_explain_node *root, const s1_journal_entry *a,
                            const s1_journal_entry *b, s1_err *err)
{
    S1_TRY(err, tell_side(t, root, 0, a, err));
    S1_TRY(err, tell_side(t, root, 1, b, err));
    if (a->kind != b->kind) {
        return S1_OK;
    }
    s1_explain_word(&t->builder, "explain.diff_members");
    return tell_members(t, s1_explain_add(&t->builder, root, "values"), a, b, err);
}

/* Before they part, runs may decide the same on other values: that is where it begins. */
static s1_rc tell_valued(teller *t, s1_explain_node *root, const s1_journal_entry valued[static 2],
                         s1_err *err)
{
    if (valued[0].kind == 0) {
        return S1_OK;
    }
    S1_EXPLAIN_SAY(&t->builder, "explain.diff_values", NULL, S1_SAY_TEXT("type", valued[0].type),
                   S1_SAY_WORDS("worker", "explain.part_of", valued[0].worker));
    s1_explain_node *const node = s1_explain_add(&t->builder, root, "values");
    node->time = valued[0].time;
    return tell_members(t, node, &valued[0], &valued[1], err);
}

/* One run decided, the other did not. */
static s1_rc tell_only(teller *t, s1_run_difference *difference, const s1_journal_entry *entry,
                       s1_err *err)
{
    const size_t side = difference->parting == S1_RUN_ONLY_A ? 0 : 1;
    S1_TRY(err, tell_side(t, difference->root, side, entry, err));
    S1_EXPLAIN_SAY(&t->builder, "explain.diff_nothing", NULL,
                   S1_SAY_TEXT("side", s1_str_of(t->sides[1 - side].name)));
    difference->other = s1_explain_add(&t->builder, difference->root, "side");
    s1_journal_details_view details = {NULL};
    S1_TRY(err, s1_journal_details_init(&details, entry, err));
    char *const context = json_dumps(s1_journal_details_at(&details, "context"), JSON_COMPACT);
    if (context != NULL) {
        difference->context = s1_arena_copy_cstr(t->builder.arena, s1_str_of(context));
    }
    s1_json_text_free(context);
    s1_journal_details_done(&details);
    return S1_OK;
}

/* --- Telling why. --------------------------------------------------------------------------- */

static bool is_other(const s1_run_side sides[static 2], const char *fact)
{
    const json_t *const a = json_object_get(sides[0].run, fact);
    const json_t *const b = json_object_get(sides[1].run, fact);
    return a != b && (a == NULL || b == NULL || !json_equal(a, b));
}

/* A fact of run.json that differs. */
static void tell_fact(teller *t, s1_explain_node *parent, const char *fact, const char *key)
{
    if (!is_other(t->sides, fact)) {
        return;
    }
    s1_explain_word(&t->builder, key);
    for (size_t i = 0; i < 2; i++) {
        const json_t *const value = json_object_get(t->sides[i].run, fact);
        const char *const text = json_string_value(value);
        s1_strbuf_printf(&t->builder.text, "%s%s ", i > 0 ? ", " : ": ", t->sides[i].name);
        if (text != NULL && strlen(text) == 64) {
            s1_strbuf_printf(&t->builder.text, "sha256 %.12s", text);
        } else {
            dump(t, value);
        }
    }
    (void)s1_explain_add(&t->builder, parent, "cause");
    t->found++;
}

/* The configuration's differences, those of the worker that decided first. */
static void tell_config(teller *t, s1_explain_node *parent, const char *worker)
{
    const json_t *const a = t->sides[0].config;
    const json_t *const b = t->sides[1].config;
    const uint64_t before = t->found;
    t->shown_max = t->told + CAUSES_SHOWN;
    if (a == NULL || b == NULL) {
        tell_fact(t, parent, "config_hash", "explain.diff_config_hash");
        return;
    }
    if (worker[0] != '\0') {
        t->first = worker;
        tell_differences(t, parent, "cause", words(t, "explain.diff_config_worker"), a, b);
        t->is_rest = true;
    }
    tell_differences(t, parent, "cause", words(t, "explain.diff_config"), a, b);
    t->first = NULL;
    const uint64_t told = t->found - before < CAUSES_SHOWN ? t->found - before : CAUSES_SHOWN;
    if (t->found - before > told) {
        s1_explain_digits count;
        S1_EXPLAIN_SAY(&t->builder, "explain.diff_more_config", NULL,
                       S1_SAY_TEXT("count", s1_explain_count(t->found - before - told, &count)));
        (void)s1_explain_add(&t->builder, parent, "more");
    }
}

static void tell_plugins(teller *t, s1_explain_node *parent)
{
    const json_t *const a = json_object_get(t->sides[0].run, "plugins");
    const json_t *const b = json_object_get(t->sides[1].run, "plugins");
    for (size_t i = 0; i < json_array_size(a); i++) {
        const json_t *const plugin = json_array_get(a, i);
        const char *const name = json_string_value(json_object_get(plugin, "name"));
        bool is_told = false;
        for (size_t k = 0; k < json_array_size(b) && name != NULL && !is_told; k++) {
            const json_t *const other = json_array_get(b, k);
            const char *const other_name = json_string_value(json_object_get(other, "name"));
            if (other_name == NULL || strcmp(name, other_name) != 0) {
                continue;
            }
            is_told = true;
            if (!json_equal(json_object_get(plugin, "sha256"), json_object_get(other, "sha256"))) {
                S1_EXPLAIN_SAY(&t->builder, "explain.diff_plugin", NULL,
                               S1_SAY_TEXT("plugin", s1_str_of(name)));
                (void)s1_explain_add(&t->builder, parent, "cause");
                t->found++;
            }
        }
    }
}

static void tell_causes(teller *t, const s1_run_difference *difference)
{
    const bool is_same_run = difference->parting == S1_RUN_SAME;
    s1_explain_word(&t->builder, is_same_run ? "explain.although" : "explain.because");
    s1_explain_node *const node = s1_explain_add(&t->builder, difference->root, "causes");
    begin_list(t, CAUSES_SHOWN);
    tell_config(t, node, difference->worker);
    tell_fact(t, node, "data_hash", "explain.diff_data");
    tell_plugins(t, node);
    tell_fact(t, node, "binary_hash", "explain.diff_program");
    tell_fact(t, node, "seed", "explain.diff_seed");
    if (t->found > 0) {
        return;
    }
    s1_explain_word(&t->builder,
                    is_same_run ? "explain.diff_no_cause_same" : "explain.diff_no_cause");
    (void)s1_explain_add(&t->builder, node, "cause");
}

/* One sum of both runs: rounded in the line, exact in the details. */
static s1_explain_node *tell_sum(teller *t, s1_explain_node *parent,
                                 const s1_journal_details_view *views, const char *member,
                                 const char *key)
{
    s1_strbuf cells[2];
    s1_strbuf json;
    s1_json_writer writer;
    s1_strbuf_init(&json, SUM_BYTES_MAX);
    s1_json_init(&writer, &json, 0);
    s1_json_object(&writer);
    s1_json_key_lit(&writer, "name");
    s1_json_cstr(&writer, member);
    for (size_t i = 0; i < 2; i++) {
        const json_t *const value = s1_journal_details_at(&views[i], member);
        char *const exact = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        s1_json_key(&writer, i == 0 ? S1_STR("a") : S1_STR("b"));
        s1_json_raw(&writer, s1_str_of(exact != NULL ? exact : "null"));
        s1_json_text_free(exact);
        s1_strbuf_init(&cells[i], SUM_BYTES_MAX);
        s1_explain_member(&cells[i], &views[i], member);
    }
    s1_json_object_end(&writer);
    const bool is_equal = json_equal(s1_journal_details_at(&views[0], member),
                                     s1_journal_details_at(&views[1], member)) != 0;
    s1_strbuf_printf(&t->builder.text, "%-13s %18s %18s%s", words(t, key),
                     s1_strbuf_cstr(&cells[0]), s1_strbuf_cstr(&cells[1]), is_equal ? "" : "  *");
    s1_explain_node *const line = s1_explain_add(&t->builder, parent, "sum");
    s1_explain_set_details(&t->builder, line, &json);
    s1_strbuf_done(&json);
    s1_strbuf_done(&cells[0]);
    s1_strbuf_done(&cells[1]);
    return line;
}

static s1_rc tell_sums(teller *t, s1_explain_node *root, const s1_journal_entry finished[static 2],
                       s1_err *err)
{
    static const struct {
        const char *member, *key;
        int32_t mark;
    } sums[] = {
        {"ticks", "explain.sum_ticks", S1_EXPLAIN_PLAIN},
        {"opportunities", "explain.sum_opportunities", S1_EXPLAIN_PLAIN},
        {"approved", "explain.sum_approved", S1_EXPLAIN_GOOD},
        {"rejected", "explain.sum_rejected", S1_EXPLAIN_BAD},
        {"threats", "explain.sum_threats", S1_EXPLAIN_PLAIN},
        {"trades", "explain.sum_trades", S1_EXPLAIN_PLAIN},
        {"fees", "explain.sum_fees", S1_EXPLAIN_PLAIN},
        {"realized_pnl", "explain.sum_realized_pnl", S1_EXPLAIN_PLAIN},
        {"final_equity", "explain.sum_final_equity", S1_EXPLAIN_PLAIN},
    };
    if (finished[0].kind == 0 || finished[1].kind == 0) {
        return S1_OK;
    }
    s1_journal_details_view views[2] = {{NULL}, {NULL}};
    S1_TRY(err, s1_journal_details_init(&views[0], &finished[0], err));
    const s1_rc rc = s1_journal_details_init(&views[1], &finished[1], err);
    if (rc == S1_OK) {
        s1_strbuf_printf(&t->builder.text, "%-16s %18s %18s", words(t, "explain.diff_sums"),
                         t->sides[0].name, t->sides[1].name);
        s1_explain_node *const node = s1_explain_add(&t->builder, root, "sums");
        for (size_t i = 0; i < sizeof sums / sizeof sums[0]; i++) {
            tell_sum(t, node, views, sums[i].member, sums[i].key)->mark = sums[i].mark;
        }
    }
    s1_journal_details_done(&views[0]);
    s1_journal_details_done(&views[1]);
    return rc;
}

/* --- Both. ---------------------------------------------------------------------------------- */

static void tell_headline(teller *t, s1_run_difference *difference, uint64_t common)
{
    static const char *const partings[] = {"", "the same", "only_a", "only_b", "otherwise"};
    char time[S1_TIME_TEXT_MAX];
    s1_explain_digits count;
    const bool is_same = difference->parting == S1_RUN_SAME;
    S1_EXPLAIN_SAY(
        &t->builder, is_same ? "explain.diff_same" : "explain.diff_parts", NULL,
        S1_SAY_TEXT("time", s1_str_make(time, s1_time_print_short(difference->time, time))),
        S1_SAY_TEXT("common", s1_explain_count(common, &count)));
    difference->root = s1_explain_add(&t->builder, NULL, "diff");
    difference->root->time = difference->time;
    difference->root->count = common;
    s1_strbuf json;
    s1_json_writer writer;
    s1_strbuf_init(&json, 4096);
    s1_json_init(&writer, &json, 0);
    s1_json_object(&writer);
    s1_json_key_lit(&writer, "same");
    s1_json_bool(&writer, is_same);
    s1_json_key_lit(&writer, "parting");
    s1_json_cstr(&writer, partings[difference->parting]);
    s1_json_key_lit(&writer, "common_entries");
    s1_json_u64(&writer, common);
    if (difference->parting != S1_RUN_SAME) {
        s1_json_key_lit(&writer, "worker");
        s1_json_cstr(&writer, difference->worker);
    }
    s1_json_object_end(&writer);
    s1_explain_set_details(&t->builder, difference->root, &json);
    s1_strbuf_done(&json);
}

static s1_rc tell(teller *t, const walker *w, const moment moments[static 2],
                  s1_run_difference *difference, s1_err *err)
{
    const s1_journal_entry *const entry =
        difference->parting == S1_RUN_SAME
            ? NULL
            : &moments[difference->parting == S1_RUN_ONLY_B ? 1 : 0].items[0];
    difference->worker = "";
    if (entry != NULL) {
        difference->kind = entry->kind;
        difference->time = entry->time;
        difference->worker = s1_arena_copy_cstr(w->arena, entry->worker);
        if (difference->worker == NULL) {
            return S1_RAISE(err, S1_E_NO_MEMORY, "explanation");
        }
    }
    tell_headline(t, difference, w->common);
    S1_TRY(err, tell_valued(t, difference->root, w->valued, err));
    if (difference->parting == S1_RUN_OTHERWISE) {
        S1_TRY(err, tell_otherwise(t, difference->root, &moments[0].items[0], &moments[1].items[0],
                                   err));
    } else if (entry != NULL) {
        S1_TRY(err, tell_only(t, difference, entry, err));
    }
    tell_causes(t, difference);
    return tell_sums(t, difference->root, w->finished, err);
}

s1_rc s1_run_diff(const s1_run_side sides[static 2], const s1_locale *locale, s1_arena *arena,
                  s1_run_difference *ret_difference, s1_err *err)
{
    walker w = {.sides = sides, .arena = arena};
    moment moments[2] = {{NULL, 0}, {NULL, 0}};
    s1_run_difference difference = {0};
    S1_TRY(err, walk(&w, moments, &difference.parting, err));
    teller t = {.sides = sides};
    s1_explain_builder_init(&t.builder, locale, arena);
    s1_rc rc = tell(&t, &w, moments, &difference, err);
    if (rc == S1_OK) {
        rc = s1_explain_builder_check(&t.builder, err);
    }
    s1_explain_builder_done(&t.builder);
    if (rc == S1_OK) {
        *ret_difference = difference;
    }
    return rc;
}

/* True if the details of a worker's node name it. */
static bool is_worker(const s1_explain_node *node, const char *worker)
{
    json_t *const details = node->details != NULL ? json_loads(node->details, 0, NULL) : NULL;
    const char *const name = json_string_value(json_object_get(details, "worker"));
    const bool is_it = name != NULL && strcmp(name, worker) == 0;
    json_decref(details);
    return is_it;
}

/* The node of the worker among those of a bar; NULL where it has none. */
static s1_explain_node *worker_node(const s1_explain_node *bar, const char *worker)
{
    for (s1_explain_node *child = bar->first_child; child != NULL; child = child->next) {
        if (strcmp(child->kind, "worker") == 0 && is_worker(child, worker)) {
            return child;
        }
    }
    return NULL;
}

/* The columns in which the decision and the bar of the other run differ. */
static void tell_columns(teller *t, s1_run_difference *difference, const s1_explain_node *worker)
{
    for (const s1_explain_node *child = worker->first_child; child != NULL; child = child->next) {
        if (strcmp(child->kind, "context") == 0 && difference->context != NULL) {
            json_t *const seen = json_loads(difference->context, 0, NULL);
            json_t *const here = json_loads(child->details, 0, NULL);
            tell_differences(t, difference->other, "value", words(t, "explain.diff_saw"), seen,
                             here);
            json_decref(seen);
            json_decref(here);
        }
    }
}

static void append(s1_explain_node *parent, s1_explain_node *node)
{
    node->next = NULL;
    if (parent->last_child != NULL) {
        parent->last_child->next = node;
    } else {
        parent->first_child = node;
    }
    parent->last_child = node;
}

s1_rc s1_run_difference_attach(s1_run_difference *difference, const s1_explain_node *bar,
                               const char *reason, const s1_locale *locale, s1_arena *arena,
                               s1_err *err)
{
    const s1_run_side sides[2] = {{.name = s1_locale_cstr(locale, "explain.diff_other")},
                                  {.name = s1_locale_cstr(locale, "explain.diff_here")}};
    if (difference->other == NULL) {
        return S1_OK;
    }
    teller t = {.sides = sides};
    s1_explain_builder_init(&t.builder, locale, arena);
    begin_list(&t, VALUES_SHOWN);
    s1_explain_node *const worker = bar != NULL ? worker_node(bar, difference->worker) : NULL;
    if (worker != NULL) {
        tell_columns(&t, difference, worker);
        append(difference->other, worker);
    } else if (bar != NULL) {
        S1_EXPLAIN_SAY(&t.builder, "explain.diff_no_worker", NULL,
                       S1_SAY_TEXT("worker", s1_str_of(difference->worker)));
        (void)s1_explain_add(&t.builder, difference->other, "unknown");
    } else {
        S1_EXPLAIN_SAY(&t.builder, "explain.diff_unknown", NULL,
                       S1_SAY_TEXT("reason", s1_str_of(reason)));
        (void)s1_explain_add(&t.builder, difference->other, "unknown");
    }
    const s1_rc rc = s1_explain_builder_check(&t.builder, err);
    s1_explain_builder_done(&t.builder);
    return rc;
}
