/* backend/config/config.h - the configuration train: every YAML file as typed, checked values.
 *
 * s1_config_load reads a folder (platform, operators, schedule, connectors, environments,
 * data_sources, instruments, event_map, wiring_map, operation, index .yaml and runs/), reports all
 * faults at once, and resolves the active links: which blueprint runs in which environment, on
 * which streams. Everything is arena memory, read-only, and may be shared by threads.
 *
 * Every struct starts with its s1_source; source.node == NULL means nobody wrote it. Texts are
 * NUL-terminated behind their length. Paths are as written: see s1_config_path.
 */
#ifndef S1_BACKEND_CONFIG_CONFIG_H
#define S1_BACKEND_CONFIG_CONFIG_H

#include "backend/config/schema.h"
#include "backend/dtos/execution/fill_costs.h"
#include "backend/dtos/execution/fill_rules.h"
#include "backend/utils/fs.h"
#include "s1mple/market.h"

#define S1_CONFIG_SCHEMA_VERSION 1

typedef S1_LIST(s1_str) s1_text_list;

/* --- platform.yaml ------------------------------------------------------------------------ */

typedef S1_LIST(int32_t) s1_log_level_list;
typedef struct s1_logging_profile {
    s1_source source;
    s1_str name;
    s1_log_level_list levels; /* values of s1_log_level_names */
} s1_logging_profile;

typedef struct s1_ingestion_task {
    s1_source source;
    s1_str name; /* of a profile */
    int64_t max_records, max_seconds;
} s1_ingestion_task;

typedef struct s1_core_config {
    s1_source source;
    int32_t language; /* enum s1_language */
    s1_str plugins_root_path;
    struct s1_logging_config {
        s1_source source;
        s1_str profile;
        bool console;
        S1_LIST(s1_logging_profile) profiles;
    } logging;
} s1_core_config;

typedef struct s1_services_config {
    s1_source source;
    struct s1_data_collection_config {
        s1_source source;
        struct s1_collection_limits {
            s1_source source;
            int64_t max_history_days, warn_history_days;
        } limits;
    } data_collection;
    struct s1_data_ingestion_config {
        s1_source source;
        struct s1_ingestion_defaults {
            s1_source source;
            s1_ingestion_task historical_task, live_task;
        } defaults;
        S1_LIST(s1_ingestion_task) profiles;
    } data_ingestion;
} s1_services_config;

/* Sizes a run is assembled with; reaching one stops the run with a message naming it. */
typedef struct s1_limits_config {
    s1_source source;
    int64_t open_trades_max;    /* per run */
    int64_t working_orders_max; /* per run */
    int64_t signals_per_tick_max;
    int64_t active_threats_max;
    int64_t queued_events_max;   /* of a run's bus */
    int64_t context_memory_mib;  /* columns of one run */
    int64_t context_record_mib;  /* what a run records of its context */
    int64_t feed_memory_mib;     /* of one feed of a run: file, rows */
    int64_t journal_segment_mib; /* of a journal's file, before the next one is started */
} s1_limits_config;

typedef struct s1_journal_config {
    s1_source source;
    int32_t level; /* enum s1_config_journal */
} s1_journal_config;

typedef struct s1_recording_config {
    s1_source source;
    bool context;
    bool has_context; /* written: of a blueprint, where platform.yaml's counts otherwise */
} s1_recording_config;

typedef struct s1_platform_config {
    s1_source source;
    int64_t schema_version;
    s1_core_config core;
    s1_services_config services;
    struct s1_data_config {
        s1_source source;
        s1_str source_dir;
    } data;
    struct s1_portfolio_config {
        s1_source source;
        struct s1_portfolio_defaults {
            s1_source source;
            s1_dec initial_capital;
            s1_dec fee_rate; /* fraction */
        } defaults;
    } portfolio;
    struct s1_archiving_config {
        s1_source source;
        int32_t format;
    } archiving;
    struct s1_paths_config {
        s1_source source;
        s1_str state_directory, journal_directory, market_data_directory, results_directory;
    } paths;
    s1_journal_config journal;
    s1_recording_config recording;
    s1_limits_config limits;
} s1_platform_config;

/* --- operators.yaml ----------------------------------------------------------------------- */

typedef struct s1_operator_config {
    s1_source source;
    s1_str operator_id;
    int32_t manages_worker_type;  /* enum s1_worker_type */
    int32_t execution_strategy;   /* enum s1_execution_strategy */
    int32_t aggregation_strategy; /* enum s1_aggregation_strategy */
    int32_t on_worker_failure;    /* enum s1_failure_policy */
    s1_str rationale;
} s1_operator_config;

typedef struct s1_operators_config {
    s1_source source;
    int64_t schema_version;
    S1_LIST(s1_operator_config) operators;
} s1_operators_config;

/* Why an operator of this worker type cannot work so (ARCHITECTURE §12.6), or NULL if it can. */
const char *s1_operator_cell_reason(int32_t worker_type, int32_t execution, int32_t aggregation);

/* --- schedule.yaml, connectors.yaml: read and checked, not used in this version ------------- */

typedef struct s1_schedule_item {
    s1_source source;
    s1_str name, event;
    s1_str cron; /* either this, or type and value */
    int32_t type;
    s1_str value, timezone;
} s1_schedule_item;

typedef struct s1_schedule_config {
    s1_source source;
    int64_t schema_version;
    S1_LIST(s1_schedule_item) schedules;
} s1_schedule_config;

enum s1_connector_type { S1_CONNECTOR_KRAKEN_PUBLIC = 1, S1_CONNECTOR_KRAKEN_PRIVATE };

typedef struct s1_connector_config {
    s1_source source;
    s1_str connector_id;
    int32_t type;
    s1_str base_url;
    s1_str api_key, api_secret; /* secrets: never print */
    struct s1_retries_config {
        s1_source source;
        int64_t max_attempts, delay_seconds;
    } retries;
} s1_connector_config;

typedef struct s1_connectors_config {
    s1_source source;
    int64_t schema_version;
    S1_LIST(s1_connector_config) connectors;
} s1_connectors_config;

/* --- data_sources.yaml, instruments.yaml, environments.yaml --------------------------------- */

typedef struct s1_data_source_config {
    s1_source source;
    s1_str data_source_id;
    int32_t type; /* enum s1_data_source_type */
    s1_str path;
    s1_str asset_pair;
    s1_nanos timeframe; /* 0: trades */
    int32_t data_type;  /* enum s1_data_type of backend/dtos/market/stream_key.h */
    bool has_timeframe, has_resample, has_resample_offset, has_archive_source;
    bool has_resample_drops_repeats;
    bool resample_drops_repeats; /* trades given twice do not count */
    bool resample;               /* larger bars may be made of it */
    s1_nanos resample_offset;    /* when they open */
    s1_str archive_source;       /* of the stream in the archive; empty: the unnamed one */
    int32_t fill;                /* enum s1_fill_policy of dtos/market/fill_policy.h; 0: none */
} s1_data_source_config;

typedef struct s1_data_sources_config {
    s1_source source;
    int64_t schema_version;
    S1_LIST(s1_data_source_config) data_sources;
} s1_data_sources_config;

typedef struct s1_fee_tier_config {
    s1_source source;
    s1_dec volume, maker, taker;
} s1_fee_tier_config;

typedef struct s1_fees_config { /* fractions of the notional */
    s1_source source;
    s1_dec maker, taker;
    bool has_maker, has_taker;
    /* Of an environment only; backend/dtos/execution/fees.h. */
    s1_str currency; /* empty: quote */
    s1_dec price;    /* of a third currency */
    s1_dec volume_30d;
    int64_t decimals;
    int32_t rounding; /* enum s1_rounding; 0: half to even */
    bool has_price, has_decimals, has_volume_30d;
    S1_LIST(s1_fee_tier_config) tiers;
} s1_fees_config;

/* Funding, or interest on what is borrowed: at a rate every so often, or by a feed. */
typedef struct s1_carry_config {
    s1_source source;
    s1_nanos every;
    s1_dec rate;                  /* of funding */
    s1_dec quote_rate, base_rate; /* of interest */
    s1_str feed;                  /* id of the blueprint's `feeds`; empty: constant */
    s1_str column, quote_column, base_column;
    bool has_every, has_rate, has_quote_rate, has_base_rate;
} s1_carry_config;

typedef struct s1_balance_config {
    s1_source source;
    s1_str currency;
    s1_dec amount;
} s1_balance_config;

typedef struct s1_session_config { /* backend/config/sessions.h */
    s1_source source;
    s1_str hours; /* empty: by the pair */
    s1_text_list closed, outages;
} s1_session_config;

typedef struct s1_instrument_config {
    s1_source source;
    s1_str asset_pair, base, quote;
    int64_t price_scale, qty_scale;
    s1_dec tick_size, lot_size;
    bool has_tick_size, has_lot_size;
    s1_dec min_quantity, min_notional;                     /* zero: none */
    s1_dec max_quantity, max_notional, price_band_percent; /* zero: none */
    bool has_max_quantity, has_max_notional, has_price_band_percent;
    s1_fees_config fees; /* over the environment's */
    struct s1_margin_config {
        s1_source source;
        bool enabled;
        s1_dec leverage;
        s1_dec maintenance; /* fraction of the worth; zero: nothing is liquidated */
        bool has_maintenance;
    } margin;
    s1_session_config session;
    bool has_session;
} s1_instrument_config;

typedef struct s1_instruments_config {
    s1_source source;
    int64_t schema_version;
    S1_LIST(s1_instrument_config) instruments;
} s1_instruments_config;

typedef struct s1_simulation_config {
    s1_source source;
    s1_dec initial_capital; /* quote currency; default of platform.yaml filled in */
    bool has_initial_capital;
    S1_LIST(s1_balance_config) initial_balances; /* of other currencies */
    int32_t cost_basis;                          /* enum s1_cost_basis of the ledger; 0: average */
    s1_fees_config fees;                         /* default of platform.yaml filled in */
    struct s1_slippage_config {
        s1_source source;
        int32_t model;                                     /* enum s1_slippage_model */
        s1_dec fraction;                                   /* of the price; a bare number is this */
        s1_dec amount, ticks, spread, impact, probability; /* of the model that has it */
        bool has_amount, has_ticks, has_spread, has_impact, has_probability;
    } slippage;
    int32_t fill_rule; /* enum s1_fill_preset */
    int32_t match_on;  /* enum s1_match_on */
    int32_t ambiguity; /* enum s1_ambiguity of the matching engine */
    struct s1_matching_config {
        s1_source source;
        s1_fill_rules knobs; /* zero: as fill_rule says */
#define X(field, MAP) bool has_##field;
        S1_FILL_KNOB_MAP(X)
#undef X
        s1_dec volume_share; /* of a bar's volume; zero: any */
        s1_dec touch_probability;
        bool has_volume_share, has_touch_probability;
    } matching;
    bool has_matching;
    struct s1_latency_config {
        s1_source source;
        s1_nanos feed, order, response; /* >= 0 */
    } latency;
    s1_carry_config funding, borrow;
    bool has_funding, has_borrow;
    struct s1_book_config {
        s1_source source;
        int32_t queue;      /* enum s1_queue_model */
        int32_t liquidity;  /* enum s1_book_liquidity */
        s1_dec queue_power; /* above 0 */
        bool has_queue_power;
    } book;
    bool has_book;
    s1_nanos from, to;     /* [from, to) */
    bool has_from, has_to; /* false: from the first bar, to the last */
    int64_t warmup_bars;   /* of the primary stream before `from`, at least; with has_warmup_bars */
    bool has_warmup_bars;
} s1_simulation_config;

typedef struct s1_statistics_config { /* what the figures of a run are made with */
    s1_source source;
    s1_dec risk_free_rate;   /* a year, as a fraction; zero where not set */
    s1_dec periods_per_year; /* zero: by the market (statistics.h) */
    s1_str benchmark;        /* "BTC/USD@1h"; empty: the primary stream */
    int64_t trials;          /* made to find this run; 0 where not set */
    s1_dec trials_variance;  /* of their Sharpe ratios, not annualised; zero: 1 / (n - 1) */
    bool has_risk_free_rate, has_periods_per_year, has_trials, has_trials_variance;
} s1_statistics_config;

typedef struct s1_environment_config {
    s1_source source;
    s1_str environment_id;
    int32_t type;          /* enum s1_environment_type */
    s1_str data_source_id; /* either this or data_archives */
    s1_text_list data_archives;
    s1_str connector_id;
    s1_simulation_config simulation;
    bool has_simulation; /* always in a backtest or paper environment */
    s1_statistics_config statistics;
    bool has_statistics;
    S1_LIST(s1_data_source_config *) sources; /* resolved, in order; not a field of the file */
} s1_environment_config;

typedef struct s1_environments_config {
    s1_source source;
    int64_t schema_version;
    S1_LIST(s1_environment_config) environments;
} s1_environments_config;

/* --- event_map.yaml, wiring_map.yaml -------------------------------------------------------- */

typedef struct s1_event_config {
    s1_source source;
    s1_str event_name;
    s1_str payload_dto; /* "TradingContext", "List[Signal]" */
    int32_t category;   /* enum s1_event_category */
    s1_str description;
} s1_event_config;

typedef struct s1_event_map_config {
    s1_source source;
    int64_t schema_version;
    S1_LIST(s1_event_config) events;
} s1_event_map_config;

typedef struct s1_wiring_config {
    s1_source source;
    s1_str adapter_id;
    s1_text_list listens_to; /* several: joined, called once when all of the tick are there */
    struct s1_invokes_config {
        s1_source source;
        s1_str component, method;
    } invokes;
    s1_text_list publishes_result_as; /* empty: nothing */
    int32_t defer;                    /* enum s1_defer */
    int64_t priority;                 /* of adapters on one event: smaller first, then file order */
} s1_wiring_config;

typedef struct s1_wiring_map_config {
    s1_source source;
    int64_t schema_version;
    S1_LIST(s1_wiring_config) wirings;
} s1_wiring_map_config;

/* --- operation.yaml ------------------------------------------------------------------------- */

typedef struct s1_strategy_link_config {
    s1_source source;
    s1_str id; /* default: blueprint@environment */
    s1_str strategy_blueprint_id, execution_environment_id;
    bool is_active;
} s1_strategy_link_config;

/* Limits of one strategy; what is not written does not limit. */
typedef struct s1_strategy_rules {
    s1_source source;
    s1_str strategy; /* link id or blueprint id */
    struct s1_allocation_config {
        s1_source source;
        s1_dec percentage;       /* of the initial capital */
        s1_dec max_quote_amount; /* the stricter one applies */
        bool has_percentage, has_max_quote_amount;
    } capital_allocation;
    s1_dec max_drawdown_pct, max_position_size_pct;
    bool has_max_drawdown_pct, has_max_position_size_pct;
    bool enabled;
} s1_strategy_rules;

/* Rules over all links of an operation; what is not written does not limit. */
typedef struct s1_portfolio_rules {
    s1_source source;
    s1_dec max_total_drawdown_pct, max_position_size_pct_per_strategy;
    int64_t max_correlated_positions;
    int64_t correlation_window;   /* samples */
    double correlation_threshold; /* 0 < x <= 1 */
    bool has_max_total_drawdown_pct, has_max_position_size_pct_per_strategy;
    bool has_max_correlated_positions;
} s1_portfolio_rules;

/* EventAction: what is done when a threat of this type is raised. */
typedef struct s1_event_response {
    s1_source source;
    s1_str event_type; /* threat_type */
    int64_t block_new_signals_min;
    s1_dec reduce_position_size_pct_strategy;
    s1_str notification_message;
    bool has_block_new_signals_min, has_reduce_position_size_pct_strategy;
    bool close_strategy_positions, move_sl_to_breakeven_strategy, cancel_entry_orders_strategy;
    bool close_all_portfolio_positions, cancel_all_entry_orders_portfolio;
} s1_event_response;

typedef struct s1_risk_policy_config {
    s1_source source;
    s1_portfolio_rules portfolio_rules;
    S1_LIST(s1_strategy_rules) strategy_rules;
    S1_LIST(s1_event_response) event_responses;
} s1_risk_policy_config;

/* What the links of one quote currency share out. */
typedef struct s1_operation_capital {
    s1_source source;
    s1_str currency;
    s1_dec amount;
} s1_operation_capital;

typedef struct s1_operation_config {
    s1_source source;
    int64_t schema_version;
    s1_str display_name, description;
    S1_LIST(s1_operation_capital) capital; /* empty: each environment's own */
    S1_LIST(s1_strategy_link_config) strategy_links;
    s1_risk_policy_config risk_policy;
} s1_operation_config;

/* --- index.yaml ----------------------------------------------------------------------------- */

typedef struct s1_index_config {
    s1_source source;
    int64_t schema_version;
    struct s1_index_files {
        s1_source source;
        s1_str platform, operators, schedule, connectors, environments, data_sources, instruments,
            event_map, wiring_map;
    } files;
    s1_text_list runs;       /* blueprint files; default: runs/ *.yaml */
    s1_text_list operations; /* operation files; default: operation.yaml, operations/ *.yaml */
} s1_index_config;

/* --- runs/<strategy>.yaml ------------------------------------------------------------------- */

typedef struct s1_data_need {
    s1_source source;
    s1_str asset_pair;
    s1_nanos timeframe;
    int32_t data_type; /* enum s1_data_type */
} s1_data_need;

typedef struct s1_operator_override {
    s1_source source;
    s1_str operator_id;
    int32_t execution_strategy, aggregation_strategy; /* 0: as operators.yaml says */
    int32_t on_worker_failure;
} s1_operator_override;

typedef struct s1_worker_publication {
    s1_source source;
    s1_str event, payload_type, description;
} s1_worker_publication;

typedef S1_LIST(s1_worker_publication) s1_publication_list;

/* A feed file of the strategy; several workers may read it. */
typedef struct s1_feed_config {
    s1_source source;
    s1_str id;
    s1_str path; /* CSV; see backend/data/ingest/feed_reader.h */
} s1_feed_config;

/* What a worker's manifest calls a feed, and the blueprint's feed it is to read. */
typedef struct s1_worker_feed {
    s1_source source;
    s1_str name;
    s1_str feed; /* id of the blueprint's `feeds` */
} s1_worker_feed;

/* A trained model of the strategy, and what a worker's manifest calls it. */
typedef struct s1_model_config {
    s1_source source;
    s1_str id;
    s1_str path; /* LightGBM's text; see backend/data/models/lightgbm.h */
} s1_model_config;
typedef struct s1_worker_model {
    s1_source source;
    s1_str name;
    s1_str model; /* id of the blueprint's `models` */
} s1_worker_model;

typedef struct s1_worker_item {
    s1_source source;
    s1_str plugin;
    s1_str id;           /* default: plugin; unique in the blueprint */
    int32_t worker_type; /* enum s1_worker_type, from its place */
    int32_t subtype;     /* enum s1_subtype; of planning and execution from its place; 0: as the
                            manifest says */
    s1_str stream;       /* "ETH/USD@1h"; empty: the primary */
    const s1_yaml_node *params; /* a map, or NULL; see params.h */
    S1_LIST(s1_worker_feed) feeds;
    S1_LIST(s1_worker_model) models;
    s1_text_list triggers; /* names of S1_TRIGGER_MAP or events */
    s1_publication_list publishes;
    bool requires_all;              /* called once when all its triggers have come */
    struct s1_worker_event_config { /* the nested spelling; read into the members above */
        s1_source source;
        s1_text_list triggers;
        s1_publication_list publishes;
        bool requires_all;
    } event_config;
} s1_worker_item;

typedef S1_LIST(s1_worker_item) s1_worker_list;

typedef struct s1_workforce_config {
    s1_source source;
    s1_worker_list context_workers, opportunity_workers, threat_workers;
    struct s1_planning_workers {
        s1_source source;
        s1_worker_list entry_planning, exit_planning, size_planning, order_routing;
    } planning_workers;
    struct s1_execution_workers {
        s1_source source;
        s1_worker_list trade_initiation, position_management, risk_safety, operational;
    } execution_workers;
} s1_workforce_config;

typedef struct s1_blueprint {
    s1_source source;
    s1_str blueprint_id; /* stem of the file name; not a field of the file */
    int64_t schema_version;
    s1_str display_name, version, description;
    S1_LIST(s1_data_need) data; /* the first is primary; empty: the environment's only source */
    S1_LIST(s1_feed_config) feeds;
    S1_LIST(s1_model_config) models;
    S1_LIST(s1_operator_override) operator_overrides;
    s1_journal_config journal;
    s1_recording_config recording;
    s1_workforce_config workforce;
    /* All of them in order of work: context, opportunity, threat, the planning phases, execution.
     */
    S1_LIST(s1_worker_item *) workers;
} s1_blueprint;

/* --- All together --------------------------------------------------------------------------- */

/* A stream of a link and where it comes from. */
typedef struct s1_link_stream {
    s1_data_need need;
    const s1_data_source_config *data_source;
    const s1_instrument_config *instrument;
} s1_link_stream;

/* An active strategy link with everything it names. */
typedef struct s1_link {
    s1_source source; /* of the link; of the blueprint where no operation names it */
    s1_str id;
    const s1_blueprint *blueprint;
    const s1_environment_config *environment;
    const s1_operation_config *operation;  /* that names it; NULL: none does */
    const s1_strategy_rules *rules;        /* NULL: none */
    S1_LIST(s1_link_stream) streams;       /* the primary first */
    S1_LIST(s1_operator_config) operators; /* overrides applied; order of operators.yaml */
    int32_t journal_level;                 /* enum s1_config_journal */
    uint32_t benchmark;                    /* index in streams of what the run is held against */
    bool records_context;
    /* Its initial capital (environment->simulation) is its share of the operation's. */
    bool is_allocated;
} s1_link;

typedef struct s1_config {
    s1_str dir;  /* the configuration folder as given */
    s1_str base; /* the folder that holds it: relative paths start here */
    s1_platform_config platform;
    s1_operators_config operators;
    s1_schedule_config schedule;
    s1_connectors_config connectors;
    s1_data_sources_config data_sources;
    s1_instruments_config instruments;
    s1_environments_config environments;
    s1_event_map_config event_map;
    s1_wiring_map_config wiring_map;
    s1_index_config index;
    S1_LIST(s1_operation_config *) operations; /* those that were read */
    S1_LIST(s1_blueprint *) blueprints;        /* those that were read */
    S1_LIST(s1_link) links;                    /* what the target runs; see `target` */
    S1_LIST(s1_str) files;                     /* read, in order */
} s1_config;

typedef struct s1_config_options {
    const char *dir;  /* the configuration folder */
    const char *base; /* relative paths in it start here; NULL: the folder that holds `dir` */
    /* A blueprint or operation, by path ("config/runs/demo.yaml") or name ("demo", "operation");
     * NULL: every file is read and checked, all operations' links are resolved. A blueprint runs
     * in its active links of operation.yaml; without one in the only backtest environment. */
    const char *target;
    const char *environment_id; /* of a blueprint: run it here instead; NULL: as above */
    const char *const
        *overrides; /* [override_count] "environments.demo.simulation.fill_rule=..." */
    size_t override_count;
    const char *(*read_variable)(const char *name); /* for ${NAME}; NULL: s1_proc_getenv */
    const s1_fs *fs;                                /* NULL: s1_fs_real() */
} s1_config_options;

/* Loads and checks. *ret_config is set whenever the folder could be read, also with faults: look at
 * faults->errors (or s1_faults_check) before using links. Errors: S1_E_NOT_FOUND for a folder or
 * target that is not there, S1_E_IO, S1_E_INVALID for an override that cannot be read. */
S1_WARN_UNUSED s1_rc s1_config_load(const s1_config_options *options, s1_arena *arena,
                                    s1_faults *faults, const s1_config **ret_config, s1_err *err);

/* A PATH value of the configuration as a path to open: absolute ones as they are, others below
 * config->base. In `arena`. */
s1_str s1_config_path(const s1_config *config, s1_str path, s1_arena *arena);

/* Does a rule over several links stand there? */
bool s1_portfolio_rules_any(const s1_portfolio_rules *rules);

/* By name; NULL if there is none. */
const s1_event_config *s1_config_event(const s1_config *config, s1_str event_name);
const s1_environment_config *s1_config_environment(const s1_config *config, s1_str environment_id);
const s1_data_source_config *s1_config_data_source(const s1_config *config, s1_str id);
const s1_instrument_config *s1_config_instrument(const s1_config *config, s1_str asset_pair);
const s1_operator_config *s1_link_operator(const s1_link *link, s1_str operator_id);

/* The SDK's instrument for trading `instrument` in `environment` (fees: the instrument's, else the
 * environment's). Texts are borrowed from the configuration. */
void s1_config_make_instrument(const s1_instrument_config *instrument,
                               const s1_environment_config *environment, s1_instrument *ret_made);

/* The configuration as it was used: defaults and overrides filled in, secrets masked, the links in
 * an operation.yaml. `visit` gets each file name ("environments.yaml", "runs/demo.yaml") with its
 * text; written to a folder they can be loaded again with target "operation" and the same base. */
typedef s1_rc (*s1_config_file_visitor)(void *user, s1_str name, s1_str text, s1_err *err);
S1_WARN_UNUSED s1_rc s1_config_print_resolved(const s1_config *config, s1_config_file_visitor visit,
                                              void *user, s1_err *err);
/* The same as one JSON object {"platform": {...}, ..., "runs": {"demo": {...}}}. */
void s1_config_print_resolved_json(const s1_config *config, s1_strbuf *ret_text);

/* The text of docs/configuration.md. */
void s1_config_print_docs(s1_strbuf *ret_text);

/* Writes the default tree (config/ of this repository) into `dir`. Nothing that exists is
 * overwritten: S1_E_EXISTS names it, and nothing is written. S1_E_IO. */
S1_WARN_UNUSED s1_rc s1_config_write_default_tree(const s1_fs *fs, const char *dir,
                                                  uint32_t *ret_count, s1_err *err);

#endif /* S1_BACKEND_CONFIG_CONFIG_H */
