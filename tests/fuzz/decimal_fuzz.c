/* Decimal parsing: what is accepted prints back to the same value, in a canonical form; numbers
 * with the same text in a double's parser agree with the exact value. */
#include "backend/utils/assert.h"
#include "backend/utils/text.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const s1_str text = {(const char *)data, size};
    s1_err err = S1_ERR_INIT;
    s1_dec value = S1_DEC_ONE;
    double number = 1.0;
    const s1_rc number_rc = s1_str_parse_double(text, &number, NULL);
    const s1_rc rc = s1_dec_parse(text, &value, &err);
    if (rc != S1_OK) {
        S1_ASSERT(rc == S1_E_INVALID || rc == S1_E_RANGE);
        S1_ASSERT(err.code == rc && err.msg[0] != '\0');
        S1_ASSERT(s1_dec_eq(value, S1_DEC_ONE));
        return 0;
    }
    char printed[S1_DEC_TEXT_MAX];
    const size_t len = s1_dec_print(value, printed);
    S1_ASSERT(len > 0 && len < S1_DEC_TEXT_MAX);
    s1_dec again;
    S1_ASSERT(s1_dec_parse((s1_str){printed, len}, &again, NULL) == S1_OK);
    S1_ASSERT(s1_dec_eq(value, again));
    S1_ASSERT(printed[len - 1] != '0' ||
              s1_str_find_byte((s1_str){printed, len}, '.', 0) == S1_STR_NPOS);
    S1_ASSERT(!s1_str_eq_cstr((s1_str){printed, len}, "-0"));
    if (number_rc == S1_OK) { /* both round the same exact value */
        S1_ASSERT(s1_dec_to_double(value) == number);
    } else {
        S1_ASSERT(size > 1024);
    }
    return 0;
}
