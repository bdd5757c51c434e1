#include "backend/core/aggregate_portfolio.h"

#include "backend/utils/assert.h"
#include "backend/utils/text.h"

#include <stdlib.h>

struct s1_aggregate_portfolio {
    s1_aggregate_metrics *metrics; /* [currency_count], room for link_count */
    s1_portfolio_state *states;    /* [link_count], the last of each */
    uint32_t *currencies;          /* [link_count] index into metrics */
    uint32_t currency_count, link_count;
};

static uint32_t find_currency(s1_aggregate_portfolio *view, s1_str currency)
{
    for (uint32_t i = 0; i < view->currency_count; i++) {
        if (s1_str_eq(view->metrics[i].currency, currency)) {
            return i;
        }
    }
    view->metrics[view->currency_count] = (s1_aggregate_metrics){.currency = currency};
    return view->currency_count++;
}

static s1_rc join(s1_aggregate_portfolio *view, uint32_t index, const s1_aggregate_link *link,
                  s1_err *err)
{
    const uint32_t at = find_currency(view, link->currency);
    s1_aggregate_metrics *const sum = &view->metrics[at];
    s1_dec capital;
    S1_TRY(err, s1_dec_add(sum->initial_capital, link->initial_capital, &capital, err));
    sum->initial_capital = sum->equity = sum->cash = sum->peak = capital;
    sum->links++;
    view->currencies[index] = at;
    view->states[index] = (s1_portfolio_state){.link = index,
                                               .initial_capital = link->initial_capital,
                                               .equity = link->initial_capital,
                                               .cash = link->initial_capital};
    return S1_OK;
}

s1_rc s1_aggregate_portfolio_new(const s1_aggregate_link *links, uint32_t link_count,
                                 s1_aggregate_portfolio **ret_view, s1_err *err)
{
    if (link_count == 0) {
        return S1_RAISE(err, S1_E_INVALID, "an aggregate of no link, expected one at least");
    }
    s1_aggregate_portfolio *const view = calloc(1, sizeof *view);
    if (view != NULL) {
        *view = (s1_aggregate_portfolio){
            .metrics = calloc(link_count, sizeof *view->metrics),
            .states = calloc(link_count, sizeof *view->states),
            .currencies = calloc(link_count, sizeof *view->currencies),
            .link_count = link_count,
        };
    }
    if (view == NULL || view->metrics == NULL || view->states == NULL || view->currencies == NULL) {
        s1_aggregate_portfolio_free(view);
        return S1_RAISE(err, S1_E_NO_MEMORY, "an aggregate of %u links", link_count);
    }
    for (uint32_t i = 0; i < link_count; i++) {
        const s1_rc rc = join(view, i, &links[i], err);
        if (rc != S1_OK) {
            s1_aggregate_portfolio_free(view);
            return rc;
        }
    }
    *ret_view = view;
    return S1_OK;
}

void s1_aggregate_portfolio_free(s1_aggregate_portfolio *view)
{
    if (view != NULL) {
        free(view->metrics);
        free(view->states);
        free(view->currencies);
        free(view);
    }
}

/* peak - equity and its part of the peak; rounded up: a limit is never met by rounding. */
static s1_rc measure_drawdown(s1_aggregate_metrics *sum, s1_err *err)
{
    sum->drawdown = S1_DEC_ZERO;
    sum->drawdown_pct = S1_DEC_ZERO;
    if (s1_dec_cmp(sum->equity, sum->peak) >= 0 || s1_dec_sign(sum->peak) <= 0) {
        return S1_OK;
    }
    S1_TRY(err, s1_dec_sub(sum->peak, sum->equity, &sum->drawdown, err));
    return s1_dec_mul_div(sum->drawdown, s1_dec_from_int(100), sum->peak, S1_ROUND_UP,
                          &sum->drawdown_pct, err);
}

static s1_rc replace(s1_dec sum, s1_dec old, s1_dec fresh, s1_dec *ret_sum, s1_err *err)
{
    s1_dec rest;
    S1_TRY(err, s1_dec_sub(sum, old, &rest, err));
    return s1_dec_add(rest, fresh, ret_sum, err);
}

s1_rc s1_aggregate_portfolio_update(s1_aggregate_portfolio *view, const s1_portfolio_state *state,
                                    s1_err *err)
{
    if (state->link >= view->link_count) {
        return S1_RAISE(err, S1_E_INVALID, "a state of link %u, expected one of %u", state->link,
                        view->link_count);
    }
    s1_portfolio_state *const old = &view->states[state->link];
    s1_aggregate_metrics *const kept = &view->metrics[view->currencies[state->link]];
    s1_aggregate_metrics sum = *kept;
#define X(field, definition)                                                                       \
    S1_TRY(err, replace(sum.field, old->field, state->field, &sum.field, err));
    S1_PORTFOLIO_SUM_MAP(X)
#undef X
    sum.open_positions = sum.open_positions - old->open_positions + state->open_positions;
    sum.time = state->time > sum.time ? state->time : sum.time;
    S1_TRY(err, measure_drawdown(&sum, err));
    *kept = sum;
    *old = *state;
    return S1_OK;
}

s1_rc s1_aggregate_portfolio_end_moment(s1_aggregate_portfolio *view, s1_err *err)
{
    for (uint32_t i = 0; i < view->currency_count; i++) {
        s1_aggregate_metrics *const sum = &view->metrics[i];
        sum->peak = s1_dec_max(sum->peak, sum->equity);
        S1_TRY(err, measure_drawdown(sum, err));
        sum->max_drawdown_pct = s1_dec_max(sum->max_drawdown_pct, sum->drawdown_pct);
    }
#ifdef S1_DEBUG
    return s1_aggregate_portfolio_check(view, err);
#else
    return S1_OK;
#endif
}

const s1_aggregate_metrics *s1_aggregate_portfolio_metrics(const s1_aggregate_portfolio *view,
                                                           uint32_t *ret_count)
{
    *ret_count = view->currency_count;
    return view->metrics;
}

const s1_aggregate_metrics *s1_aggregate_portfolio_of_link(const s1_aggregate_portfolio *view,
                                                           uint32_t link)
{
    S1_ASSERT(link < view->link_count);
    return &view->metrics[view->currencies[link]];
}

s1_rc s1_aggregate_portfolio_check(const s1_aggregate_portfolio *view, s1_err *err)
{
    for (uint32_t c = 0; c < view->currency_count; c++) {
        const s1_aggregate_metrics *const sum = &view->metrics[c];
        s1_aggregate_metrics found = {0};
        for (uint32_t i = 0; i < view->link_count; i++) {
            const s1_portfolio_state *const state = &view->states[i];
            if (view->currencies[i] != c) {
                continue;
            }
            found.open_positions += state->open_positions;
#define X(field, definition) S1_TRY(err, s1_dec_add(found.field, state->field, &found.field, err));
            S1_PORTFOLIO_SUM_MAP(X)
#undef X
        }
#define X(field, definition)                                                                       \
    if (!s1_dec_eq(found.field, sum->field)) {                                                     \
        return S1_RAISE(err, S1_E_DATA,                                                            \
                        "aggregate of %.*s: " #field " is not the sum of its links' (off by %g)",  \
                        S1_STR_ARG(sum->currency),                                                 \
                        s1_dec_to_double(sum->field) - s1_dec_to_double(found.field));             \
    }
        S1_PORTFOLIO_SUM_MAP(X)
#undef X
        if (found.open_positions != sum->open_positions) {
            return S1_RAISE(err, S1_E_DATA, "aggregate of %.*s: %u open positions, its links %u",
                            S1_STR_ARG(sum->currency), sum->open_positions, found.open_positions);
        }
    }
    return S1_OK;
}

s1_portfolio_state s1_portfolio_state_of(const s1_ledger_view *ledger, s1_dec exposure,
                                         uint32_t link, s1_nanos time)
{
    return (s1_portfolio_state){.link = link,
                                .open_positions = ledger->position_count,
                                .time = time,
                                .initial_capital = ledger->initial_capital,
                                .equity = ledger->equity,
                                .cash = ledger->cash,
                                .reserved = ledger->reserved,
                                .exposure = exposure,
                                .realized_pnl = ledger->realized_pnl,
                                .unrealized_pnl = ledger->unrealized_pnl,
                                .fees = ledger->fees};
}
