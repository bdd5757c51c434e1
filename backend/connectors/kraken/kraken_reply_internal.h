/* backend/connectors/kraken/kraken_reply_internal.h - replies of Kraken's public REST interface,
 * read strictly: every field that is used has its kind and its bounds, or the reply is refused with
 * the row and what was found. Errors are S1_E_DATA unless said otherwise.
 */
#ifndef S1_BACKEND_CONNECTORS_KRAKEN_KRAKEN_REPLY_INTERNAL_H
#define S1_BACKEND_CONNECTORS_KRAKEN_KRAKEN_REPLY_INTERNAL_H

#include "backend/connectors/connector.h"
#include "backend/utils/json_pull.h"

#define S1_KRAKEN_ERROR_MAX 160u
#define S1_KRAKEN_NAME_MAX  40u
#define S1_KRAKEN_ROWS_MAX  2048u /* of one reply; Kraken sends at most 1000 */

/* {"error":[...],"result":...} */
typedef struct s1_kraken_envelope {
    char error[S1_KRAKEN_ERROR_MAX]; /* the first that is no warning; "" for none */
    bool has_result;
    s1_json_pull result; /* stands before its value */
} s1_kraken_envelope;

S1_WARN_UNUSED s1_rc s1_kraken_read_envelope(s1_str body, s1_kraken_envelope *ret_envelope,
                                             s1_err *err);

/* What Kraken calls a pair: XXBTZUSD, XBTUSD, XBT/USD for BTC/USD. */
typedef struct s1_kraken_pair {
    char id[S1_KRAKEN_NAME_MAX], altname[S1_KRAKEN_NAME_MAX], wsname[S1_KRAKEN_NAME_MAX];
    uint32_t price_scale, qty_scale; /* pair_decimals, lot_decimals */
} s1_kraken_pair;

/* Kraken's REST name of a currency: XBT for BTC, XDG for DOGE, else the same. */
s1_str s1_kraken_currency(s1_str currency);

/* The entry of a reply to AssetPairs that is `asset_pair`. Errors: S1_E_DATA also if there is
 * none. */
S1_WARN_UNUSED s1_rc s1_kraken_read_pair(s1_json_pull result, s1_str asset_pair,
                                         s1_kraken_pair *ret_pair, s1_err *err);

/* Rows of a reply, columns as in connector.h: values of S1_TRADE_SIDE lie in `side`. */
typedef struct s1_kraken_rows {
    size_t count;
    uint32_t price_scale, qty_scale, vwap_scale;
    s1_nanos time[S1_KRAKEN_ROWS_MAX];
    int64_t values[S1_PAGE_COLUMNS_MAX][S1_KRAKEN_ROWS_MAX];
    uint8_t scales[S1_PAGE_COLUMNS_MAX][S1_KRAKEN_ROWS_MAX]; /* of values while they are read */
    uint8_t side[S1_KRAKEN_ROWS_MAX];
} s1_kraken_rows;

/* Times never fall, ids rise. *ret_last is Kraken's own mark of where the page ends. */
S1_WARN_UNUSED s1_rc s1_kraken_read_trades(s1_json_pull result, const s1_kraken_pair *pair,
                                           s1_kraken_rows *rows, s1_nanos *ret_last, s1_err *err);

/* Times rise on the grid of the timeframe. *ret_last is the open time of the last closed bar. */
S1_WARN_UNUSED s1_rc s1_kraken_read_ohlc(s1_json_pull result, const s1_kraken_pair *pair,
                                         s1_nanos timeframe, s1_kraken_rows *rows,
                                         s1_nanos *ret_last, s1_err *err);

#endif /* S1_BACKEND_CONNECTORS_KRAKEN_KRAKEN_REPLY_INTERNAL_H */
