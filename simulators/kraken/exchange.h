/* simulators/kraken/exchange.h - an exchange that speaks Kraken's public REST interface, sans-I/O.
 *
 * A request in, a reply out: AssetPairs, Trades, OHLC, Time, SystemStatus of one pair, from trades
 * it was given. It can count requests and refuse too many, as Kraken does, and it can misbehave: a
 * seeded share of its replies is one of the faults below. http_server.h puts it on a loopback port.
 */
#ifndef S1_SIMULATORS_KRAKEN_EXCHANGE_H
#define S1_SIMULATORS_KRAKEN_EXCHANGE_H

#include "backend/utils/rng.h"
#include "backend/utils/text.h"

typedef struct s1_sim_trade {
    int64_t id;       /* rises */
    s1_nanos time;    /* does not fall; on a grid of 100 ns, as what Kraken prints */
    int64_t price;    /* at price_decimals */
    int64_t quantity; /* at lot_decimals */
    bool is_buy;
} s1_sim_trade;

/* X(NAME, "name"): what a reply may be instead of the right one. */
#define S1_SIM_FAULT_MAP(X)                                                                        \
    X(RATE_LIMIT, "rate_limit")   /* 200, EAPI:Rate limit exceeded */                              \
    X(HTTP_429, "http_429")       /* with Retry-After: 1 */                                        \
    X(BUSY, "busy")               /* 200, EService:Busy */                                         \
    X(HTTP_500, "http_500")       /* no body */                                                    \
    X(HTTP_502, "http_502")       /* an HTML page */                                               \
    X(STALL, "stall")             /* no byte ever */                                               \
    X(CUT_BEFORE, "cut_before")   /* closed without a byte */                                      \
    X(CUT_WITHIN, "cut_within")   /* closed in the middle of the body */                           \
    X(GARBAGE, "garbage")         /* 200, random bytes */                                          \
    X(EMPTY, "empty")             /* 200, no body */                                               \
    X(TRUNCATED, "truncated")     /* 200, half of the JSON, of its own right length */             \
    X(OTHER_PAIR, "other_pair")   /* the right rows under another pair's name */                   \
    X(OTHER_TYPES, "other_types") /* prices as numbers */                                          \
    X(OTHER_REPLY, "other_reply") /* a result, but that of another method */                       \
    X(WARNING, "warning")         /* the right reply with a W in its errors: no fault */
enum s1_sim_fault {
    S1_SIM_NO_FAULT,
#define X(name, text) S1_SIM_##name,
    S1_SIM_FAULT_MAP(X)
#undef X
        S1_SIM_FAULTS
};

/* The name of a fault; NULL outside the enum. Static text. */
const char *s1_sim_fault_name(int32_t fault);

typedef struct s1_sim_exchange_options {
    const char *id, *altname, *wsname; /* "XXBTZUSD", "XBTUSD", "XBT/USD" */
    uint32_t price_decimals, lot_decimals;
    uint32_t page;              /* rows of Trades; 0: 1000 */
    bool is_since_exclusive;    /* else rows at `since` itself are given too */
    const s1_sim_trade *trades; /* borrowed */
    size_t trade_count;
    s1_nanos now; /* of the exchange's clock: the end of OHLC; 0: a minute behind the last trade */
    uint32_t counter_max;   /* of requests; 0: no limit */
    s1_nanos counter_decay; /* of one */
    uint32_t fault_permille;
    uint32_t fault_mask; /* bit f: enum s1_sim_fault f may happen; 0: all */
    uint64_t seed;
} s1_sim_exchange_options;

typedef struct s1_sim_exchange {
    s1_sim_exchange_options options;
    s1_rng rng;
    s1_nanos empty_at;  /* of the counter */
    int32_t next_fault; /* of the next reply, whatever chance says; 0: none */
    uint64_t requests;  /* of any kind */
    uint64_t refused;   /* because of the counter */
    uint64_t pages;     /* right replies to Trades and OHLC */
    uint64_t rows;      /* in them */
    uint64_t faults[S1_SIM_FAULTS];
} s1_sim_exchange;

typedef struct s1_sim_reply {
    int32_t fault;        /* enum s1_sim_fault */
    int32_t status;       /* HTTP */
    uint32_t retry_after; /* seconds; 0: no such header */
    bool is_html;
    s1_strbuf body;
} s1_sim_reply;

void s1_sim_exchange_init(s1_sim_exchange *exchange, const s1_sim_exchange_options *options);

/* `target` is "/0/public/Trades?pair=XBTUSD&since=0"; `now` is monotonic, for the counter. The body
 * of `reply` is cleared and filled. */
void s1_sim_exchange_handle(s1_sim_exchange *exchange, s1_str target, s1_nanos now,
                            s1_sim_reply *reply);

/* `count` trades from `start` on (100 ns grid): bursts within a microsecond, quiet hours, jumps of
 * ids, small and large amounts. The same seed gives the same trades. */
void s1_sim_trades_random(s1_sim_trade *trades, size_t count, s1_nanos start, s1_nanos spacing,
                          uint64_t seed);

#endif /* S1_SIMULATORS_KRAKEN_EXCHANGE_H */
