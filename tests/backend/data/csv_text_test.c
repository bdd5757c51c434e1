/* Text to mantissas and times. */
#include "backend/data/ingest/csv_text_internal.h"
#include "backend/data/ingest/import_profile.h"
#include "backend/dtos/market/market_batch.h"
#include "backend/dtos/market/stream_key.h"
#include "backend/utils/text.h"
#include "backend/utils/timefmt.h"
#include "s1mple/decimal.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <string.h>

static void test_decimals(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t mantissa;
        uint32_t scale;
    } good[] = {
        {"0", 0, 0},
        {"-0", 0, 0},
        {"0.000", 0, 0},
        {"000", 0, 0},
        {"7", 7, 0},
        {"-7.50", -75, 1},
        {"1.07123", 107123, 5},
        {"100", 100, 0},
        {"100.00", 100, 0},
        {"100.01", 10001, 2},
        {"10.0010", 10001, 3},
        {".5", 5, 1},
        {"5.", 5, 0},
        {"1E+1", 10, 0},
        {"1e1", 10, 0},
        {"12.5e1", 125, 0},
        {"12.5e-1", 125, 2},
        {"3.811e-05", 3811, 8},
        {"1200e-2", 12, 0},
        {"0e40", 0, 0},
        {"0.00000e-40", 0, 0},
        {"999999999999999999", S1_MANTISSA_MAX, 0},
        {"-0.999999999999999999", -S1_MANTISSA_MAX, 18},
        {"1e17", 100000000000000000, 0},
        {"1e-18", 1, 18},
        {"0.0000000000000000010", 1, 18},
        {"0000000000000000000000001.1000000000000000000000000000", 11, 1},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        s1_csv_decimal value = {77, 77};
        assert_null(s1_csv_decimal_parse(s1_str_of(good[i].text), &value));
        assert_int_equal(value.mantissa, good[i].mantissa);
        assert_int_equal(value.scale, good[i].scale);
    }
    static const char *const bad[][2] = {
        {"", S1_CSV_WANT_DECIMAL},
        {"-", S1_CSV_WANT_DECIMAL},
        {".", S1_CSV_WANT_DECIMAL},
        {"+1", S1_CSV_WANT_DECIMAL},
        {" 1", S1_CSV_WANT_DECIMAL},
        {"1 ", S1_CSV_WANT_DECIMAL},
        {"1..2", S1_CSV_WANT_DECIMAL},
        {"1.2.3", S1_CSV_WANT_DECIMAL},
        {"1,2", S1_CSV_WANT_DECIMAL},
        {"0x10", S1_CSV_WANT_DECIMAL},
        {"inf", S1_CSV_WANT_DECIMAL},
        {"1e", S1_CSV_WANT_DECIMAL},
        {"1e+", S1_CSV_WANT_DECIMAL},
        {"1e1.5", S1_CSV_WANT_DECIMAL},
        {"1e41", S1_CSV_WANT_DECIMAL},
        {"1e9999", S1_CSV_WANT_DECIMAL},
        {"1000000000000000000", S1_CSV_WANT_SMALLER},
        {"1e18", S1_CSV_WANT_SMALLER},
        {"1.000000000000000001", S1_CSV_WANT_SMALLER},
        {"99999999999999999999999999999999999999999999", S1_CSV_WANT_SMALLER},
        {"1e-19", S1_CSV_WANT_COARSER},
        {"0.0000000000000000001", S1_CSV_WANT_COARSER},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        s1_csv_decimal value = {77, 77};
        const char *expected = s1_csv_decimal_parse(s1_str_of(bad[i][0]), &value);
        assert_non_null(expected);
        assert_string_equal(expected, bad[i][1]);
        assert_int_equal(value.mantissa, 77);
    }
    s1_csv_decimal none; /* of a member that is not there */
    assert_non_null(s1_csv_decimal_parse((s1_str){NULL, 0}, &none));
}

/* Random decimals agree with s1_dec, which other people wrote. */
static void test_decimals_agree_with_s1_dec(void **state)
{
    (void)state;
    uint64_t random = 20250101;
    for (int i = 0; i < 200000; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        char text[64];
        const int decimals = (int)(random % 11);
        const long long whole = (long long)(random >> 40) % 10000000;
        const long long part = (long long)(random >> 8) % 10000000000LL;
        char digits[24];
        (void)snprintf(digits, sizeof digits, "%010lld", part);
        (void)snprintf(text, sizeof text, "%s%lld%s%.*s", random & 1 ? "-" : "", whole,
                       decimals > 0 ? "." : "", decimals, digits);
        s1_csv_decimal got;
        s1_dec want = S1_DEC_ZERO;
        assert_null(s1_csv_decimal_parse(s1_str_of(text), &got));
        assert_int_equal(s1_dec_parse(s1_str_of(text), &want, NULL), S1_OK);
        assert_int_equal(s1_dec_cmp(s1_dec_from_mantissa(got.mantissa, got.scale), want), 0);
        assert_true(got.scale == 0 || got.mantissa % 10 != 0); /* the smallest scale */
    }
}

static void test_times(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int32_t form;
        s1_nanos time; /* -1: refused */
    } cases[] = {
        {"1577836800", S1_TIME_FORM_SECONDS, 1577836800000000000},
        {"1577836800.0", S1_TIME_FORM_SECONDS, 1577836800000000000},
        {"1577836800.123456789", S1_TIME_FORM_SECONDS, 1577836800123456789},
        {"1577836800.1234567890", S1_TIME_FORM_SECONDS, 1577836800123456789},
        {"1577836800.1234567891", S1_TIME_FORM_SECONDS, -1},
        {"1577836800.", S1_TIME_FORM_SECONDS, -1},
        {"1577836800.1e1", S1_TIME_FORM_SECONDS, -1},
        {"-1.5", S1_TIME_FORM_SECONDS, -1},
        {"-86400", S1_TIME_FORM_SECONDS, -86400000000000},
        {"15778368.123456789", S1_TIME_FORM_SECONDS, 15778368123456789},
        {"1.0000000001", S1_TIME_FORM_SECONDS, -1},
        {"1577836800000", S1_TIME_FORM_MILLIS, 1577836800000000000},
        {"1577836800000.5", S1_TIME_FORM_MILLIS, 1577836800000500000},
        {"1577836800", S1_TIME_FORM_EPOCH, 1577836800000000000},
        {"1577836800000", S1_TIME_FORM_EPOCH, 1577836800000000000},
        {"1577836800000", S1_TIME_FORM_SECONDS, -1}, /* the year 51970 */
        {"2020-01-01", S1_TIME_FORM_EPOCH, -1},
        {"2020-01-01", S1_TIME_FORM_ISO, 1577836800000000000},
        {"2020-01-01", S1_TIME_FORM_ANY, 1577836800000000000},
        {"1577836800", S1_TIME_FORM_ANY, 1577836800000000000},
        {"1577836800", S1_TIME_FORM_ISO, -1},
        {"1577836800000000", S1_TIME_FORM_EPOCH, 1577836800000000000},
        {"1577836800000000000", S1_TIME_FORM_EPOCH, 1577836800000000000},
        {"1577836800000001", S1_TIME_FORM_MICROS, 1577836800000001000},
        {"1577836800000000001", S1_TIME_FORM_NANOS, 1577836800000000001},
        {"2020-01-01 00-AM", S1_TIME_FORM_ANY, -1},
        {"2020-01-01 13-AM", S1_TIME_FORM_ANY, -1},
        {"2020-01-01 12-AM", S1_TIME_FORM_ANY, 1577836800000000000},
        {"2020-01-01 12-PM", S1_TIME_FORM_ANY, 1577880000000000000},
        {"2020-01-01 01-pm", S1_TIME_FORM_ANY, 1577883600000000000},
        {"2020-01-01 01:30 PM", S1_TIME_FORM_ANY, 1577885400000000000},
        {"2020-01-01T03:00:00+03:00", S1_TIME_FORM_ANY, 1577836800000000000},
        {"2019-12-31 19:00:00-05:00", S1_TIME_FORM_ISO, 1577836800000000000},
        {"2020.01.01 00:00", S1_TIME_FORM_ANY, 1577836800000000000},
        {"2020/01/01 00:00:00.5", S1_TIME_FORM_ANY, 1577836800500000000},
        {"20200101 00:01", S1_TIME_FORM_ANY, 1577836860000000000},
        {"20200101 000100", S1_TIME_FORM_ANY, 1577836860000000000},
        {"20200101", S1_TIME_FORM_ISO, 1577836800000000000},
        {"20200101", S1_TIME_FORM_ANY, 20200101000000000}, /* seconds: a number is one */
        {"2020-01/01", S1_TIME_FORM_ANY, -1},
        {"20200101 00:00", S1_TIME_FORM_LEAN, 1577836800000000000},
        {"14400000", S1_TIME_FORM_LEAN, 14400000000000},
        {"86400001", S1_TIME_FORM_LEAN, -1},
        {"", S1_TIME_FORM_ANY, -1},
        {"", S1_TIME_FORM_SECONDS, -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        s1_csv_time time = {77, false};
        const char *expected = s1_csv_time_parse(s1_str_of(cases[i].text), cases[i].form, &time);
        if ((expected != NULL) != (cases[i].time == -1)) {
            fail_msg("'%s': %s", cases[i].text, expected != NULL ? expected : "accepted");
        }
        assert_int_equal(time.time, cases[i].time == -1 ? 77 : cases[i].time);
    }
}

/* What says an offset is not of the zone. */
static void test_local_times(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_local;
    } cases[] = {{"2020-01-01", true},
                 {"2020-01-01 09:00", true},
                 {"2020-01-01 09-AM", true},
                 {"20200101 09:00", true},
                 {"2020-01-01 09:00Z", false},
                 {"2020-01-01T09:00:00+03:00", false},
                 {"2020-01-01T09:00:00-0300", false},
                 {"1577836800", false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        s1_csv_time time;
        assert_null(s1_csv_time_parse(s1_str_of(cases[i].text), S1_TIME_FORM_ANY, &time));
        assert_int_equal(time.is_local, cases[i].is_local);
    }
}

static void test_rounding(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t scale;
        int64_t mantissa; /* at most at that scale; -1: refused */
        uint32_t ret_scale;
        bool is_rounded;
    } cases[] = {
        {"1.5", 8, 15, 1, false},
        {"17.604424559999998", 8, 1760442456, 8, true},
        {"0.125", 2, 12, 2, true}, /* half to even */
        {"0.135", 2, 14, 2, true},
        {"0.1250000000000000000000001", 2, 13, 2, true},
        {"-0.126", 2, -13, 2, true},
        {"0.004", 2, 0, 2, true},
        {"0.1000000000000000000000000", 8, 1, 1, false},
        {".25", 1, 2, 1, true},
        {"-0.00000000049", 9, 0, 9, true},
        {"12345678901234567.5", 0, 12345678901234568, 0, true},
        {"1234567890123.1234567891", 4, 12345678901231235, 4, true},
        {"1234567890123456789", 4, -1, 0, false},
        {"1e-9", 4, -1, 0, false},
        {"x", 4, -1, 0, false},
        {"", 4, -1, 0, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        s1_csv_decimal value = {77, 77};
        bool is_rounded = false;
        const char *const expected =
            s1_csv_decimal_round(s1_str_of(cases[i].text), cases[i].scale, &value, &is_rounded);
        if ((expected != NULL) != (cases[i].mantissa == -1)) {
            fail_msg("'%s': %s", cases[i].text, expected != NULL ? expected : "accepted");
        }
        if (expected == NULL) {
            assert_int_equal(value.mantissa, cases[i].mantissa);
            assert_int_equal(value.scale, cases[i].ret_scale);
            assert_int_equal(is_rounded, cases[i].is_rounded);
        }
    }
}

static void test_profiles(void **state)
{
    (void)state;
    size_t count;
    const s1_import_profile *profiles = s1_import_profiles(&count);
    assert_int_equal(count, 15);
    for (size_t i = 0; i < count; i++) {
        const s1_import_profile *const profile = &profiles[i];
        const s1_import_profile *found = NULL;
        assert_int_equal(s1_import_profile_find(s1_str_of(profile->name), &found, NULL), S1_OK);
        assert_ptr_equal(found, profile);
        assert_true(strlen(profile->about) > 20);
        assert_true(profile->order != 0 && profile->header != 0 && profile->time_form != 0);
        /* Each has names of columns, or their places, or both. */
        assert_true(profile->names[S1_FIELD_TIME] != NULL || profile->header != S1_HEADER_YES);
        assert_true(profile->layouts[0].field_count > 0 || profile->header == S1_HEADER_YES);
        for (size_t k = 0; k < S1_LAYOUTS_MAX; k++) {
            for (size_t f = 0; f < S1_FIELD_COUNT; f++) {
                assert_true(profile->layouts[k].position[f] <= profile->layouts[k].field_count);
            }
        }
    }
}

static void test_stream_keys(void **state)
{
    (void)state;
    char text[S1_STREAM_TEXT_MAX];
    const s1_stream_key bars = {
        S1_STR("BTC/EUR"), 4 * S1_NANOS_PER_HOUR, S1_DATA_OHLCV, 0, {NULL, 0}};
    const s1_stream_key trades = {S1_STR("BTC/EUR"), 0, S1_DATA_TRADES, 0, {NULL, 0}};
    assert_string_equal(s1_stream_key_format(&bars, text), "BTC/EUR 4h ohlcv");
    assert_string_equal(s1_stream_key_format(&trades, text), "BTC/EUR trades");
    assert_true(s1_stream_key_equal(&bars, &bars));
    assert_false(s1_stream_key_equal(&bars, &trades));
    int32_t type;
    assert_int_equal(s1_data_type_parse(S1_STR("trades"), &type, NULL), S1_OK);
    assert_int_equal(type, S1_DATA_TRADES);
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_data_type_parse(S1_STR("trade"), &type, &err), S1_E_INVALID);
    assert_string_equal(err.msg,
                        "data type: found 'trade', expected one of: ohlcv trades quotes book");
    assert_string_equal(s1_data_type_name(9), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decimals),    cmocka_unit_test(test_decimals_agree_with_s1_dec),
        cmocka_unit_test(test_times),       cmocka_unit_test(test_profiles),
        cmocka_unit_test(test_stream_keys), cmocka_unit_test(test_local_times),
        cmocka_unit_test(test_rounding),
    };
    return cmocka_run_group_tests_name("csv text", tests, NULL, NULL);
}
