/* Slippage, chance, and how much of a bar's volume is left for our orders. */
#include "backend/environments/matching/matching_internal.h"
#include "backend/utils/rng.h"

#include <string.h>

#define LUCK_SCALE 1000000000u /* probabilities are drawn to nine digits */

/* --- Chance. ------------------------------------------------------------------------------ */

static bool is_lucky(const s1_matching_engine *engine, const s1_order *order, uint64_t draw,
                     s1_dec probability)
{
    uint64_t words[2];
    memcpy(words, order->order_id.uid.bytes, sizeof words);
    s1_rng rng;
    s1_rng_init_part(&rng, engine->options.costs.seed ^ words[0], words[1] + draw);
    const s1_i128 wanted = s1_dec_raw(probability) / (s1_dec_raw(S1_DEC_ONE) / LUCK_SCALE);
    return (s1_i128)s1_rng_below(&rng, LUCK_SCALE) < wanted;
}

bool s1_matching_has_touch_luck(const s1_matching_engine *engine, const s1_order *order)
{
    const s1_dec probability = engine->options.costs.touch_luck;
    return s1_dec_is_zero(probability) ||
           is_lucky(engine, order, 2 * engine->head.bars + 1, probability);
}

/* --- Volume. ------------------------------------------------------------------------------ */

void s1_matching_set_volume(s1_matching_engine *engine, s1_dec volume)
{
    engine->volume = volume;
    engine->taken = S1_DEC_ZERO;
}

void s1_matching_use_volume(s1_matching_engine *engine, s1_nanos moment, int64_t volume)
{
    if (engine->volume_of == moment && engine->has_volume) {
        return;
    }
    engine->has_volume = true;
    engine->volume_of = moment;
    s1_matching_set_volume(engine,
                           s1_dec_from_mantissa(volume, engine->options.instrument->qty_scale));
}

/* What our orders may still take, in whole lots. */
static s1_rc find_room(const s1_matching_engine *engine, s1_dec *ret_room, s1_err *err)
{
    const s1_instrument *const instrument = engine->options.instrument;
    const s1_dec step = s1_order_quantity_step(instrument);
    s1_dec most;
    S1_TRY(err, s1_dec_mul(engine->volume, engine->options.costs.volume_share, S1_ROUND_DOWN, &most,
                           err));
    const s1_i128 room = s1_dec_raw(most) - s1_dec_raw(engine->taken);
    return s1_dec_round_to_step(s1_dec_of_raw(room > 0 ? room : 0), step, S1_ROUND_DOWN, ret_room,
                                err);
}

s1_rc s1_matching_fit(const s1_matching_engine *engine, s1_dec wanted, s1_dec *ret_quantity,
                      s1_err *err)
{
    if (s1_dec_is_zero(engine->options.costs.volume_share)) {
        *ret_quantity = wanted;
        return S1_OK;
    }
    s1_dec room;
    S1_TRY(err, find_room(engine, &room, err));
    *ret_quantity = s1_dec_min(wanted, room);
    return S1_OK;
}

void s1_matching_take_volume(s1_matching_engine *engine, s1_dec quantity)
{
    engine->taken = s1_dec_of_raw(s1_dec_raw(engine->taken) + s1_dec_raw(quantity));
}

/* --- Slippage. ---------------------------------------------------------------------------- */

/* value * price * share^2, away from the trader. */
static s1_rc impact(const s1_matching_engine *engine, s1_dec price, s1_dec quantity,
                    s1_dec *ret_shift, s1_err *err)
{
    const s1_fill_costs *const costs = &engine->options.costs;
    const s1_dec most = s1_dec_is_zero(costs->volume_share) ? S1_DEC_ONE : costs->volume_share;
    const s1_dec total = s1_dec_of_raw(s1_dec_raw(engine->taken) + s1_dec_raw(quantity));
    s1_dec share = most;
    if (s1_dec_cmp(total, engine->volume) < 0) {
        S1_TRY(err, s1_dec_div(total, engine->volume, S1_ROUND_HALF_EVEN, &share, err));
        share = s1_dec_min(share, most);
    }
    s1_dec squared, part;
    S1_TRY(err, s1_dec_mul(share, share, S1_ROUND_UP, &squared, err));
    S1_TRY(err, s1_dec_mul(squared, costs->value, S1_ROUND_UP, &part, err));
    return s1_dec_mul(price, part, S1_ROUND_UP, ret_shift, err);
}

/* How far the price moves. */
static s1_rc find_shift(const s1_matching_engine *engine, const s1_order *order, s1_dec price,
                        s1_dec quantity, s1_dec *ret_shift, s1_err *err)
{
    const s1_fill_costs *const costs = &engine->options.costs;
    const s1_dec tick = engine->options.instrument->tick_size;
    switch (costs->model) {
    case S1_SLIPPAGE_FIXED:
        *ret_shift = costs->value;
        return S1_OK;
    case S1_SLIPPAGE_TICKS:
        return s1_dec_mul(costs->value, tick, S1_ROUND_UP, ret_shift, err);
    case S1_SLIPPAGE_SPREAD:
        return s1_dec_div(costs->value, s1_dec_from_int(2), S1_ROUND_UP, ret_shift, err);
    case S1_SLIPPAGE_VOLUME_SHARE:
        return impact(engine, price, quantity, ret_shift, err);
    case S1_SLIPPAGE_CHANCE:
        *ret_shift = is_lucky(engine, order, 2 * (uint64_t)s1_dec_raw(order->filled), costs->value)
                         ? tick
                         : S1_DEC_ZERO;
        return S1_OK;
    default:
        return s1_dec_mul(price, costs->value, S1_ROUND_UP, ret_shift, err);
    }
}

s1_rc s1_matching_slip(const s1_matching_engine *engine, const s1_order *order, s1_dec price,
                       s1_dec quantity, s1_dec *ret_price, s1_err *err)
{
    s1_dec shift, moved;
    S1_TRY(err, find_shift(engine, order, price, quantity, &shift, err));
    if (s1_dec_is_zero(shift)) {
        *ret_price = price;
        return S1_OK;
    }
    const s1_instrument *const instrument = engine->options.instrument;
    const bool is_buy = order->side == S1_BUY;
    S1_TRY(err,
           is_buy ? s1_dec_add(price, shift, &moved, err) : s1_dec_sub(price, shift, &moved, err));
    S1_TRY(err, s1_dec_round_to_step(moved, instrument->tick_size,
                                     is_buy ? S1_ROUND_CEIL : S1_ROUND_FLOOR, &moved, err));
    const s1_dec least = s1_dec_from_mantissa(1, instrument->price_scale);
    *ret_price = s1_dec_max(moved, s1_dec_max(instrument->tick_size, least)); /* never nothing */
    return S1_OK;
}
