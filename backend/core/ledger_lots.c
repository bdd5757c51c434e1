#include "backend/core/ledger_lots.h"

#include "backend/utils/assert.h"
#include "backend/utils/reserve.h"

s1_rc s1_lot_pool_init(s1_lot_pool *pool, s1_err *err)
{
    *pool = (s1_lot_pool){.lots = s1_reserve_new(S1_LOTS_MAX * sizeof *pool->lots)};
    return pool->lots != NULL ? S1_OK : S1_RAISE(err, S1_E_NO_MEMORY, "the lots of a ledger");
}

void s1_lot_pool_done(s1_lot_pool *pool)
{
    s1_reserve_free(pool->lots, S1_LOTS_MAX * sizeof *pool->lots);
    *pool = (s1_lot_pool){0};
}

s1_rc s1_lots_push(s1_lot_pool *pool, s1_lot_queue *queue, s1_dec price, s1_dec quantity,
                   s1_err *err)
{
    s1_lot *const last = queue->last != 0 ? &pool->lots[queue->last - 1] : NULL;
    if (last != NULL && s1_dec_eq(last->price, price)) {
        return s1_dec_add(last->quantity, quantity, &last->quantity, err);
    }
    if (pool->free == 0 && pool->used == S1_LOTS_MAX) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%u lots are open, the most of one run", S1_LOTS_MAX);
    }
    uint32_t number = pool->free;
    if (number != 0) {
        pool->free = pool->lots[number - 1].next;
    } else {
        number = ++pool->used;
    }
    pool->lots[number - 1] = (s1_lot){.price = price, .quantity = quantity};
    if (last != NULL) {
        last->next = number;
    } else {
        queue->first = number;
    }
    queue->last = number;
    return S1_OK;
}

s1_rc s1_lots_cost(const s1_lot_pool *pool, const s1_lot_queue *queue, s1_dec quantity,
                   s1_dec *ret_cost, s1_err *err)
{
    s1_dec left = quantity;
    s1_dec cost = S1_DEC_ZERO;
    for (uint32_t n = queue->first; s1_dec_sign(left) > 0; n = pool->lots[n - 1].next) {
        S1_ASSERT(n != 0);
        const s1_lot *const lot = &pool->lots[n - 1];
        const s1_dec part = s1_dec_min(lot->quantity, left);
        s1_dec notional;
        S1_TRY(err, s1_dec_mul(lot->price, part, S1_ROUND_HALF_EVEN, &notional, err));
        S1_TRY(err, s1_dec_add(cost, notional, &cost, err));
        left = s1_dec_of_raw(s1_dec_raw(left) - s1_dec_raw(part));
    }
    *ret_cost = cost;
    return S1_OK;
}

void s1_lots_take(s1_lot_pool *pool, s1_lot_queue *queue, s1_dec quantity)
{
    s1_dec left = quantity;
    while (s1_dec_sign(left) > 0) {
        const uint32_t number = queue->first;
        S1_ASSERT(number != 0);
        s1_lot *const lot = &pool->lots[number - 1];
        if (s1_dec_cmp(lot->quantity, left) > 0) {
            lot->quantity = s1_dec_of_raw(s1_dec_raw(lot->quantity) - s1_dec_raw(left));
            return;
        }
        left = s1_dec_of_raw(s1_dec_raw(left) - s1_dec_raw(lot->quantity));
        queue->first = lot->next;
        queue->last = lot->next != 0 ? queue->last : 0;
        lot->next = pool->free;
        pool->free = number;
    }
}
