/* backend/dtos/results/trade_record.h - one closed trade, as the results know it.
 *
 * One table gives the struct, the header and the rows of result_trades.csv and the JSON Schema, so
 * that they cannot drift apart (codecs: trade_codec.h). Column order of the file is the order of
 * the table.
 *
 * Ownership: a record borrows its texts (asset_pair, closure_reason); whoever fills it keeps them
 * alive until the results are written.
 */
#ifndef S1_BACKEND_DTOS_RESULTS_TRADE_RECORD_H
#define S1_BACKEND_DTOS_RESULTS_TRADE_RECORD_H

#include "s1mple/market.h"

/* X(type, field, kind, in_csv, description). Kinds: UID (16 bytes), DIRECTION, DEC, TIME, ROW,
 * TEXT, RULE (enum s1_fill_rule). in_csv: 1 for a column of result_trades.csv. */
#define S1_TRADE_RECORD_MAP(X)                                                                     \
    X(s1_trade_id, trade_id, UID, 1, "Which trade")                                                \
    X(s1_opportunity_id, opportunity_id, UID, 1, "The opportunity that opened it")                 \
    X(int32_t, direction, DIRECTION, 1, "long or short")                                           \
    X(s1_dec, quantity, DEC, 1, "Base currency, always positive")                                  \
    X(s1_nanos, entry_time, TIME, 1, "Fill time of the entry")                                     \
    X(s1_dec, entry_price, DEC, 1, "Average price of the entry fills")                             \
    X(s1_nanos, exit_time, TIME, 1, "Fill time of the exit")                                       \
    X(s1_dec, exit_price, DEC, 1, "Average price of the exit fills")                               \
    X(s1_dec, fees, DEC, 1, "Entry and exit fees, quote currency")                                 \
    X(s1_dec, pnl, DEC, 1, "Profit or loss after fees, quote currency")                            \
    X(s1_str, closure_reason, TEXT, 1, "TAKE_PROFIT, STOP_LOSS, THREAT, OPPOSITE_SIGNAL, ...")     \
    X(s1_threat_id, threat_id, UID, 1, "The threat that closed it; empty if none did")             \
    X(s1_str, asset_pair, TEXT, 0, "\"BTC/EUR\"")                                                  \
    X(uint64_t, entry_row, ROW, 0, "Row of the run series at which the entry filled")              \
    X(uint64_t, exit_row, ROW, 0, "Row of the run series at which the exit filled")                \
    X(int32_t, entry_rule, RULE, 0, "Rule of the first fill of the entry; none: not known")        \
    X(int32_t, exit_rule, RULE, 0, "Rule of the last fill of the exit; none: not known")           \
    X(s1_dec, slippage, DEC, 0, "What the fills were worse than the prices decided on")

typedef struct s1_trade_record {
#define X(type, field, kind, in_csv, description) type field;
    S1_TRADE_RECORD_MAP(X)
#undef X
} s1_trade_record;

#endif /* S1_BACKEND_DTOS_RESULTS_TRADE_RECORD_H */
