/* frontends/cli/words.h - prints the texts of a locale. */
#ifndef S1_FRONTENDS_CLI_WORDS_H
#define S1_FRONTENDS_CLI_WORDS_H

#include "backend/utils/locale.h"

#include <stdio.h>

/* Prints the text of `key` with its slots worded; no newline is added. */
void s1_cli_say_values(FILE *out, const s1_locale *locale, const char *key,
                       const s1_locale_value *values, size_t count);
#define S1_CLI_SAY(out, locale, key, ...)                                                          \
    s1_cli_say_values((out), (locale), (key), (const s1_locale_value[]){__VA_ARGS__},              \
                      sizeof((const s1_locale_value[]){__VA_ARGS__}) / sizeof(s1_locale_value))

/* A count in digits, for slots. */
typedef struct s1_cli_count {
    char digits[24];
} s1_cli_count;
const char *s1_cli_count_text(uint64_t value, s1_cli_count *ret_count);

#endif /* S1_FRONTENDS_CLI_WORDS_H */
