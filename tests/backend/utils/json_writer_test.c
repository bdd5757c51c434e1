#include "backend/utils/json_writer.h"

#include "backend/utils/rng.h"
#include "tests/support/cmocka.h"

#include <jansson.h>
#include <math.h>

static void write_sample(s1_json_writer *w)
{
    s1_json_object(w);
    s1_json_key_lit(w, "v");
    s1_json_i64(w, -1);
    s1_json_key_lit(w, "price");
    s1_json_dec(w, s1_dec_from_mantissa(107120, 5));
    s1_json_key(w, S1_STR("a\"b"));
    s1_json_array(w);
    s1_json_double(w, 0.5);
    s1_json_double(w, NAN);
    s1_json_bool(w, true);
    s1_json_null(w);
    s1_json_array(w);
    s1_json_array_end(w);
    s1_json_object(w);
    s1_json_object_end(w);
    s1_json_array_end(w);
    s1_json_key_lit(w, "id");
    s1_json_uid(w, (s1_uid){{0x11}});
    s1_json_key_lit(w, "none");
    s1_json_uid(w, (s1_uid){{0}});
    s1_json_key_lit(w, "time");
    s1_json_time(w, 0);
    s1_json_key_lit(w, "raw");
    s1_json_raw(w, S1_STR("{\"x\":1}"));
    s1_json_key_lit(w, "text");
    s1_json_cstr(w, "t");
    s1_json_key_lit(w, "nothing");
    s1_json_cstr(w, NULL);
    s1_json_key_lit(w, "max");
    s1_json_u64(w, UINT64_MAX);
    s1_json_object_end(w);
}

static void test_compact(void **state)
{
    (void)state;
    s1_strbuf buf;
    s1_json_writer w;
    s1_strbuf_init(&buf, 10000);
    s1_json_init(&w, &buf, 0);
    write_sample(&w);
    assert_string_equal(s1_strbuf_cstr(&buf),
                        "{\"v\":-1,\"price\":\"1.0712\",\"a\\\"b\":[0.5,null,true,null,[],{}],"
                        "\"id\":\"11000000-0000-0000-0000-000000000000\",\"none\":null,"
                        "\"time\":\"1970-01-01T00:00:00.000000000Z\",\"raw\":{\"x\":1},"
                        "\"text\":\"t\",\"nothing\":null,\"max\":18446744073709551615}");
    s1_strbuf_done(&buf);
}

static void test_indented(void **state)
{
    (void)state;
    s1_strbuf buf;
    s1_json_writer w;
    s1_strbuf_init(&buf, 10000);
    s1_json_init(&w, &buf, 2);
    s1_json_object(&w);
    s1_json_key_lit(&w, "a");
    s1_json_array(&w);
    s1_json_i64(&w, 1);
    s1_json_i64(&w, 2);
    s1_json_array_end(&w);
    s1_json_key_lit(&w, "b");
    s1_json_object(&w);
    s1_json_object_end(&w);
    s1_json_object_end(&w);
    assert_string_equal(s1_strbuf_cstr(&buf), "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {}\n}");
    s1_strbuf_done(&buf);
}

static void test_escapes(void **state)
{
    (void)state;
    s1_strbuf buf;
    s1_strbuf_init(&buf, 10000);
    s1_json_quote(&buf, (s1_str){"\"\\/\b\f\n\r\t\x01\x1f\x00\x7f"
                                 "\xe2\x82\xac\xff\xc3",
                                 17});
    assert_string_equal(s1_strbuf_cstr(&buf), "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\\u0000\x7f"
                                              "\xe2\x82\xac\xef\xbf\xbd\xef\xbf\xbd\"");
    s1_strbuf_clear(&buf);
    s1_json_quote(&buf, (s1_str){NULL, 0});
    assert_string_equal(s1_strbuf_cstr(&buf), "\"\"");
    s1_strbuf_done(&buf);
}

/* Any bytes give JSON that jansson accepts; valid UTF-8 comes back the same. */
static void test_random_strings(void **state)
{
    (void)state;
    s1_rng rng;
    s1_strbuf buf;
    s1_rng_init(&rng, 11);
    s1_strbuf_init(&buf, 100000);
    for (int i = 0; i < 50000; i++) {
        char text[64];
        const size_t len = (size_t)s1_rng_below(&rng, sizeof text);
        const bool is_ascii = i % 2 == 0;
        for (size_t n = 0; n < len; n++) {
            text[n] = (char)(is_ascii ? s1_rng_below(&rng, 128) : s1_rng_u64(&rng));
        }
        s1_strbuf_clear(&buf);
        s1_json_quote(&buf, (s1_str){text, len});
        json_error_t error;
        json_t *const read =
            json_loadb(buf.data, buf.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
        if (read == NULL) {
            fail_msg("%s in %.*s", error.text, (int)buf.len, buf.data);
        }
        if (s1_str_is_utf8((s1_str){text, len})) {
            assert_int_equal(json_string_length(read), len);
            assert_memory_equal(json_string_value(read), text, len);
        }
        json_decref(read);
    }
    s1_strbuf_done(&buf);
}

static void test_full_buffer(void **state)
{
    (void)state;
    s1_strbuf buf;
    s1_json_writer w;
    s1_strbuf_init(&buf, 20);
    s1_json_init(&w, &buf, 0);
    write_sample(&w); /* goes on without harm */
    assert_int_equal(s1_strbuf_check(&buf, NULL), S1_E_NO_MEMORY);
    s1_strbuf_done(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compact),     cmocka_unit_test(test_indented),
        cmocka_unit_test(test_escapes),     cmocka_unit_test(test_random_strings),
        cmocka_unit_test(test_full_buffer),
    };
    return cmocka_run_group_tests_name("json_writer", tests, NULL, NULL);
}
