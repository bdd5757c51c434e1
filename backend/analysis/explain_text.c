/* How one journal entry reads: a line, and what hangs below it. */
#include "backend/analysis/explain_internal.h"
#include "backend/utils/timefmt.h"
#include "backend/utils/uid.h"

#include <stdlib.h>

#define TEXT_BYTES_MAX ((size_t)1 << 20)
#define DIGITS_SHOWN   8u

/* --- Building. ---------------------------------------------------------------------------- */

void s1_explain_builder_init(s1_explain_builder *builder, s1_arena *arena)
{
    *builder = (s1_explain_builder){.arena = arena};
    s1_strbuf_init(&builder->text, TEXT_BYTES_MAX);
}

void s1_explain_builder_done(s1_explain_builder *builder)
{
    s1_strbuf_done(&builder->text);
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
    builder->has_failed |= node == NULL || text == NULL || builder->text.has_failed;
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
        free(dump);
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

/* Appends "<label><value>" if the member is there and not a zero, which plans use for "not set". */
static void labelled(s1_strbuf *text, const s1_journal_details_view *details, const char *label,
                     const char *path)
{
    const char *const zero = s1_journal_details_text(details, path);
    if (s1_explain_has(details, path) && (zero == NULL || strcmp(zero, "0") != 0)) {
        s1_strbuf_cstr_add(text, label);
        s1_explain_member(text, details, path);
    }
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

static void by_worker(s1_strbuf *text, const s1_journal_entry *entry)
{
    if (entry->worker.len > 0) {
        s1_strbuf_lit(text, " by ");
        s1_strbuf_str(text, entry->worker);
    }
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

static void add_condition(s1_explain_builder *builder, s1_explain_node *parent,
                          const json_t *condition)
{
    s1_strbuf *const text = &builder->text;
    const json_t *const value = json_object_get(condition, "value");
    const json_t *const threshold = json_object_get(condition, "threshold");
    const json_t *const held = json_object_get(condition, "held");
    const char *const op = json_string_value(json_object_get(condition, "op"));
    const comparison *const compared = comparison_of(op);
    s1_explain_value(text, json_object_get(condition, "name"));
    s1_strbuf_cstr_add(text, json_is_false(held) ? " did not hold: " : " held: ");
    s1_explain_value(text, value);
    s1_strbuf_char(text, ' ');
    s1_strbuf_cstr_add(text, compared != NULL ? compared->sign : op != NULL ? op : "?");
    s1_strbuf_char(text, ' ');
    s1_explain_value(text, threshold);
    if (compared != NULL && json_is_number(value) && json_is_number(threshold) &&
        (compared->direction > 0.0 || compared->direction < 0.0)) {
        const double margin =
            compared->direction * (json_number_value(value) - json_number_value(threshold));
        s1_strbuf_printf(text, ", margin %+.8g", margin);
    }
    (void)s1_explain_add(builder, parent, "condition");
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

s1_explain_node *s1_explain_opportunity(s1_explain_builder *builder, s1_explain_node *parent,
                                        const s1_journal_entry *entry,
                                        const s1_journal_details_view *details)
{
    s1_strbuf *const text = &builder->text;
    s1_explain_short_id(text, entry->ids[S1_JOURNAL_ID_OPPORTUNITY]);
    s1_strbuf_lit(text, ": ");
    s1_explain_member(text, details, "signal_type");
    s1_strbuf_char(text, ' ');
    s1_explain_member(text, details, "direction");
    labelled(text, details, " on ", "asset");
    labelled(text, details, " at ", "price");
    by_worker(text, entry);
    labelled(text, details, ", score ", "score");
    s1_explain_node *const node = s1_explain_add_entry(builder, parent, "opportunity", entry);
    s1_explain_set_id(builder, node, entry->ids[S1_JOURNAL_ID_OPPORTUNITY]);
    add_pairs(builder, node, "context", details, "context");
    add_pairs(builder, node, "metadata", details, "metadata");
    add_conditions(builder, node, details);
    return node;
}

s1_explain_node *s1_explain_threat(s1_explain_builder *builder, s1_explain_node *parent,
                                   const s1_journal_entry *entry,
                                   const s1_journal_details_view *details)
{
    s1_strbuf *const text = &builder->text;
    s1_explain_short_id(text, entry->ids[S1_JOURNAL_ID_THREAT]);
    s1_strbuf_lit(text, ": ");
    s1_explain_member(text, details, "threat_type");
    if (entry->kind == S1_JOURNAL_THREAT_CLEARED) {
        s1_strbuf_lit(text, " cleared");
        labelled(text, details, " after bars: ", "duration_bars");
    } else {
        labelled(text, details, ", ", "severity");
        labelled(text, details, ", ", "category");
        by_worker(text, entry);
    }
    s1_explain_node *const node = s1_explain_add_entry(builder, parent, "threat", entry);
    s1_explain_set_id(builder, node, entry->ids[S1_JOURNAL_ID_THREAT]);
    add_pairs(builder, node, "measured", details, "details");
    return node;
}

s1_explain_node *s1_explain_plan(s1_explain_builder *builder, s1_explain_node *parent,
                                 const s1_journal_entry *entry,
                                 const s1_journal_details_view *details)
{
    s1_strbuf *const text = &builder->text;
    s1_explain_member(text, details, "direction");
    labelled(text, details, " ", "quantity");
    labelled(text, details, " ", "order_type");
    labelled(text, details, " at ", "entry_price");
    labelled(text, details, ", stop ", "stop_loss");
    labelled(text, details, ", target ", "take_profit");
    labelled(text, details, ", ", "time_in_force");
    labelled(text, details, " until ", "expires_at");
    labelled(text, details, ", shows ", "display_quantity");
    labelled(text, details, ", slices ", "slices");
    labelled(text, details, " every ", "slice_interval");
    s1_explain_node *const node = s1_explain_add_entry(builder, parent, "plan", entry);
    s1_explain_set_id(builder, node, entry->ids[S1_JOURNAL_ID_TRADE]);
    const json_t *const steps = s1_journal_details_at(details, "steps");
    for (size_t i = 0; i < json_array_size(steps); i++) {
        const json_t *const step = json_array_get(steps, i);
        const json_t *const changed = json_object_get(step, "changed");
        s1_explain_value(text, json_object_get(step, "phase"));
        s1_strbuf_lit(text, " by ");
        s1_explain_value(text, json_object_get(step, "worker"));
        s1_strbuf_lit(text, ": ");
        if (json_object_size(changed) > 0) {
            pairs(text, changed);
        } else {
            s1_strbuf_lit(text, "let it pass");
        }
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
        s1_explain_value(&builder->text, json_object_get(check, "code"));
        s1_strbuf_lit(&builder->text, ": limit ");
        s1_explain_value(&builder->text, json_object_get(check, "limit"));
        s1_strbuf_lit(&builder->text, ", actual ");
        s1_explain_value(&builder->text, json_object_get(check, "actual"));
        (void)s1_explain_add(builder, parent, "check");
    }
}

s1_explain_node *s1_explain_verdict(s1_explain_builder *builder, s1_explain_node *parent,
                                    const s1_journal_entry *entry,
                                    const s1_journal_details_view *details)
{
    s1_strbuf *const text = &builder->text;
    if (entry->kind == S1_JOURNAL_OPPORTUNITY_APPROVED) {
        s1_strbuf_lit(text, "approved by the portfolio gate");
    } else {
        s1_strbuf_lit(text, "refused at ");
        s1_explain_member(text, details, "stage");
        by_worker(text, entry);
        s1_strbuf_lit(text, ": ");
        s1_explain_member(text, details, "rejection_reason.code");
        labelled(text, details, ", limit ", "rejection_reason.limit");
        labelled(text, details, ", actual ", "rejection_reason.actual");
    }
    s1_explain_node *const node = s1_explain_add_entry(builder, parent, "verdict", entry);
    add_checks(builder, node, details);
    add_conditions(builder, node, details);
    return node;
}

/* "ORDER_FILLED" -> "filled". */
static void order_verb(s1_strbuf *text, s1_str type)
{
    const s1_str prefix = S1_STR("ORDER_");
    const s1_str verb =
        s1_str_starts_with(type, prefix) ? s1_str_slice(type, prefix.len, type.len) : type;
    for (size_t i = 0; i < verb.len; i++) {
        const char c = verb.ptr[i];
        s1_strbuf_char(text, c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c == '_' ? ' ' : c);
    }
}

s1_explain_node *s1_explain_order(s1_explain_builder *builder, s1_explain_node *parent,
                                  const s1_journal_entry *entry,
                                  const s1_journal_details_view *details)
{
    s1_strbuf *const text = &builder->text;
    s1_explain_short_id(text, entry->ids[S1_JOURNAL_ID_ORDER]);
    s1_strbuf_lit(text, ": ");
    s1_explain_member(text, details, "side");
    labelled(text, details, " ", "order_type");
    labelled(text, details, " ", "quantity");
    labelled(text, details, " limit ", "limit");
    labelled(text, details, " trigger ", "trigger");
    labelled(text, details, " until ", "expires_at");
    labelled(text, details, ", shows ", "display_quantity");
    labelled(text, details, ", the ", "role");
    s1_explain_node *const node = s1_explain_add(builder, parent, "order");
    node->time = entry->time;
    s1_explain_set_id(builder, node, entry->ids[S1_JOURNAL_ID_ORDER]);
    return node;
}

s1_explain_node *s1_explain_order_event(s1_explain_builder *builder, s1_explain_node *parent,
                                        const s1_journal_entry *entry,
                                        const s1_journal_details_view *details)
{
    s1_strbuf *const text = &builder->text;
    order_verb(text, entry->type);
    const bool is_nested = s1_explain_has(details, "fill");
    if (entry->kind == S1_JOURNAL_ORDER_FILLED) {
        labelled(text, details, " ", is_nested ? "fill.quantity" : "quantity");
        labelled(text, details, " at ", is_nested ? "fill.price" : "price");
        labelled(text, details, ", fee ", is_nested ? "fill.fee" : "fee");
        labelled(text, details, ", ", is_nested ? "fill.liquidity" : "liquidity");
        labelled(text, details, ", rule ", is_nested ? "fill.rule" : "rule");
        labelled(text, details, ", remaining ", "remaining");
    }
    labelled(text, details, ", ", "reason");
    return s1_explain_add_entry(builder, parent, "order_event", entry);
}

static void closed_text(s1_strbuf *text, const s1_journal_details_view *details)
{
    s1_strbuf_lit(text, "closed by ");
    s1_explain_member(text, details, "closure_reason");
    labelled(text, details, " at ", "exit_price");
    labelled(text, details, ": pnl ", "pnl");
    labelled(text, details, " after fees ", "fees");
}

s1_explain_node *s1_explain_step(s1_explain_builder *builder, s1_explain_node *parent,
                                 const s1_journal_entry *entry,
                                 const s1_journal_details_view *details)
{
    s1_strbuf *const text = &builder->text;
    const char *kind = "entry";
    if (entry->kind == S1_JOURNAL_TRADE_OPENED) {
        kind = "opened";
        s1_strbuf_lit(text, "opened ");
        s1_explain_member(text, details, "direction");
        labelled(text, details, " ", "quantity");
        labelled(text, details, " at ", "entry_price");
        labelled(text, details, ", stop ", "stop_loss");
        labelled(text, details, ", target ", "take_profit");
        labelled(text, details, ", fee ", "fee");
    } else if (entry->kind == S1_JOURNAL_POSITION_ADJUSTED) {
        kind = "adjusted";
        s1_explain_member(text, details, "what");
        labelled(text, details, " from ", "from");
        labelled(text, details, " to ", "to");
        labelled(text, details, " at ", "price");
        labelled(text, details, ", fee ", "fee");
        labelled(text, details, ", ", "reason");
        by_worker(text, entry);
    } else if (entry->kind == S1_JOURNAL_TRADE_CLOSED) {
        kind = "closed";
        closed_text(text, details);
    } else if (entry->kind == S1_JOURNAL_WORKER_NOTE) {
        kind = "note";
        s1_explain_member(text, details, "event");
        by_worker(text, entry);
    } else {
        s1_strbuf_str(text, entry->type);
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
