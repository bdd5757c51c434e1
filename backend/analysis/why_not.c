#include "backend/analysis/why_not.h"

#include "backend/analysis/explain_internal.h"
#include "backend/utils/timefmt.h"
#include "backend/utils/uid.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define POSITIONS_KEPT 16u /* of one moment; all are counted */
#define THREATS_KEPT   32u
#define SIGNALS_KEPT   64u
#define TEXT_MAX       64u
#define DETAILS_MAX    ((size_t)1 << 20)
#define ARENA_MAX      ((size_t)64 << 20)

/* What one worker did at the bar. */
typedef struct worker_moment {
    bool is_ready, is_due;
    uint32_t signals, threats;
    uint64_t rows, needed;    /* of the first input that lacks rows, unless ready */
    s1_condition *conditions; /* [condition_count of the worker] */
} worker_moment;

typedef struct threat_moment {
    s1_threat view; /* texts below */
    char type[TEXT_MAX], category[TEXT_MAX], key[TEXT_MAX];
} threat_moment;

typedef struct signal_moment {
    s1_opportunity_id id;
    uint32_t worker;
    int32_t direction;
    char type[TEXT_MAX];
} signal_moment;

/* One bar as its workers left it: raw, so that keeping it costs little in every tick. */
typedef struct moment {
    uint64_t tick;
    s1_nanos now;
    uint64_t rows[S1_STREAMS_MAX];
    uint32_t position_count, pending_entries;
    s1_position positions[POSITIONS_KEPT];
    uint32_t threat_count;
    threat_moment threats[THREATS_KEPT];
    uint32_t signal_count;
    signal_moment signals[SIGNALS_KEPT];
    worker_moment *workers; /* [worker_count] */
} moment;

/* A column's value at the bar, and a worker's name: copied, for the run is gone when it is told. */
typedef struct value_told {
    const char *name;
    double value;
} value_told;

typedef struct worker_told {
    const char *name;
    value_told *inputs; /* [input_count] */
    const char **conditions;
    uint32_t input_count, condition_count;
    int32_t type;
} worker_told;

struct s1_why_not {
    s1_nanos at;
    s1_arena arena;
    bool has_moment;
    s1_nanos first, next; /* bars: the first of the run, the one after `at`; 0: none */
    moment seen;
    /* Taken when the run ends. */
    const char *pair, *timeframe;
    s1_nanos duration;
    double base[S1_BASE_COLUMN_COUNT];
    value_told *columns; /* [column_count] */
    uint32_t column_count, worker_count;
    worker_told *workers;
    char position_pair[TEXT_MAX];
};

s1_rc s1_why_not_new(s1_nanos at, s1_why_not **ret_why_not, s1_err *err)
{
    s1_why_not *const w = calloc(1, sizeof *w);
    if (w == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "an observer");
    }
    w->at = at;
    s1_arena_init(&w->arena, ARENA_MAX, 0);
    *ret_why_not = w;
    return S1_OK;
}

void s1_why_not_free(s1_why_not *why_not)
{
    if (why_not != NULL) {
        s1_arena_done(&why_not->arena);
        free(why_not);
    }
}

/* --- Watching. ------------------------------------------------------------------------------ */

static s1_rc no_memory(s1_err *err)
{
    return S1_RAISE(err, S1_E_NO_MEMORY, "what was seen at a bar does not fit its arena");
}

static void keep_text(char to[static TEXT_MAX], s1_str text)
{
    const size_t length = text.len < TEXT_MAX - 1 ? text.len : TEXT_MAX - 1;
    if (length > 0) {
        memcpy(to, text.ptr, length);
    }
    to[length] = '\0';
}

static s1_rc reserve(s1_why_not *w, const s1_observation *seen, s1_err *err)
{
    w->worker_count = seen->worker_count;
    w->seen.workers = s1_arena_array(&w->arena, worker_moment, (size_t)seen->worker_count + 1);
    if (w->seen.workers == NULL) {
        return no_memory(err);
    }
    for (uint32_t i = 0; i < seen->worker_count; i++) {
        w->seen.workers[i].conditions =
            s1_arena_array(&w->arena, s1_condition, (size_t)seen->workers[i]->condition_count + 1);
        if (w->seen.workers[i].conditions == NULL) {
            return no_memory(err);
        }
    }
    w->first = seen->context->view.now;
    return S1_OK;
}

/* The ledger as the workers are about to see it. */
static void keep_positions(moment *m, const s1_ledger_view *ledger)
{
    m->position_count = ledger == NULL ? 0 : ledger->position_count;
    m->pending_entries = ledger == NULL ? 0 : ledger->pending_entries;
    for (uint32_t i = 0; i < m->position_count && i < POSITIONS_KEPT; i++) {
        m->positions[i] = *s1_ledger_position(ledger, i);
    }
}

static s1_rc on_bar(void *self, const s1_observation *seen, bool *ret_is_enough, s1_err *err)
{
    s1_why_not *const w = self;
    const s1_nanos now = seen->context->view.now;
    if (w->seen.workers == NULL) {
        S1_TRY(err, reserve(w, seen, err));
    }
    if (now > w->at) {
        w->next = now;
        *ret_is_enough = true;
        return S1_OK;
    }
    keep_positions(&w->seen, seen->context->view.ledger);
    return S1_OK;
}

static void keep_threats(moment *m, const s1_observation *seen)
{
    const s1_threat_list *const threats = seen->threats;
    m->threat_count = threats->count;
    for (uint32_t i = 0; i < threats->count && i < THREATS_KEPT; i++) {
        for (uint32_t k = 0; k < seen->worker_count; k++) {
            m->workers[k].threats +=
                s1_str_eq(seen->workers[k]->instance_id, s1_threat_list_at(threats, i)->worker);
        }
        threat_moment *const kept = &m->threats[i];
        const s1_threat *const threat = s1_threat_list_at(threats, i);
        kept->view = *threat;
        keep_text(kept->type, threat->threat_type);
        keep_text(kept->category, threat->category);
        keep_text(kept->key, threat->key);
    }
}

static void keep_signals(s1_why_not *w, const s1_observation *seen)
{
    moment *const m = &w->seen;
    m->signal_count = seen->signals->count;
    for (uint32_t i = 0; i < seen->signals->count; i++) {
        const s1_signal *const signal = s1_signal_list_at(seen->signals, i);
        uint32_t worker = 0;
        while (worker < seen->worker_count && seen->workers[worker] != seen->emitters[i]) {
            worker++;
        }
        if (worker < seen->worker_count) {
            m->workers[worker].signals++;
        }
        if (i < SIGNALS_KEPT) {
            m->signals[i] = (signal_moment){signal->opportunity_id, worker, signal->direction, {0}};
            keep_text(m->signals[i].type, signal->signal_type);
        }
    }
}

static void keep_worker(worker_moment *kept, const s1_worker *worker)
{
    kept->is_ready = worker->is_ready;
    kept->is_due = worker->stream->is_new != 0;
    kept->signals = 0;
    kept->threats = 0;
    kept->needed = 0;
    for (uint32_t i = 0; !kept->is_ready && i < worker->gate_count && kept->needed == 0; i++) {
        if (*worker->gates[i].rows < worker->gates[i].need) {
            kept->rows = *worker->gates[i].rows;
            kept->needed = worker->gates[i].need;
        }
    }
    for (uint32_t i = 0; i < worker->condition_count; i++) {
        kept->conditions[i] = worker->conditions[i].condition;
    }
}

static s1_rc on_tick(void *self, const s1_observation *seen, s1_err *err)
{
    s1_why_not *const w = self;
    moment *const m = &w->seen;
    const s1_context *const view = &seen->context->view;
    (void)err;
    w->has_moment = true;
    m->tick = view->tick;
    m->now = view->now;
    for (uint32_t i = 0; i < view->stream_count; i++) {
        m->rows[i] = view->streams[i]->rows;
    }
    for (uint32_t i = 0; i < seen->worker_count; i++) {
        keep_worker(&m->workers[i], seen->workers[i]);
    }
    keep_threats(m, seen);
    keep_signals(w, seen);
    return S1_OK;
}

/* --- When the run is over. ------------------------------------------------------------------ */

static double value_at(const s1_series *series, uint64_t rows)
{
    return rows > 0 ? series->values[rows - 1] : (double)NAN;
}

static const char *copied(s1_why_not *w, s1_str text)
{
    return s1_arena_copy_cstr(&w->arena, text);
}

static s1_rc take_worker(s1_why_not *w, const s1_worker *worker, worker_told *told, s1_err *err)
{
    told->name = copied(w, worker->instance_id);
    told->type = worker->type;
    told->inputs = s1_arena_array(&w->arena, value_told, (size_t)worker->input_count + 1);
    told->conditions = s1_arena_array(&w->arena, const char *, (size_t)worker->condition_count + 1);
    if (told->name == NULL || told->inputs == NULL || told->conditions == NULL) {
        return no_memory(err);
    }
    for (uint32_t i = 0; i < worker->input_count; i++) {
        const s1_worker_input *const input = &worker->inputs[i];
        told->inputs[i] = (value_told){
            copied(w, input->name), value_at(input->series, w->seen.rows[input->column->stream])};
        told->input_count += told->inputs[i].name != NULL;
    }
    for (uint32_t i = 0; i < worker->condition_count; i++) {
        told->conditions[i] = copied(w, worker->conditions[i].name);
        told->condition_count += told->conditions[i] != NULL;
    }
    return told->input_count == worker->input_count &&
                   told->condition_count == worker->condition_count
               ? S1_OK
               : no_memory(err);
}

/* Columns that context workers made, with the stream in front where it is not the primary. */
static s1_rc take_columns(s1_why_not *w, const s1_trading_context *context, s1_err *err)
{
    size_t count = 0;
    for (uint32_t i = 0; i < context->view.stream_count; i++) {
        count += context->streams[i].column_count;
    }
    w->columns = s1_arena_array(&w->arena, value_told, count + 1);
    if (w->columns == NULL) {
        return no_memory(err);
    }
    for (uint32_t i = 0; i < context->view.stream_count; i++) {
        const s1_stream_store *const stream = &context->streams[i];
        char timeframe[S1_TIMEFRAME_TEXT_MAX];
        (void)s1_timeframe_print(stream->view.timeframe, timeframe);
        for (uint32_t k = 0; k < stream->column_count; k++) {
            const s1_column_store *const column = stream->columns[k];
            char name[256];
            (void)snprintf(name, sizeof name, "%.*s@%s.%.*s", S1_STR_ARG(stream->view.asset_pair),
                           timeframe, S1_STR_ARG(column->name));
            const char *const kept = copied(w, i == 0 ? column->name : s1_str_of(name));
            if (kept == NULL) {
                return no_memory(err);
            }
            w->columns[w->column_count++] =
                (value_told){kept, value_at(&column->series, w->seen.rows[i])};
        }
    }
    return S1_OK;
}

static s1_rc take_end(s1_why_not *w, const s1_observation *seen, s1_err *err)
{
    const s1_trading_context *const context = seen->context;
    const s1_stream_store *const primary = &context->streams[0];
    char timeframe[S1_TIMEFRAME_TEXT_MAX];
    (void)s1_timeframe_print(primary->view.timeframe, timeframe);
    w->pair = copied(w, primary->view.asset_pair);
    w->timeframe = copied(w, s1_str_of(timeframe));
    w->duration = primary->view.timeframe;
    w->workers = s1_arena_array(&w->arena, worker_told, (size_t)seen->worker_count + 1);
    if (w->pair == NULL || w->timeframe == NULL || w->workers == NULL) {
        return no_memory(err);
    }
    const uint64_t rows = w->seen.rows[0];
    for (uint32_t i = 0; rows > 0 && i < S1_BASE_COLUMN_COUNT; i++) {
        w->base[i] = primary->base[i][rows - 1];
    }
    for (uint32_t i = 0; i < seen->worker_count; i++) {
        S1_TRY(err, take_worker(w, seen->workers[i], &w->workers[i], err));
    }
    for (uint32_t i = 0; i < w->seen.position_count && i < POSITIONS_KEPT; i++) {
        keep_text(w->position_pair, w->seen.positions[i].asset_pair);
    }
    return take_columns(w, context, err);
}

static s1_rc on_end(void *self, const s1_observation *seen, s1_err *err)
{
    s1_why_not *const w = self;
    return w->seen.workers == NULL ? S1_OK : take_end(w, seen, err);
}

s1_run_observer s1_why_not_observer(s1_why_not *why_not)
{
    return (s1_run_observer){
        .self = why_not, .on_bar = on_bar, .on_tick = on_tick, .on_end = on_end};
}

/* --- Telling. ------------------------------------------------------------------------------- */

typedef struct teller {
    s1_explain_builder builder;
    const s1_why_not *w;
    s1_journal_reader *reader; /* NULL: no verdicts */
    s1_strbuf json;
    s1_explain_node *root;
    s1_explain_node *parent; /* of the verdict being looked for */
} teller;

static s1_json_writer begin_details(teller *t)
{
    s1_json_writer writer;
    s1_strbuf_clear(&t->json);
    s1_json_init(&writer, &t->json, 0);
    s1_json_object(&writer);
    return writer;
}

static void end_details(teller *t, s1_json_writer *writer, s1_explain_node *node)
{
    s1_json_object_end(writer);
    s1_explain_set_details(&t->builder, node, &t->json);
}

static void tell_condition(teller *t, s1_explain_node *parent, const char *name,
                           const s1_condition *condition)
{
    const bool is_reached = condition->tick == t->w->seen.tick;
    const bool has_held = condition->held != 0;
    if (is_reached) {
        S1_EXPLAIN_SAY(&t->builder,
                       has_held ? "explain.condition_held" : "explain.condition_missed", NULL,
                       S1_SAY_TEXT("name", s1_str_of(name)),
                       S1_SAY_TEXT("comparison", s1_explain_comparison(&t->builder, condition)));
    } else {
        S1_EXPLAIN_SAY(&t->builder, "explain.condition_not_reached", NULL,
                       S1_SAY_TEXT("name", s1_str_of(name)));
    }
    s1_explain_node *const node = s1_explain_add(&t->builder, parent, "condition");
    node->mark = is_reached && !has_held ? S1_EXPLAIN_BAD : S1_EXPLAIN_PLAIN;
    s1_json_writer json = begin_details(t);
    s1_json_key_lit(&json, "name");
    s1_json_cstr(&json, name);
    s1_json_key_lit(&json, "reached");
    s1_json_bool(&json, is_reached);
    if (is_reached) {
        s1_explain_comparison_json(&json, condition);
    }
    end_details(t, &json, node);
}

static void tell_values(teller *t, s1_explain_node *parent, const value_told *values,
                        uint32_t count, const char *kind)
{
    if (count == 0) {
        return;
    }
    s1_json_writer json = begin_details(t);
    for (uint32_t i = 0; i < count; i++) {
        s1_strbuf_cstr_add(&t->builder.text, i > 0 ? ", " : "");
        s1_strbuf_cstr_add(&t->builder.text, values[i].name);
        s1_strbuf_char(&t->builder.text, ' ');
        s1_explain_number(&t->builder, &t->builder.text, values[i].value);
        s1_json_key(&json, s1_str_of(values[i].name));
        s1_json_double(&json, values[i].value);
    }
    end_details(t, &json, s1_explain_add(&t->builder, parent, kind));
}

/* The verdicts among the entries of an opportunity. */
static s1_rc tell_verdict(void *user, const s1_journal_entry *entry, s1_err *err)
{
    teller *const t = user;
    if (entry->kind != S1_JOURNAL_OPPORTUNITY_APPROVED &&
        entry->kind != S1_JOURNAL_OPPORTUNITY_REJECTED) {
        return S1_OK;
    }
    s1_journal_details_view details = {NULL};
    S1_TRY(err, s1_journal_details_init(&details, entry, err));
    (void)s1_explain_verdict(&t->builder, t->parent, entry, &details);
    s1_journal_details_done(&details);
    return S1_OK;
}

static s1_rc tell_signal(teller *t, s1_explain_node *parent, const signal_moment *signal,
                         s1_err *err)
{
    s1_strbuf *const text = &t->builder.text;
    s1_explain_short_id(text, signal->id.uid);
    s1_strbuf_printf(text, ": %s %s", signal->type,
                     signal->direction == S1_LONG ? "long" : "short");
    s1_explain_node *const node = s1_explain_add(&t->builder, parent, "opportunity");
    s1_explain_set_id(&t->builder, node, signal->id.uid);
    if (t->reader == NULL) {
        return S1_OK;
    }
    uint64_t found = 0;
    t->parent = node;
    S1_TRY(err, s1_journal_find_id(t->reader, signal->id.uid, tell_verdict, t, &found, err));
    if (found == 0) {
        char id[S1_UID_TEXT_MAX];
        (void)s1_uid_print(signal->id.uid, id);
        return S1_RAISE(err, S1_E_DATA,
                        "the repeated run found opportunity %s, which is not in the journal", id);
    }
    return S1_OK;
}

static void tell_why_silent(teller *t, s1_explain_node *parent, uint32_t index)
{
    const worker_moment *const kept = &t->w->seen.workers[index];
    uint32_t reached = 0;
    uint32_t held = 0;
    for (uint32_t i = 0; i < t->w->workers[index].condition_count; i++) {
        const bool is_reached = kept->conditions[i].tick == t->w->seen.tick;
        reached += is_reached;
        held += is_reached && kept->conditions[i].held;
    }
    if (t->w->workers[index].condition_count == 0) {
        s1_explain_word(&t->builder, "explain.silent_no_conditions");
    } else if (!kept->is_due && reached == 0) {
        s1_explain_word(&t->builder, "explain.silent_no_bar");
    } else if (reached == 0) {
        s1_explain_word(&t->builder, "explain.silent_before");
    } else if (held == reached) {
        s1_explain_word(&t->builder, "explain.silent_after");
    } else {
        return;
    }
    (void)s1_explain_add(&t->builder, parent, "undeclared");
}

/* What a worker did, in a few words. */
static void worker_text(s1_explain_builder *b, const worker_told *told, const worker_moment *kept)
{
    s1_explain_digits count, needed;
    const s1_str name = s1_str_of(told->name);
    if (!kept->is_ready) {
        S1_EXPLAIN_SAY(b, "explain.worker_not_asked", NULL, S1_SAY_TEXT("worker", name),
                       S1_SAY_TEXT("rows", s1_explain_count(kept->rows, &count)),
                       S1_SAY_TEXT("needed", s1_explain_count(kept->needed, &needed)));
        return;
    }
    const char *const key =
        told->type == S1_WORKER_THREAT
            ? (kept->threats == 0 ? "explain.worker_no_threat" : "explain.worker_threat")
        : kept->signals == 0 ? "explain.worker_nothing"
        : kept->signals == 1 ? "explain.worker_found_one"
                             : "explain.worker_found";
    S1_EXPLAIN_SAY(b, key, NULL, S1_SAY_TEXT("worker", name),
                   S1_SAY_TEXT("count", s1_explain_count(kept->signals, &count)));
}

static s1_rc tell_worker(teller *t, uint32_t index, s1_err *err)
{
    const worker_told *const told = &t->w->workers[index];
    const worker_moment *const kept = &t->w->seen.workers[index];
    worker_text(&t->builder, told, kept);
    s1_explain_node *const node = s1_explain_add(&t->builder, t->root, "worker");
    node->count = kept->signals;
    s1_json_writer json = begin_details(t);
    s1_json_key_lit(&json, "worker");
    s1_json_cstr(&json, told->name);
    s1_json_key_lit(&json, "asked");
    s1_json_bool(&json, kept->is_ready);
    const bool is_threat = told->type == S1_WORKER_THREAT;
    s1_json_key(&json, is_threat ? S1_STR("threats") : S1_STR("opportunities"));
    s1_json_u64(&json, is_threat ? kept->threats : kept->signals);
    end_details(t, &json, node);
    if (!kept->is_ready) {
        return S1_OK;
    }
    tell_values(t, node, told->inputs, told->input_count, "context");
    for (uint32_t i = 0; i < told->condition_count; i++) {
        tell_condition(t, node, told->conditions[i], &kept->conditions[i]);
    }
    if (kept->signals == 0 && !is_threat) {
        tell_why_silent(t, node, index);
    }
    for (uint32_t i = 0; i < t->w->seen.signal_count && i < SIGNALS_KEPT; i++) {
        if (t->w->seen.signals[i].worker == index) {
            S1_TRY(err, tell_signal(t, node, &t->w->seen.signals[i], err));
        }
    }
    return S1_OK;
}

/* A time without the seconds of a whole minute. */
typedef struct time_words {
    char text[S1_TIME_TEXT_MAX];
} time_words;

static s1_str time_text(s1_nanos time, time_words *words)
{
    const size_t length = s1_time_print_short(time, words->text);
    const bool is_whole = length > 3 && memcmp(words->text + length - 3, ":00", 3) == 0;
    return s1_str_make(words->text, is_whole ? length - 3 : length);
}

static s1_str dec_text(s1_dec value, char text[static S1_DEC_TEXT_MAX])
{
    return s1_str_make(text, s1_dec_print(value, text));
}

/* An id as it is shown in lines, in builder.part. */
static s1_str id_text(teller *t, s1_uid uid)
{
    s1_strbuf_clear(&t->builder.part);
    s1_explain_short_id(&t->builder.part, uid);
    return s1_strbuf_view(&t->builder.part);
}

static void tell_no_position(teller *t)
{
    const uint32_t pending = t->w->seen.pending_entries;
    s1_explain_digits count;
    S1_EXPLAIN_SAY(&t->builder, "explain.no_position", NULL,
                   S1_SAY_WORDS("pending",
                                pending == 1 ? "explain.part_pending_one" : "explain.part_pending",
                                pending == 0 ? S1_STR("") : s1_explain_count(pending, &count)));
    (void)s1_explain_add(&t->builder, t->root, "position");
}

static void tell_positions(teller *t)
{
    const moment *const m = &t->w->seen;
    if (m->position_count == 0) {
        tell_no_position(t);
    }
    for (uint32_t i = 0; i < m->position_count && i < POSITIONS_KEPT; i++) {
        const s1_position *const position = &m->positions[i];
        char quantity[S1_DEC_TEXT_MAX], price[S1_DEC_TEXT_MAX];
        time_words since;
        const char *const key =
            position->is_closing ? "explain.position_closing" : "explain.position";
        S1_EXPLAIN_SAY(&t->builder, key, NULL,
                       S1_SAY_TEXT("direction", position->direction == S1_LONG ? S1_STR("long")
                                                                               : S1_STR("short")),
                       S1_SAY_TEXT("quantity", dec_text(position->quantity, quantity)),
                       S1_SAY_TEXT("asset", s1_str_of(t->w->position_pair)),
                       S1_SAY_TEXT("price", dec_text(position->entry_price, price)),
                       S1_SAY_TEXT("since", time_text(position->opened_at, &since)),
                       S1_SAY_TEXT("trade", id_text(t, position->trade_id.uid)));
        s1_explain_node *const node = s1_explain_add(&t->builder, t->root, "position");
        s1_explain_set_id(&t->builder, node, position->trade_id.uid);
    }
}

static void tell_threats(teller *t)
{
    static const char *const severities[8] = {"", "LOW", "MEDIUM", "HIGH", "CRITICAL", "", "", ""};
    const moment *const m = &t->w->seen;
    if (m->threat_count == 0) {
        s1_explain_word(&t->builder, "explain.no_threat");
        (void)s1_explain_add(&t->builder, t->root, "threats");
    }
    for (uint32_t i = 0; i < m->threat_count && i < THREATS_KEPT; i++) {
        const threat_moment *const threat = &m->threats[i];
        time_words since;
        S1_EXPLAIN_SAY(&t->builder, "explain.active_threat", NULL,
                       S1_SAY_TEXT("id", id_text(t, threat->view.threat_id.uid)),
                       S1_SAY_TEXT("threat_type", s1_str_of(threat->type)),
                       S1_SAY_TEXT("severity", s1_str_of(severities[threat->view.severity & 7])),
                       S1_SAY_TEXT("since", time_text(threat->view.raised_at, &since)));
        s1_explain_node *const node = s1_explain_add(&t->builder, t->root, "active_threat");
        node->mark = S1_EXPLAIN_WARN;
        s1_explain_set_id(&t->builder, node, threat->view.threat_id.uid);
    }
}

static void tell_gap(teller *t)
{
    const s1_why_not *const w = t->w;
    if (w->seen.now == w->at) {
        return;
    }
    time_words at, last, next;
    const bool is_gap = w->next == 0 || w->next - w->seen.now > w->duration;
    S1_EXPLAIN_SAY(&t->builder, is_gap ? "explain.gap" : "explain.inside", NULL,
                   S1_SAY_TEXT("at", time_text(w->at, &at)),
                   S1_SAY_TEXT("last", time_text(w->seen.now, &last)),
                   S1_SAY_WORDS("next", "explain.part_next",
                                w->next == 0 ? S1_STR("") : time_text(w->next, &next)));
    (void)s1_explain_add(&t->builder, t->root, is_gap ? "gap" : "inside");
}

static void tell_root(teller *t)
{
    static const char *const names[] = {
#define X(member, name) name,
        S1_BASE_COLUMN_MAP(X)
#undef X
    };
    const s1_why_not *const w = t->w;
    s1_strbuf *const text = &t->builder.text;
    s1_strbuf_printf(text, "%s %s: ", w->pair, w->timeframe);
    for (size_t i = 0; i < S1_BASE_COLUMN_COUNT; i++) {
        s1_strbuf_printf(text, "%s%s ", i > 0 ? ", " : "", names[i]);
        s1_explain_number(&t->builder, text, w->base[i]);
    }
    t->root = s1_explain_add(&t->builder, NULL, "bar");
    t->root->time = w->seen.now;
    s1_json_writer json = begin_details(t);
    s1_json_key_lit(&json, "at");
    s1_json_time(&json, w->at);
    s1_json_key_lit(&json, "bar_close");
    s1_json_time(&json, w->seen.now);
    s1_json_key_lit(&json, "tick");
    s1_json_u64(&json, w->seen.tick);
    for (size_t i = 0; i < S1_BASE_COLUMN_COUNT; i++) {
        s1_json_key(&json, s1_str_of(names[i]));
        s1_json_double(&json, w->base[i]);
    }
    s1_json_key_lit(&json, "opportunities");
    s1_json_u64(&json, w->seen.signal_count);
    s1_json_key_lit(&json, "positions");
    s1_json_u64(&json, w->seen.position_count);
    s1_json_key_lit(&json, "threats");
    s1_json_u64(&json, w->seen.threat_count);
    end_details(t, &json, t->root);
}

static s1_rc tell(teller *t, s1_err *err)
{
    const s1_why_not *const w = t->w;
    tell_root(t);
    tell_gap(t);
    static const int32_t types[] = {S1_WORKER_OPPORTUNITY, S1_WORKER_THREAT};
    for (size_t k = 0; k < sizeof types / sizeof types[0]; k++) {
        for (uint32_t i = 0; i < w->worker_count; i++) {
            if (w->workers[i].type == types[k]) {
                S1_TRY(err, tell_worker(t, i, err));
            }
        }
    }
    tell_values(t, t->root, w->columns, w->column_count, "columns");
    tell_positions(t);
    tell_threats(t);
    return S1_OK;
}

/* A moment outside the run is no bar of it. */
static s1_rc check_moment(const s1_why_not *w, s1_err *err)
{
    char at[S1_TIME_TEXT_MAX], first[S1_TIME_TEXT_MAX];
    (void)s1_time_print_short(w->at, at);
    if (!w->has_moment) {
        (void)s1_time_print_short(w->first, first);
        return S1_RAISE(err, S1_E_NOT_FOUND,
                        "%s: before the first bar of the run, which closes at %s; nobody decides "
                        "during warm-up",
                        at, first);
    }
    if (w->next == 0 && w->at - w->seen.now >= w->duration) {
        (void)s1_time_print_short(w->seen.now, first);
        return S1_RAISE(err, S1_E_NOT_FOUND,
                        "%s: after the last bar of the run, which closes at %s", at, first);
    }
    return S1_OK;
}

s1_rc s1_why_not_tell(const s1_why_not *why_not, s1_journal_reader *reader, const s1_locale *locale,
                      s1_arena *arena, const s1_explain_node **ret_root, s1_err *err)
{
    S1_TRY(err, check_moment(why_not, err));
    teller t = {.w = why_not, .reader = reader};
    s1_explain_builder_init(&t.builder, locale, arena);
    s1_strbuf_init(&t.json, DETAILS_MAX);
    s1_rc rc = tell(&t, err);
    if (rc == S1_OK) {
        rc = s1_explain_builder_check(&t.builder, err);
    }
    if (rc == S1_OK) {
        *ret_root = t.root;
    }
    s1_strbuf_done(&t.json);
    s1_explain_builder_done(&t.builder);
    return rc;
}
