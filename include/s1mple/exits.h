/* s1mple/exits.h - what workers that leave positions have in common. */
#ifndef S1MPLE_EXITS_H
#define S1MPLE_EXITS_H

#include "s1mple/params.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A string_list parameter of severities, as bits 1 << enum s1_severity; 0 for an empty list. */
S1_WARN_UNUSED
static inline s1_rc s1_param_severities(const s1_binder *binder, s1_str name, uint32_t *ret_bits,
                                        s1_err *err)
{
    const s1_str *items;
    size_t count;
    uint32_t bits = 0;
    S1_TRY(err, binder->param_text_list(binder->self, name, &items, &count, err));
    for (size_t i = 0; i < count; i++) {
        int32_t severity;
        S1_TRY(err, s1_severity_parse(name, items[i], &severity, err));
        bits |= 1u << severity;
    }
    *ret_bits = bits;
    return S1_OK;
}

/* The gravest threat of the severities in `bits` that `counts(self, threat)`, the first of equals;
 * NULL if there is none. counts NULL: every threat does. */
static inline const s1_threat *s1_threat_gravest(const s1_threat_list *threats, uint32_t bits,
                                                 bool (*counts)(const void *self,
                                                                const s1_threat *threat),
                                                 const void *self)
{
    const s1_threat *found = NULL;
    for (uint32_t i = 0; i < threats->count; i++) {
        const s1_threat *const threat = s1_threat_list_at(threats, i);
        if ((bits & (1u << threat->severity)) != 0 &&
            (found == NULL || threat->severity > found->severity) &&
            (counts == NULL || counts(self, threat))) {
            found = threat;
        }
    }
    return found;
}

/* Closes every open position of `direction` (0: of either) for one reason; one that is closing
 * already is left alone. Errors: those of orders->close. */
S1_WARN_UNUSED
static inline s1_rc s1_positions_close(const s1_context *context, const s1_order_api *orders,
                                       int32_t direction, const s1_close_request *request,
                                       s1_err *err)
{
    /* Newest first: a position that a close removes at once moves none that is still to come. */
    for (uint32_t left = context->ledger->position_count; left > 0; left--) {
        const s1_position *const position = s1_ledger_position(context->ledger, left - 1);
        if (!position->is_closing && (direction == 0 || position->direction == direction)) {
            S1_TRY(err, orders->close(orders->self, position->trade_id, request, err));
        }
    }
    return S1_OK;
}

#ifdef __cplusplus
}
#endif
#endif /* S1MPLE_EXITS_H */
