/* s1mple/pipeline.h - what travels from an opportunity to an order.
 *
 * Signal -> plan (entry, exit, size, routing) -> directive. All are host memory, borrowed for the
 * callback; what a worker puts into a sink is copied before the call returns.
 */
#ifndef S1MPLE_PIPELINE_H
#define S1MPLE_PIPELINE_H

#include "s1mple/context.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One entry of a signal's metadata or a threat's details. `text` wins if it is not empty. */
typedef struct s1_field { /* frozen per S1_ABI_MAJOR */
    s1_str name;
    s1_str text;
    double number;
} s1_field;

#define S1_FIELD_NUMBER(name_, value_) ((s1_field){S1_STR(name_), {NULL, 0}, (value_)})
#define S1_FIELD_TEXT(name_, text_)    ((s1_field){S1_STR(name_), (text_), 0.0})
#define S1_FIELDS_MAX                  16u

/* --- Opportunity. ------------------------------------------------------------------------- */

/* What an OpportunityWorker found. As a draft opportunity_id, timestamp and asset_pair are empty:
 * the sink mints the id and stamps the rest. */
typedef struct s1_signal {
    uint32_t size;
    int32_t direction; /* enum s1_direction */
    s1_opportunity_id opportunity_id;
    s1_nanos timestamp;
    s1_str asset_pair;
    s1_str signal_type; /* "fvg_entry" */
    double score;       /* 0..1; NaN if the worker gives none */
    double price;       /* the price the idea is about (usually the close) */
    const s1_field *metadata;
    uint32_t metadata_count; /* <= S1_FIELDS_MAX */
    uint32_t reserved;
} s1_signal;

typedef struct s1_signal_list { /* blueprint order, then emission order */
    uint32_t size;
    uint32_t count;
    const s1_signal *items;
    uint32_t stride; /* bytes; use s1_signal_list_at() */
    uint32_t reserved;
} s1_signal_list;

static inline const s1_signal *s1_signal_list_at(const s1_signal_list *list, uint32_t index)
{
    return (const s1_signal *)(const void *)((const char *)(const void *)list->items +
                                             (size_t)index * list->stride);
}

/* The one place an OpportunityID comes from. */
typedef struct s1_opportunity_sink {
    uint32_t size;
    uint32_t reserved;
    void *self;
    s1_rc (*emit)(void *self, const s1_signal *draft, s1_opportunity_id *ret_id, s1_err *err);
} s1_opportunity_sink;

/* Emits a signal without a score; `metadata` holds `count` fields, at most S1_FIELDS_MAX. Errors:
 * the sink's. */
S1_WARN_UNUSED
static inline s1_rc s1_signal_emit(const s1_opportunity_sink *out, s1_str signal_type,
                                   int32_t direction, double price, const s1_field *metadata,
                                   size_t count, s1_err *err)
{
    s1_signal draft;
    memset(&draft, 0, sizeof draft);
    draft.size = sizeof draft;
    draft.direction = direction;
    draft.signal_type = signal_type;
    draft.score = (double)NAN;
    draft.price = price;
    draft.metadata = metadata;
    draft.metadata_count = (uint32_t)count;
    s1_opportunity_id id;
    return out->emit(out->self, &draft, &id, err);
}

/* --- Threat. ------------------------------------------------------------------------------ */

enum s1_severity {
    S1_SEVERITY_LOW = 1,
    S1_SEVERITY_MEDIUM,
    S1_SEVERITY_HIGH,
    S1_SEVERITY_CRITICAL
};

/* A ThreatWorker reports, every tick, each threat that holds now; the host keeps the episode:
 * first report raises (and mints the ThreatID), a changed severity updates, silence clears. */
typedef struct s1_threat_report {
    uint32_t size;
    int32_t severity;   /* enum s1_severity */
    s1_str key;         /* tells episodes of one worker apart; may be empty */
    s1_str threat_type; /* "MAX_DRAWDOWN_BREACHED" */
    const s1_field *details;
    uint32_t detail_count; /* <= S1_FIELDS_MAX */
    uint32_t reserved;
} s1_threat_report;

/* The one place a ThreatID comes from. */
typedef struct s1_threat_sink {
    uint32_t size;
    uint32_t reserved;
    void *self;
    s1_rc (*report)(void *self, const s1_threat_report *report, s1_threat_id *ret_id, s1_err *err);
} s1_threat_sink;

/* Reports a threat that holds now; `details` holds `count` fields, at most S1_FIELDS_MAX. Errors:
 * the sink's. */
S1_WARN_UNUSED
static inline s1_rc s1_threat_emit(const s1_threat_sink *out, s1_str threat_type, s1_str key,
                                   int32_t severity, const s1_field *details, size_t count,
                                   s1_err *err)
{
    s1_threat_report report;
    memset(&report, 0, sizeof report);
    report.size = sizeof report;
    report.severity = severity;
    report.key = key;
    report.threat_type = threat_type;
    report.details = details;
    report.detail_count = (uint32_t)count;
    s1_threat_id id;
    return out->report(out->self, &report, &id, err);
}

/* An active threat (CriticalEvent of the spec). */
typedef struct s1_threat {
    uint32_t size;
    int32_t severity;
    s1_threat_id threat_id;
    s1_str threat_type;
    s1_str category; /* PORTFOLIO_RISK, MARKET_RISK, ...: the worker's subtype */
    s1_str worker;   /* instance id */
    s1_str key;
    s1_nanos raised_at;
    s1_nanos updated_at;
    uint32_t is_new; /* raised in this tick */
    uint32_t reserved;
} s1_threat;

typedef struct s1_threat_list { /* all that are active, in blueprint order */
    uint32_t size;
    uint32_t count;
    const s1_threat *items;
    uint32_t stride; /* bytes; use s1_threat_list_at() */
    uint32_t reserved;
} s1_threat_list;

static inline const s1_threat *s1_threat_list_at(const s1_threat_list *list, uint32_t index)
{
    return (const s1_threat *)(const void *)((const char *)(const void *)list->items +
                                             (size_t)index * list->stride);
}

/* --- Planning. ---------------------------------------------------------------------------- */

enum s1_order_type {
    S1_ORDER_MARKET = 1,
    S1_ORDER_LIMIT,
    S1_ORDER_STOP,              /* at market once the price is as bad as trigger_price */
    S1_ORDER_STOP_LIMIT,        /* then a limit order at limit_price */
    S1_ORDER_MARKET_IF_TOUCHED, /* at market once the price is as good as trigger_price */
    S1_ORDER_LIMIT_IF_TOUCHED   /* then a limit order at limit_price */
};

/* Has the order a limit_price, a trigger_price? */
static inline bool s1_order_type_has_limit(int32_t type)
{
    return type == S1_ORDER_LIMIT || type == S1_ORDER_STOP_LIMIT ||
           type == S1_ORDER_LIMIT_IF_TOUCHED;
}

static inline bool s1_order_type_has_trigger(int32_t type)
{
    return type >= S1_ORDER_STOP && type <= S1_ORDER_LIMIT_IF_TOUCHED;
}

enum s1_time_in_force {
    S1_TIF_GTC = 1, /* until it is cancelled */
    S1_TIF_IOC,
    S1_TIF_FOK,
    S1_TIF_GTD, /* until expires_at */
    S1_TIF_DAY  /* until the next midnight, UTC */
};

/* The one record planning evolves. Each phase writes its own block only; the host checks. Zero
 * means "not set" for every price and the quantity. */
typedef struct s1_plan {
    uint32_t size;
    int32_t direction; /* set by the host from the signal */
    s1_trade_id trade_id;
    s1_opportunity_id opportunity_id;
    /* entry_planning */
    s1_dec entry_price; /* expected; the base of stop, target and size */
    int32_t entry_type; /* enum s1_order_type */
    uint32_t reserved0;
    /* exit_planning */
    s1_dec stop_loss;
    s1_dec take_profit;
    /* size_planning */
    s1_dec quantity;
    /* order_routing */
    s1_dec limit_price;
    s1_dec trigger_price;
    int32_t order_type;    /* enum s1_order_type */
    int32_t time_in_force; /* enum s1_time_in_force */
    uint32_t post_only;
    uint32_t reserved1;
    /* order_routing, since minor 1 */
    s1_nanos
        expires_at; /* with S1_TIF_GTD: never filled on a bar that opens then or later; else 0 */
    s1_dec display_quantity; /* of a limit order: the part that shows at a time; zero: all of it */
    /* entry_planning, since minor 1 */
    uint32_t slices; /* market orders the entry is cut into; 0 or 1: one order */
    uint32_t reserved2;
    s1_nanos slice_interval; /* from one slice to the next */
    /* size_planning, since minor 1 */
    s1_dec cash_fraction; /* of a market entry: its quantity is worked out as it fills, what this
                             part of the cash then free buys; `quantity` is an estimate. Else 0 */
    /* exit_planning, since minor 2: the stop-loss is a trailing stop of the exchange. It follows
     * the best price since the entry at one of the two distances, never back, from stop_loss on */
    s1_dec trail_amount;     /* in price */
    s1_dec trail_percent;    /* of the best price */
    s1_dec trail_activation; /* it follows once the price was here; zero: at once */
    /* order_routing, since minor 2: the trigger_price of a STOP or STOP_LIMIT entry follows the
     * best price since it was sent, limit_price with it */
    s1_dec entry_trail_amount;
    s1_dec entry_trail_percent;
    s1_dec entry_trail_activation;
    /* entry_planning, since minor 2: plans of one group cancel each other's entries as soon as one
     * of them is filled, in part too; 0: no group */
    uint64_t oco_group;
} s1_plan;

/* A planning worker lets the plan pass (the default) or refuses the opportunity. */
typedef struct s1_verdict {
    uint32_t size;
    uint32_t is_rejected;
    s1_str code;            /* "THREAT_ACTIVE", "STOP_TOO_CLOSE"; copied by the host */
    double limit, actual;   /* NaN where they mean nothing */
    s1_threat_id threat_id; /* set where a threat caused it */
} s1_verdict;

/* Refuses the opportunity with a reason; the host journals OPPORTUNITY_REJECTED. */
static inline void s1_verdict_reject(s1_verdict *verdict, s1_str code, double limit, double actual)
{
    verdict->is_rejected = 1;
    verdict->code = code;
    verdict->limit = limit;
    verdict->actual = actual;
}

/* Refuses a quantity the venue would refuse, with SIZE_BELOW_MINIMUM: nothing at all, less than
 * its smallest quantity, or worth less at `price` than its smallest notional, in quote currency.
 * Errors: S1_E_RANGE where the notional overflows. */
S1_WARN_UNUSED
static inline s1_rc s1_verdict_check_minimum(s1_verdict *verdict, const s1_instrument *instrument,
                                             s1_dec quantity, s1_dec price, s1_err *err)
{
    const s1_dec least = s1_dec_max(instrument->min_quantity, instrument->lot_size);
    if (s1_dec_cmp(quantity, least) < 0) {
        s1_verdict_reject(verdict, S1_STR("SIZE_BELOW_MINIMUM"), s1_dec_to_double(least),
                          s1_dec_to_double(quantity));
        return S1_OK;
    }
    if (s1_dec_is_zero(instrument->min_notional)) {
        return S1_OK;
    }
    s1_dec notional;
    const s1_rc rc = s1_dec_mul(quantity, price, S1_ROUND_DOWN, &notional, err);
    if (rc == S1_OK && s1_dec_cmp(notional, instrument->min_notional) < 0) {
        s1_verdict_reject(verdict, S1_STR("SIZE_BELOW_MINIMUM"),
                          s1_dec_to_double(instrument->min_notional), s1_dec_to_double(notional));
    }
    return rc;
}

/* --- Execution. --------------------------------------------------------------------------- */

/* Why an ExecutionWorker is called. X(value, name in YAML `triggers`). */
#define S1_TRIGGER_MAP(X)                                                                          \
    X(S1_ON_PLAN_APPROVED, "on_plan_approved")                                                     \
    X(S1_ON_CONTEXT_READY, "on_context_ready")                                                     \
    X(S1_ON_SIGNAL_GENERATED, "on_signal_generated")                                               \
    X(S1_ON_THREAT_DETECTED, "on_threat_detected")                                                 \
    X(S1_ON_LEDGER_UPDATE, "on_ledger_update")                                                     \
    X(S1_ON_POSITION_OPENED, "on_position_opened")                                                 \
    X(S1_ON_POSITION_CLOSED, "on_position_closed")
enum s1_trigger {
    S1_TRIGGER_NONE = 0,
#define X(value, name) value,
    S1_TRIGGER_MAP(X)
#undef X
};

typedef struct s1_execution_input {
    uint32_t size;
    int32_t trigger;               /* enum s1_trigger */
    const s1_plan *directive;      /* S1_ON_PLAN_APPROVED: what the gate approved; else NULL */
    const s1_signal_list *signals; /* of this tick; empty where none */
    const s1_threat_list *threats; /* active now */
} s1_execution_input;

/* Why a position is to be closed. */
typedef struct s1_close_request {
    uint32_t size;
    uint32_t reserved;
    s1_str reason;                    /* closure_reason: "OPPOSITE_SIGNAL", "THREAT" */
    s1_dec quantity;                  /* zero: all of it */
    s1_threat_id threat_id;           /* set where a threat forces it */
    s1_opportunity_id opportunity_id; /* set where a signal asks for it */
} s1_close_request;

/* What a working entry order is to be from now on. Zero: as it is. */
typedef struct s1_entry_change {
    uint32_t size;
    uint32_t reserved;
    s1_dec limit_price;
    s1_dec trigger_price; /* of one that is not triggered yet */
    s1_dec quantity;      /* of all of it: more than is filled */
    s1_str reason;        /* "PRICE_MOVED"; expected */
} s1_entry_change;

/* Orders through the environment, the only road to a venue. Reduce-only calls pass the gate at
 * once. Errors: S1_E_NOT_FOUND for an unknown trade, S1_E_DENIED outside the right trigger,
 * S1_E_INVALID for a price that is not a multiple of the tick. */
typedef struct s1_order_api {
    uint32_t size;
    uint32_t reserved;
    void *self;
    /* Sends the approved directive; once, only under S1_ON_PLAN_APPROVED. */
    s1_rc (*submit)(void *self, const s1_plan *directive, s1_err *err);
    /* Moves the protective stop. The host refuses a move that widens the risk. */
    s1_rc (*modify_stop)(void *self, s1_trade_id trade_id, s1_dec price, s1_err *err);
    /* Closes a position at market; a position already closing is left alone. */
    s1_rc (*close)(void *self, s1_trade_id trade_id, const s1_close_request *request, s1_err *err);
    /* Cancels a working entry order. */
    s1_rc (*cancel_entry)(void *self, s1_trade_id trade_id, s1_str reason, s1_err *err);
    /* Changes a working entry order that has a price, since minor 2. Judged by the gate like its
     * plan: S1_E_DENIED with the code. S1_E_INVALID for what such an order does not have. */
    s1_rc (*amend_entry)(void *self, s1_trade_id trade_id, const s1_entry_change *change,
                         s1_err *err);
} s1_order_api;

#ifdef __cplusplus
}
#endif
#endif /* S1MPLE_PIPELINE_H */
