/* frontends/cli/fields.h - members of JSON objects, several at a time. */
#ifndef S1_FRONTENDS_CLI_FIELDS_H
#define S1_FRONTENDS_CLI_FIELDS_H

#include "backend/utils/json_writer.h"

typedef struct s1_cli_number_field {
    const char *name;
    uint64_t value;
} s1_cli_number_field;

typedef struct s1_cli_text_field {
    const char *name, *text; /* NULL: null */
} s1_cli_text_field;

void s1_put_numbers(s1_json_writer *writer, const s1_cli_number_field *fields, size_t count);
void s1_put_texts(s1_json_writer *writer, const s1_cli_text_field *fields, size_t count);
/* S1_PUT_NUMBERS(w, {"rows", rows}, {"bytes", bytes}); */
#define S1_PUT_NUMBERS(writer, ...)                                                                \
    s1_put_numbers((writer), (const s1_cli_number_field[]){__VA_ARGS__},                           \
                   sizeof((const s1_cli_number_field[]){__VA_ARGS__}) /                            \
                       sizeof(s1_cli_number_field))
#define S1_PUT_TEXTS(writer, ...)                                                                  \
    s1_put_texts((writer), (const s1_cli_text_field[]){__VA_ARGS__},                               \
                 sizeof((const s1_cli_text_field[]){__VA_ARGS__}) / sizeof(s1_cli_text_field))

/* A time, or null where there is none. */
void s1_put_time(s1_json_writer *writer, const char *name, bool is_there, s1_nanos time);

#endif /* S1_FRONTENDS_CLI_FIELDS_H */
