/* Fees by hand: in each currency, by tier, rounded each way, and what happens without a balance. */
#include "backend/dtos/execution/fees.h"

#include "tests/support/cmocka.h"

#include <stdio.h>
#include <string.h>

#define DAY (24 * 3600 * S1_NANOS_PER_SECOND)

static s1_dec dec(const char *text)
{
    s1_err err = S1_ERR_INIT;
    s1_dec value;
    if (s1_dec_parse((s1_str){text, strlen(text)}, &value, &err) != S1_OK) {
        fail_msg("%s: %s", text, err.msg);
    }
    return value;
}

static void assert_dec(s1_dec value, const char *expected)
{
    char text[S1_DEC_TEXT_MAX];
    const size_t length = s1_dec_print(value, text);
    text[length] = '\0';
    assert_string_equal(text, expected);
}

static s1_instrument instrument(void)
{
    return (s1_instrument){.size = sizeof(s1_instrument),
                           .price_scale = 2,
                           .qty_scale = 6,
                           .base = S1_STR("BTC"),
                           .quote = S1_STR("EUR"),
                           .lot_size = dec("0.001")};
}

static s1_fee_book book_of(const s1_instrument *traded, int32_t currency)
{
    return (s1_fee_book){.rules = {.maker = dec("0.001"),
                                   .taker = dec("0.002"),
                                   .currency = currency,
                                   .rounding = S1_ROUND_HALF_EVEN,
                                   .decimals = 18},
                         .instrument = traded};
}

static s1_fill charged(const s1_fee_book *book, int32_t role, int32_t side, const char *quantity,
                       const char *price)
{
    s1_err err = S1_ERR_INIT;
    const s1_order order = {.role = role, .side = side};
    s1_fill fill = {.price = dec(price), .quantity = dec(quantity), .time = 100 * DAY};
    assert_int_equal(s1_fee_book_charge(book, &order, &fill, &err), S1_OK);
    return fill;
}

static void test_quote(void **state)
{
    (void)state;
    const s1_instrument traded = instrument();
    s1_fee_book book = book_of(&traded, S1_FEE_QUOTE);
    s1_fill fill = charged(&book, S1_ROLE_ENTRY, S1_BUY, "1.234567", "333.33");
    assert_dec(fill.fee, "0.82303643622");
    assert_int_equal(fill.fee_in, S1_FEE_QUOTE);
    book.rules.decimals = 2;
    const struct {
        int32_t rounding;
        const char *fee;
    } ways[] = {{S1_ROUND_HALF_EVEN, "0.82"}, {S1_ROUND_DOWN, "0.82"}, {S1_ROUND_UP, "0.83"}};
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        book.rules.rounding = ways[i].rounding;
        fill = charged(&book, S1_ROLE_ENTRY, S1_BUY, "1.234567", "333.33");
        assert_dec(fill.fee, ways[i].fee);
    }
}

/* Out of what is bought, so that the position is whole lots; of a sale out of what is held. */
static void test_base(void **state)
{
    (void)state;
    const s1_instrument traded = instrument();
    s1_fee_book book = book_of(&traded, S1_FEE_BASE);
    s1_fill fill = charged(&book, S1_ROLE_ENTRY, S1_BUY, "1", "100.00");
    assert_int_equal(fill.fee_in, S1_FEE_BASE);
    assert_dec(fill.fee_amount, "0.002");
    assert_dec(fill.fee, "0.2");
    assert_dec(fill.withheld, "0.002");
    fill = charged(&book, S1_ROLE_ENTRY, S1_BUY, "0.999", "100.00");
    assert_dec(fill.fee_amount, "0.001998");
    assert_dec(fill.withheld, "0.002"); /* 0.997002 is 0.997 and a rest */
    s1_dec held = S1_DEC_ZERO;
    book.free_base = &held;
    fill = charged(&book, S1_ROLE_EXIT, S1_SELL, "0.997", "100.00");
    assert_int_equal(fill.fee_in, S1_FEE_QUOTE);
    assert_int_equal(fill.is_fee_fallback, 1);
    assert_dec(fill.fee, "0.1994");
    held = dec("0.001994");
    fill = charged(&book, S1_ROLE_EXIT, S1_SELL, "0.997", "100.00");
    assert_int_equal(fill.fee_in, S1_FEE_BASE);
    assert_dec(fill.fee_amount, "0.001994");
    assert_dec(fill.withheld, "0");
    book.rules.currency = S1_FEE_RECEIVED;
    fill = charged(&book, S1_ROLE_EXIT, S1_SELL, "0.997", "100.00");
    assert_int_equal(fill.fee_in, S1_FEE_QUOTE);
    assert_int_equal(fill.is_fee_fallback, 0);
    fill = charged(&book, S1_ROLE_ENTRY, S1_BUY, "1", "100.00");
    assert_int_equal(fill.fee_in, S1_FEE_BASE);
}

static void test_nothing_left(void **state)
{
    (void)state;
    s1_err err = S1_ERR_INIT;
    const s1_instrument traded = instrument();
    const s1_fee_book book = book_of(&traded, S1_FEE_RECEIVED);
    const s1_order order = {.role = S1_ROLE_ENTRY, .side = S1_BUY};
    s1_fill fill = {.price = dec("100"), .quantity = dec("0.001"), .time = DAY};
    assert_int_equal(s1_fee_book_charge(&book, &order, &fill, &err), S1_E_DENIED);
    assert_string_equal(err.msg, "SIZE_BELOW_MINIMUM");
}

static void test_third_currency(void **state)
{
    (void)state;
    const s1_instrument traded = instrument();
    s1_fee_book book = book_of(&traded, S1_FEE_OTHER);
    s1_dec balance = dec("1.33");
    book.free_other = &balance;
    book.rules.price = dec("0.15");
    book.rules.decimals = 2;
    s1_fill fill = charged(&book, S1_ROLE_ENTRY, S1_BUY, "1", "100.00"); /* 0.2 / 0.15 */
    assert_int_equal(fill.fee_in, S1_FEE_OTHER);
    assert_dec(fill.fee_amount, "1.33");
    assert_dec(fill.fee, "0.1995");
    balance = dec("1.32");
    fill = charged(&book, S1_ROLE_ENTRY, S1_BUY, "1", "100.00");
    assert_int_equal(fill.is_fee_fallback, 1);
    assert_dec(fill.fee, "0.2");
}

/* The fill that reaches a tier still pays by the one before; a day leaves after thirty. */
static void test_tiers(void **state)
{
    (void)state;
    s1_err err = S1_ERR_INIT;
    const s1_instrument traded = instrument();
    const s1_fee_tier tiers[] = {{dec("100"), dec("0.0008"), dec("0.0015")},
                                 {dec("1000"), dec("0"), dec("0.001")}};
    s1_fee_book book = book_of(&traded, S1_FEE_QUOTE);
    book.rules.tiers = tiers;
    book.rules.tier_count = 2;
    const struct {
        int64_t day;
        const char *price, *volume, *fee;
    } steps[] = {
        {100, "99.99", "0", "0.19998"}, {100, "0.01", "99.99", "0.00002"},
        {100, "1000.00", "100", "1.5"}, {129, "100.00", "1100", "0.1"},
        {130, "100.00", "100", "0.15"}, {158, "100.00", "200", "0.15"},
        {159, "100.00", "200", "0.15"}, {1000, "100.00", "0", "0.2"},
    };
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        const s1_order order = {.role = S1_ROLE_ENTRY, .side = S1_BUY};
        s1_fill fill = {
            .price = dec(steps[i].price), .quantity = S1_DEC_ONE, .time = steps[i].day * DAY + 5};
        s1_dec volume;
        assert_int_equal(s1_fee_book_volume(&book, fill.time, &volume, &err), S1_OK);
        assert_dec(volume, steps[i].volume);
        assert_int_equal(s1_fee_book_charge(&book, &order, &fill, &err), S1_OK);
        assert_dec(fill.fee, steps[i].fee);
        assert_int_equal(s1_fee_book_traded(&book, &fill, &err), S1_OK);
    }
}

/* What was traded before leaves by a thirtieth a day, counted from the first fill. */
static void test_volume_before(void **state)
{
    (void)state;
    s1_err err = S1_ERR_INIT;
    const s1_instrument traded = instrument();
    const s1_fee_tier tier = {dec("1000"), dec("0"), dec("0")};
    s1_fee_book book = book_of(&traded, S1_FEE_QUOTE);
    book.rules.tiers = &tier;
    book.rules.tier_count = 1;
    book.rules.volume_30d = dec("3000");
    const s1_fill fill = {.price = dec("10"), .quantity = S1_DEC_ONE, .time = 100 * DAY};
    assert_int_equal(s1_fee_book_traded(&book, &fill, &err), S1_OK);
    const struct {
        int64_t day;
        const char *volume;
    } days[] = {{100, "3010"}, {101, "2910"}, {129, "110"}, {130, "0"}, {200, "0"}};
    for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
        s1_dec volume;
        assert_int_equal(s1_fee_book_volume(&book, days[i].day * DAY, &volume, &err), S1_OK);
        assert_dec(volume, days[i].volume);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quote),        cmocka_unit_test(test_base),
        cmocka_unit_test(test_nothing_left), cmocka_unit_test(test_third_currency),
        cmocka_unit_test(test_tiers),        cmocka_unit_test(test_volume_before),
    };
    return cmocka_run_group_tests_name("fees", tests, NULL, NULL);
}
