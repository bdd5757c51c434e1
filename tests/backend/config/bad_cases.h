/* Configurations with a fault, each made from the base tree by one replacement, and every line the
 * loader must print about it. */
#ifndef S1_TESTS_BACKEND_CONFIG_BAD_CASES_H
#define S1_TESTS_BACKEND_CONFIG_BAD_CASES_H

typedef struct bad_case {
    const char *name, *file, *find, *put, *expected;
} bad_case;

#define TO      "    to: 2019-01-01T12:00:00Z\n"
#define FIGURES TO "  statistics: "

static const bad_case bad_cases[] = {
    {"a risk-free rate in percent", "environments.yaml", TO, FIGURES "{ risk_free_rate: 3 }\n",
     "config/environments.yaml:9:33: error: backtest_eurusd.statistics.risk_free_rate: found '3', "
     "expected a decimal number from -0.5 to 1\n"},
    {"no period a year", "environments.yaml", TO, FIGURES "{ periods_per_year: 0 }\n",
     "config/environments.yaml:9:35: error: backtest_eurusd.statistics.periods_per_year: found "
     "'0', expected a decimal number above 0 and up to 1000000\n"},
    {"a benchmark that is no stream", "environments.yaml", TO, FIGURES "{ benchmark: SPY }\n",
     "config/environments.yaml:9:28: error: backtest_eurusd.statistics.benchmark: found 'SPY', "
     "expected a stream such as ETH/USD@1h\n"},
    {"a benchmark the blueprint does not read", "environments.yaml", TO,
     FIGURES "{ benchmark: EUR/USD@1d }\n",
     "config/environments.yaml:9:28: error: backtest_eurusd.statistics.benchmark: found "
     "'EUR/USD@1d', expected a stream of the blueprint: EUR/USD@1h or EUR/USD@4h (did you mean "
     "'EUR/USD@1h'?)\n"},
    {"no trial", "environments.yaml", TO, FIGURES "{ trials: 0 }\n",
     "config/environments.yaml:9:25: error: backtest_eurusd.statistics.trials: found '0', expected "
     "an integer from 1 to 1000000000\n"},
    {"the variance of one trial", "environments.yaml", TO, FIGURES "{ trials_variance: 0.1 }\n",
     "config/environments.yaml:9:34: error: backtest_eurusd.statistics.trials_variance: found no "
     "trials, expected two trials or more: one alone has no variance\n"},
    {"a figure nobody knows", "environments.yaml", TO, FIGURES "{ risk_free: 0.1 }\n",
     "config/environments.yaml:9:17: error: backtest_eurusd.statistics.risk_free: found an unknown "
     "key, expected risk_free_rate, periods_per_year, benchmark, trials or "
     "trials_variance\n"},
    {"an unknown key with its nearest name", "operators.yaml", "    execution_strategy: SEQUENTIAL",
     "    execution_stragety: SEQUENTIAL",
     "config/operators.yaml:2:5: error: operators[0].execution_strategy: found nothing, expected "
     "SEQUENTIAL, PARALLEL or EVENT_DRIVEN\n"
     "config/operators.yaml:4:5: error: operators[0].execution_stragety: found an unknown key, "
     "expected operator_id, manages_worker_type, execution_strategy, aggregation_strategy, "
     "on_worker_failure or rationale (did you mean 'execution_strategy'?)\n"},
    {"an unknown enum value", "operators.yaml",
     "execution_strategy: PARALLEL, aggregation_strategy: COLLECT_ALL }\n  - { operator_id: "
     "ThreatOperator",
     "execution_strategy: PARALEL, aggregation_strategy: COLLECT_ALL }\n  - { operator_id: "
     "ThreatOperator",
     "config/operators.yaml:6:101: error: operators[1].execution_strategy: found 'PARALEL', "
     "expected SEQUENTIAL, PARALLEL or EVENT_DRIVEN (did you mean 'PARALLEL'?)\n"},
    {"a required key left out", "operators.yaml", "    manages_worker_type: ContextWorker\n", "",
     "config/operators.yaml:2:5: error: operators[0].manages_worker_type: found nothing, expected "
     "ContextWorker, OpportunityWorker, ThreatWorker, PlanningWorker or ExecutionWorker\n"
     "config/operators.yaml:2:3: error: operators: found no operator for ContextWorker, expected "
     "one operator for each worker type\n"},
    {"a cell of the operator matrix that makes no sense", "operators.yaml",
     "aggregation_strategy: chain_through", "aggregation_strategy: COLLECT_ALL",
     "config/operators.yaml:8:95: error: operators[3].execution_strategy: found SEQUENTIAL with "
     "COLLECT_ALL for PlanningWorker, expected SEQUENTIAL and CHAIN_THROUGH: each planning phase "
     "builds on the plan of the one before\n"},
    {"two operators of one id", "operators.yaml", "operator_id: ThreatOperator",
     "operator_id: OpportunityOperator",
     "config/operators.yaml:7:20: error: operators[2].operator_id: found 'OpportunityOperator' a "
     "second time, expected a name of its own\n"},
    {"a worker type with two operators, another with none", "operators.yaml",
     "manages_worker_type: ThreatWorker", "manages_worker_type: OpportunityWorker",
     "config/operators.yaml:7:57: error: operators[2].manages_worker_type: found "
     "'OpportunityWorker' a second time, expected one operator for each worker type\n"
     "config/operators.yaml:2:3: error: operators: found no operator for ThreatWorker, expected "
     "one operator for each worker type\n"},
    {"the same key twice", "platform.yaml", "core:\n", "core: {}\ncore:\n",
     "config/platform.yaml:3:1: error: core: found the key a second time, expected it once (first "
     "on line 2)\n"},
    {"a value of the wrong type", "platform.yaml", "profile: analysis", "profile: [analysis]",
     "config/platform.yaml:3:23: error: core.logging.profile: found a list, expected a name\n"},
    {"a log profile nobody defined", "platform.yaml", "profile: analysis", "profile: analisis",
     "config/platform.yaml:3:23: error: core.logging.profile: found 'analisis', expected a log "
     "profile: developer or analysis (did you mean 'analysis'?)\n"},
    {"a decimal with an exponent", "platform.yaml", "fee_rate: 0.002", "fee_rate: 2e-3",
     "config/platform.yaml:5:48: error: portfolio.defaults.fee_rate: found '2e-3', expected a "
     "decimal number from 0 to 1\n"},
    {"a fee above one", "platform.yaml", "fee_rate: 0.002", "fee_rate: 1.5",
     "config/platform.yaml:5:48: error: portfolio.defaults.fee_rate: found '1.5', expected a "
     "decimal number from 0 to 1\n"},
    {"capital of zero", "platform.yaml", "initial_capital: 5000", "initial_capital: 0",
     "config/platform.yaml:5:32: error: portfolio.defaults.initial_capital: found '0', expected a "
     "decimal number above 0\n"},
    {"fees_pct, which was a fraction once", "platform.yaml", "fee_rate: 0.002", "fees_pct: 0.1",
     "config/platform.yaml:5:48: error: portfolio.defaults.fees_pct: found '0.1', expected the key "
     "fee_rate, a fraction (0.001 is 0.1 percent)\n"},
    {"a language of later", "platform.yaml", "core:\n", "core:\n  language: fr\n",
     "config/platform.yaml:3:13: error: core.language: found 'fr', expected en or nl (others are "
     "not in "
     "this version)\n"},
    {"a future schema version", "platform.yaml", "schema_version: 1", "schema_version: 2",
     "config/platform.yaml:1:17: error: schema_version: found '2', expected 1\n"},
    {"a map where a list belongs", "operators.yaml", "operators:\n", "operators: { a: b }\nold:\n",
     "config/operators.yaml:1:12: error: operators: found a map, expected a list with at least one "
     "item\n"
     "config/operators.yaml:2:1: error: old: found an unknown key, expected schema_version or "
     "operators\n"},
    {"broken YAML", "event_map.yaml", "category: tick }\n  - { event_name: WEEKLY",
     "category: tick\n  - { event_name: WEEKLY",
     "config/event_map.yaml:4:5: error: yaml: found missing comma in flow mapping, expected "
     "YAML\n"},
    {"a tab", "platform.yaml", "  logging", "\tlogging",
     "config/platform.yaml:3:1: error: yaml: found tab character may not be used as indentation, "
     "expected YAML\n"},
    {"a directive, on some of which libfyaml does not end", "platform.yaml", "schema_version: 1\n",
     "%YAML\n",
     "config/platform.yaml:1:1: error: yaml: found a directive '%', expected no "
     "directives\n"},
    {"quotes in a row, which libfyaml reads wrongly", "platform.yaml", "profile: analysis",
     "profile: 'ana''''lysis'",
     "config/platform.yaml:3:24: error: yaml: found several quotes in a row in a single-quoted "
     "text, expected a double-quoted text\n"},
    {"two documents", "platform.yaml", "portfolio:", "---\nportfolio:",
     "config/platform.yaml:4:1: error: yaml: found a second document, expected one document in a "
     "file\n"},
    {"a tag", "platform.yaml", "5000", "!!int 5000",
     "config/platform.yaml:5:38: error: yaml: found the tag 'tag:yaml.org,2002:int', expected no "
     "tags\n"},
    {"an alias of nothing", "platform.yaml", "5000", "*capital",
     "config/platform.yaml:5:32: error: yaml: found the alias '*capital', expected an anchor of "
     "that name before it\n"},
    {"a merge key", "platform.yaml", "core:", "<<: {}\ncore:",
     "config/platform.yaml:2:1: error: yaml: found a merge key '<<', expected the keys written "
     "out, or a plain alias\n"},
    {"an environment variable that is not set", "connectors.yaml", "${S1_TEST_KEY}",
     "${S1_TEST_KEI}",
     "config/connectors.yaml:5:13: error: kraken_live.api_key: found ${S1_TEST_KEI}, expected the "
     "environment variable S1_TEST_KEI to be set\n"},
    {"a variable without its brace", "connectors.yaml", "${S1_TEST_KEY}", "${S1_TEST_KEY",
     "config/connectors.yaml:5:13: error: kraken_live.api_key: found '${S1_TEST_KEY', expected "
     "${NAME} of letters, digits and '_' ($${ for a plain ${)\n"},
    {"a private connector without a key", "connectors.yaml", "  api_key: \"${S1_TEST_KEY}\"\n", "",
     "config/connectors.yaml:4:3: error: kraken_live.api_key: found nothing, expected the key of a "
     "private connector: \"${NAME}\"\n"},
    {"a connector of later", "connectors.yaml", "type: kraken_public", "type: binance_public",
     "config/connectors.yaml:2:9: error: kraken_public.type: found 'binance_public', expected "
     "kraken_public or kraken_private (others are not in this version)\n"},
    {"a timeframe nobody knows", "data_sources.yaml", "timeframe: 4h", "timeframe: 4x",
     "config/data_sources.yaml:2:84: error: eurusd_4h.timeframe: found '4x', expected a timeframe "
     "such as 1m, 1h or 1d\n"},
    {"a pair that is none", "data_sources.yaml", "asset_pair: EUR/USD, timeframe: 4h",
     "asset_pair: EURUSD, timeframe: 4h",
     "config/data_sources.yaml:2:64: error: eurusd_4h.asset_pair: found 'EURUSD', expected a pair "
     "such as EUR/USD (1 to 16 of A-Z a-z 0-9 . _ - on each side)\n"},
    {"scales beyond 18 digits", "instruments.yaml", "price_scale: 5", "price_scale: 17",
     "config/instruments.yaml:3:14: error: EUR/USD.qty_scale: found 2 with price_scale 17, "
     "expected at most 18 for both together\n"},
    {"a tick finer than the scale", "instruments.yaml", "  qty_scale: 2",
     "  qty_scale: 2\n  tick_size: 0.000001",
     "config/instruments.yaml:4:14: error: EUR/USD.tick_size: found '0.000001', expected at most 5 "
     "digits behind the point (price_scale)\n"},
    {"a largest order of nothing", "instruments.yaml", "  qty_scale: 2",
     "  qty_scale: 2\n  max_quantity: 0",
     "config/instruments.yaml:4:17: error: EUR/USD.max_quantity: found '0', expected a decimal "
     "number "
     "above 0\n"},
    {"a largest order below the smallest", "instruments.yaml", "  qty_scale: 2",
     "  qty_scale: 2\n  min_notional: 10\n  max_notional: 9",
     "config/instruments.yaml:5:17: error: EUR/USD.max_notional: found less than min_notional, "
     "expected at least min_notional\n"},
    {"leverage without margin", "instruments.yaml", "enabled: true", "enabled: false",
     "config/instruments.yaml:4:39: error: EUR/USD.margin.leverage: found leverage without margin, "
     "expected margin.enabled: true, or no leverage\n"},
    {"hours there are not", "instruments.yaml", "  qty_scale: 2",
     "  qty_scale: 2\n  session: { hours: nyse }",
     "config/instruments.yaml:4:21: error: EUR/USD.session.hours: found 'nyse', expected hours: "
     "always, fx (closed from Friday 21:00 to Sunday 22:00 UTC) or weekdays\n"},
    {"a closure that is none", "instruments.yaml", "  qty_scale: 2",
     "  qty_scale: 2\n  session: { closed: ['Fri 21:00'] }",
     "config/instruments.yaml:4:24: error: EUR/USD.session.closed[0]: found 'Fri 21:00', expected "
     "a weekly time in UTC like 'Fri 21:00..Sun 22:00'\n"},
    {"an outage that ends before it begins", "instruments.yaml", "  qty_scale: 2",
     "  qty_scale: 2\n  session: { outages: ['2018-02-09..2018-02-08'] }",
     "config/instruments.yaml:4:25: error: EUR/USD.session.outages[0]: found "
     "'2018-02-09..2018-02-08', expected FROM..TO in UTC with TO later, like "
     "'2018-02-08T00:00..2018-02-09T10:00'\n"},
    {"a pair without an instrument", "instruments.yaml", "EUR/USD:", "EUR/USE:",
     "config/runs/demo.yaml:4:19: error: data[0].asset_pair: found 'EUR/USD', expected an "
     "instrument of instruments.yaml: EUR/USE (did you mean 'EUR/USE'?)\n"
     "config/runs/demo.yaml:5:19: error: data[1].asset_pair: found 'EUR/USD', expected an "
     "instrument of instruments.yaml: EUR/USE (did you mean 'EUR/USE'?)\n"},
    {"a backtest without data", "environments.yaml", "  data_archives: [eurusd_1h, eurusd_4h]\n",
     "",
     "config/environments.yaml:2:3: error: backtest_eurusd.data_source_id: found nothing, expected "
     "either data_source_id or data_archives of a backtest\n"},
    {"a backtest with two kinds of data", "environments.yaml", "  data_archives",
     "  data_source_id: eurusd_1h\n  data_archives",
     "config/environments.yaml:3:19: error: backtest_eurusd.data_source_id: found data_source_id "
     "and data_archives, expected either data_source_id or data_archives of a backtest\n"},
    {"a data source nobody defined", "environments.yaml", "[eurusd_1h, eurusd_4h]",
     "[eurusd_1h, eurusd_4hh]",
     "config/environments.yaml:3:30: error: backtest_eurusd.data_archives[1]: found 'eurusd_4hh', "
     "expected a data source of data_sources.yaml: eurusd_1h or eurusd_4h (did you mean "
     "'eurusd_4h'?)\n"},
    {"the same stream twice", "environments.yaml", "[eurusd_1h, eurusd_4h]",
     "[eurusd_1h, eurusd_4h, eurusd_1h]",
     "config/environments.yaml:3:41: error: backtest_eurusd.data_archives[2]: found 'eurusd_1h' "
     "with the stream of 'eurusd_1h', expected one source for each stream\n"},
    {"a live environment without a connector", "environments.yaml", "  connector_id: kraken_live\n",
     "",
     "config/environments.yaml:10:3: error: live_main.connector_id: found nothing, expected the "
     "one connector of a live environment\n"},
    {"a connector nobody defined", "environments.yaml", "connector_id: kraken_live",
     "connector_id: kraken_lve",
     "config/environments.yaml:11:17: error: live_main.connector_id: found 'kraken_lve', expected "
     "a connector of connectors.yaml: kraken_public or kraken_live (did you mean "
     "'kraken_live'?)\n"},
    {"a date that does not exist", "environments.yaml", "from: 2018-01-01", "from: 2018-02-30",
     "config/environments.yaml:7:11: error: backtest_eurusd.simulation.from: found '2018-02-30', "
     "expected a UTC time such as 2024-01-31 or 2024-01-31T12:00:00Z\n"},
    {"from after to", "environments.yaml", "from: 2018-01-01", "from: 2019-02-01",
     "config/environments.yaml:8:9: error: backtest_eurusd.simulation.to: found "
     "'2019-01-01T12:00:00Z', expected a time after from\n"},
    {"a fill rule of later", "environments.yaml", "fill_rule: next_open", "fill_rule: next_close",
     "config/environments.yaml:6:16: error: backtest_eurusd.simulation.fill_rule: found "
     "'next_close', expected next_open, same_close, nautilus, backtesting_py, backtrader, "
     "freqtrade, vectorbt, jesse or zipline\n"},
    {"an event twice", "event_map.yaml", "event_name: ContextEnriched", "event_name: ContextReady",
     "config/event_map.yaml:3:19: error: events[1].event_name: found 'ContextReady' a second time, "
     "expected a name of its own\n"
     "config/wiring_map.yaml:5:26: error: wirings[0].publishes_result_as: found 'ContextEnriched', "
     "expected an event of event_map.yaml: ContextReady, ContextReady, WEEKLY_DCA_TICK or scored\n"
     "config/wiring_map.yaml:7:32: error: wirings[1].listens_to[1]: found 'ContextEnriched', "
     "expected an event of event_map.yaml: ContextReady, ContextReady, WEEKLY_DCA_TICK or "
     "scored\n"},
    {"a wiring that listens to an unknown event", "wiring_map.yaml", "listens_to: ContextReady",
     "listens_to: ContextRedy",
     "config/wiring_map.yaml:3:17: error: wirings[0].listens_to: found 'ContextRedy', expected an "
     "event of event_map.yaml: ContextReady, ContextEnriched, WEEKLY_DCA_TICK or scored (did you "
     "mean 'ContextReady'?)\n"},
    {"a wiring that joins an unknown event", "wiring_map.yaml", "[ContextReady, ContextEnriched]",
     "[ContextReady, ContextEnrichd]",
     "config/wiring_map.yaml:7:32: error: wirings[1].listens_to[1]: found 'ContextEnrichd', "
     "expected an event of event_map.yaml: ContextReady, ContextEnriched, WEEKLY_DCA_TICK or "
     "scored (did you mean 'ContextEnriched'?)\n"},
    {"a wiring that publishes an unknown event", "wiring_map.yaml",
     "publishes_result_as: ContextEnriched", "publishes_result_as: Enriched",
     "config/wiring_map.yaml:5:26: error: wirings[0].publishes_result_as: found 'Enriched', "
     "expected an event of event_map.yaml: ContextReady, ContextEnriched, WEEKLY_DCA_TICK or "
     "scored\n"},
    {"a wiring that publishes two events", "wiring_map.yaml",
     "publishes_result_as: ContextEnriched", "publishes_result_as: [ContextEnriched, scored]",
     "config/wiring_map.yaml:5:26: error: wirings[0].publishes_result_as: found 2 events, expected "
     "one event (several are not in this version)\n"},
    {"a wiring to the scheduler", "wiring_map.yaml", "listens_to: ContextReady",
     "listens_to: WEEKLY_DCA_TICK",
     "config/wiring_map.yaml:3:17: error: wirings[0].listens_to: found 'WEEKLY_DCA_TICK', expected "
     "an event that is not of category schedule (the scheduler is not in this version)\n"},
    {"a schedule without a time", "schedule.yaml", ", cron: \"0 10 * * 1\"", "",
     "config/schedule.yaml:2:5: error: schedules[0].cron: found nothing, expected either cron, or "
     "type and value\n"},
    {"a cron text of four fields", "schedule.yaml", "0 10 * * 1", "0 10 * *",
     "config/schedule.yaml:2:56: error: schedules[0].cron: found '0 10 * *', expected five cron "
     "fields of digits and * , - /\n"},
    {"a schedule for an event that is none", "schedule.yaml", "event: WEEKLY_DCA_TICK, cron",
     "event: ContextReady, cron",
     "config/schedule.yaml:2:32: error: schedules[0].event: found 'ContextReady', expected an "
     "event of category schedule\n"},
    {"a live environment in an active link", "operation.yaml", ", is_active: false", "",
     "config/operation.yaml:4:76: error: strategy_links[1].execution_environment_id: found "
     "'live_main' of type live, expected an environment of type backtest for an active strategy "
     "(paper and live are not in this version)\n"},
    {"a blueprint that is not there", "operation.yaml",
     "strategy_blueprint_id: demo, execution_environment_id: backtest_eurusd",
     "strategy_blueprint_id: demmo, execution_environment_id: backtest_eurusd",
     "config/operation.yaml:3:30: error: strategy_links[0].strategy_blueprint_id: found 'demmo', "
     "expected a blueprint runs/<id>.yaml: demo (did you mean 'demo'?)\n"},
    {"an environment that is not there", "operation.yaml",
     "execution_environment_id: backtest_eurusd", "execution_environment_id: backtest_eurus",
     "config/operation.yaml:3:62: error: strategy_links[0].execution_environment_id: found "
     "'backtest_eurus', expected an environment of environments.yaml: backtest_eurusd or live_main "
     "(did you mean 'backtest_eurusd'?)\n"},
    {"two links of one id", "operation.yaml", "{ strategy_blueprint_id: demo",
     "{ id: sleeping, strategy_blueprint_id: demo",
     "config/operation.yaml:4:11: error: strategy_links[1].id: found 'sleeping' a second time, "
     "expected an id of its own\n"},
    {"rules of a strategy that is not there", "operation.yaml", "    demo: {", "    dmeo: {",
     "config/operation.yaml:7:5: error: risk_policy.strategy_rules.dmeo: found 'dmeo', expected a "
     "strategy of strategy_links: demo, demo@backtest_eurusd or sleeping (did you mean 'demo'?)\n"},
    {"an unknown portfolio rule", "operation.yaml",
     "  strategy_rules:", "  portfolio_rules: { max_drawdown_pct: 3 }\n  strategy_rules:",
     "config/operation.yaml:6:22: error: risk_policy.portfolio_rules.max_drawdown_pct: found an "
     "unknown key, expected max_total_drawdown_pct, max_position_size_pct_per_strategy, "
     "max_correlated_positions, correlation_window or correlation_threshold (did you mean "
     "'max_total_drawdown_pct'?)\n"},
    {"a portfolio drawdown above 100", "operation.yaml",
     "  strategy_rules:", "  portfolio_rules: { max_total_drawdown_pct: 101 }\n  strategy_rules:",
     "config/operation.yaml:6:46: error: risk_policy.portfolio_rules.max_total_drawdown_pct: found "
     "'101', expected a decimal number above 0 and up to 100\n"},
    {"a position size of nothing", "operation.yaml", "  strategy_rules:",
     "  portfolio_rules: { max_position_size_pct_per_strategy: 0 }\n  strategy_rules:",
     "config/operation.yaml:6:58: error: "
     "risk_policy.portfolio_rules.max_position_size_pct_per_strategy: found '0', expected a "
     "decimal number above 0\n"},
    {"no correlated position at all", "operation.yaml",
     "  strategy_rules:", "  portfolio_rules: { max_correlated_positions: 0 }\n  strategy_rules:",
     "config/operation.yaml:6:48: error: risk_policy.portfolio_rules.max_correlated_positions: "
     "found '0', expected an integer from 1 to 1000000\n"},
    {"a correlation above one", "operation.yaml",
     "  strategy_rules:", "  portfolio_rules: { correlation_threshold: 1.5 }\n  strategy_rules:",
     "config/operation.yaml:6:45: error: risk_policy.portfolio_rules.correlation_threshold: found "
     "'1.5', expected a number above 0 and up to 1\n"},
    {"a correlation over too few returns", "operation.yaml",
     "  strategy_rules:", "  portfolio_rules: { correlation_window: 3 }\n  strategy_rules:",
     "config/operation.yaml:6:42: error: risk_policy.portfolio_rules.correlation_window: found "
     "'3', expected an integer from 10 to 10000\n"},
    {"an unknown response", "operation.yaml",
     "  strategy_rules:", "  event_responses: { X: { block_signals_min: 3 } }\n  strategy_rules:",
     "config/operation.yaml:6:27: error: risk_policy.event_responses.X.block_signals_min: found an "
     "unknown key, expected block_new_signals_min, close_strategy_positions, "
     "move_sl_to_breakeven_strategy, reduce_position_size_pct_strategy, "
     "cancel_entry_orders_strategy, close_all_portfolio_positions, "
     "cancel_all_entry_orders_portfolio or notification_message (did you mean "
     "'block_new_signals_min'?)\n"
     "config/operation.yaml:6:25: error: risk_policy.event_responses.X: found nothing, expected an "
     "action, such as block_new_signals_min or notification_message\n"},
    {"a response that does nothing", "operation.yaml", "  strategy_rules:",
     "  event_responses: { X: { close_strategy_positions: false } }\n  strategy_rules:",
     "config/operation.yaml:6:25: error: risk_policy.event_responses.X: found nothing, expected an "
     "action, such as block_new_signals_min or notification_message\n"},
    {"a block of no minute", "operation.yaml", "  strategy_rules:",
     "  event_responses: { X: { block_new_signals_min: 0 } }\n  strategy_rules:",
     "config/operation.yaml:6:50: error: risk_policy.event_responses.X.block_new_signals_min: "
     "found '0', expected an integer from 1 to 5256000\n"},
    {"a reduction above 100", "operation.yaml", "  strategy_rules:",
     "  event_responses: { X: { reduce_position_size_pct_strategy: 120 } }\n  strategy_rules:",
     "config/operation.yaml:6:62: error: "
     "risk_policy.event_responses.X.reduce_position_size_pct_strategy: found '120', expected a "
     "decimal number above 0 and up to 100\n"},
    {"capital of nothing", "operation.yaml", "risk_policy:", "capital: { USD: 0 }\nrisk_policy:",
     "config/operation.yaml:5:17: error: capital.USD: found '0', expected a decimal number above "
     "0\n"},
    {"capital in another currency", "operation.yaml",
     "risk_policy:", "capital: { CHF: 1000 }\nrisk_policy:",
     "config/operation.yaml:5:10: error: capital: found no USD, expected the currency of link "
     "demo@backtest_eurusd too\n"},
    {"capital a link has no share of", "operation.yaml",
     "risk_policy:\n  strategy_rules:\n    demo: { max_drawdown_pct: 15.0, capital_allocation: { "
     "percentage: 50 } }",
     "capital: { USD: 1000 }\nrisk_policy:\n  strategy_rules:\n    demo: { max_drawdown_pct: 15.0 "
     "}",
     "config/operation.yaml:3:5: error: strategy_links[0]: found nothing, expected "
     "risk_policy.strategy_rules.demo@backtest_eurusd.capital_allocation.percentage: its share of "
     "the operation's capital\n"},
    {"shares above the whole", "operation.yaml",
     "  - { id: sleeping, strategy_blueprint_id: demo, execution_environment_id: live_main, "
     "is_active: false }\nrisk_policy:\n  strategy_rules:\n    demo: { max_drawdown_pct: 15.0, "
     "capital_allocation: { percentage: 50 } }",
     "  - { id: second, strategy_blueprint_id: demo, execution_environment_id: backtest_eurusd }\n"
     "capital: { USD: 1000 }\nrisk_policy:\n  strategy_rules:\n    demo: { capital_allocation: { "
     "percentage: 60.5 } }",
     "config/operation.yaml:5:17: error: capital.USD: found shares of 121 %, expected "
     "capital_allocation.percentage of its links to add up to 100 at most\n"},
    {"a percentage above 100", "operation.yaml", "percentage: 50", "percentage: 150",
     "config/operation.yaml:7:71: error: "
     "risk_policy.strategy_rules.demo.capital_allocation.percentage: found '150', expected a "
     "decimal number above 0 and up to 100\n"},
    {"a blueprint without workers", "runs/demo.yaml", "workforce:", "workforse:",
     "config/runs/demo.yaml:1:1: error: workforce: found nothing, expected a map\n"
     "config/runs/demo.yaml:9:1: error: workforse: found an unknown key, expected schema_version, "
     "display_name, version, description, data, feeds, models, operator_overrides, journal, "
     "recording or workforce (did you mean 'workforce'?)\n"},
    {"a version that is none", "runs/demo.yaml", "version: 1.0.0", "version: 1.0",
     "config/runs/demo.yaml:2:10: error: version: found '1.0', expected a version x.y.z of three "
     "numbers\n"},
    {"two workers of one id", "runs/demo.yaml", "id: slow_ema, ", "",
     "config/runs/demo.yaml:12:7: error: workforce.context_workers[1].id: found 'ema_detector' a "
     "second time, expected an id of its own (write id: beside plugin:)\n"},
    {"a subtype of another type", "runs/demo.yaml", "subtype: indicator_calculation",
     "subtype: portfolio_risk",
     "config/runs/demo.yaml:11:40: error: workforce.context_workers[0].subtype: found "
     "'portfolio_risk', expected a subtype of context_worker\n"},
    {"a trigger nobody knows", "runs/demo.yaml", "triggers: [on_ledger_update]",
     "triggers: [on_ledger_updat]",
     "config/runs/demo.yaml:15:34: error: workforce.threat_workers[0].event_config.triggers[0]: "
     "found 'on_ledger_updat', expected on_plan_approved, on_context_ready, on_signal_generated, "
     "on_threat_detected, on_ledger_update, on_position_opened or on_position_closed, or an event "
     "of event_map.yaml (did you mean 'on_ledger_update'?)\n"},
    {"triggers in two places", "runs/demo.yaml", "      event_config",
     "      triggers: [on_context_ready]\n      event_config",
     "config/runs/demo.yaml:16:33: error: workforce.threat_workers[0].event_config.triggers: found "
     "triggers in two places, expected it once: beside the worker or in event_config\n"},
    {"a stream that is not in the data list", "runs/demo.yaml", "EUR/USD@4h", "EUR/USD@1d",
     "config/runs/demo.yaml:12:53: error: workforce.context_workers[1].stream: found 'EUR/USD@1d', "
     "expected a stream of the blueprint's data list: EUR/USD@1h or EUR/USD@4h (did you mean "
     "'EUR/USD@1h'?)\n"},
    {"a stream the environment does not have", "runs/demo.yaml", "timeframe: 4h }",
     "timeframe: 15m }",
     "config/runs/demo.yaml:12:53: error: workforce.context_workers[1].stream: found 'EUR/USD@4h', "
     "expected a stream of the blueprint's data list: EUR/USD@1h or EUR/USD@15m (did you mean "
     "'EUR/USD@1h'?)\n"
     "config/runs/demo.yaml:5:5: error: data[1]: found EUR/USD@15m, expected a stream of "
     "environment backtest_eurusd: EUR/USD@1h or EUR/USD@4h (or `resample: true` at "
     "one it can be made of)\n"},
    {"trades as data", "runs/demo.yaml", "timeframe: 4h }", "timeframe: 4h, data_type: trades }",
     "config/runs/demo.yaml:5:54: error: data[1].data_type: found 'trades', expected ohlcv (a "
     "strategy reads bars; others are not in this version)\n"},
    {"a book as data", "runs/demo.yaml", "timeframe: 4h }", "timeframe: 4h, data_type: book }",
     "config/runs/demo.yaml:5:54: error: data[1].data_type: found 'book', expected ohlcv (a "
     "strategy reads bars; others are not in this version)\n"},
    {"quotes as a source", "data_sources.yaml", "timeframe: 4h }", "data_type: quotes }",
     "config/data_sources.yaml:2:84: error: eurusd_4h.data_type: found 'quotes', expected ohlcv or "
     "trades (others are not in this version)\n"},
    {"bars without a timeframe", "data_sources.yaml", ", timeframe: 4h }", " }",
     "config/data_sources.yaml:2:12: error: eurusd_4h.timeframe: found nothing, expected a "
     "timeframe such as 1m, 1h or 1d\n"},
    {"trades with a timeframe", "data_sources.yaml", "timeframe: 4h }",
     "timeframe: 4h, data_type: trades }",
     "config/data_sources.yaml:2:84: error: eurusd_4h.timeframe: found the timeframe of trades, "
     "expected none\n"},
    {"repeats of bars", "data_sources.yaml", "timeframe: 4h }",
     "timeframe: 4h, resample: true, resample_drops_repeats: true }",
     "config/data_sources.yaml:2:128: error: eurusd_4h.resample_drops_repeats: found true of what "
     "is no trades with resample, expected data_type: trades and resample: true, or false\n"},
    {"an offset of nothing", "data_sources.yaml", "timeframe: 4h }",
     "timeframe: 4h, resample_offset: 1h }",
     "config/data_sources.yaml:2:105: error: eurusd_4h.resample_offset: found it without resample, "
     "expected resample: true, or no offset\n"},
    {"an override of an unknown operator", "runs/demo.yaml",
     "  OpportunityOperator:", "  OpportunitiesOperator:",
     "config/runs/demo.yaml:7:3: error: operator_overrides.OpportunitiesOperator: found "
     "'OpportunitiesOperator', expected an operator of operators.yaml: ContextOperator, "
     "OpportunityOperator, ThreatOperator, PlanningOperator or ExecutionOperator (did you mean "
     "'OpportunityOperator'?)\n"},
    {"an override to a cell that makes no sense", "runs/demo.yaml",
     "{ execution_strategy: SEQUENTIAL }", "{ execution_strategy: EVENT_DRIVEN }",
     "config/runs/demo.yaml:7:24: error: operator_overrides.OpportunityOperator: found "
     "EVENT_DRIVEN with COLLECT_ALL for OpportunityWorker, expected SEQUENTIAL or PARALLEL, and "
     "COLLECT_ALL: every finding of every detector counts\n"},
    {"params that are no map", "runs/demo.yaml", "params: { periods: [10] }", "params: [10]",
     "config/runs/demo.yaml:12:73: error: workforce.context_workers[1].params: found a list, "
     "expected a map\n"},
    {"a plugin name in capitals", "runs/demo.yaml", "plugin: market_entry_planner",
     "plugin: Market-Entry",
     "config/runs/demo.yaml:17:33: error: workforce.planning_workers.entry_planning[0].plugin: "
     "found 'Market-Entry', expected a name of a-z, 0-9 and '_', at most 64\n"},
    {"an event nobody declared", "runs/demo.yaml", "plugin: market_entry_planner",
     "plugin: market_entry_planner, publishes: [ { event: scorred } ]",
     "config/runs/demo.yaml:17:77: error: "
     "workforce.planning_workers.entry_planning[0].publishes[0].event: found 'scorred', expected "
     "an event of event_map.yaml: ContextReady, ContextEnriched, WEEKLY_DCA_TICK or scored (did "
     "you mean 'scored'?)\n"},
    {"a latency without a unit", "environments.yaml", "    fill_rule: next_open",
     "    fill_rule: next_open\n    latency: { order: 5, replies: 1s }",
     "config/environments.yaml:7:23: error: backtest_eurusd.simulation.latency.order: found '5', "
     "expected a duration such as 30s, 5m or 1h\n"
     "config/environments.yaml:7:26: error: backtest_eurusd.simulation.latency.replies: found an "
     "unknown key, expected feed, order or response\n"},
    {"matching on trades with rules of bars", "environments.yaml", "    fill_rule: next_open",
     "    fill_rule: next_open\n    match_on: trades\n    matching: { "
     "market: next_close, path: ohlc, limit_price: clamped }",
     "config/environments.yaml:8:25: error: backtest_eurusd.simulation.matching.market: found "
     "'next_close', expected none, as match_on: trades matches no bars (docs/matching.md)\n"
     "config/environments.yaml:8:43: error: backtest_eurusd.simulation.matching.path: found "
     "'ohlc', expected none, as match_on: trades matches no bars (docs/matching.md)\n"
     "config/environments.yaml:8:62: error: backtest_eurusd.simulation.matching.limit_price: found "
     "'clamped', expected none, as match_on: trades matches no bars (docs/matching.md)\n"
     "config/runs/demo.yaml:4:5: error: data[0]: found EUR/USD@1h, expected a source of its trades "
     "(data_type: trades, resample: true) in environment backtest_eurusd, whose orders match on "
     "trades\n"},
    {"fees in a currency without a price", "environments.yaml", "fees: { maker: 0.0001 }",
     "fees: { maker: 0.0001, currency: KFEE }",
     "config/environments.yaml:5:11: error: backtest_eurusd.simulation.fees.price: found nothing, "
     "expected what one of the currency is worth in quote\n"},
    {"a price of the quote currency", "environments.yaml", "fees: { maker: 0.0001 }",
     "fees: { maker: 0.0001, price: 2 }",
     "config/environments.yaml:5:35: error: backtest_eurusd.simulation.fees.price: found a price "
     "of no third currency, expected none: quote and base need no price\n"},
    {"more digits than fit", "environments.yaml", "fees: { maker: 0.0001 }",
     "fees: { maker: 0.0001, currency: KFEE, price: 0.12345678901 }",
     "config/environments.yaml:5:51: error: backtest_eurusd.simulation.fees.price: found more "
     "digits than fit, expected at most 10 digits behind the point (18 with fees.decimals)\n"},
    {"tiers out of order", "environments.yaml", "fees: { maker: 0.0001 }",
     "fees: { maker: 0.0001, taker: 0.0002, tiers: [{ volume: 10, maker: 0, taker: 0 }, { volume: "
     "5, maker: 0, taker: 0 }] }",
     "config/environments.yaml:5:97: error: backtest_eurusd.simulation.fees.tiers[1].volume: found "
     "no more than that of the tier before, expected tiers by volume\n"},
    {"a tier that is dearer", "environments.yaml", "fees: { maker: 0.0001 }",
     "fees: { maker: 0.0001, taker: 0.0002, tiers: [{ volume: 10, maker: 0.0001, taker: 0.0003 }] "
     "}",
     "config/environments.yaml:5:87: error: backtest_eurusd.simulation.fees.tiers[0].taker: found "
     "a rate above that of less volume, expected rates that fall, or stay, with the volume\n"},
    {"a volume and no tiers", "environments.yaml", "fees: { maker: 0.0001 }",
     "fees: { maker: 0.0001, volume_30d: 5 }",
     "config/environments.yaml:5:40: error: backtest_eurusd.simulation.fees.volume_30d: found a "
     "volume without tiers, expected tiers, or none\n"},
    {"rounding nobody knows", "environments.yaml", "fees: { maker: 0.0001 }",
     "fees: { maker: 0.0001, rounding: near }",
     "config/environments.yaml:5:38: error: backtest_eurusd.simulation.fees.rounding: found "
     "'near', expected half_even, down or up\n"},
    {"a balance of the quote currency", "environments.yaml", "fees: { maker: 0.0001 }",
     "fees: { maker: 0.0001 }\n    initial_balances: { USD: 5 }",
     "config/environments.yaml:6:30: error: backtest_eurusd.simulation.initial_balances.USD: found "
     "'USD', expected EUR, the base currency of link demo@backtest_eurusd, or fees.currency (USD "
     "is initial_capital)\n"},
    {"a balance of a foreign currency", "environments.yaml", "fees: { maker: 0.0001 }",
     "fees: { maker: 0.0001 }\n    initial_balances: { XYZ: 5 }",
     "config/environments.yaml:6:30: error: backtest_eurusd.simulation.initial_balances.XYZ: found "
     "'XYZ', expected EUR, the base currency of link demo@backtest_eurusd, or fees.currency (USD "
     "is initial_capital)\n"},
    {"a balance with too many digits", "environments.yaml", "fees: { maker: 0.0001 }",
     "fees: { maker: 0.0001 }\n    initial_balances: { EUR: 0.0000001 }",
     "config/environments.yaml:6:30: error: backtest_eurusd.simulation.initial_balances.EUR: found "
     "more digits than quantities have, expected at most 2 digits behind the point (qty_scale)\n"},
    {"a slippage without its value, with another's", "environments.yaml",
     "    fill_rule: next_open",
     "    fill_rule: next_open\n    slippage: { model: ticks, amount: 1 }",
     "config/environments.yaml:7:39: error: backtest_eurusd.simulation.slippage.amount: found a "
     "value, expected none: the model is ticks\n"
     "config/environments.yaml:7:15: error: backtest_eurusd.simulation.slippage.ticks: found "
     "nothing, expected the value of slippage model ticks\n"},
    {"more than a bar's volume", "environments.yaml", "    fill_rule: next_open",
     "    fill_rule: next_open\n    matching: { volume_share: 1.5, touch_probability: 0 }",
     "config/environments.yaml:7:31: error: backtest_eurusd.simulation.matching.volume_share: "
     "found '1.5', expected a decimal number from 0 to 1\n"
     "config/environments.yaml:7:55: error: backtest_eurusd.simulation.matching.touch_probability: "
     "found '0', expected a decimal number above 0 and up to 1\n"},
    {"a policy there is not", "environments.yaml", "    fill_rule: next_open",
     "    fill_rule: next_open\n    matching: { self_trade: sometimes }",
     "config/environments.yaml:7:29: error: backtest_eurusd.simulation.matching.self_trade: found "
     "'sometimes', expected allow, cancel_newest, cancel_oldest, cancel_both or decrement\n"},
    {"funding that is never due", "environments.yaml", "    fill_rule: next_open",
     "    fill_rule: next_open\n    funding: { rate: 0.1 }",
     "config/environments.yaml:7:14: error: backtest_eurusd.simulation.funding: found nothing, "
     "expected every and a rate, or a feed and its columns\n"},
    {"funding by an unknown feed", "environments.yaml", "    fill_rule: next_open",
     "    fill_rule: next_open\n    funding: { feed: rates, column: rate }",
     "config/environments.yaml:7:22: error: backtest_eurusd.simulation.funding.feed: found "
     "'rates', expected a feed of the blueprint\n"},
    {"a feed and constants", "environments.yaml", "    fill_rule: next_open",
     "    fill_rule: next_open\n    borrow: { every: 1h, feed: rates, base_column: rate }",
     "config/environments.yaml:7:32: error: backtest_eurusd.simulation.borrow.feed: found a feed "
     "without columns, or with constants, expected its columns, and neither every nor a rate\n"},
    {"matching on a book with rules of bars", "environments.yaml", "    fill_rule: next_open",
     "    fill_rule: same_close\n    match_on: book\n    book: { "
     "queue_power: 2 }\n    matching: { limit_fill: through, slippage_on: all }",
     "config/environments.yaml:6:16: error: backtest_eurusd.simulation.fill_rule: found same_close "
     "with match_on: book, expected none: an order meets the book when it arrives\n"
     "config/environments.yaml:8:26: error: backtest_eurusd.simulation.book.queue_power: found "
     "'2', "
     "expected none without queue: prob_power\n"
     "config/environments.yaml:9:29: error: backtest_eurusd.simulation.matching.limit_fill: found "
     "'through', expected none, as match_on: book matches no bars (docs/matching.md)\n"
     "config/runs/demo.yaml:4:5: error: data[0]: found EUR/USD@1h, expected a source of its trades "
     "(data_type: trades, resample: true) in environment backtest_eurusd, whose orders match on "
     "book\n"},
    {"the queue of no book", "environments.yaml", "    fill_rule: next_open",
     "    fill_rule: next_open\n    book: { queue: prob_log, queue_power: 0, liquidity: none }",
     "config/environments.yaml:7:43: error: backtest_eurusd.simulation.book.queue_power: found "
     "'0', "
     "expected a decimal number above 0 and up to 20\n"
     "config/environments.yaml:7:57: error: backtest_eurusd.simulation.book.liquidity: found "
     "'none', expected consumed or kept\n"
     "config/environments.yaml:7:11: error: backtest_eurusd.simulation.book: found a map, expected "
     "none without match_on: book\n"},
    {"chances of a touch that fills nothing", "environments.yaml", "    fill_rule: next_open",
     "    fill_rule: next_open\n    matching: { limit_fill: through, touch_probability: 0.5 }",
     "config/environments.yaml:7:57: error: backtest_eurusd.simulation.matching.touch_probability: "
     "found it with limit_fill: through, expected none: a limit that is only touched does not "
     "fill\n"},
    {"a response of more than a bar", "environments.yaml", "    fill_rule: next_open",
     "    fill_rule: next_open\n    latency: { response: 61m }",
     "config/environments.yaml:7:26: error: backtest_eurusd.simulation.latency.response: found "
     "'61m', expected at most one bar of the first stream, 1h\n"},
    {"several faults, all at once", "environments.yaml",
     "    fees: { maker: 0.0001 }\n    fill_rule: next_open",
     "    fees: { maker: -1, taker: x }\n    slippage: 2\n    fill_rul: next_open",
     "config/environments.yaml:5:20: error: backtest_eurusd.simulation.fees.maker: found '-1', "
     "expected a decimal number from 0 to 1\n"
     "config/environments.yaml:5:31: error: backtest_eurusd.simulation.fees.taker: found 'x', "
     "expected a decimal number from 0 to 1\n"
     "config/environments.yaml:6:15: error: backtest_eurusd.simulation.slippage: found '2', "
     "expected a decimal number from 0 to 1\n"
     "config/environments.yaml:7:5: error: backtest_eurusd.simulation.fill_rul: found an "
     "unknown "
     "key, expected initial_capital, initial_balances, cost_basis, fees, slippage, fill_rule, "
     "match_on, book, matching, latency, "
     "ambiguity, funding, borrow, from, to or warmup_bars "
     "(did you mean 'fill_rule'?)\n"},
};

#endif /* S1_TESTS_BACKEND_CONFIG_BAD_CASES_H */
