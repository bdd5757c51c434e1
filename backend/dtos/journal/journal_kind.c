#include "backend/dtos/journal/journal_kind.h"

#include "s1mple/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Members of details by kind: F(name, type, required). */
#define FIELDS_RUN_STARTED(F)                                                                      \
    F(run_id, UUID, 1)                                                                             \
    F(strategy, TEXT, 1)                                                                           \
    F(version, TEXT, 0)                                                                            \
    F(environment, TEXT, 1)                                                                        \
    F(asset_pair, TEXT, 1)                                                                         \
    F(timeframe, TEXT, 1)                                                                          \
    F(seed, INTEGER, 1)                                                                            \
    F(from, TIME, 0)                                                                               \
    F(to, TIME, 0)                                                                                 \
    F(warmup_bars, INTEGER, 0)                                                                     \
    F(config_hash, TEXT, 1)                                                                        \
    F(data_hash, TEXT, 1)                                                                          \
    F(initial_capital, DECIMAL, 1)                                                                 \
    F(fill_rule, TEXT, 0)                                                                          \
    F(match_on, TEXT, 0)                                                                           \
    F(currency, TEXT, 0)                                                                           \
    F(cost_basis, TEXT, 0)                                                                         \
    F(base_currency, TEXT, 0)                                                                      \
    F(base_balance, DECIMAL, 0)                                                                    \
    F(base_price, DECIMAL, 0)                                                                      \
    F(fee_currency, TEXT, 0)                                                                       \
    F(fee_balance, DECIMAL, 0)                                                                     \
    F(fee_price, DECIMAL, 0)
#define FIELDS_OPPORTUNITY_DETECTED(F)                                                             \
    F(signal_type, TEXT, 1)                                                                        \
    F(direction, TEXT, 1)                                                                          \
    F(asset, TEXT, 0)                                                                              \
    F(price, NUMBER, 1)                                                                            \
    F(score, NUMBER, 0)                                                                            \
    F(metadata, OBJECT, 0)                                                                         \
    F(conditions, LIST, 0)                                                                         \
    F(context, OBJECT, 0)
#define FIELDS_THREAT(F)                                                                           \
    F(threat_type, TEXT, 1)                                                                        \
    F(category, TEXT, 0)                                                                           \
    F(severity, TEXT, 1)                                                                           \
    F(key, TEXT, 0)                                                                                \
    F(details, OBJECT, 0)
#define FIELDS_THREAT_DETECTED(F) FIELDS_THREAT(F)
#define FIELDS_THREAT_UPDATED(F)  FIELDS_THREAT(F)
#define FIELDS_THREAT_CLEARED(F)  FIELDS_THREAT(F) F(duration_bars, INTEGER, 1)
#define FIELDS_PLAN_CREATED(F)                                                                     \
    F(direction, TEXT, 1)                                                                          \
    F(entry_type, TEXT, 1)                                                                         \
    F(entry_price, DECIMAL, 1)                                                                     \
    F(stop_loss, DECIMAL, 0)                                                                       \
    F(take_profit, DECIMAL, 0)                                                                     \
    F(trail_amount, DECIMAL, 0)                                                                    \
    F(trail_percent, DECIMAL, 0)                                                                   \
    F(trail_activation, DECIMAL, 0)                                                                \
    F(quantity, DECIMAL, 1)                                                                        \
    F(cash_fraction, DECIMAL, 0)                                                                   \
    F(order_type, TEXT, 1)                                                                         \
    F(time_in_force, TEXT, 1)                                                                      \
    F(display_quantity, DECIMAL, 0)                                                                \
    F(entry_trail_amount, DECIMAL, 0)                                                              \
    F(entry_trail_percent, DECIMAL, 0)                                                             \
    F(entry_trail_activation, DECIMAL, 0)                                                          \
    F(expires_at, TIME, 0)                                                                         \
    F(slices, INTEGER, 0)                                                                          \
    F(slice_interval, TEXT, 0)                                                                     \
    F(oco_group, INTEGER, 0)                                                                       \
    F(steps, LIST, 1)
#define FIELDS_OPPORTUNITY_APPROVED(F) F(checks, LIST, 1)
#define FIELDS_OPPORTUNITY_REJECTED(F)                                                             \
    F(stage, TEXT, 1)                                                                              \
    F(rejection_reason, OBJECT, 1)                                                                 \
    F(conditions, LIST, 0)
#define FIELDS_ORDER(F)                                                                            \
    F(side, TEXT, 1)                                                                               \
    F(order_type, TEXT, 1)                                                                         \
    F(role, TEXT, 1)                                                                               \
    F(limit, DECIMAL, 0)                                                                           \
    F(trigger, DECIMAL, 0)                                                                         \
    F(reason, TEXT, 0)
#define FIELDS_ORDER_SUBMITTED(F)                                                                  \
    FIELDS_ORDER(F)                                                                                \
    F(quantity, DECIMAL, 1)                                                                        \
    F(cash_fraction, DECIMAL, 0)                                                                   \
    F(display_quantity, DECIMAL, 0)                                                                \
    F(trail_amount, DECIMAL, 0)                                                                    \
    F(trail_percent, DECIMAL, 0)                                                                   \
    F(trail_activation, DECIMAL, 0)                                                                \
    F(expires_at, TIME, 0)
#define FIELDS_ORDER_ACCEPTED(F)  F(reason, TEXT, 0) /* its submission told the rest */
#define FIELDS_ORDER_TRIGGERED(F) FIELDS_ORDER(F)
#define FIELDS_ORDER_FILLED(F)                                                                     \
    F(side, TEXT, 1)                                                                               \
    F(price, DECIMAL, 1)                                                                           \
    F(quantity, DECIMAL, 1)                                                                        \
    F(fee, DECIMAL, 1)                                                                             \
    F(fee_currency, TEXT, 0)                                                                       \
    F(fee_amount, DECIMAL, 0)                                                                      \
    F(withheld, DECIMAL, 0)                                                                        \
    F(fee_fallback, BOOLEAN, 0)                                                                    \
    F(liquidity, TEXT, 1)                                                                          \
    F(rule, TEXT, 0)                                                                               \
    F(remaining, DECIMAL, 0)
#define FIELDS_ORDER_REJECTED(F) FIELDS_ORDER(F)
#define FIELDS_ORDER_CANCELED(F) FIELDS_ORDER(F)
#define FIELDS_ORDER_EXPIRED(F)  FIELDS_ORDER(F)
#define FIELDS_ORDER_DENIED(F)   FIELDS_ORDER(F)
#define FIELDS_ORDER_AMENDED(F)                                                                    \
    F(limit, DECIMAL, 0)                                                                           \
    F(trigger, DECIMAL, 0)                                                                         \
    F(quantity, DECIMAL, 0)                                                                        \
    F(reason, TEXT, 1)
#define FIELDS_TRADE_OPENED(F)                                                                     \
    F(direction, TEXT, 1)                                                                          \
    F(entry_price, DECIMAL, 1)                                                                     \
    F(quantity, DECIMAL, 1)                                                                        \
    F(fee, DECIMAL, 1)                                                                             \
    F(fee_currency, TEXT, 0)                                                                       \
    F(fee_amount, DECIMAL, 0)                                                                      \
    F(bought, DECIMAL, 0)                                                                          \
    F(stop_loss, DECIMAL, 0)                                                                       \
    F(take_profit, DECIMAL, 0)
#define FIELDS_POSITION_ADJUSTED(F)                                                                \
    F(what, TEXT, 1)                                                                               \
    F(from, DECIMAL, 0)                                                                            \
    F(to, DECIMAL, 0)                                                                              \
    F(price, DECIMAL, 0)                                                                           \
    F(fee, DECIMAL, 0)                                                                             \
    F(fee_currency, TEXT, 0)                                                                       \
    F(fee_amount, DECIMAL, 0)                                                                      \
    F(bought, DECIMAL, 0)                                                                          \
    F(reason, TEXT, 0)
#define FIELDS_TRADE_CLOSED(F)                                                                     \
    F(closure_reason, TEXT, 1)                                                                     \
    F(closing_opportunity_id, UUID, 0)                                                             \
    F(exit_price, DECIMAL, 1)                                                                      \
    F(quantity, DECIMAL, 1)                                                                        \
    F(fees, DECIMAL, 1)                                                                            \
    F(fees_cash, DECIMAL, 0)                                                                       \
    F(funding, DECIMAL, 0)                                                                         \
    F(interest, DECIMAL, 0)                                                                        \
    F(pnl, DECIMAL, 1)                                                                             \
    F(pnl_gross, DECIMAL, 1)
#define FIELDS_WORKER_NOTE(F)        F(event, TEXT, 1)
#define FIELDS_PARAMETERS_CHANGED(F) F(reason, TEXT, 0)
#define FIELDS_RECONCILED(F)         F(reason, TEXT, 0)
#define FIELDS_SCHEDULED_TICK(F)     F(schedule_name, TEXT, 1)
#define FIELDS_RUN_FINISHED(F)                                                                     \
    F(ticks, INTEGER, 1)                                                                           \
    F(opportunities, INTEGER, 1)                                                                   \
    F(approved, INTEGER, 1)                                                                        \
    F(rejected, INTEGER, 1)                                                                        \
    F(trades, INTEGER, 1)                                                                          \
    F(threats, INTEGER, 1)                                                                         \
    F(final_cash, DECIMAL, 1)                                                                      \
    F(final_equity, DECIMAL, 1)                                                                    \
    F(fees, DECIMAL, 1)                                                                            \
    F(funding, DECIMAL, 0)                                                                         \
    F(interest, DECIMAL, 0)                                                                        \
    F(base_balance, DECIMAL, 0)                                                                    \
    F(fee_balance, DECIMAL, 0)                                                                     \
    F(realized_pnl, DECIMAL, 1)                                                                    \
    F(open_positions, INTEGER, 1)                                                                  \
    F(ambiguous_bars, INTEGER, 0)                                                                  \
    F(reason, TEXT, 1)
#define FIELDS_CARRY(F)                                                                            \
    F(amount, DECIMAL, 1)                                                                          \
    F(rate, DECIMAL, 1)                                                                            \
    F(price, DECIMAL, 1)                                                                           \
    F(quantity, DECIMAL, 1)
#define FIELDS_FUNDING_PAID(F)  FIELDS_CARRY(F)
#define FIELDS_INTEREST_PAID(F) FIELDS_CARRY(F)

#define FIELD(name, type, required) {#name, S1_JOURNAL_##type, (required)},
#define X(name, levels, required, allowed, description)                                            \
    static const s1_journal_field fields_of_##name[] = {FIELDS_##name(FIELD)};
S1_JOURNAL_KIND_MAP(X)
#undef X

static const s1_journal_kind_info kinds[] = {{0},
#define X(name, levels, required, allowed, description)                                            \
    {#name,           (description),                                                               \
     (levels),        (required),                                                                  \
     (allowed),       (uint32_t)(sizeof fields_of_##name / sizeof fields_of_##name[0]),            \
     fields_of_##name},
                                             S1_JOURNAL_KIND_MAP(X)
#undef X
};
_Static_assert(sizeof kinds / sizeof kinds[0] == S1_JOURNAL_KIND_COUNT, "one row per kind");
_Static_assert(S1_JOURNAL_KIND_COUNT <= 32, "kinds fit the bits of s1_journal_head");

static const char *const id_keys[] = {
#define X(name, key) (key),
    S1_JOURNAL_ID_MAP(X)
#undef X
};

static const char *const level_names[] = {NULL, "full", "trades", "off"};

/* What a field type is in JSON Schema. */
static const char *const type_schemas[] = {
    [S1_JOURNAL_TEXT] = "\"type\":\"string\"",
    [S1_JOURNAL_DECIMAL] = "\"type\":\"string\",\"pattern\":\"^-?[0-9]+(\\\\.[0-9]+)?$\"",
    [S1_JOURNAL_NUMBER] = "\"type\":[\"number\",\"null\"]",
    [S1_JOURNAL_INTEGER] = "\"type\":\"integer\"",
    [S1_JOURNAL_BOOLEAN] = "\"type\":\"boolean\"",
    [S1_JOURNAL_TIME] = "\"type\":\"string\",\"format\":\"date-time\"",
    [S1_JOURNAL_UUID] = "\"type\":\"string\",\"format\":\"uuid\"",
    [S1_JOURNAL_OBJECT] = "\"type\":\"object\"",
    [S1_JOURNAL_LIST] = "\"type\":\"array\",\"items\":{\"type\":\"object\"}",
};

const s1_journal_kind_info *s1_journal_kind_info_borrow(int32_t kind)
{
    return kind > S1_JOURNAL_KIND_INVALID && kind < S1_JOURNAL_KIND_COUNT ? &kinds[kind] : NULL;
}

const char *s1_journal_kind_name(int32_t kind)
{
    const s1_journal_kind_info *info = s1_journal_kind_info_borrow(kind);
    return info != NULL ? info->name : "INVALID";
}

static bool equals(s1_str text, const char *name)
{
    return text.len == strlen(name) && (text.len == 0 || memcmp(text.ptr, name, text.len) == 0);
}

int32_t s1_journal_kind_parse(s1_str name)
{
    for (int32_t kind = 1; kind < S1_JOURNAL_KIND_COUNT; kind++) {
        if (equals(name, kinds[kind].name)) {
            return kind;
        }
    }
    return S1_JOURNAL_KIND_INVALID;
}

const char *s1_journal_id_key(int32_t id)
{
    return id >= 0 && id < S1_JOURNAL_ID_COUNT ? id_keys[id] : "invalid";
}

const char *s1_journal_field_type_name(int32_t type)
{
    switch (type) {
#define X(name, words)                                                                             \
    case S1_JOURNAL_##name:                                                                        \
        return (words);
        S1_JOURNAL_FIELD_TYPE_MAP(X)
#undef X
    default:
        return "INVALID";
    }
}

const char *s1_journal_level_name(int32_t level)
{
    return level >= S1_JOURNAL_LEVEL_FULL && level <= S1_JOURNAL_LEVEL_OFF ? level_names[level]
                                                                           : "invalid";
}

int32_t s1_journal_level_parse(s1_str name)
{
    for (int32_t level = S1_JOURNAL_LEVEL_FULL; level <= S1_JOURNAL_LEVEL_OFF; level++) {
        if (equals(name, level_names[level])) {
            return level;
        }
    }
    return 0;
}

/* Text that grows up to a fixed room; longer than that is remembered, not written. */
typedef struct text {
    char *bytes;
    size_t room, length;
} text;

S1_PRINTF(2, 3)
static void put(text *out, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const size_t left = out->room > out->length ? out->room - out->length : 0;
    const int written = vsnprintf(left > 0 ? out->bytes + out->length : NULL, left, format, args);
    va_end(args);
    out->length += written > 0 ? (size_t)written : 0;
}

static void put_schema(text *out, const s1_journal_kind_info *info)
{
    put(out,
        "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"title\":\"%s\","
        "\"description\":\"%s\",\"type\":\"object\",\"additionalProperties\":false,"
        "\"properties\":{\"v\":{\"const\":%d},\"seq\":{\"type\":\"integer\",\"minimum\":1},"
        "\"time\":{\"type\":\"string\",\"format\":\"date-time\"},\"type\":{\"const\":\"%s\"},"
        "\"link\":{\"type\":\"string\"},\"worker\":{\"type\":\"string\"},",
        info->name, info->description, S1_JOURNAL_VERSION, info->name);
    for (int32_t id = 0; id < S1_JOURNAL_ID_COUNT; id++) {
        if ((info->ids_allowed >> id & 1u) != 0) {
            put(out, "\"%s\":{%s},", id_keys[id], type_schemas[S1_JOURNAL_UUID]);
        }
    }
    put(out, "\"details\":{\"type\":\"object\",\"properties\":{");
    for (uint32_t i = 0; i < info->field_count; i++) {
        put(out, "%s\"%s\":{%s}", i > 0 ? "," : "", info->fields[i].name,
            type_schemas[info->fields[i].type]);
    }
    put(out, "},\"required\":[");
    const char *comma = "";
    for (uint32_t i = 0; i < info->field_count; i++) {
        if (info->fields[i].is_required != 0) {
            put(out, "%s\"%s\"", comma, info->fields[i].name);
            comma = ",";
        }
    }
    put(out,
        "]},\"crc\":{\"type\":\"string\",\"pattern\":\"^[0-9a-f]{8}$\"}},"
        "\"required\":[\"v\",\"seq\",\"time\",\"type\",%s",
        info == &kinds[S1_JOURNAL_RUN_STARTED] ? "\"link\"," : "");
    for (int32_t id = 0; id < S1_JOURNAL_ID_COUNT; id++) {
        if ((info->ids_required >> id & 1u) != 0) {
            put(out, "\"%s\",", id_keys[id]);
        }
    }
    put(out, "\"details\",\"crc\"]}");
}

s1_rc s1_journal_kind_schema(int32_t kind, char **ret_schema, s1_err *err)
{
    const s1_journal_kind_info *info = s1_journal_kind_info_borrow(kind);
    if (info == NULL) {
        return S1_RAISE(err, S1_E_INVALID, "journal kind %d: expected 1 to %d", (int)kind,
                        S1_JOURNAL_KIND_COUNT - 1);
    }
    text measure = {NULL, 0, 0};
    put_schema(&measure, info);
    text out = {malloc(measure.length + 1), measure.length + 1, 0};
    if (out.bytes == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "schema of journal kind %s", info->name);
    }
    put_schema(&out, info);
    *ret_schema = out.bytes;
    return S1_OK;
}
