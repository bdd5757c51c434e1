/* A tape, played, is what the writer would have written; full, it says so; its text has a limit. */
#include "backend/utils/json_tape.h"

#include "backend/utils/dtoa.h"
#include "tests/support/cmocka.h"

#include <math.h>

#define ROOM 4096u

static s1_str play(const s1_tape *tape, s1_strbuf *buf)
{
    s1_strbuf_clear(buf);
    s1_tape_play(tape->data, tape->length, buf);
    return s1_strbuf_view(buf);
}

static void test_every_call(void **state)
{
    (void)state;
    uint8_t memory[ROOM];
    s1_tape tape = {.data = memory, .capacity = sizeof memory};
    const s1_uid uid = {{0x12, 0x34}};
    s1_dec decimal;
    assert_int_equal(s1_dec_parse(S1_STR("-1.25"), &decimal, NULL), S1_OK);
    s1_tape_object(&tape);
    s1_tape_key_lit(&tape, "list");
    s1_tape_array(&tape);
    s1_tape_u64(&tape, UINT64_MAX);
    s1_tape_bool(&tape, true);
    s1_tape_bool(&tape, false);
    s1_tape_double(&tape, 0.1);
    s1_tape_double(&tape, (double)NAN);
    s1_tape_dec(&tape, decimal);
    s1_tape_uid(&tape, uid);
    s1_tape_uid(&tape, (s1_uid){{0}});
    s1_tape_time(&tape, 1);
    s1_tape_name(&tape, "MARKET");
    s1_tape_name(&tape, NULL);
    s1_tape_array_end(&tape);
    s1_tape_key(&tape, S1_STR("a\"b"));
    s1_tape_str(&tape, S1_STR("line\n\xc3\xa9"));
    s1_tape_key(&tape, S1_STR(""));
    s1_tape_str(&tape, S1_STR(""));
    s1_tape_key_lit(&tape, "raw");
    memcpy(s1_tape_raw(&tape, 7), "{\"x\":1}", 7);
    s1_tape_object_end(&tape);
    assert_false(tape.has_failed);

    s1_strbuf buf;
    s1_strbuf_init(&buf, ROOM);
    (void)play(&tape, &buf);
    assert_string_equal(s1_strbuf_cstr(&buf),
                        "{\"list\":[18446744073709551615,true,false,0.1,null,\"-1.25\","
                        "\"12340000-0000-0000-0000-000000000000\",null,"
                        "\"1970-01-01T00:00:00.000000001Z\",\"MARKET\",null],"
                        "\"a\\\"b\":\"line\\n\xc3\xa9\",\"\":\"\",\"raw\":{\"x\":1}}");
    s1_strbuf_done(&buf);
}

/* Doubles that come again, after few others and after many, are worded as at first. */
static void test_doubles_again(void **state)
{
    (void)state;
    static const double values[] = {
        0.0, -0.0, 0.1, 102.84432092853741, -1.2345678901234567e-300, 1e22, (double)NAN, 7.0};
    static uint8_t memory[ROOM];
    s1_strbuf buf;
    s1_strbuf expected;
    s1_strbuf_init(&buf, ROOM);
    s1_strbuf_init(&expected, ROOM);
    for (size_t distinct = 1; distinct <= sizeof values / sizeof values[0]; distinct++) {
        s1_tape tape = {.data = memory, .capacity = sizeof memory};
        s1_strbuf_clear(&buf);
        s1_strbuf_clear(&expected);
        s1_tape_array(&tape);
        for (size_t i = 0; i < 40; i++) {
            char text[S1_DOUBLE_TEXT_MAX];
            const double value = values[i * i % distinct];
            s1_tape_double(&tape, value);
            s1_strbuf_printf(&expected, "%s%.*s", i == 0 ? "[" : ",",
                             (int)s1_double_print(value, text), text);
        }
        s1_tape_array_end(&tape);
        s1_strbuf_lit(&expected, "]");
        assert_false(tape.has_failed);
        (void)play(&tape, &buf);
        assert_string_equal(s1_strbuf_cstr(&buf), s1_strbuf_cstr(&expected));
    }
    s1_strbuf_done(&buf);
    s1_strbuf_done(&expected);
}

/* Whatever the room, nothing is written behind it, and a tape that ran full says so. */
static void test_no_room(void **state)
{
    (void)state;
    for (size_t capacity = 0; capacity < 60; capacity++) {
        uint8_t memory[64];
        memset(memory, 0xee, sizeof memory);
        s1_tape tape = {.data = memory, .capacity = capacity};
        s1_tape_object(&tape);
        s1_tape_key_lit(&tape, "key");
        s1_tape_str(&tape, S1_STR("0123456789"));
        s1_tape_key(&tape, S1_STR("d"));
        s1_tape_dec(&tape, (s1_dec){0});
        s1_tape_object_end(&tape);
        const size_t needed = 1 + 2 + sizeof(char *) + 15 + 6 + 1 + sizeof(s1_dec) + 1;
        assert_int_equal(tape.has_failed, capacity < needed);
        assert_true(tape.length <= capacity);
        for (size_t i = capacity; i < sizeof memory; i++) {
            assert_int_equal(memory[i], 0xee);
        }
    }
}

/* The journal takes a record without wording it if it is this much shorter than a block. */
static void test_text_ratio(void **state)
{
    (void)state;
    uint8_t memory[ROOM];
    s1_strbuf buf;
    s1_strbuf_init(&buf, S1_TAPE_TEXT_RATIO * ROOM + ROOM);
    char controls[256];
    memset(controls, 1, sizeof controls);
    char longest_name[S1_TAPE_KEY_MAX + 1];
    memset(longest_name, 'n', S1_TAPE_KEY_MAX);
    longest_name[S1_TAPE_KEY_MAX] = '\0';
    s1_dec lowest;
    assert_int_equal(
        s1_dec_parse(S1_STR("-170141183460469231731.687303715884105727"), &lowest, NULL), S1_OK);
    for (int which = 0; which < 8; which++) {
        s1_tape tape = {.data = memory, .capacity = sizeof memory};
        s1_tape_array(&tape);
        for (int i = 0; i < 12; i++) {
            s1_tape_object(&tape);
            s1_tape_key_static(&tape, longest_name, S1_TAPE_KEY_MAX);
            switch (which) {
            case 0:
                s1_tape_str(&tape, s1_str_make(controls, sizeof controls));
                break;
            case 1:
                s1_tape_name(&tape, longest_name);
                break;
            case 2:
                s1_tape_double(&tape, -1.2345678901234567e-300);
                break;
            case 3:
                s1_tape_dec(&tape, lowest);
                break;
            case 4:
                s1_tape_uid(&tape, (s1_uid){{1}});
                break;
            case 5:
                s1_tape_time(&tape, INT64_MAX);
                break;
            case 6:
                s1_tape_u64(&tape, UINT64_MAX);
                break;
            default:
                s1_tape_bool(&tape, false);
                break;
            }
            s1_tape_object_end(&tape);
        }
        s1_tape_array_end(&tape);
        assert_false(tape.has_failed);
        assert_true(play(&tape, &buf).len <= S1_TAPE_TEXT_RATIO * tape.length);
        assert_false(buf.has_failed);
    }
    s1_strbuf_done(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_call),
        cmocka_unit_test(test_doubles_again),
        cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_text_ratio),
    };
    return cmocka_run_group_tests_name("json_tape", tests, NULL, NULL);
}
