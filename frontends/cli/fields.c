#include "frontends/cli/fields.h"

void s1_put_numbers(s1_json_writer *writer, const s1_cli_number_field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        s1_json_key(writer, s1_str_of(fields[i].name));
        s1_json_u64(writer, fields[i].value);
    }
}

void s1_put_texts(s1_json_writer *writer, const s1_cli_text_field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        s1_json_key(writer, s1_str_of(fields[i].name));
        s1_json_cstr(writer, fields[i].text);
    }
}

void s1_put_time(s1_json_writer *writer, const char *name, bool is_there, s1_nanos time)
{
    s1_json_key(writer, s1_str_of(name));
    if (is_there) {
        s1_json_time(writer, time);
    } else {
        s1_json_null(writer);
    }
}
