#include "backend/analysis/funnel.h"

#include "backend/analysis/explain_internal.h"
#include "backend/utils/timefmt.h"
#include "backend/utils/uid.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_MAX   ((size_t)256 << 20)
#define DETAILS_MAX ((size_t)1 << 20)

/* A bar on which a condition failed. */
typedef struct miss {
    double distance; /* what it is ranked by */
    s1_nanos time;
    s1_condition condition;
} miss;

typedef struct step {
    const char *name;
    uint64_t reached, held; /* bars */
    miss *misses;           /* [miss_count] the closest so far, closest first */
    uint32_t miss_count;
} step;

typedef struct funnel_worker {
    const s1_worker *worker; /* only while the run stands */
    const char *name;
    step *steps; /* [step_count] in order of binding */
    uint32_t step_count;
    uint32_t signals; /* of the tick at hand */
    uint64_t asked, found, opportunities;
    uint64_t silent; /* every reached condition held, yet no opportunity */
} funnel_worker;

struct s1_funnel {
    s1_arena arena;
    uint32_t misses_max;
    uint32_t worker_count;
    funnel_worker *workers; /* OpportunityWorkers in blueprint order */
    uint64_t bars;
    s1_nanos first, last;
    const char *pair, *timeframe;
};

s1_rc s1_funnel_new(uint32_t misses_max, s1_funnel **ret_funnel, s1_err *err)
{
    if (misses_max > S1_FUNNEL_MISSES_MAX) {
        return S1_RAISE(err, S1_E_INVALID, "%u closest misses, expected at most %u", misses_max,
                        S1_FUNNEL_MISSES_MAX);
    }
    s1_funnel *const f = calloc(1, sizeof *f);
    if (f == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "an observer");
    }
    f->misses_max = misses_max;
    s1_arena_init(&f->arena, ARENA_MAX, 0);
    *ret_funnel = f;
    return S1_OK;
}

void s1_funnel_free(s1_funnel *funnel)
{
    if (funnel != NULL) {
        s1_arena_done(&funnel->arena);
        free(funnel);
    }
}

/* --- Watching. ------------------------------------------------------------------------------ */

static s1_rc no_memory(s1_err *err)
{
    return S1_RAISE(err, S1_E_NO_MEMORY, "the counts of a run do not fit their arena");
}

static s1_rc take_worker(s1_funnel *f, const s1_worker *worker, s1_err *err)
{
    funnel_worker *const w = &f->workers[f->worker_count];
    w->worker = worker;
    w->name = s1_arena_copy_cstr(&f->arena, worker->instance_id);
    w->steps = s1_arena_array(&f->arena, step, (size_t)worker->condition_count + 1);
    if (w->name == NULL || w->steps == NULL) {
        return no_memory(err);
    }
    for (uint32_t i = 0; i < worker->condition_count; i++) {
        step *const s = &w->steps[i];
        s->name = s1_arena_copy_cstr(&f->arena, worker->conditions[i].name);
        s->misses = s1_arena_array(&f->arena, miss, (size_t)f->misses_max + 1);
        if (s->name == NULL || s->misses == NULL) {
            return no_memory(err);
        }
    }
    w->step_count = worker->condition_count;
    f->worker_count++;
    return S1_OK;
}

static s1_rc take_workers(s1_funnel *f, const s1_observation *seen, s1_err *err)
{
    const s1_stream *const primary = seen->context->view.primary;
    char timeframe[S1_TIMEFRAME_TEXT_MAX];
    (void)s1_timeframe_print(primary->timeframe, timeframe);
    f->pair = s1_arena_copy_cstr(&f->arena, primary->asset_pair);
    f->timeframe = s1_arena_copy_cstr(&f->arena, s1_str_of(timeframe));
    f->workers = s1_arena_array(&f->arena, funnel_worker, (size_t)seen->worker_count + 1);
    if (f->pair == NULL || f->timeframe == NULL || f->workers == NULL) {
        return no_memory(err);
    }
    for (uint32_t i = 0; i < seen->worker_count; i++) {
        if (seen->workers[i]->type == S1_WORKER_OPPORTUNITY) {
            S1_TRY(err, take_worker(f, seen->workers[i], err));
        }
    }
    f->first = seen->context->view.now;
    return S1_OK;
}

/* Puts a miss among the closest ones; of equals the earlier one stands first. */
static void keep_miss(const s1_funnel *f, step *s, const s1_condition *condition, double distance,
                      s1_nanos now)
{
    uint32_t at = s->miss_count;
    while (at > 0 && s->misses[at - 1].distance > distance) {
        at--;
    }
    if (at == f->misses_max) {
        return;
    }
    const uint32_t kept = s->miss_count < f->misses_max ? s->miss_count : f->misses_max - 1;
    memmove(&s->misses[at + 1], &s->misses[at], (kept - at) * sizeof *s->misses);
    s->misses[at] = (miss){distance, now, *condition};
    s->miss_count = kept + 1;
}

static inline void look_at_miss(const s1_funnel *f, step *s, const s1_condition *condition,
                                s1_nanos now)
{
    const double share = s1_explain_missed_share(condition);
    const double distance = isfinite(share) ? share : s1_explain_missed_by(condition);
    if (isnan(distance) ||
        (s->miss_count == f->misses_max &&
         (s->miss_count == 0 || distance >= s->misses[s->miss_count - 1].distance))) {
        return;
    }
    keep_miss(f, s, condition, distance, now);
}

static inline void look_at(const s1_funnel *f, funnel_worker *w, const s1_context *context)
{
    const uint64_t tick = context->tick;
    uint32_t reached = 0;
    uint32_t held = 0;
    for (uint32_t i = 0; i < w->step_count; i++) {
        const s1_condition *const condition = &w->worker->conditions[i].condition;
        if (condition->tick != tick) {
            continue;
        }
        step *const s = &w->steps[i];
        reached++;
        s->reached++;
        if (condition->held) {
            held++;
            s->held++;
        } else if (w->signals == 0) {
            look_at_miss(f, s, condition, context->now);
        }
    }
    w->silent += w->signals == 0 && reached > 0 && reached == held;
}

static s1_rc on_tick(void *self, const s1_observation *seen, s1_err *err)
{
    s1_funnel *const f = self;
    const s1_context *const context = &seen->context->view;
    if (f->workers == NULL) {
        S1_TRY(err, take_workers(f, seen, err));
    }
    f->bars++;
    f->last = context->now;
    for (uint32_t i = 0; i < seen->signals->count; i++) {
        for (uint32_t k = 0; k < f->worker_count; k++) {
            f->workers[k].signals += f->workers[k].worker == seen->emitters[i];
        }
    }
    for (uint32_t i = 0; i < f->worker_count; i++) {
        funnel_worker *const w = &f->workers[i];
        if (w->worker->is_ready) {
            w->asked++;
            w->found += w->signals > 0;
            w->opportunities += w->signals;
            look_at(f, w, context);
            w->signals = 0;
        }
    }
    return S1_OK;
}

s1_run_observer s1_funnel_observer(s1_funnel *funnel)
{
    return (s1_run_observer){.self = funnel, .on_tick = on_tick};
}

/* --- What became of them: the journal. ------------------------------------------------------- */

static const char *const stages[] = {"governor", "entry", "exit", "size",
                                     "routing",  "gate",  "venue"};
#define STAGE_COUNT (sizeof stages / sizeof stages[0])

typedef struct outcome {
    uint64_t detected, approved, opened, closed, won;
    uint64_t refused[STAGE_COUNT];
    double pnl;
} outcome;

/* Whose an opportunity is: open addressing, never full. */
typedef struct owner {
    s1_uid opportunity;
    uint32_t worker; /* + 1; 0: free */
} owner;

typedef struct tally {
    const s1_funnel *f;
    outcome *outcomes; /* [worker_count] */
    owner *owners;     /* [mask + 1] */
    uint64_t mask, owned;
} tally;

static owner *owner_of(const tally *t, s1_uid uid)
{
    uint64_t at;
    memcpy(&at, uid.bytes + 8, sizeof at);
    for (at = (at ^ at >> 29) & t->mask;; at = (at + 1) & t->mask) {
        if (t->owners[at].worker == 0 || s1_uid_eq(t->owners[at].opportunity, uid)) {
            return &t->owners[at];
        }
    }
}

static s1_rc take_detected(tally *t, const s1_journal_entry *entry, s1_err *err)
{
    uint32_t worker = 0;
    while (worker < t->f->worker_count &&
           !s1_str_eq_cstr(entry->worker, t->f->workers[worker].name)) {
        worker++;
    }
    if (worker == t->f->worker_count || t->owned * 2 > t->mask) {
        return S1_RAISE(err, S1_E_DATA,
                        "line %llu of the journal: an opportunity of %.*s which the repeated run "
                        "did not find",
                        (unsigned long long)entry->line_number, S1_STR_ARG(entry->worker));
    }
    const s1_uid uid = entry->ids[S1_JOURNAL_ID_OPPORTUNITY];
    *owner_of(t, uid) = (owner){uid, worker + 1};
    t->owned++;
    t->outcomes[worker].detected++;
    return S1_OK;
}

static s1_rc take_refused(outcome *o, const s1_journal_entry *entry, s1_err *err)
{
    s1_journal_details_view details = {NULL};
    S1_TRY(err, s1_journal_details_init(&details, entry, err));
    const char *const stage = s1_journal_details_text(&details, "stage");
    for (size_t i = 0; i < STAGE_COUNT; i++) {
        o->refused[i] += stage != NULL && strcmp(stage, stages[i]) == 0;
    }
    s1_journal_details_done(&details);
    return S1_OK;
}

static s1_rc take_closed(outcome *o, const s1_journal_entry *entry, s1_err *err)
{
    s1_journal_details_view details = {NULL};
    double pnl = 0.0;
    S1_TRY(err, s1_journal_details_init(&details, entry, err));
    const char *const text = s1_journal_details_text(&details, "pnl");
    if (text != NULL && s1_str_parse_double(s1_str_of(text), &pnl, NULL) == S1_OK) {
        o->pnl += pnl;
        o->won += pnl > 0.0;
    }
    o->closed++;
    s1_journal_details_done(&details);
    return S1_OK;
}

static s1_rc take_entry(tally *t, const s1_journal_entry *entry, s1_err *err)
{
    if (entry->kind == S1_JOURNAL_OPPORTUNITY_DETECTED) {
        return take_detected(t, entry, err);
    }
    if (entry->kind != S1_JOURNAL_OPPORTUNITY_REJECTED &&
        entry->kind != S1_JOURNAL_OPPORTUNITY_APPROVED && entry->kind != S1_JOURNAL_TRADE_OPENED &&
        entry->kind != S1_JOURNAL_TRADE_CLOSED) {
        return S1_OK;
    }
    const owner *const whose = owner_of(t, entry->ids[S1_JOURNAL_ID_OPPORTUNITY]);
    if (whose->worker == 0) {
        return S1_RAISE(err, S1_E_DATA, "line %llu of the journal: of an opportunity nobody found",
                        (unsigned long long)entry->line_number);
    }
    outcome *const o = &t->outcomes[whose->worker - 1];
    switch (entry->kind) {
    case S1_JOURNAL_OPPORTUNITY_REJECTED:
        return take_refused(o, entry, err);
    case S1_JOURNAL_OPPORTUNITY_APPROVED:
        o->approved++;
        return S1_OK;
    case S1_JOURNAL_TRADE_OPENED:
        o->opened++;
        return S1_OK;
    default:
        return take_closed(o, entry, err);
    }
}

static s1_rc read_outcomes(const s1_funnel *f, s1_journal_reader *reader, s1_arena *arena,
                           outcome **ret_outcomes, s1_err *err)
{
    tally t = {.f = f, .mask = 63};
    uint64_t expected = 0;
    for (uint32_t i = 0; i < f->worker_count; i++) {
        expected += f->workers[i].opportunities;
    }
    while (t.mask < expected * 2 + 2) {
        t.mask = t.mask * 2 + 1;
    }
    t.outcomes = s1_arena_array(arena, outcome, (size_t)f->worker_count + 1);
    t.owners = s1_arena_array(arena, owner, (size_t)t.mask + 1);
    if (t.outcomes == NULL || t.owners == NULL) {
        return no_memory(err);
    }
    s1_journal_reader_rewind(reader);
    for (;;) {
        const s1_journal_entry *entry = NULL;
        S1_TRY(err, s1_journal_reader_next(reader, &entry, err));
        if (entry == NULL) {
            break;
        }
        S1_TRY(err, take_entry(&t, entry, err));
    }
    for (uint32_t i = 0; i < f->worker_count; i++) {
        if (t.outcomes[i].detected != f->workers[i].opportunities) {
            return S1_RAISE(err, S1_E_DATA,
                            "%s: found %llu opportunities in the journal, expected the %llu of the "
                            "repeated run",
                            f->workers[i].name, (unsigned long long)t.outcomes[i].detected,
                            (unsigned long long)f->workers[i].opportunities);
        }
    }
    *ret_outcomes = t.outcomes;
    return S1_OK;
}

/* --- Telling. ------------------------------------------------------------------------------- */

typedef struct teller {
    s1_explain_builder builder;
    const s1_funnel *f;
    s1_strbuf json;
    int width; /* of the names of a worker's steps */
} teller;

static s1_json_writer begin_details(teller *t)
{
    s1_json_writer writer;
    s1_strbuf_clear(&t->json);
    s1_json_init(&writer, &t->json, 0);
    s1_json_object(&writer);
    return writer;
}

static s1_explain_node *end_node(teller *t, s1_explain_node *parent, const char *kind,
                                 s1_json_writer *writer)
{
    s1_json_object_end(writer);
    s1_explain_node *const node = s1_explain_add(&t->builder, parent, kind);
    s1_explain_set_details(&t->builder, node, &t->json);
    return node;
}

static double percent(uint64_t part, uint64_t whole)
{
    return whole > 0 ? 100.0 * (double)part / (double)whole : 0.0;
}

static void tell_misses(teller *t, s1_explain_node *parent, const step *s)
{
    for (uint32_t i = 0; i < s->miss_count; i++) {
        const miss *const m = &s->misses[i];
        S1_EXPLAIN_SAY(
            &t->builder, "explain.closest", NULL,
            S1_SAY_TEXT("comparison", s1_explain_comparison(&t->builder, &m->condition)));
        s1_json_writer json = begin_details(t);
        s1_json_key_lit(&json, "time");
        s1_json_time(&json, m->time);
        s1_explain_comparison_json(&json, &m->condition);
        end_node(t, parent, "miss", &json)->time = m->time;
    }
}

static void tell_step(teller *t, s1_explain_node *parent, const step *s)
{
    char reached[32], held[32], share[32];
    s1_strbuf_printf(&t->builder.text, "%-*s", t->width, s->name);
    (void)snprintf(reached, sizeof reached, "%10llu", (unsigned long long)s->reached);
    (void)snprintf(held, sizeof held, "%10llu", (unsigned long long)s->held);
    (void)snprintf(share, sizeof share, "%6.2f", percent(s->held, s->reached));
    S1_EXPLAIN_SAY(&t->builder, "explain.funnel_step", NULL,
                   S1_SAY_TEXT("reached", s1_str_of(reached)), S1_SAY_TEXT("held", s1_str_of(held)),
                   S1_SAY_TEXT("share", s1_str_of(share)));
    s1_json_writer json = begin_details(t);
    s1_json_key_lit(&json, "condition");
    s1_json_cstr(&json, s->name);
    s1_json_key_lit(&json, "reached");
    s1_json_u64(&json, s->reached);
    s1_json_key_lit(&json, "held");
    s1_json_u64(&json, s->held);
    s1_explain_node *const node = end_node(t, parent, "condition", &json);
    node->count = s->held;
    tell_misses(t, node, s);
}

/* A line that counts: what people read of it, and what its details call it. */
typedef struct counted {
    const char *kind, *name;
    const char *key; /* its words; a slot {stage} is worded by `stage` */
    const char *stage;
    const char *of; /* key: what the share is of */
} counted;

/* The words of a line that counts, in builder.part. */
static const char *name_text(teller *t, const char *key, const char *stage)
{
    const s1_locale_value value = {"stage", stage};
    s1_strbuf_clear(&t->builder.part);
    s1_locale_word(t->builder.locale, key, &value, stage != NULL ? 1 : 0, &t->builder.part);
    return s1_strbuf_cstr(&t->builder.part);
}

static void name_and_count(teller *t, const char *key, const char *stage, uint64_t count)
{
    s1_strbuf_printf(&t->builder.text, "%-*s %10llu", t->width, name_text(t, key, stage),
                     (unsigned long long)count);
}

/* "name  count  share" with {"name": count}. */
static s1_explain_node *tell_count(teller *t, s1_explain_node *parent, const counted *line,
                                   uint64_t count, uint64_t whole)
{
    name_and_count(t, line->key, line->stage, count);
    if (whole > 0) {
        char share[32];
        (void)snprintf(share, sizeof share, "%6.2f", percent(count, whole));
        S1_EXPLAIN_SAY(
            &t->builder, "explain.funnel_share", NULL, S1_SAY_TEXT("share", s1_str_of(share)),
            S1_SAY_TEXT("whole", s1_str_of(s1_locale_cstr(t->builder.locale, line->of))));
    }
    s1_json_writer json = begin_details(t);
    s1_json_key(&json, s1_str_of(line->kind));
    s1_json_cstr(&json, line->name);
    s1_json_key_lit(&json, "count");
    s1_json_u64(&json, count);
    s1_explain_node *const node = end_node(t, parent, line->kind, &json);
    node->count = count;
    return node;
}

static const counted asked_line = {"asked", "bars asked on", "explain.funnel_asked", NULL,
                                   "explain.funnel_of_bars"};
static const counted silent_line = {"undeclared", "stopped undeclared", "explain.funnel_undeclared",
                                    NULL, "explain.funnel_of_silent"};
static const counted found_line = {"found", "opportunities", "explain.funnel_found", NULL,
                                   "explain.funnel_of_asked"};
static const counted approved_line = {"approved", "approved", "explain.funnel_approved", NULL,
                                      "explain.funnel_of_opportunities"};
static const counted opened_line = {"opened", "filled: trades opened", "explain.funnel_opened",
                                    NULL, "explain.funnel_of_approvals"};

/* Room for the names: those of a worker's steps, and every other. */
static int width_of(teller *t, const funnel_worker *w)
{
    static const counted *const lines[] = {&asked_line, &silent_line, &found_line, &approved_line,
                                           &opened_line};
    size_t width = strlen(name_text(t, "explain.funnel_closed", NULL));
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        const size_t length = strlen(name_text(t, lines[i]->key, NULL));
        width = length > width ? length : width;
    }
    for (size_t i = 0; i < STAGE_COUNT; i++) {
        const size_t length = strlen(name_text(t, "explain.funnel_refused", stages[i]));
        width = length > width ? length : width;
    }
    for (uint32_t i = 0; i < w->step_count; i++) {
        const size_t length = strlen(w->steps[i].name);
        width = length > width ? length : width;
    }
    return (int)width;
}

static void tell_outcome(teller *t, s1_explain_node *parent, const outcome *o)
{
    for (size_t i = 0; i < STAGE_COUNT; i++) {
        if (o->refused[i] > 0) {
            char name[64];
            (void)snprintf(name, sizeof name, "refused at %s", stages[i]);
            const counted line = {"refused", name, "explain.funnel_refused", stages[i],
                                  "explain.funnel_of_opportunities"};
            tell_count(t, parent, &line, o->refused[i], o->detected)->mark = S1_EXPLAIN_BAD;
        }
    }
    tell_count(t, parent, &approved_line, o->approved, o->detected)->mark = S1_EXPLAIN_GOOD;
    (void)tell_count(t, parent, &opened_line, o->opened, o->approved);
    name_and_count(t, "explain.funnel_closed", NULL, o->closed);
    if (o->closed > 0) {
        char share[32], pnl[512];
        (void)snprintf(share, sizeof share, "%6.2f", percent(o->won, o->closed));
        (void)snprintf(pnl, sizeof pnl, "%.2f", o->pnl);
        S1_EXPLAIN_SAY(&t->builder, "explain.funnel_won", NULL,
                       S1_SAY_TEXT("share", s1_str_of(share)), S1_SAY_TEXT("pnl", s1_str_of(pnl)));
    }
    s1_json_writer json = begin_details(t);
    s1_json_key_lit(&json, "closed");
    s1_json_u64(&json, o->closed);
    s1_json_key_lit(&json, "won");
    s1_json_u64(&json, o->won);
    s1_json_key_lit(&json, "pnl");
    s1_json_double(&json, o->pnl);
    end_node(t, parent, "closed", &json)->count = o->closed;
}

static void tell_worker(teller *t, s1_explain_node *root, const funnel_worker *w, const outcome *o)
{
    s1_explain_digits opportunities, found, bars;
    t->width = width_of(t, w);
    S1_EXPLAIN_SAY(&t->builder, "explain.funnel_worker", NULL,
                   S1_SAY_TEXT("worker", s1_str_of(w->name)),
                   S1_SAY_TEXT("opportunities", s1_explain_count(w->opportunities, &opportunities)),
                   S1_SAY_TEXT("found", s1_explain_count(w->found, &found)),
                   S1_SAY_TEXT("bars", s1_explain_count(t->f->bars, &bars)));
    s1_json_writer json = begin_details(t);
    s1_json_key_lit(&json, "worker");
    s1_json_cstr(&json, w->name);
    s1_json_key_lit(&json, "bars");
    s1_json_u64(&json, t->f->bars);
    s1_json_key_lit(&json, "bars_asked");
    s1_json_u64(&json, w->asked);
    s1_json_key_lit(&json, "bars_found");
    s1_json_u64(&json, w->found);
    s1_json_key_lit(&json, "opportunities");
    s1_json_u64(&json, w->opportunities);
    s1_json_key_lit(&json, "bars_silent");
    s1_json_u64(&json, w->silent);
    s1_explain_node *const node = end_node(t, root, "worker", &json);
    node->count = w->opportunities;
    (void)tell_count(t, node, &asked_line, w->asked, t->f->bars);
    for (uint32_t i = 0; i < w->step_count; i++) {
        tell_step(t, node, &w->steps[i]);
    }
    if (w->silent > 0) {
        (void)tell_count(t, node, &silent_line, w->silent, w->asked);
    }
    (void)tell_count(t, node, &found_line, w->opportunities, w->asked);
    if (o != NULL) {
        tell_outcome(t, node, o);
    } else {
        s1_explain_word(&t->builder, "explain.funnel_unknown");
        (void)s1_explain_add(&t->builder, node, "unknown");
    }
}

s1_rc s1_funnel_tell(const s1_funnel *funnel, s1_journal_reader *reader, const s1_locale *locale,
                     s1_arena *arena, const s1_explain_node **ret_root, s1_err *err)
{
    outcome *outcomes = NULL;
    if (reader != NULL) {
        S1_TRY(err, read_outcomes(funnel, reader, arena, &outcomes, err));
    }
    teller t = {.f = funnel};
    char first[S1_TIME_TEXT_MAX], last[S1_TIME_TEXT_MAX];
    (void)s1_time_print_short(funnel->first, first);
    (void)s1_time_print_short(funnel->last, last);
    s1_explain_builder_init(&t.builder, locale, arena);
    s1_strbuf_init(&t.json, DETAILS_MAX);
    s1_explain_digits bars;
    const char *const pair = funnel->pair != NULL ? funnel->pair : "";
    const char *const timeframe = funnel->timeframe != NULL ? funnel->timeframe : "";
    S1_EXPLAIN_SAY(&t.builder, "explain.funnel", NULL, S1_SAY_TEXT("pair", s1_str_of(pair)),
                   S1_SAY_TEXT("timeframe", s1_str_of(timeframe)),
                   S1_SAY_TEXT("bars", s1_explain_count(funnel->bars, &bars)),
                   S1_SAY_TEXT("first", s1_str_of(first)), S1_SAY_TEXT("last", s1_str_of(last)));
    s1_json_writer json = begin_details(&t);
    s1_json_key_lit(&json, "bars");
    s1_json_u64(&json, funnel->bars);
    s1_json_key_lit(&json, "first");
    s1_json_time(&json, funnel->first);
    s1_json_key_lit(&json, "last");
    s1_json_time(&json, funnel->last);
    s1_explain_node *const root = end_node(&t, NULL, "funnel", &json);
    root->count = funnel->bars;
    for (uint32_t i = 0; i < funnel->worker_count; i++) {
        tell_worker(&t, root, &funnel->workers[i], outcomes != NULL ? &outcomes[i] : NULL);
    }
    const s1_rc rc = s1_explain_builder_check(&t.builder, err);
    if (rc == S1_OK) {
        *ret_root = root;
    }
    s1_strbuf_done(&t.json);
    s1_explain_builder_done(&t.builder);
    return rc;
}
