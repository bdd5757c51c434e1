/* How one journal entry reads: a line, and what hangs below it. */
#include "backend/analysis/explain_internal.h"
#include "backend/utils/json_memory.h"
#include "backend/utils/timefmt.h"
#include "backend/utils/uid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_BYTES_MAX ((size_t)1 << 20)
#define DIGITS_SHOWN   8u

/* --- Building. ---------------------------------------------------------------------------- */

void s1_explain_builder_init(s1_explain_builder *builder, const s1_locale *locale, s1_arena *arena)
{
    *builder = (s1_explain_builder){.arena = arena, .locale = locale};
    s1_strbuf_init(&builder->text, TEXT_BYTES_MAX);
    s1_strbuf_init(&builder->part, TEXT_BYTES_MAX);
}

void s1_explain_builder_done(s1_explain_builder *builder)
{
    s1_strbuf_done(&builder->text);
    s1_strbuf_done(&builder->part);
}

s1_rc s1_explain_builder_check(const s1_explain_builder *builder, s1_err *err)
{
    return builder->has_failed ? S1_RAISE(err, S1_E_NO_MEMORY, "explanation is too large") : S1_OK;
}

s1_explain_node *s1_explain_add(s1_explain_builder *builder, s1_explain_node *parent,
                                const char *kind)
{
    s1_explain_node *const node = s1_arena_one(builder->arena, s1_explain_node);
    const char *const text = s1_arena_copy_cstr(builder->arena, s1_strbuf_view(&builder->text));
    builder->has_failed |=
        node == NULL || text == NULL || builder->text.has_failed || builder->part.has_failed;
    s1_strbuf_clear(&builder->text);
    if (builder->has_failed || node == NULL) {
        return &builder->lost;
    }
    node->kind = kind;
    node->text = text;
    if (parent != NULL) {
        if (parent->last_child != NULL) {
            parent->last_child->next = node;
        } else {
            parent->first_child = node;
        }
        parent->last_child = node;
    }
    return node;
}

s1_explain_node *s1_explain_add_entry(s1_explain_builder *builder, s1_explain_node *parent,
                                      const char *kind, const s1_journal_entry *entry)
{
    s1_explain_node *const node = s1_explain_add(builder, parent, kind);
    node->time = entry->time;
    node->seq = entry->seq;
    node->details = s1_arena_copy_cstr(builder->arena, entry->details);
    builder->has_failed |= node->details == NULL;
    return node;
}

void s1_explain_set_id(s1_explain_builder *builder, s1_explain_node *node, s1_uid uid)
{
    char text[S1_UID_TEXT_MAX];
    const size_t length = s1_uid_print(uid, text);
    node->id = s1_arena_copy_cstr(builder->arena, s1_str_make(text, length));
    builder->has_failed |= node->id == NULL;
}

/* --- Values. ------------------------------------------------------------------------------ */

void s1_explain_short_id(s1_strbuf *text, s1_uid uid)
{
    char digits[S1_UID_TEXT_MAX];
    (void)s1_uid_print(uid, digits);
    /* A version 7 id starts with the time: its first digits say nothing. */
    s1_strbuf_bytes(text, digits, digits[14] == '7' ? 23 : 8);
}

/* A decimal with more than DIGITS_SHOWN behind the point is rounded to them; other texts are
 * appended as they are. Every digit is in the details. */
static void add_text(s1_strbuf *text, const char *value)
{
    const char *const point = strchr(value, '.');
    s1_dec decimal;
    if (point == NULL || strlen(point + 1) <= DIGITS_SHOWN ||
        s1_dec_parse(s1_str_of(value), &decimal, NULL) != S1_OK) {
        s1_strbuf_cstr_add(text, value);
        return;
    }
    char digits[S1_DEC_TEXT_MAX];
    size_t length = s1_dec_print_fixed(decimal, DIGITS_SHOWN, S1_ROUND_HALF_EVEN, digits);
    while (digits[length - 1] == '0') {
        length--;
    }
    length -= digits[length - 1] == '.';
    s1_strbuf_bytes(text, digits, length);
}

void s1_explain_value(s1_strbuf *text, const json_t *value)
{
    if (json_is_string(value)) {
        add_text(text, json_string_value(value));
    } else if (json_is_real(value)) {
        s1_strbuf_printf(text, "%.8g", json_real_value(value));
    } else if (json_is_integer(value)) {
        s1_strbuf_i64(text, json_integer_value(value));
    } else {
        char *const dump = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        s1_strbuf_cstr_add(text, dump != NULL ? dump : "?");
        s1_json_text_free(dump);
    }
}

void s1_explain_member(s1_strbuf *text, const s1_journal_details_view *details, const char *path)
{
    const json_t *const value = s1_journal_details_at(details, path);
    if (value != NULL) {
        s1_explain_value(text, value);
    } else {
        s1_strbuf_char(text, '?');
    }
}

bool s1_explain_has(const s1_journal_details_view *details, const char *path)
{
    const json_t *const value = s1_journal_details_at(details, path);
    return value != NULL && !json_is_null(value);
}

/* Appends "name value, name value" of a JSON object. */
static void pairs(s1_strbuf *text, const json_t *object)
{
    const char *name;
    json_t *value;
    const char *separator = "";
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        s1_strbuf_cstr_add(text, separator);
        s1_strbuf_cstr_add(text, name);
        s1_strbuf_char(text, ' ');
        s1_explain_value(text, value);
        separator = ", ";
    }
}

/* --- Sentences. --------------------------------------------------------------------------- */

/* True if there is something to say in a part. */
static bool is_said(const s1_explain_slot *slot, const s1_journal_details_view *details)
{
    if (slot->kind == S1_EXPLAIN_SLOT_TEXT) {
        return slot->text.len > 0;
    }
    if (slot->kind == S1_EXPLAIN_SLOT_PART) {
        const char *const text = s1_journal_details_text(details, slot->path);
        if (text != NULL && strcmp(text, "0") == 0) {
            return false;
        }
    }
    return s1_explain_has(details, slot->path);
}

static void say_value(s1_strbuf *text, const s1_explain_slot *slot,
                      const s1_journal_details_view *details)
{
    switch (slot->kind) {
    case S1_EXPLAIN_SLOT_TEXT:
        s1_strbuf_str(text, slot->text);
        return;
    case S1_EXPLAIN_SLOT_JSON:
        s1_explain_value(text, slot->json);
        return;
    case S1_EXPLAIN_SLOT_PAIRS:
        pairs(text, slot->json);
        return;
    default:
        s1_explain_member(text, details, slot->path);
        return;
    }
}

static void say_slot(s1_explain_builder *builder, const s1_explain_slot *slot,
                     const s1_journal_details_view *details)
{
    if (slot->part == NULL) {
        say_value(&builder->text, slot, details);
        return;
    }
    if (!is_said(slot, details)) {
        return;
    }
    s1_str rest = s1_str_of(s1_locale_cstr(builder->locale, slot->part));
    s1_str before, name;
    while (s1_locale_next(&rest, &before, &name)) {
        s1_strbuf_str(&builder->text, before);
        if (name.len > 0) {
            say_value(&builder->text, slot, details);
        }
    }
}

void s1_explain_say(s1_explain_builder *builder, const char *key,
                    const s1_journal_details_view *details, const s1_explain_slot *slots,
                    size_t count)
{
    s1_str rest = s1_str_of(s1_locale_cstr(builder->locale, key));
    s1_str before, name;
    while (s1_locale_next(&rest, &before, &name)) {
        s1_strbuf_str(&builder->text, before);
        for (size_t i = 0; i < count && name.len > 0; i++) {
            if (s1_str_eq_cstr(name, slots[i].name)) {
                say_slot(builder, &slots[i], details);
            }
        }
    }
}

void s1_explain_word(s1_explain_builder *builder, const char *key)
{
    s1_strbuf_cstr_add(&builder->text, s1_locale_cstr(builder->locale, key));
}

s1_str s1_explain_count(uint64_t value, s1_explain_digits *digits)
{
    const int length =
        snprintf(digits->text, sizeof digits->text, "%llu", (unsigned long long)value);
    return s1_str_make(digits->text, length > 0 ? (size_t)length : 0);
}

/* --- Conditions. -------------------------------------------------------------------------- */

/* How a comparison is written, and which way its margin counts (0: it has none). */
typedef struct comparison {
    const char *name, *sign;
    double direction;
} comparison;

static const comparison comparisons[] = {
    {"GT", ">", 1.0},   {"GE", ">=", 1.0}, {"LT", "<", -1.0},
    {"LE", "<=", -1.0}, {"EQ", "==", 0.0}, {"NE", "!=", 0.0},
};

static const comparison *comparison_of(const char *op)
{
    for (size_t i = 0; op != NULL && i < sizeof comparisons / sizeof comparisons[0]; i++) {
        if (strcmp(comparisons[i].name, op) == 0 || strcmp(comparisons[i].sign, op) == 0) {
            return &comparisons[i];
        }
    }
    return NULL;
}

/* "1.0712 > 1.0698, margin +0.0014", in builder->part. */
static s1_str compared_text(s1_explain_builder *builder, const json_t *condition)
{
    s1_strbuf *const text = &builder->part;
    const json_t *const value = json_object_get(condition, "value");
    const json_t *const threshold = json_object_get(condition, "threshold");
    const char *const op = json_string_value(json_object_get(condition, "op"));
    const comparison *const compared = comparison_of(op);
    s1_strbuf_clear(text);
    s1_explain_value(text, value);
    s1_strbuf_char(text, ' ');
    s1_strbuf_cstr_add(text, compared != NULL ? compared->sign : op != NULL ? op : "?");
    s1_strbuf_char(text, ' ');
    s1_explain_value(text, threshold);
    if (compared != NULL && json_is_number(value) && json_is_number(threshold) &&
        (compared->direction > 0.0 || compared->direction < 0.0)) {
        char digits[32];
        (void)snprintf(digits, sizeof digits, "%+.8g",
                       compared->direction *
                           (json_number_value(value) - json_number_value(threshold)));
        const s1_locale_value margin = {"value", digits};
        s1_locale_word(builder->locale, "explain.margin", &margin, 1, text);
    }
    return s1_strbuf_view(text);
}

static void add_condition(s1_explain_builder *builder, s1_explain_node *parent,
                          const json_t *condition)
{
    const bool has_held = !json_is_false(json_object_get(condition, "held"));
    const s1_str compared = compared_text(builder, condition);
    S1_EXPLAIN_SAY(builder, has_held ? "explain.condition_held" : "explain.condition_missed", NULL,
                   S1_SAY_JSON("name", json_object_get(condition, "name")),
                   S1_SAY_TEXT("comparison", compared));
    s1_explain_add(builder, parent, "condition")->mark =
        has_held ? S1_EXPLAIN_PLAIN : S1_EXPLAIN_BAD;
}

static void add_conditions(s1_explain_builder *builder, s1_explain_node *parent,
                           const s1_journal_details_view *details)
{
    const json_t *const conditions = s1_journal_details_at(details, "conditions");
    for (size_t i = 0; i < json_array_size(conditions); i++) {
        add_condition(builder, parent, json_array_get(conditions, i));
    }
}

static void add_pairs(s1_explain_builder *builder, s1_explain_node *parent, const char *kind,
                      const s1_journal_details_view *details, const char *path)
{
    const json_t *const object = s1_journal_details_at(details, path);
    if (json_object_size(object) > 0) {
        pairs(&builder->text, object);
        (void)s1_explain_add(builder, parent, kind);
    }
}

/* --- Entries. ----------------------------------------------------------------------------- */

/* An id as it is shown in lines, as text. */
static s1_str short_id(s1_explain_builder *builder, s1_uid uid)
{
    s1_strbuf_clear(&builder->part);
    s1_explain_short_id(&builder->part, uid);
    return s1_strbuf_view(&builder->part);
}

s1_explain_node *s1_explain_opportunity(s1_explain_builder *builder, s1_explain_node *parent,
                                        const s1_journal_entry *entry,
                                        const s1_journal_details_view *details)
{
    S1_EXPLAIN_SAY(builder, "explain.opportunity", details,
                   S1_SAY_TEXT("id", short_id(builder, entry->ids[S1_JOURNAL_ID_OPPORTUNITY])),
                   S1_SAY_MEMBER("signal_type", "signal_type"),
                   S1_SAY_MEMBER("direction", "direction"),
                   S1_SAY_PART("asset", "explain.part_asset", "asset"),
                   S1_SAY_PART("price", "explain.part_price", "price"),
                   S1_SAY_WORDS("worker", "explain.part_worker", entry->worker),
                   S1_SAY_PART("score", "explain.part_score", "score"));
    s1_explain_node *const node = s1_explain_add_entry(builder, parent, "opportunity", entry);
    s1_explain_set_id(builder, node, entry->ids[S1_JOURNAL_ID_OPPORTUNITY]);
    add_pairs(builder, node, "context", details, "context");
    add_pairs(builder, node, "metadata", details, "metadata");
    add_conditions(builder, node, details);
    return node;
}

void s1_explain_threat_words(s1_explain_builder *builder, const s1_journal_entry *entry,
                             const s1_journal_details_view *details)
{
    if (entry->kind == S1_JOURNAL_THREAT_CLEARED) {
        S1_EXPLAIN_SAY(builder, "explain.threat_cleared", details,
                       S1_SAY_MEMBER("threat_type", "threat_type"),
                       S1_SAY_PART("duration", "explain.part_duration", "duration_bars"));
        return;
    }
    S1_EXPLAIN_SAY(builder, "explain.threat", details, S1_SAY_MEMBER("threat_type", "threat_type"),
                   S1_SAY_PART("severity", "explain.part_comma", "severity"),
                   S1_SAY_PART("category", "explain.part_comma", "category"),
                   S1_SAY_WORDS("worker", "explain.part_worker", entry->worker));
}

s1_explain_node *s1_explain_threat(s1_explain_builder *builder, s1_explain_node *parent,
                                   const s1_journal_entry *entry,
                                   const s1_journal_details_view *details)
{
    s1_explain_short_id(&builder->text, entry->ids[S1_JOURNAL_ID_THREAT]);
    s1_strbuf_lit(&builder->text, ": ");
    s1_explain_threat_words(builder, entry, details);
    s1_explain_node *const node = s1_explain_add_entry(builder, parent, "threat", entry);
    node->mark = S1_EXPLAIN_WARN;
    s1_explain_set_id(builder, node, entry->ids[S1_JOURNAL_ID_THREAT]);
    add_pairs(builder, node, "measured", details, "details");
    return node;
}

s1_explain_node *s1_explain_plan(s1_explain_builder *builder, s1_explain_node *parent,
                                 const s1_journal_entry *entry,
                                 const s1_journal_details_view *details)
{
    S1_EXPLAIN_SAY(builder, "explain.plan", details, S1_SAY_MEMBER("direction", "direction"),
                   S1_SAY_PART("quantity", "explain.part_space", "quantity"),
                   S1_SAY_PART("order_type", "explain.part_space", "order_type"),
                   S1_SAY_PART("entry_price", "explain.part_price", "entry_price"),
                   S1_SAY_PART("stop_loss", "explain.part_stop", "stop_loss"),
                   S1_SAY_PART("take_profit", "explain.part_target", "take_profit"),
                   S1_SAY_PART("trail_amount", "explain.part_trails", "trail_amount"),
                   S1_SAY_PART("trail_percent", "explain.part_trails_percent", "trail_percent"),
                   S1_SAY_PART("trail_activation", "explain.part_trails_from", "trail_activation"),
                   S1_SAY_PART("time_in_force", "explain.part_comma", "time_in_force"),
                   S1_SAY_PART("expires_at", "explain.part_until", "expires_at"),
                   S1_SAY_PART("display_quantity", "explain.part_shows", "display_quantity"),
                   S1_SAY_PART("cash_fraction", "explain.part_sized_at_fill", "cash_fraction"),
                   S1_SAY_PART("slices", "explain.part_slices", "slices"),
                   S1_SAY_PART("slice_interval", "explain.part_every", "slice_interval"));
    s1_explain_node *const node = s1_explain_add_entry(builder, parent, "plan", entry);
    s1_explain_set_id(builder, node, entry->ids[S1_JOURNAL_ID_TRADE]);
    const json_t *const steps = s1_journal_details_at(details, "steps");
    for (size_t i = 0; i < json_array_size(steps); i++) {
        const json_t *const step = json_array_get(steps, i);
        const json_t *const changed = json_object_get(step, "changed");
        S1_EXPLAIN_SAY(builder,
                       json_object_size(changed) > 0 ? "explain.step" : "explain.step_unchanged",
                       NULL, S1_SAY_JSON("phase", json_object_get(step, "phase")),
                       S1_SAY_JSON("worker", json_object_get(step, "worker")),
                       S1_SAY_PAIRS("changed", changed));
        (void)s1_explain_add(builder, node, "step");
    }
    return node;
}

static void add_checks(s1_explain_builder *builder, s1_explain_node *parent,
                       const s1_journal_details_view *details)
{
    const json_t *const checks = s1_journal_details_at(details, "checks");
    for (size_t i = 0; i < json_array_size(checks); i++) {
        const json_t *const check = json_array_get(checks, i);
        S1_EXPLAIN_SAY(builder, "explain.check", NULL,
                       S1_SAY_JSON("code", json_object_get(check, "code")),
                       S1_SAY_JSON("limit", json_object_get(check, "limit")),
                       S1_SAY_JSON("actual", json_object_get(check, "actual")));
        (void)s1_explain_add(builder, parent, "check");
    }
}

s1_explain_node *s1_explain_verdict(s1_explain_builder *builder, s1_explain_node *parent,
                                    const s1_journal_entry *entry,
                                    const s1_journal_details_view *details)
{
    const bool is_approved = entry->kind == S1_JOURNAL_OPPORTUNITY_APPROVED;
    if (is_approved) {
        s1_explain_word(builder, "explain.approved");
    } else {
        S1_EXPLAIN_SAY(builder, "explain.refused", details, S1_SAY_MEMBER("stage", "stage"),
                       S1_SAY_WORDS("worker", "explain.part_worker", entry->worker),
                       S1_SAY_MEMBER("code", "rejection_reason.code"),
                       S1_SAY_PART("limit", "explain.part_limit", "rejection_reason.limit"),
                       S1_SAY_PART("actual", "explain.part_actual", "rejection_reason.actual"));
    }
    s1_explain_node *const node = s1_explain_add_entry(builder, parent, "verdict", entry);
    node->mark = is_approved ? S1_EXPLAIN_GOOD : S1_EXPLAIN_BAD;
    add_checks(builder, node, details);
    add_conditions(builder, node, details);
    return node;
}

s1_explain_node *s1_explain_order(s1_explain_builder *builder, s1_explain_node *parent,
                                  const s1_journal_entry *entry,
                                  const s1_journal_details_view *details)
{
    S1_EXPLAIN_SAY(builder, "explain.order", details,
                   S1_SAY_TEXT("id", short_id(builder, entry->ids[S1_JOURNAL_ID_ORDER])),
                   S1_SAY_MEMBER("side", "side"),
                   S1_SAY_PART("order_type", "explain.part_space", "order_type"),
                   S1_SAY_PART("quantity", "explain.part_space", "quantity"),
                   S1_SAY_PART("limit", "explain.part_order_limit", "limit"),
                   S1_SAY_PART("trigger", "explain.part_order_trigger", "trigger"),
                   S1_SAY_PART("expires_at", "explain.part_until", "expires_at"),
                   S1_SAY_PART("display_quantity", "explain.part_shows", "display_quantity"),
                   S1_SAY_PART("cash_fraction", "explain.part_sized_at_fill", "cash_fraction"),
                   S1_SAY_PART("trail_amount", "explain.part_trails", "trail_amount"),
                   S1_SAY_PART("trail_percent", "explain.part_trails_percent", "trail_percent"),
                   S1_SAY_PART("trail_activation", "explain.part_trails_from", "trail_activation"),
                   S1_SAY_PART("role", "explain.part_role", "role"));
    s1_explain_node *const node = s1_explain_add(builder, parent, "order");
    node->time = entry->time;
    s1_explain_set_id(builder, node, entry->ids[S1_JOURNAL_ID_ORDER]);
    return node;
}

/* "ORDER_FILLED" -> "filled": what the locale says for the kind, or the kind itself. */
static s1_str order_verb(s1_explain_builder *builder, s1_str type)
{
    s1_strbuf *const text = &builder->part;
    s1_strbuf_clear(text);
    s1_strbuf_lit(text, "explain.event_");
    for (size_t i = 0; i < type.len; i++) {
        const char c = type.ptr[i];
        s1_strbuf_char(text, c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c);
    }
    const s1_str verb = s1_locale_text(builder->locale, s1_strbuf_view(text));
    return verb.len > 0 ? verb : type;
}

s1_explain_node *s1_explain_order_event(s1_explain_builder *builder, s1_explain_node *parent,
                                        const s1_journal_entry *entry,
                                        const s1_journal_details_view *details)
{
    const bool is_nested = s1_explain_has(details, "fill");
    const s1_str verb = order_verb(builder, entry->type);
    if (entry->kind == S1_JOURNAL_ORDER_FILLED) {
        S1_EXPLAIN_SAY(
            builder, "explain.event_fill", details, S1_SAY_TEXT("event", verb),
            S1_SAY_PART("quantity", "explain.part_space", is_nested ? "fill.quantity" : "quantity"),
            S1_SAY_PART("price", "explain.part_price", is_nested ? "fill.price" : "price"),
            S1_SAY_PART("fee", "explain.part_fee", is_nested ? "fill.fee" : "fee"),
            S1_SAY_PART("fee_amount", "explain.part_paid_as", "fee_amount"),
            S1_SAY_PART("fee_currency", "explain.part_space", "fee_currency"),
            S1_SAY_PART("liquidity", "explain.part_comma",
                        is_nested ? "fill.liquidity" : "liquidity"),
            S1_SAY_PART("rule", "explain.part_rule", is_nested ? "fill.rule" : "rule"),
            S1_SAY_PART("remaining", "explain.part_remaining", "remaining"),
            S1_SAY_PART("reason", "explain.part_comma", "reason"));
    } else if (entry->kind == S1_JOURNAL_ORDER_AMENDED) {
        S1_EXPLAIN_SAY(builder, "explain.event_amend", details, S1_SAY_TEXT("event", verb),
                       S1_SAY_PART("quantity", "explain.part_space", "quantity"),
                       S1_SAY_PART("limit", "explain.part_order_limit", "limit"),
                       S1_SAY_PART("trigger", "explain.part_order_trigger", "trigger"),
                       S1_SAY_PART("reason", "explain.part_comma", "reason"),
                       S1_SAY_WORDS("worker", "explain.part_worker", entry->worker));
    } else {
        S1_EXPLAIN_SAY(builder, "explain.event", details, S1_SAY_TEXT("event", verb),
                       S1_SAY_PART("reason", "explain.part_comma", "reason"));
    }
    return s1_explain_add_entry(builder, parent, "order_event", entry);
}

s1_explain_node *s1_explain_step(s1_explain_builder *builder, s1_explain_node *parent,
                                 const s1_journal_entry *entry,
                                 const s1_journal_details_view *details)
{
    const char *kind = "entry";
    if (entry->kind == S1_JOURNAL_TRADE_OPENED) {
        kind = "opened";
        S1_EXPLAIN_SAY(builder, "explain.opened", details, S1_SAY_MEMBER("direction", "direction"),
                       S1_SAY_PART("quantity", "explain.part_space", "quantity"),
                       S1_SAY_PART("entry_price", "explain.part_price", "entry_price"),
                       S1_SAY_PART("stop_loss", "explain.part_stop", "stop_loss"),
                       S1_SAY_PART("take_profit", "explain.part_target", "take_profit"),
                       S1_SAY_PART("fee", "explain.part_fee", "fee"));
    } else if (entry->kind == S1_JOURNAL_POSITION_ADJUSTED) {
        kind = "adjusted";
        S1_EXPLAIN_SAY(builder, "explain.adjusted", details, S1_SAY_MEMBER("what", "what"),
                       S1_SAY_PART("from", "explain.part_from", "from"),
                       S1_SAY_PART("to", "explain.part_to", "to"),
                       S1_SAY_PART("price", "explain.part_price", "price"),
                       S1_SAY_PART("fee", "explain.part_fee", "fee"),
                       S1_SAY_PART("reason", "explain.part_comma", "reason"),
                       S1_SAY_WORDS("worker", "explain.part_worker", entry->worker));
    } else if (entry->kind == S1_JOURNAL_TRADE_CLOSED) {
        kind = "closed";
        S1_EXPLAIN_SAY(builder, "explain.closed", details,
                       S1_SAY_MEMBER("reason", "closure_reason"),
                       S1_SAY_PART("exit_price", "explain.part_price", "exit_price"),
                       S1_SAY_PART("pnl", "explain.part_pnl", "pnl"),
                       S1_SAY_PART("fees", "explain.part_fees", "fees"),
                       S1_SAY_PART("funding", "explain.part_funding", "funding"),
                       S1_SAY_PART("interest", "explain.part_interest", "interest"));
    } else if (entry->kind == S1_JOURNAL_FUNDING_PAID || entry->kind == S1_JOURNAL_INTEREST_PAID) {
        kind = "carried";
        S1_EXPLAIN_SAY(builder, "explain.carried", details,
                       S1_SAY_TEXT("event", order_verb(builder, entry->type)),
                       S1_SAY_PART("amount", "explain.part_space", "amount"),
                       S1_SAY_PART("rate", "explain.part_rate", "rate"),
                       S1_SAY_PART("quantity", "explain.part_of", "quantity"),
                       S1_SAY_PART("price", "explain.part_price", "price"));
    } else if (entry->kind == S1_JOURNAL_WORKER_NOTE) {
        kind = "note";
        S1_EXPLAIN_SAY(builder, "explain.note", details, S1_SAY_MEMBER("event", "event"),
                       S1_SAY_WORDS("worker", "explain.part_worker", entry->worker));
    } else {
        s1_strbuf_str(&builder->text, entry->type);
    }
    return s1_explain_add_entry(builder, parent, kind, entry);
}

/* --- JSON. -------------------------------------------------------------------------------- */

static void json_members(const s1_explain_node *node, s1_json_writer *writer)
{
    s1_json_key_lit(writer, "kind");
    s1_json_cstr(writer, node->kind);
    s1_json_key_lit(writer, "text");
    s1_json_cstr(writer, node->text);
    if (node->id != NULL) {
        s1_json_key_lit(writer, "id");
        s1_json_cstr(writer, node->id);
    }
    if (node->time != 0) {
        s1_json_key_lit(writer, "time");
        s1_json_time(writer, node->time);
    }
    if (node->seq != 0) {
        s1_json_key_lit(writer, "seq");
        s1_json_u64(writer, node->seq);
    }
    if (node->count != 0) {
        s1_json_key_lit(writer, "count");
        s1_json_u64(writer, node->count);
    }
    if (node->details != NULL) {
        s1_json_key_lit(writer, "details");
        s1_json_raw(writer, s1_str_of(node->details));
    }
}

void s1_explain_json(const s1_explain_node *node, s1_json_writer *writer)
{
    s1_json_object(writer);
    json_members(node, writer);
    if (node->first_child != NULL) {
        s1_json_key_lit(writer, "children");
        s1_json_array(writer);
        for (const s1_explain_node *child = node->first_child; child != NULL; child = child->next) {
            s1_explain_json(child, writer); /* as deep as a story goes: four */
        }
        s1_json_array_end(writer);
    }
    s1_json_object_end(writer);
}
