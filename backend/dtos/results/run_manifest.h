/* backend/dtos/results/run_manifest.h - what a run was and what came out, in run.json.
 *
 * Everything here is a function of (binary, configuration, data, seed): no host time, no path.
 * Those stand in run.log.json. Texts are borrowed from whoever fills the manifest.
 */
#ifndef S1_BACKEND_DTOS_RESULTS_RUN_MANIFEST_H
#define S1_BACKEND_DTOS_RESULTS_RUN_MANIFEST_H

#include "s1mple/market.h"

/* X(field, key, description): texts; an empty one is null in the file. */
#define S1_RUN_TEXT_MAP(X)                                                                         \
    X(version, "version", "Version of the program")                                                \
    X(command, "command", "The command without its paths")                                         \
    X(strategy, "strategy", "Name of the blueprint")                                               \
    X(strategy_version, "strategy_version", "Version of the blueprint")                            \
    X(strategy_link_id, "strategy_link_id", "The link that ran")                                   \
    X(environment, "environment", "Execution environment of the link")                             \
    X(asset_pair, "asset_pair", "Primary stream")                                                  \
    X(timeframe, "timeframe", "Primary stream")                                                    \
    X(currency, "currency", "Quote currency: the unit of every amount")                            \
    X(fill_rule, "fill_rule", "The rules orders matched by")                                       \
    X(ambiguity_rule, "ambiguity_rule", "What decides where a bar cannot")                         \
    X(journal_level, "journal_level", "full, trades or off")                                       \
    X(language, "language", "Of the report, en or nl")                                             \
    X(finish_reason, "finish_reason", "Why the run ended")                                         \
    X(binary_hash, "binary_hash", "SHA-256 of the program, hex")                                   \
    X(config_hash, "config_hash", "SHA-256 of the resolved configuration, hex")                    \
    X(data_hash, "data_hash", "SHA-256 of the data read, feeds and models included, hex")          \
    X(journal_head, "journal_head", "SHA-256 of the journal's last block, hex")

/* X(field, key, description): numbers. */
#define S1_RUN_COUNT_MAP(X)                                                                        \
    X(warmup_bars, "warmup_bars", "Bars before `from`, for the indicators")                        \
    X(ticks, "ticks", "Bars traded on")                                                            \
    X(opportunities, "opportunities", "Opportunities detected")                                    \
    X(approved, "approved", "Passed the portfolio gate")                                           \
    X(rejected, "rejected", "Refused, at any stage")                                               \
    X(rejected_governor, "rejected_governor", "Refused by a governor")                             \
    X(rejected_entry, "rejected_entry", "Refused in entry planning")                               \
    X(rejected_exit, "rejected_exit", "Refused in exit planning")                                  \
    X(rejected_size, "rejected_size", "Refused in size planning")                                  \
    X(rejected_routing, "rejected_routing", "Refused in order routing")                            \
    X(rejected_gate, "rejected_gate", "Refused by the portfolio gate")                             \
    X(rejected_venue, "rejected_venue", "Refused by the venue")                                    \
    X(orders, "orders", "Orders submitted")                                                        \
    X(fills, "fills", "Fills")                                                                     \
    X(trades, "trades", "Trades closed")                                                           \
    X(closed_by_threat, "closed_by_threat", "Trades a threat closed")                              \
    X(open_positions, "open_positions", "Positions open at the end")                               \
    X(threats, "threats", "Threat episodes")                                                       \
    X(ambiguous_bars, "ambiguous_bars", "Bars that did not tell which order filled first")         \
    X(journal_entries, "journal_entries", "Lines of the journal")

typedef struct s1_run_plugin { /* one worker's plugin */
    s1_str name, version;
    s1_str hash; /* SHA-256 of the library, hex */
} s1_run_plugin;

typedef struct s1_run_file { /* of a stream */
    s1_nanos first;
    uint64_t rows, bytes;
} s1_run_file;

typedef struct s1_run_stream { /* a stream of an archive, as it was read */
    s1_str name;               /* "EUR/USD 1h ohlcv" */
    s1_str hash;               /* content hash, hex */
    uint64_t rows;             /* of the stream, and its ends: not only of the period run */
    s1_nanos first, last;
    const s1_run_file
        *files; /* [file_count], in order of time: tells where another version parts */
    size_t file_count;
} s1_run_stream;

typedef struct s1_run_feed { /* data that is not bars */
    s1_str id;               /* in the blueprint */
    s1_str hash;             /* SHA-256 of the file, hex */
    uint64_t rows;
} s1_run_feed;

typedef struct s1_run_model { /* a trained model */
    s1_str id;                /* in the blueprint */
    s1_str hash;              /* SHA-256 of the file, hex */
} s1_run_model;

typedef struct s1_ambiguous_bar {
    s1_nanos time; /* close of the bar */
    s1_trade_id trade_id;
    s1_str rule; /* what decided */
} s1_ambiguous_bar;

/* What was paid, of a run in which it is more than plain fees in quote. */
typedef struct s1_run_costs {
    s1_dec fees, funding, interest; /* in quote; funding below zero was received */
    uint64_t fee_fallbacks;         /* fees paid in quote for want of another currency */
    uint64_t liquidations;
} s1_run_costs;

typedef struct s1_run_manifest {
    s1_run_id run_id;
    uint64_t seed;
    s1_nanos from, to; /* what was asked for, after resolution */
    s1_dec initial_capital;
    const s1_run_costs *costs; /* NULL: nothing to tell */
#define X(field, key, description) s1_str field;
    S1_RUN_TEXT_MAP(X)
#undef X
#define X(field, key, description) uint64_t field;
    S1_RUN_COUNT_MAP(X)
#undef X
    const s1_run_plugin *plugins; /* [plugin_count], blueprint order */
    size_t plugin_count;
    const s1_run_stream *streams; /* [stream_count], blueprint order */
    size_t stream_count;
    const s1_run_feed *feeds; /* [feed_count], blueprint order */
    size_t feed_count;
    const s1_run_model *models; /* [model_count], blueprint order */
    size_t model_count;
    const s1_ambiguous_bar *ambiguous; /* [ambiguous_count]: the first of them; all are counted */
    size_t ambiguous_count;
} s1_run_manifest;

#endif /* S1_BACKEND_DTOS_RESULTS_RUN_MANIFEST_H */
