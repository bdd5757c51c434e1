/* backend/utils/json_pull.h - JSON read token by token, numbers as the text they are.
 *
 * For market data: no tree, no allocation, no float on the way. The grammar is RFC 8259, the whole
 * text must be one value; anything else ends in S1_JSON_BAD, which stays. Texts are borrowed from
 * the input.
 *
 *   s1_json_pull p;
 *   s1_str text;
 *   s1_json_pull_init(&p, message);
 *   if (s1_json_pull_next(&p, &text) == S1_JSON_OBJECT) {
 *     while (s1_json_pull_next(&p, &text) == S1_JSON_KEY) {
 *       if (s1_str_eq(text, S1_STR("price")))  kind = s1_json_pull_next(&p, &text);
 *       else                                   s1_json_pull_skip(&p);
 *     }
 *   }
 */
#ifndef S1_UTILS_JSON_PULL_H
#define S1_UTILS_JSON_PULL_H

#include "backend/utils/text.h"

#define S1_JSON_PULL_DEPTH_MAX 63u

enum s1_json_token {
    S1_JSON_BAD = 0, /* not JSON; s1_json_pull_offset tells where */
    S1_JSON_OBJECT,
    S1_JSON_OBJECT_END,
    S1_JSON_ARRAY,
    S1_JSON_ARRAY_END,
    S1_JSON_KEY,    /* text: between the quotes, escapes as written */
    S1_JSON_STRING, /* the same */
    S1_JSON_NUMBER, /* text: as written */
    S1_JSON_TRUE,
    S1_JSON_FALSE,
    S1_JSON_NULL,
    S1_JSON_END, /* behind the value; stays */
};

/* In the caller's memory, fields private. */
typedef struct s1_json_pull {
    const char *start, *at, *end;
    uint64_t in_object; /* bit d: level d is an object */
    uint32_t depth;
    uint32_t state; /* what may come next */
    bool is_bad;
} s1_json_pull;

/* Ready to read `text`, which is borrowed. */
void s1_json_pull_init(s1_json_pull *pull, s1_str text);

/* The next token; `ret_text` (never NULL) is set for KEY, STRING and NUMBER, else empty. */
enum s1_json_token s1_json_pull_next(s1_json_pull *pull, s1_str *ret_text);

/* Reads over one whole value, the one that comes next. False where it is not JSON, or where no
 * value comes. */
bool s1_json_pull_skip(s1_json_pull *pull);

/* Reads over what is left of the object or array whose first token was just read. */
bool s1_json_pull_leave(s1_json_pull *pull);

/* Bytes read so far; where a bad text went wrong. */
size_t s1_json_pull_offset(const s1_json_pull *pull);

/* A decimal number as its digits say: "0.00672000" is 672000 at scale 8, "1e-05" is 1 at scale 5,
 * "2E3" is 2000 at scale 0. False if it is no decimal number, or has more than 18 significant
 * digits (leading zeros do not count) or decimals. */
bool s1_mantissa_parse(s1_str text, int64_t *ret_mantissa, uint32_t *ret_scale);

#endif /* S1_UTILS_JSON_PULL_H */
