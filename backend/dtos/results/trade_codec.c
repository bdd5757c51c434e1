#include "backend/dtos/results/trade_codec.h"

#include "backend/dtos/execution/order.h"
#include "backend/utils/timefmt.h"
#include "backend/utils/uid.h"

const char *s1_direction_name(int32_t direction)
{
    return direction == S1_LONG ? "long" : direction == S1_SHORT ? "short" : "none";
}

static const char *rule_name(int32_t rule)
{
    return rule > S1_FILL_RULE_INVALID && rule < S1_FILL_RULE_COUNT ? s1_fill_rule_name(rule) : "";
}

/* --- CSV. --------------------------------------------------------------------------------- */

static void csv_uid(s1_strbuf *out, s1_uid uid)
{
    char text[S1_UID_TEXT_MAX];
    if (!s1_uid_is_none(uid)) {
        s1_strbuf_bytes(out, text, s1_uid_print(uid, text));
    }
}

static void csv_time(s1_strbuf *out, s1_nanos time)
{
    char text[S1_TIME_TEXT_MAX];
    s1_strbuf_bytes(out, text, s1_time_print(time, text));
}

#define CSV_UID(out, value)       csv_uid((out), (value).uid)
#define CSV_DIRECTION(out, value) s1_strbuf_cstr_add((out), s1_direction_name(value))
#define CSV_DEC(out, value)       s1_strbuf_dec((out), (value))
#define CSV_TIME(out, value)      csv_time((out), (value))
#define CSV_ROW(out, value)       s1_strbuf_u64((out), (value))
#define CSV_TEXT(out, value)      s1_strbuf_csv((out), (value))
#define CSV_RULE(out, value)      s1_strbuf_cstr_add((out), rule_name(value))

void s1_trade_record_csv_header(s1_strbuf *out)
{
    const char *separator = "";
#define X(type, field, kind, in_csv, description)                                                  \
    if (in_csv) {                                                                                  \
        s1_strbuf_cstr_add(out, separator);                                                        \
        s1_strbuf_lit(out, #field);                                                                \
        separator = ",";                                                                           \
    }
    S1_TRADE_RECORD_MAP(X)
#undef X
    s1_strbuf_char(out, '\n');
}

void s1_trade_record_csv_row(const s1_trade_record *trade, s1_strbuf *out)
{
    const char *separator = "";
#define X(type, field, kind, in_csv, description)                                                  \
    if (in_csv) {                                                                                  \
        s1_strbuf_cstr_add(out, separator);                                                        \
        CSV_##kind(out, trade->field);                                                             \
        separator = ",";                                                                           \
    }
    S1_TRADE_RECORD_MAP(X)
#undef X
    s1_strbuf_char(out, '\n');
}

/* --- JSON. -------------------------------------------------------------------------------- */

#define JSON_UID(writer, value)       s1_json_uid((writer), (value).uid)
#define JSON_DIRECTION(writer, value) s1_json_cstr((writer), s1_direction_name(value))
#define JSON_DEC(writer, value)       s1_json_dec((writer), (value))
#define JSON_TIME(writer, value)      s1_json_time((writer), (value))
#define JSON_ROW(writer, value)       s1_json_u64((writer), (value))
#define JSON_TEXT(writer, value)      s1_json_str((writer), (value))
#define JSON_RULE(writer, value)      s1_json_cstr((writer), rule_name(value))

void s1_trade_record_json(const s1_trade_record *trade, s1_json_writer *writer)
{
    s1_json_object(writer);
#define X(type, field, kind, in_csv, description)                                                  \
    s1_json_key_lit(writer, #field);                                                               \
    JSON_##kind(writer, trade->field);
    S1_TRADE_RECORD_MAP(X)
#undef X
    s1_json_object_end(writer);
}

/* What the schema says of a kind: type and, for strings, a pattern or format. */
typedef struct schema_kind {
    const char *type, *key, *value;
    bool is_nullable;
} schema_kind;

static const schema_kind schema_uid = {"string", "format", "uuid", true};
static const schema_kind schema_direction = {"string", "pattern", "^(long|short)$", false};
static const schema_kind schema_dec = {"string", "pattern", "^-?[0-9]+(\\.[0-9]+)?$", false};
static const schema_kind schema_time = {"string", "format", "date-time", false};
static const schema_kind schema_row = {"integer", NULL, NULL, false};
static const schema_kind schema_text = {"string", NULL, NULL, false};
static const schema_kind schema_rule = {"string", "pattern", "^[A-Z_]*$", false};
#define SCHEMA_UID       (&schema_uid)
#define SCHEMA_DIRECTION (&schema_direction)
#define SCHEMA_DEC       (&schema_dec)
#define SCHEMA_TIME      (&schema_time)
#define SCHEMA_ROW       (&schema_row)
#define SCHEMA_TEXT      (&schema_text)
#define SCHEMA_RULE      (&schema_rule)

static void schema_property(s1_json_writer *writer, const char *name, const schema_kind *kind,
                            const char *description)
{
    s1_json_key(writer, s1_str_of(name));
    s1_json_object(writer);
    s1_json_key_lit(writer, "type");
    if (kind->is_nullable) {
        s1_json_array(writer);
        s1_json_cstr(writer, kind->type);
        s1_json_cstr(writer, "null");
        s1_json_array_end(writer);
    } else {
        s1_json_cstr(writer, kind->type);
    }
    if (kind->key != NULL) {
        s1_json_key(writer, s1_str_of(kind->key));
        s1_json_cstr(writer, kind->value);
    }
    s1_json_key_lit(writer, "description");
    s1_json_cstr(writer, description);
    s1_json_object_end(writer);
}

void s1_trade_record_json_schema(s1_json_writer *writer)
{
    s1_json_object(writer);
    s1_json_key_lit(writer, "$schema");
    s1_json_cstr(writer, "https://json-schema.org/draft/2020-12/schema");
    s1_json_key_lit(writer, "title");
    s1_json_cstr(writer, "Trade");
    s1_json_key_lit(writer, "type");
    s1_json_cstr(writer, "object");
    s1_json_key_lit(writer, "properties");
    s1_json_object(writer);
#define X(type, field, kind, in_csv, description)                                                  \
    schema_property(writer, #field, SCHEMA_##kind, description);
    S1_TRADE_RECORD_MAP(X)
#undef X
    s1_json_object_end(writer);
    s1_json_key_lit(writer, "required");
    s1_json_array(writer);
#define X(type, field, kind, in_csv, description) s1_json_cstr(writer, #field);
    S1_TRADE_RECORD_MAP(X)
#undef X
    s1_json_array_end(writer);
    s1_json_object_end(writer);
}
