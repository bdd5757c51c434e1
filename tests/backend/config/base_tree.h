/* The configuration the tests break: small, complete, without a fault. */
#ifndef S1_TESTS_BACKEND_CONFIG_BASE_TREE_H
#define S1_TESTS_BACKEND_CONFIG_BASE_TREE_H

typedef struct tree_file {
    const char *name, *text;
} tree_file;

static const tree_file base_tree[] = {
    {"platform.yaml", "schema_version: 1\n"
                      "core:\n"
                      "  logging: { profile: analysis }\n"
                      "portfolio:\n"
                      "  defaults: { initial_capital: 5000, fee_rate: 0.002 }\n"},
    {"operators.yaml",
     "operators:\n"
     "  - operator_id: ContextOperator\n"
     "    manages_worker_type: ContextWorker\n"
     "    execution_strategy: SEQUENTIAL\n"
     "    aggregation_strategy: CHAIN_THROUGH\n"
     "  - { operator_id: OpportunityOperator, manages_worker_type: OpportunityWorker, "
     "execution_strategy: PARALLEL, aggregation_strategy: COLLECT_ALL }\n"
     "  - { operator_id: ThreatOperator, manages_worker_type: ThreatWorker, "
     "execution_strategy: PARALLEL, aggregation_strategy: COLLECT_ALL }\n"
     "  - { operator_id: PlanningOperator, manages_worker_type: PlanningWorker, "
     "execution_strategy: sequential, aggregation_strategy: chain_through }\n"
     "  - { operator_id: ExecutionOperator, manages_worker_type: ExecutionWorker, "
     "execution_strategy: EVENT_DRIVEN, aggregation_strategy: NONE }\n"},
    {"schedule.yaml",
     "schedules:\n"
     "  - { name: weekly_dca, event: WEEKLY_DCA_TICK, cron: \"0 10 * * 1\" }\n"
     "  - { name: reconcile, event: WEEKLY_DCA_TICK, type: interval, value: 5m }\n"},
    {"connectors.yaml", "kraken_public:\n"
                        "  type: kraken_public\n"
                        "kraken_live:\n"
                        "  type: kraken_private\n"
                        "  api_key: \"${S1_TEST_KEY}\"\n"
                        "  api_secret: \"a secret\"\n"},
    {"data_sources.yaml",
     "eurusd_1h: { type: parquet_archive, path: archive, asset_pair: EUR/USD, timeframe: 1h }\n"
     "eurusd_4h: { type: parquet_archive, path: archive, asset_pair: EUR/USD, timeframe: 4h }\n"},
    {"instruments.yaml", "EUR/USD:\n"
                         "  price_scale: 5\n"
                         "  qty_scale: 2\n"
                         "  margin: { enabled: true, leverage: 10 }\n"},
    {"environments.yaml", "backtest_eurusd:\n"
                          "  type: backtest\n"
                          "  data_archives: [eurusd_1h, eurusd_4h]\n"
                          "  simulation:\n"
                          "    fees: { maker: 0.0001 }\n"
                          "    fill_rule: next_open\n"
                          "    from: 2018-01-01\n"
                          "    to: 2019-01-01T12:00:00Z\n"
                          "live_main:\n"
                          "  type: live\n"
                          "  connector_id: kraken_live\n"},
    {"event_map.yaml",
     "events:\n"
     "  - { event_name: ContextReady, payload_dto: TradingContext, category: tick }\n"
     "  - { event_name: ContextEnriched, payload_dto: TradingContext, category: tick }\n"
     "  - { event_name: WEEKLY_DCA_TICK, payload_dto: ScheduledTick, category: schedule }\n"
     "  - { event_name: scored, payload_dto: JSON, category: worker }\n"},
    {"wiring_map.yaml", "wirings:\n"
                        "  - adapter_id: ContextAdapter\n"
                        "    listens_to: ContextReady\n"
                        "    invokes: { component: ContextOperator, method: run_pipeline }\n"
                        "    publishes_result_as: ContextEnriched\n"
                        "  - adapter_id: JoinAdapter\n"
                        "    listens_to: [ContextReady, ContextEnriched]\n"
                        "    invokes: { component: ThreatOperator, method: run_pipeline }\n"
                        "    publishes_result_as: \"\"\n"},
    {"operation.yaml", "display_name: Test desk\n"
                       "strategy_links:\n"
                       "  - { strategy_blueprint_id: demo, execution_environment_id: "
                       "backtest_eurusd }\n"
                       "  - { id: sleeping, strategy_blueprint_id: demo, "
                       "execution_environment_id: live_main, is_active: false }\n"
                       "risk_policy:\n"
                       "  strategy_rules:\n"
                       "    demo: { max_drawdown_pct: 15.0, capital_allocation: { percentage: 50 } "
                       "}\n"},
    {"runs/demo.yaml",
     "display_name: Demo\n"
     "version: 1.0.0\n"
     "data:\n"
     "  - { asset_pair: EUR/USD, timeframe: 1h }\n"
     "  - { asset_pair: EUR/USD, timeframe: 4h }\n"
     "operator_overrides:\n"
     "  OpportunityOperator: { execution_strategy: SEQUENTIAL }\n"
     "journal: { level: trades }\n"
     "workforce:\n"
     "  context_workers:\n"
     "    - { plugin: ema_detector, subtype: indicator_calculation, params: { periods: [20, 50] } "
     "}\n"
     "    - { plugin: ema_detector, id: slow_ema, stream: EUR/USD@4h, params: { periods: [10] } }\n"
     "  threat_workers:\n"
     "    - plugin: max_drawdown_monitor\n"
     "      event_config: { triggers: [on_ledger_update], requires_all: true }\n"
     "  planning_workers:\n"
     "    entry_planning: [ { plugin: market_entry_planner } ]\n"
     "  execution_workers:\n"
     "    trade_initiation: [ { plugin: default_plan_executor, triggers: [on_plan_approved] } ]\n"},
};

#define BASE_TREE_FILES (sizeof base_tree / sizeof base_tree[0])

#endif /* S1_TESTS_BACKEND_CONFIG_BASE_TREE_H */
