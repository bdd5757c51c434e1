#include "frontends/cli/words.h"

#define TEXT_BYTES_MAX ((size_t)1 << 20)

void s1_cli_say_values(FILE *out, const s1_locale *locale, const char *key,
                       const s1_locale_value *values, size_t count)
{
    s1_strbuf text;
    s1_strbuf_init(&text, TEXT_BYTES_MAX);
    s1_locale_word(locale, key, values, count, &text);
    if (text.len > 0) {
        (void)fwrite(text.data, 1, text.len, out);
    }
    s1_strbuf_done(&text);
}

const char *s1_cli_count_text(uint64_t value, s1_cli_count *ret_count)
{
    (void)snprintf(ret_count->digits, sizeof ret_count->digits, "%llu", (unsigned long long)value);
    return ret_count->digits;
}
