/* How an evaluated condition reads: value, threshold, and by how much it held or missed. */
#include "backend/analysis/explain_internal.h"

#include <math.h>
#include <stdio.h>

static const char *const signs[] = {"?", ">", ">=", "<", "<=", "==", "!="};

static const char *sign_of(int32_t op)
{
    return op >= S1_GT && op <= S1_NE ? signs[op] : signs[0];
}

void s1_explain_set_details(s1_explain_builder *builder, s1_explain_node *node, s1_strbuf *json)
{
    node->details = s1_arena_copy_cstr(builder->arena, s1_strbuf_view(json));
    builder->has_failed |= node->details == NULL || json->has_failed;
}

void s1_explain_number(const s1_explain_builder *builder, s1_strbuf *text, double value)
{
    if (isnan(value)) {
        s1_strbuf_cstr_add(text, s1_locale_cstr(builder->locale, "explain.none"));
    } else {
        s1_strbuf_printf(text, "%.8g", value);
    }
}

double s1_explain_missed_by(const s1_condition *condition)
{
    switch (condition->op) {
    case S1_GT:
    case S1_GE:
        return condition->threshold - condition->value;
    case S1_LT:
    case S1_LE:
        return condition->value - condition->threshold;
    case S1_EQ:
        return fabs(condition->value - condition->threshold);
    default:
        return (double)NAN;
    }
}

double s1_explain_missed_share(const s1_condition *condition)
{
    const double scale = fabs(condition->threshold);
    return scale > 0.0 ? s1_explain_missed_by(condition) / scale : (double)NAN;
}

s1_str s1_explain_comparison(s1_explain_builder *builder, const s1_condition *condition)
{
    s1_strbuf *const text = &builder->part;
    const double missed = s1_explain_missed_by(condition);
    const double share = s1_explain_missed_share(condition);
    s1_strbuf_clear(text);
    s1_explain_number(builder, text, condition->value);
    s1_strbuf_printf(text, " %s ", sign_of(condition->op));
    s1_explain_number(builder, text, condition->threshold);
    if (isnan(missed)) {
        return s1_strbuf_view(text);
    }
    if (!condition->held && !(missed > 0.0)) {
        s1_strbuf_cstr_add(text, s1_locale_cstr(builder->locale, "explain.missed_equal"));
        return s1_strbuf_view(text);
    }
    char digits[32];
    (void)snprintf(digits, sizeof digits, "%.5g", condition->held ? -missed + 0.0 : missed);
    const s1_locale_value value = {"value", digits};
    s1_locale_word(builder->locale, condition->held ? "explain.margin" : "explain.missed_by",
                   &value, 1, text);
    if (isfinite(share)) {
        s1_strbuf_printf(text, " (%.3g %%)", fabs(share) * 100.0);
    }
    return s1_strbuf_view(text);
}

void s1_explain_comparison_json(s1_json_writer *writer, const s1_condition *condition)
{
    s1_json_key_lit(writer, "value");
    s1_json_double(writer, condition->value);
    s1_json_key_lit(writer, "op");
    s1_json_cstr(writer, sign_of(condition->op));
    s1_json_key_lit(writer, "threshold");
    s1_json_double(writer, condition->threshold);
    s1_json_key_lit(writer, "held");
    s1_json_bool(writer, condition->held != 0);
    s1_json_key_lit(writer, "missed_by");
    s1_json_double(writer, s1_explain_missed_by(condition));
    s1_json_key_lit(writer, "missed_share");
    s1_json_double(writer, s1_explain_missed_share(condition));
}
