/* backend/connectors/kraken/kraken_public.h - Kraken's public REST interface, as a connector.
 *
 * Trades: everything since the pair's first trade, a page of 1000 at a time. A page is asked for
 * from a microsecond before the last row of the one before (Kraken's `since` has been inclusive and
 * exclusive, and a row's time is rounded to what a double holds), and the rows that come twice are
 * dropped by their trade id.
 *
 * OHLC: Kraken gives its last 720 bars and no more, whatever is asked; a range that begins before
 * them is S1_E_UNSUPPORTED, not a shorter answer. The bar that is not closed is left out. Bars
 * without a trade are there, with volume 0. Timeframes 1m 5m 15m 30m 1h 4h 1d 1w 15d.
 *
 * Pairs are named by AssetPairs, which is asked once for each: BTC/USD is XBTUSD there, DOGE is
 * XDG. Decimals stay what they were, at the pair's scales or larger ones where older rows have more
 * digits.
 *
 * Limits: by default one request a second, which is what Kraken allows for these without a key.
 * `EAPI:Rate limit exceeded`, `EGeneral:Too many requests`, HTTP 429 and the like make it wait 5 s,
 * doubling to 60 s, or as long as Kraken says; `EService:Busy`, HTTP 5xx, a cut connection and a
 * reply that is not what it should be are asked again after the connector's delay_seconds,
 * doubling to 60 s, max_attempts times in a row.
 */
#ifndef S1_BACKEND_CONNECTORS_KRAKEN_KRAKEN_PUBLIC_H
#define S1_BACKEND_CONNECTORS_KRAKEN_KRAKEN_PUBLIC_H

#include "backend/connectors/connector.h"

#define S1_KRAKEN_ADDRESS "https://api.kraken.com"

typedef struct s1_kraken_public_options {
    uint32_t max_attempts;  /* of one request that fails; 0: 3 */
    uint32_t limited_max;   /* of one request that is limited; 0: 30 */
    s1_nanos retry_delay;   /* after the first fault; 0: 2 s */
    s1_nanos limited_delay; /* after the first limit; 0: 5 s */
    s1_nanos spacing;       /* of requests; 0: 1 s; below 0: none */
    s1_nanos timeout;       /* of a request; 0: 30 s */
    uint64_t seed;          /* of the differences between waits */
} s1_kraken_public_options;

/* Heap; free with s1_connector_free. Errors: S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_kraken_public_new(const s1_kraken_public_options *options,
                                          s1_connector **ret_connector, s1_err *err);

#endif /* S1_BACKEND_CONNECTORS_KRAKEN_KRAKEN_PUBLIC_H */
