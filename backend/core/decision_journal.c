#include "backend/core/decision_journal.h"

#include "backend/dtos/enums.h"
#include "backend/dtos/execution/order.h"
#include "backend/utils/timefmt.h"

#include <math.h>

static const char *severity_name(int32_t severity)
{
    static const char *const names[] = {"", "LOW", "MEDIUM", "HIGH", "CRITICAL"};
    return names[severity];
}

static const char *direction_name(int32_t direction)
{
    return direction == S1_LONG ? "long" : "short";
}

static const char *condition_op(int32_t op)
{
    static const char *const names[] = {"", ">", ">=", "<", "<=", "==", "!="};
    return names[op];
}

/* "name": {"field": number or text, ...} */
static void write_fields(s1_tape *w, const s1_field *fields, uint32_t count)
{
    s1_tape_object(w);
    for (uint32_t i = 0; i < count; i++) {
        s1_tape_key(w, fields[i].name);
        if (fields[i].text.len > 0) {
            s1_tape_str(w, fields[i].text);
        } else {
            s1_tape_double(w, fields[i].number);
        }
    }
    s1_tape_object_end(w);
}

/* A number that there may not be. */
static void write_number(s1_tape *w, const char *name, size_t length, double value)
{
    if (!isnan(value)) {
        s1_tape_key_static(w, name, length);
        s1_tape_double(w, value);
    }
}

/* The worker's conditions that were evaluated in this tick. */
static void write_conditions(s1_tape *w, const s1_context *context, const s1_worker *worker)
{
    s1_tape_key_lit(w, "conditions");
    s1_tape_array(w);
    for (uint32_t i = 0; i < worker->condition_count; i++) {
        const s1_condition *const condition = &worker->conditions[i].condition;
        if (condition->tick != context->tick) {
            continue;
        }
        s1_tape_object(w);
        s1_tape_key_lit(w, "name");
        s1_tape_str(w, worker->conditions[i].name);
        s1_tape_key_lit(w, "value");
        s1_tape_double(w, condition->value);
        s1_tape_key_lit(w, "op");
        s1_tape_name(w, condition_op(condition->op));
        s1_tape_key_lit(w, "threshold");
        s1_tape_double(w, condition->threshold);
        s1_tape_key_lit(w, "held");
        s1_tape_bool(w, condition->held != 0);
        s1_tape_object_end(w);
    }
    s1_tape_array_end(w);
}

s1_rc s1_decision_journal_detected(s1_journal *journal, const s1_context *context,
                                   const s1_worker *worker, const s1_signal *signal, s1_err *err)
{
    if (!s1_journal_enabled(journal, S1_JOURNAL_OPPORTUNITY_DETECTED)) {
        return S1_OK;
    }
    s1_tape *const w =
        s1_journal_begin(journal, S1_JOURNAL_OPPORTUNITY_DETECTED, signal->timestamp);
    s1_journal_worker(journal, worker->instance_id);
    s1_journal_id_opportunity(journal, signal->opportunity_id);
    s1_journal_details(journal);
    s1_tape_key_lit(w, "signal_type");
    s1_tape_str(w, signal->signal_type);
    s1_tape_key_lit(w, "direction");
    s1_tape_name(w, direction_name(signal->direction));
    if (!s1_str_eq(signal->asset_pair, context->asset_pair)) { /* else the run's */
        s1_tape_key_lit(w, "asset");
        s1_tape_str(w, signal->asset_pair);
    }
    s1_tape_key_lit(w, "price");
    s1_tape_double(w, signal->price);
    write_number(w, "score", sizeof "score" - 1, signal->score);
    if (signal->metadata_count > 0) {
        s1_tape_key_lit(w, "metadata");
        write_fields(w, signal->metadata, signal->metadata_count);
    }
    write_conditions(w, context, worker);
    s1_tape_key_lit(w, "context");
    s1_tape_object(w);
    for (uint32_t i = 0; i < worker->input_count; i++) {
        s1_tape_key(w, worker->inputs[i].name);
        s1_tape_double(w, s1_series_last(worker->inputs[i].series));
    }
    s1_tape_object_end(w);
    return s1_journal_end(journal, err);
}

/* Opens a threat's entry up to and with its standard members. */
static s1_tape *begin_threat(s1_journal *journal, int32_t kind, const s1_context *context,
                             const s1_threat *threat)
{
    s1_tape *const w = s1_journal_begin(journal, kind, context->now);
    s1_journal_worker(journal, threat->worker);
    s1_journal_id_threat(journal, threat->threat_id);
    s1_journal_details(journal);
    s1_tape_key_lit(w, "threat_type");
    s1_tape_str(w, threat->threat_type);
    s1_tape_key_lit(w, "category");
    s1_tape_str(w, threat->category);
    s1_tape_key_lit(w, "severity");
    s1_tape_name(w, severity_name(threat->severity));
    s1_tape_key_lit(w, "key");
    s1_tape_str(w, threat->key);
    return w;
}

s1_rc s1_decision_journal_threat(s1_journal *journal, int32_t kind, const s1_context *context,
                                 const s1_threat *threat, const s1_threat_report *report,
                                 s1_err *err)
{
    if (!s1_journal_enabled(journal, kind)) {
        return S1_OK;
    }
    s1_tape *const w = begin_threat(journal, kind, context, threat);
    s1_tape_key_lit(w, "details");
    write_fields(w, report->details, report->detail_count);
    return s1_journal_end(journal, err);
}

s1_rc s1_decision_journal_cleared(s1_journal *journal, const s1_context *context,
                                  const s1_threat *threat, uint64_t duration_bars, s1_err *err)
{
    if (!s1_journal_enabled(journal, S1_JOURNAL_THREAT_CLEARED)) {
        return S1_OK;
    }
    s1_tape *const w = begin_threat(journal, S1_JOURNAL_THREAT_CLEARED, context, threat);
    s1_tape_key_lit(w, "duration_bars");
    s1_tape_u64(w, duration_bars);
    return s1_journal_end(journal, err);
}

/* --- Plans. ------------------------------------------------------------------------------- */

static const char *tif_name(int32_t tif)
{
    return tif == S1_TIF_IOC   ? "IOC"
           : tif == S1_TIF_FOK ? "FOK"
           : tif == S1_TIF_GTD ? "GTD"
           : tif == S1_TIF_DAY ? "DAY"
                               : "GTC";
}

static void write_price(s1_tape *w, const char *name, size_t length, s1_dec value)
{
    if (!s1_dec_is_zero(value)) {
        s1_tape_key_static(w, name, length);
        s1_tape_dec(w, value);
    }
}

/* X(field): the decimals a planning step may set, in the order of the phases. */
#define PLAN_DECIMAL_MAP(X)                                                                        \
    X(entry_price)                                                                                 \
    X(stop_loss)                                                                                   \
    X(take_profit)                                                                                 \
    X(trail_amount)                                                                                \
    X(trail_percent)                                                                               \
    X(trail_activation)                                                                            \
    X(quantity)                                                                                    \
    X(cash_fraction)                                                                               \
    X(limit_price)                                                                                 \
    X(trigger_price)                                                                               \
    X(display_quantity) X(entry_trail_amount) X(entry_trail_percent) X(entry_trail_activation)

static void write_expiry(s1_tape *w, s1_nanos expires_at)
{
    s1_tape_key_lit(w, "expires_at");
    s1_tape_time(w, expires_at);
}

static void write_slices(s1_tape *w, const s1_plan *plan)
{
    s1_tape_key_lit(w, "slices");
    s1_tape_u64(w, plan->slices);
    if (plan->slice_interval > 0) {
        char interval[S1_TIMEFRAME_TEXT_MAX];
        const size_t length = s1_timeframe_print(plan->slice_interval, interval);
        s1_tape_key_lit(w, "slice_interval");
        s1_tape_str(w, (s1_str){interval, length});
    }
}

static void write_group(s1_tape *w, const s1_plan *plan)
{
    s1_tape_key_lit(w, "oco_group");
    s1_tape_u64(w, plan->oco_group);
}

static void write_step(s1_tape *w, const s1_plan_step *step)
{
    s1_tape_object(w);
    s1_tape_key_lit(w, "worker");
    s1_tape_str(w, step->worker->instance_id);
    s1_tape_key_lit(w, "phase");
    s1_tape_name(w, s1_enum_text(s1_subtype_names, step->worker->subtype));
    s1_tape_key_lit(w, "changed");
    s1_tape_object(w);
#define X(field)                                                                                   \
    if (!s1_dec_eq(step->before.field, step->after.field)) {                                       \
        s1_tape_key_lit(w, #field);                                                                \
        s1_tape_dec(w, step->after.field);                                                         \
    }
    PLAN_DECIMAL_MAP(X)
#undef X
    if (step->before.entry_type != step->after.entry_type) {
        s1_tape_key_lit(w, "entry_type");
        s1_tape_name(w, s1_order_type_name(step->after.entry_type));
    }
    if (step->before.order_type != step->after.order_type) {
        s1_tape_key_lit(w, "order_type");
        s1_tape_name(w, s1_order_type_name(step->after.order_type));
    }
    if (step->before.time_in_force != step->after.time_in_force) {
        s1_tape_key_lit(w, "time_in_force");
        s1_tape_name(w, tif_name(step->after.time_in_force));
    }
    if (step->before.expires_at != step->after.expires_at) {
        write_expiry(w, step->after.expires_at);
    }
    if (step->before.slices != step->after.slices ||
        step->before.slice_interval != step->after.slice_interval) {
        write_slices(w, &step->after);
    }
    if (step->before.oco_group != step->after.oco_group) {
        write_group(w, &step->after);
    }
    s1_tape_object_end(w);
    s1_tape_object_end(w);
}

s1_rc s1_decision_journal_plan(s1_journal *journal, const s1_context *context, const s1_plan *plan,
                               const s1_plan_step *steps, uint32_t step_count, s1_err *err)
{
    if (!s1_journal_enabled(journal, S1_JOURNAL_PLAN_CREATED)) {
        return S1_OK;
    }
    s1_tape *const w = s1_journal_begin(journal, S1_JOURNAL_PLAN_CREATED, context->now);
    s1_journal_id_opportunity(journal, plan->opportunity_id);
    s1_journal_id_trade(journal, plan->trade_id);
    s1_journal_details(journal);
    s1_tape_key_lit(w, "direction");
    s1_tape_name(w, direction_name(plan->direction));
    s1_tape_key_lit(w, "entry_type");
    s1_tape_name(w, s1_order_type_name(plan->entry_type));
#define X(field) write_price(w, #field, sizeof(#field) - 1, plan->field);
    PLAN_DECIMAL_MAP(X)
#undef X
    s1_tape_key_lit(w, "order_type");
    s1_tape_name(w, s1_order_type_name(plan->order_type));
    s1_tape_key_lit(w, "time_in_force");
    s1_tape_name(w, tif_name(plan->time_in_force));
    if (plan->expires_at != 0) {
        write_expiry(w, plan->expires_at);
    }
    if (plan->slices > 1) {
        write_slices(w, plan);
    }
    if (plan->oco_group != 0) {
        write_group(w, plan);
    }
    s1_tape_key_lit(w, "steps");
    s1_tape_array(w);
    for (uint32_t i = 0; i < step_count; i++) {
        write_step(w, &steps[i]);
    }
    s1_tape_array_end(w);
    return s1_journal_end(journal, err);
}

/* --- Verdicts. ---------------------------------------------------------------------------- */

s1_rc s1_decision_journal_refused(s1_journal *journal, const s1_context *context,
                                  const s1_worker *worker, s1_str stage,
                                  s1_opportunity_id opportunity_id, s1_trade_id trade_id,
                                  const s1_verdict *verdict, s1_err *err)
{
    if (!s1_journal_enabled(journal, S1_JOURNAL_OPPORTUNITY_REJECTED)) {
        return S1_OK;
    }
    s1_tape *const w = s1_journal_begin(journal, S1_JOURNAL_OPPORTUNITY_REJECTED, context->now);
    if (worker != NULL) {
        s1_journal_worker(journal, worker->instance_id);
    }
    s1_journal_id_opportunity(journal, opportunity_id);
    s1_journal_id_trade(journal, trade_id);
    s1_journal_id_threat(journal, verdict->threat_id);
    s1_journal_details(journal);
    s1_tape_key_lit(w, "stage");
    s1_tape_str(w, stage);
    s1_tape_key_lit(w, "rejection_reason");
    s1_tape_object(w);
    s1_tape_key_lit(w, "code");
    s1_tape_str(w, verdict->code);
    write_number(w, "limit", sizeof "limit" - 1, verdict->limit);
    write_number(w, "actual", sizeof "actual" - 1, verdict->actual);
    s1_tape_object_end(w);
    if (worker != NULL && worker->condition_count > 0) {
        write_conditions(w, context, worker);
    }
    return s1_journal_end(journal, err);
}

static void write_check(s1_tape *w, const s1_gate_check *check)
{
    s1_tape_object(w);
    s1_tape_key_lit(w, "code");
    s1_tape_str(w, check->code);
    s1_tape_key_lit(w, "limit");
    s1_tape_dec(w, check->limit);
    s1_tape_key_lit(w, "actual");
    s1_tape_dec(w, check->actual);
    s1_tape_object_end(w);
}

s1_rc s1_decision_journal_approved(s1_journal *journal, const s1_context *context,
                                   const s1_plan *plan, const s1_gate_check *checks,
                                   uint32_t check_count, s1_err *err)
{
    if (!s1_journal_enabled(journal, S1_JOURNAL_OPPORTUNITY_APPROVED)) {
        return S1_OK;
    }
    s1_tape *const w = s1_journal_begin(journal, S1_JOURNAL_OPPORTUNITY_APPROVED, context->now);
    s1_journal_id_opportunity(journal, plan->opportunity_id);
    s1_journal_id_trade(journal, plan->trade_id);
    s1_journal_details(journal);
    s1_tape_key_lit(w, "checks");
    s1_tape_array(w);
    for (uint32_t i = 0; i < check_count; i++) {
        write_check(w, &checks[i]);
    }
    s1_tape_array_end(w);
    return s1_journal_end(journal, err);
}

s1_rc s1_decision_journal_gate_refused(s1_journal *journal, const s1_context *context,
                                       const s1_plan *plan, const s1_gate_check *failed,
                                       s1_err *err)
{
    if (!s1_journal_enabled(journal, S1_JOURNAL_OPPORTUNITY_REJECTED)) {
        return S1_OK;
    }
    s1_tape *const w = s1_journal_begin(journal, S1_JOURNAL_OPPORTUNITY_REJECTED, context->now);
    s1_journal_id_opportunity(journal, plan->opportunity_id);
    s1_journal_id_trade(journal, plan->trade_id);
    s1_journal_id_threat(journal, failed->threat_id);
    s1_journal_details(journal);
    s1_tape_key_lit(w, "stage");
    s1_tape_str(w, S1_STR("gate"));
    s1_tape_key_lit(w, "rejection_reason");
    write_check(w, failed);
    return s1_journal_end(journal, err);
}
