#include "backend/dtos/execution/fees.h"

#include "backend/utils/assert.h"

#define NANOS_PER_DAY (24 * 3600 * S1_NANOS_PER_SECOND)

static int64_t day_of(s1_nanos time)
{
    return time / NANOS_PER_DAY - (time % NANOS_PER_DAY < 0 ? 1 : 0);
}

s1_rc s1_fee_plain(s1_dec rate, s1_fill *fill, s1_err *err)
{
    s1_dec notional;
    S1_TRY(err, s1_dec_mul(fill->price, fill->quantity, S1_ROUND_HALF_EVEN, &notional, err));
    return s1_dec_mul(notional, rate, S1_ROUND_HALF_EVEN, &fill->fee, err);
}

s1_rc s1_fee_book_volume(const s1_fee_book *book, s1_nanos time, s1_dec *ret_volume, s1_err *err)
{
    const int64_t today = day_of(time);
    s1_dec sum = S1_DEC_ZERO;
    for (int64_t day = today - S1_FEE_DAYS + 1; day <= today && book->last_day != 0; day++) {
        if (day >= book->first_day && day <= book->last_day) {
            S1_TRY(err, s1_dec_add(sum, book->days[day % S1_FEE_DAYS], &sum, err));
        }
    }
    const int64_t gone = book->last_day != 0 ? today - book->first_day : 0;
    if (gone < S1_FEE_DAYS) {
        s1_dec left;
        S1_TRY(err, s1_dec_mul_div(book->rules.volume_30d, s1_dec_from_int(S1_FEE_DAYS - gone),
                                   s1_dec_from_int(S1_FEE_DAYS), S1_ROUND_DOWN, &left, err));
        S1_TRY(err, s1_dec_add(sum, left, &sum, err));
    }
    *ret_volume = sum;
    return S1_OK;
}

s1_rc s1_fee_book_traded(s1_fee_book *book, const s1_fill *fill, s1_err *err)
{
    book->fallbacks += fill->is_fee_fallback;
    if (book->rules.tier_count == 0) {
        return S1_OK;
    }
    const int64_t today = day_of(fill->time);
    S1_ASSERT(today > 0 && (book->last_day == 0 || today + S1_FEE_DAYS > book->last_day));
    s1_dec notional;
    S1_TRY(err, s1_dec_mul(fill->price, fill->quantity, S1_ROUND_HALF_EVEN, &notional, err));
    if (book->last_day == 0) {
        book->first_day = book->last_day = today;
    }
    const int64_t oldest = today - S1_FEE_DAYS;
    for (int64_t day = book->last_day > oldest ? book->last_day + 1 : oldest + 1; day <= today;
         day++) {
        book->days[day % S1_FEE_DAYS] = S1_DEC_ZERO;
    }
    book->last_day = today > book->last_day ? today : book->last_day; /* told late: still its day */
    s1_dec *const volume = &book->days[today % S1_FEE_DAYS];
    return s1_dec_add(*volume, notional, volume, err);
}

static s1_rc rate_of(const s1_fee_book *book, const s1_fill *fill, s1_dec *ret_rate, s1_err *err)
{
    const s1_fee_rules *const rules = &book->rules;
    s1_dec rate = fill->is_maker ? rules->maker : rules->taker;
    if (rules->tier_count > 0) {
        s1_dec volume;
        S1_TRY(err, s1_fee_book_volume(book, fill->time, &volume, err));
        for (uint32_t i = 0; i < rules->tier_count; i++) {
            if (s1_dec_cmp(volume, rules->tiers[i].volume) >= 0) {
                rate = fill->is_maker ? rules->tiers[i].maker : rules->tiers[i].taker;
            }
        }
    }
    *ret_rate = rate;
    return S1_OK;
}

/* Cut to the decimals of the currency, by the rule of the configuration. */
static s1_rc rounded(const s1_fee_rules *rules, s1_dec amount, uint32_t decimals, s1_dec *ret_fee,
                     s1_err *err)
{
    if (decimals >= S1_DEC_SCALE) {
        *ret_fee = amount;
        return S1_OK;
    }
    return s1_dec_round_to_step(amount, s1_dec_from_mantissa(1, decimals),
                                (enum s1_rounding)rules->rounding, ret_fee, err);
}

/* Out of what an entry bought: what is left joins the position in whole lots, the rest of it is
 * base currency outside of positions. */
static s1_rc withhold(const s1_instrument *instrument, s1_fill *fill, s1_err *err)
{
    s1_dec left, lots;
    S1_TRY(err, s1_dec_sub(fill->quantity, fill->fee_amount, &left, err));
    S1_TRY(err, s1_dec_round_to_step(left, instrument->lot_size, S1_ROUND_DOWN, &lots, err));
    if (s1_dec_sign(left) <= 0 || s1_dec_sign(lots) <= 0) {
        return S1_RAISE(err, S1_E_DENIED, "SIZE_BELOW_MINIMUM");
    }
    return s1_dec_sub(fill->quantity, lots, &fill->withheld, err);
}

/* *ret_is_paid is false where it has to be quote after all. */
static s1_rc in_base(const s1_fee_book *book, const s1_order *order, s1_dec rate, s1_fill *fill,
                     bool *ret_is_paid, s1_err *err)
{
    const s1_fee_rules *const rules = &book->rules;
    const uint32_t scale = book->instrument->qty_scale;
    s1_dec fee;
    S1_TRY(err, s1_dec_mul(fill->quantity, rate, (enum s1_rounding)rules->rounding, &fee, err));
    S1_TRY(err, rounded(rules, fee, rules->decimals < scale ? rules->decimals : scale, &fee, err));
    const bool is_bought = order->role == S1_ROLE_ENTRY && order->side == S1_BUY;
    *ret_is_paid = is_bought || (book->free_base != NULL && s1_dec_cmp(fee, *book->free_base) <= 0);
    if (!*ret_is_paid) {
        return S1_OK;
    }
    fill->fee_in = S1_FEE_BASE;
    fill->fee_currency = book->instrument->base;
    fill->fee_amount = fee;
    S1_TRY(err, s1_dec_mul(fee, fill->price, S1_ROUND_HALF_EVEN, &fill->fee, err));
    return is_bought ? withhold(book->instrument, fill, err) : S1_OK;
}

static s1_rc in_other(const s1_fee_book *book, s1_dec fee, s1_fill *fill, bool *ret_is_paid,
                      s1_err *err)
{
    const s1_fee_rules *const rules = &book->rules;
    s1_dec amount;
    S1_TRY(err, s1_dec_div(fee, rules->price, (enum s1_rounding)rules->rounding, &amount, err));
    S1_TRY(err, rounded(rules, amount, rules->decimals, &amount, err));
    *ret_is_paid = book->free_other != NULL && s1_dec_cmp(amount, *book->free_other) <= 0;
    if (!*ret_is_paid) {
        return S1_OK;
    }
    fill->fee_in = S1_FEE_OTHER;
    fill->fee_currency = rules->code;
    fill->fee_amount = amount;
    return s1_dec_mul(amount, rules->price, S1_ROUND_HALF_EVEN, &fill->fee, err);
}

s1_rc s1_fee_book_charge(const s1_fee_book *book, const s1_order *order, s1_fill *fill, s1_err *err)
{
    const s1_fee_rules *const rules = &book->rules;
    const bool is_base = rules->currency == S1_FEE_BASE ||
                         (rules->currency == S1_FEE_RECEIVED && order->side == S1_BUY);
    s1_dec rate, notional, fee;
    bool is_paid = false;
    S1_TRY(err, rate_of(book, fill, &rate, err));
    S1_TRY(err, s1_dec_mul(fill->price, fill->quantity, S1_ROUND_HALF_EVEN, &notional, err));
    S1_TRY(err, s1_dec_mul(notional, rate, (enum s1_rounding)rules->rounding, &fee, err));
    fill->fee_in = S1_FEE_QUOTE;
    fill->withheld = S1_DEC_ZERO;
    if (is_base) {
        S1_TRY(err, in_base(book, order, rate, fill, &is_paid, err));
    } else if (rules->currency == S1_FEE_OTHER) {
        S1_TRY(err, in_other(book, fee, fill, &is_paid, err));
    }
    if (is_paid) {
        return S1_OK;
    }
    fill->is_fee_fallback = is_base || rules->currency == S1_FEE_OTHER;
    const uint32_t decimals = fill->is_fee_fallback ? S1_DEC_SCALE : rules->decimals;
    S1_TRY(err, rounded(rules, fee, decimals, &fill->fee, err));
    fill->fee_amount = fill->fee;
    return S1_OK;
}
