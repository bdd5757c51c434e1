/* The configuration train: what loads, what is refused and in which words, what is printed. */
#include "backend/config/config.h"

#include "backend/dtos/market/stream_key.h"
#include "backend/environments/matching/matching_engine.h"
#include "tests/backend/config/bad_cases.h"
#include "tests/backend/config/base_tree.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_MAX 65536

typedef struct fixture {
    s1_arena arena;
    s1_faults faults;
    s1_strbuf text;
    const s1_config *config;
    s1_err err;
} fixture;

static const char *read_test_variable(const char *name)
{
    return strcmp(name, "S1_TEST_KEY") == 0 ? "key-of-test" : NULL;
}

static void write_text(const char *folder, const char *name, const char *text)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(s1_fs_mkdir_all(s1_fs_real(), folder, NULL), S1_OK);
    char *const slash = strrchr(path, '/');
    *slash = '\0';
    assert_int_equal(s1_fs_mkdir_all(s1_fs_real(), path, NULL), S1_OK);
    *slash = '/';
    assert_int_equal(s1_fs_write_file(s1_fs_real(), path, s1_str_of(text), NULL), S1_OK);
}

static void write_base(void)
{
    assert_int_equal(s1_fs_remove_tree(s1_fs_real(), "config", NULL), S1_OK);
    for (size_t i = 0; i < BASE_TREE_FILES; i++) {
        write_text("config", base_tree[i].name, base_tree[i].text);
    }
}

static int in_folder(void **state)
{
    const char *const parent = getenv("S1_TEST_TMP") != NULL ? getenv("S1_TEST_TMP") : "/tmp";
    char folder[512];
    (void)snprintf(folder, sizeof folder, "%s/config_test_XXXXXX", parent);
    if (mkdtemp(folder) == NULL || chdir(folder) != 0) {
        return -1;
    }
    *state = strdup(folder);
    return 0;
}

static int out_of_folder(void **state)
{
    const int rc = chdir("/");
    const s1_rc removed = s1_fs_remove_tree(s1_fs_real(), *state, NULL);
    free(*state);
    return rc == 0 && removed == S1_OK ? 0 : -1;
}

static void begin(fixture *f)
{
    *f = (fixture){.err = S1_ERR_INIT};
    s1_arena_init(&f->arena, 256u << 20, 0);
    s1_faults_init(&f->faults, &f->arena, 0);
    s1_strbuf_init(&f->text, 4u << 20);
}

static void end(fixture *f)
{
    s1_strbuf_done(&f->text);
    s1_arena_done(&f->arena);
}

static s1_rc load_with(fixture *f, const char *target, const char *const *overrides, size_t count)
{
    const s1_config_options options = {.dir = "config",
                                       .target = target,
                                       .overrides = overrides,
                                       .override_count = count,
                                       .read_variable = read_test_variable};
    return s1_config_load(&options, &f->arena, &f->faults, &f->config, &f->err);
}

static const char *fault_text(fixture *f)
{
    s1_strbuf_clear(&f->text);
    s1_faults_print(&f->faults, &f->text);
    return s1_strbuf_cstr(&f->text);
}

static void load_clean(fixture *f, const char *target, const char *const *overrides, size_t count)
{
    begin(f);
    if (load_with(f, target, overrides, count) != S1_OK) {
        fail_msg("%s", f->err.msg);
    }
    assert_string_equal(fault_text(f), "");
}

static void assert_text(s1_str text, const char *expected)
{
    assert_int_equal(text.len, strlen(expected));
    assert_memory_equal(text.ptr, expected, text.len);
}

static void assert_decimal(s1_dec value, const char *expected)
{
    char text[S1_DEC_TEXT_MAX];
    (void)s1_dec_print(value, text);
    assert_string_equal(text, expected);
}

/* --- What loads. --- */

static void values_and_defaults_are_typed(void **state)
{
    (void)state;
    fixture f;
    write_base();
    load_clean(&f, "demo", NULL, 0);
    const s1_config *const c = f.config;
    assert_int_equal(c->links.count, 1);
    const s1_link *const link = &c->links.items[0];
    assert_text(link->id, "demo@backtest_eurusd");
    assert_text(link->environment->environment_id, "backtest_eurusd");
    assert_int_equal(link->journal_level, S1_CONFIG_JOURNAL_TRADES);
    const s1_simulation_config *const sim = &link->environment->simulation;
    assert_decimal(sim->initial_capital, "5000"); /* platform.yaml */
    assert_decimal(sim->fees.maker, "0.0001");    /* its own */
    assert_decimal(sim->fees.taker, "0.002");     /* platform.yaml */
    assert_decimal(sim->slippage.fraction, "0");  /* table */
    assert_int_equal(sim->slippage.model, S1_SLIPPAGE_FRACTION);
    assert_int_equal(sim->fill_rule, S1_FILL_NEXT_OPEN);
    assert_int_equal(sim->ambiguity, S1_AMBIGUITY_STOP_FIRST);
    assert_int_equal(sim->from, 1514764800LL * S1_NANOS_PER_SECOND);
    assert_int_equal(sim->to, 1546344000LL * S1_NANOS_PER_SECOND);
    assert_decimal(link->environment->statistics.risk_free_rate, "0");
    assert_int_equal(link->benchmark, 0);
    assert_int_equal(c->platform.limits.open_trades_max, 64);
    assert_text(c->platform.core.plugins_root_path, "plugins");
    assert_text(c->connectors.connectors.items[1].api_key, "key-of-test");
    assert_text(c->base, ".");
    end(&f);
}

static void a_link_knows_its_streams_rules_and_operators(void **state)
{
    (void)state;
    fixture f;
    write_base();
    load_clean(&f, "demo", NULL, 0);
    const s1_link *const link = &f.config->links.items[0];
    assert_int_equal(link->streams.count, 2);
    assert_int_equal(link->streams.items[0].need.timeframe, 3600LL * S1_NANOS_PER_SECOND);
    assert_int_equal(link->streams.items[0].need.data_type, S1_DATA_OHLCV);
    assert_text(link->streams.items[1].data_source->data_source_id, "eurusd_4h");
    const s1_instrument_config *const instrument = link->streams.items[0].instrument;
    assert_text(instrument->base, "EUR");
    assert_text(instrument->quote, "USD");
    assert_decimal(instrument->tick_size, "0.00001");
    assert_decimal(instrument->lot_size, "0.01");
    assert_non_null(link->rules);
    assert_decimal(link->rules->max_drawdown_pct, "15");
    assert_false(link->rules->has_max_position_size_pct);
    const s1_operator_config *const op = s1_link_operator(link, S1_STR("OpportunityOperator"));
    assert_int_equal(op->execution_strategy, S1_EXECUTION_SEQUENTIAL);
    assert_int_equal(op->aggregation_strategy, S1_AGGREGATION_COLLECT_ALL);
    s1_instrument made;
    s1_config_make_instrument(instrument, link->environment, &made);
    assert_int_equal(made.flags, S1_INSTRUMENT_MARGIN);
    assert_decimal(made.taker_fee, "0.002");
    assert_decimal(made.leverage, "10");
    end(&f);
}

static void workers_stand_in_order_of_work(void **state)
{
    (void)state;
    fixture f;
    write_base();
    load_clean(&f, "demo", NULL, 0);
    const s1_blueprint *const run = f.config->links.items[0].blueprint;
    assert_text(run->blueprint_id, "demo");
    static const char *const ids[] = {"ema_detector", "slow_ema", "max_drawdown_monitor",
                                      "market_entry_planner", "default_plan_executor"};
    assert_int_equal(run->workers.count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_text(run->workers.items[i]->id, ids[i]);
    }
    assert_int_equal(run->workers.items[3]->subtype, S1_SUBTYPE_ENTRY_PLANNING);
    const s1_worker_item *const monitor = run->workers.items[2];
    assert_int_equal(monitor->triggers.count, 1); /* out of event_config */
    assert_text(monitor->triggers.items[0], "on_ledger_update");
    assert_true(monitor->requires_all);
    assert_int_equal(monitor->source.line, 14);
    assert_text(monitor->source.file, "config/runs/demo.yaml");
    end(&f);
}

static void lists_take_one_bare_item_and_nothing(void **state)
{
    (void)state;
    fixture f;
    write_base();
    load_clean(&f, NULL, NULL, 0);
    const s1_wiring_map_config *const map = &f.config->wiring_map;
    assert_int_equal(map->wirings.items[0].listens_to.count, 1);
    assert_int_equal(map->wirings.items[1].listens_to.count, 2);
    assert_int_equal(map->wirings.items[1].publishes_result_as.count, 0);
    assert_int_equal(map->wirings.items[1].defer, S1_DEFER_NONE);
    end(&f);
}

static void aliases_are_copied_in_place(void **state)
{
    (void)state;
    fixture f;
    write_base();
    write_text(
        "config", "data_sources.yaml",
        "eurusd_1h: { type: parquet_archive, path: &where archive, asset_pair: &pair EUR/USD, "
        "timeframe: 1h }\n"
        "eurusd_4h: { type: parquet_archive, path: *where, asset_pair: *pair, timeframe: 4h }\n");
    load_clean(&f, "demo", NULL, 0);
    assert_text(f.config->data_sources.data_sources.items[1].path, "archive");
    end(&f);
}

static void a_blueprint_without_a_link_takes_the_only_backtest(void **state)
{
    (void)state;
    fixture f;
    write_base();
    assert_int_equal(s1_fs_unlink(s1_fs_real(), "config/operation.yaml", NULL), S1_OK);
    load_clean(&f, "config/runs/demo.yaml", NULL, 0);
    assert_int_equal(f.config->links.count, 1);
    assert_text(f.config->links.items[0].id, "demo@backtest_eurusd");
    assert_null(f.config->links.items[0].rules);
    end(&f);
}

static void index_yaml_says_where_files_are(void **state)
{
    (void)state;
    fixture f;
    write_base();
    assert_int_equal(
        s1_fs_rename(s1_fs_real(), "config/operators.yaml", "config/the_operators.yaml", NULL),
        S1_OK);
    write_text("config", "strategies/other.yaml", base_tree[BASE_TREE_FILES - 1].text);
    write_text("config", "index.yaml",
               "files: { operators: the_operators.yaml }\nruns: [strategies/other.yaml]\n");
    assert_int_equal(s1_fs_unlink(s1_fs_real(), "config/operation.yaml", NULL), S1_OK);
    load_clean(&f, "other", NULL, 0);
    assert_int_equal(f.config->operators.operators.count, 5);
    assert_text(f.config->links.items[0].id, "other@backtest_eurusd");
    end(&f);
}

/* --- Overrides. --- */

static void overrides_change_values(void **state)
{
    (void)state;
    static const char *const overrides[] = {
        "environments.backtest_eurusd.simulation.fill_rule=same_close",
        "environments.backtest_eurusd.simulation.slippage=0.0005",
        "workforce.context_workers[0].params.periods=[12, 26]",
        "runs.demo.journal.level=off",
        "platform.limits.open_trades_max=7",
        "operation.strategy_links[0].id=mine",
        "instruments.EUR/USD.min_quantity=\"2\"",
        "instruments.EUR/USD.max_quantity=\"200\"",
        "instruments.EUR/USD.max_notional=\"3000\"",
        "instruments.EUR/USD.price_band_percent=\"2.5\""};
    fixture f;
    write_base();
    load_clean(&f, "demo", overrides, sizeof overrides / sizeof overrides[0]);
    const s1_link *const link = &f.config->links.items[0];
    assert_text(link->id, "mine");
    assert_int_equal(link->journal_level, S1_CONFIG_JOURNAL_OFF);
    assert_int_equal(link->environment->simulation.fill_rule, S1_FILL_SAME_CLOSE);
    assert_decimal(link->environment->simulation.slippage.fraction, "0.0005");
    assert_int_equal(f.config->platform.limits.open_trades_max, 7);
    assert_decimal(link->streams.items[0].instrument->min_quantity, "2");
    s1_instrument made;
    s1_config_make_instrument(link->streams.items[0].instrument, link->environment, &made);
    assert_decimal(made.max_quantity, "200");
    assert_decimal(made.max_notional, "3000");
    assert_decimal(made.price_band_percent, "2.5");
    const s1_yaml_node *const periods =
        s1_yaml_get(link->blueprint->workers.items[0]->params, S1_STR("periods"));
    assert_int_equal(periods->count, 2);
    assert_text(periods->last->text, "26");
    end(&f);

    /* Items of a list by name; of an operation with one strategy, its blueprint by itself. */
    static const char *const by_name[] = {
        "workforce.context_workers[ema_detector].params.periods=[5, 7]"};
    write_base();
    load_clean(&f, "operation", by_name, 1);
    assert_text(
        s1_yaml_get(f.config->links.items[0].blueprint->workers.items[0]->params, S1_STR("periods"))
            ->last->text,
        "7");
    end(&f);
}

/* What the figures are made with; the benchmark is found among the blueprint's streams. */
static void statistics_are_configured(void **state)
{
    (void)state;
    static const char *const overrides[] = {
        "environments.backtest_eurusd.statistics.risk_free_rate=0.035",
        "environments.backtest_eurusd.statistics.periods_per_year=260",
        "environments.backtest_eurusd.statistics.benchmark=EUR/USD@4h",
        "environments.backtest_eurusd.statistics.trials=40",
        "environments.backtest_eurusd.statistics.trials_variance=0.002"};
    fixture f;
    write_base();
    load_clean(&f, "demo", overrides, 5);
    const s1_link *const link = &f.config->links.items[0];
    const s1_statistics_config *const made = &link->environment->statistics;
    assert_decimal(made->risk_free_rate, "0.035");
    assert_decimal(made->periods_per_year, "260");
    assert_decimal(made->trials_variance, "0.002");
    assert_int_equal(made->trials, 40);
    assert_int_equal(link->benchmark, 1);
    end(&f);
}

static void an_override_is_named_in_its_fault(void **state)
{
    (void)state;
    static const char *const overrides[] = {
        "environments.backtest_eurusd.simulation.fill_rule=next_opn",
        "environments.backtest_eurusd.simulation.speed=3"};
    fixture f;
    write_base();
    begin(&f);
    assert_int_equal(load_with(&f, "demo", overrides, 2), S1_OK);
    assert_string_equal(
        fault_text(&f),
        "--set environments.backtest_eurusd.simulation.fill_rule=next_opn: error: "
        "backtest_eurusd.simulation.fill_rule: found 'next_opn', expected next_open, same_close, "
        "nautilus, backtesting_py, backtrader, freqtrade, vectorbt, jesse or zipline "
        "(did you mean 'next_open'?)\n"
        "--set environments.backtest_eurusd.simulation.speed=3: error: "
        "backtest_eurusd.simulation.speed: found an unknown key, expected initial_capital, "
        "initial_balances, cost_basis, fees, "
        "slippage, fill_rule, match_on, book, matching, latency, ambiguity, funding, borrow, "
        "from, to or warmup_bars\n");
    end(&f);
}

static void overrides_that_cannot_be_read_are_errors(void **state)
{
    (void)state;
    static const struct {
        const char *override, *message;
    } cases[] = {
        {"fill_rule", "--set: found 'fill_rule', expected PATH=VALUE"},
        {"environmens.x.y=1",
         "--set environmens.x.y=1: found 'environmens', expected a file of this configuration that "
         "is read (environments.NAME..., runs.NAME..., workforce...) (did you mean "
         "'environments'?)"},
        {"workforce.context_workers[9].params.periods=[1]",
         "--set workforce.context_workers[9].params.periods: found index 9, expected one of a list "
         "of 2 items"},
        {"workforce.context_workers[x]=1",
         "--set workforce.context_workers[x]: found 0 items called 'x', expected one (its name "
         "or its index)"},
        {"workforce.context_workers[x=1",
         "--set: found path 'workforce.context_workers[x', expected names and [index] or [name] "
         "joined by '.'"},
        {"environments.backtest_eurusd.type.x=1",
         "--set backtest_eurusd.type.x: found 'x' below 'backtest', expected a map"},
        {"platform.core=[1, 2",
         "--set platform.core=[1, 2: found flow sequence without a closing bracket, expected YAML"},
    };
    write_base();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fixture f;
        begin(&f);
        assert_int_equal(load_with(&f, "demo", &cases[i].override, 1), S1_E_INVALID);
        assert_string_equal(f.err.msg, cases[i].message);
        end(&f);
    }
}

/* --- What is refused. --- */

static void replace(const bad_case *bad)
{
    const char *text = NULL;
    for (size_t i = 0; i < BASE_TREE_FILES; i++) {
        text = strcmp(base_tree[i].name, bad->file) == 0 ? base_tree[i].text : text;
    }
    assert_non_null(text);
    const char *const at = strstr(text, bad->find);
    if (at == NULL) {
        fail_msg("%s: '%s' is not in %s", bad->name, bad->find, bad->file);
    }
    static char changed[TEXT_MAX];
    (void)snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - text), text, bad->put,
                   at + strlen(bad->find));
    write_text("config", bad->file, changed);
}

static void every_bad_configuration_gets_its_message(void **state)
{
    (void)state;
    assert_true(sizeof bad_cases / sizeof bad_cases[0] >= 70);
    for (size_t i = 0; i < sizeof bad_cases / sizeof bad_cases[0]; i++) {
        fixture f;
        write_base();
        replace(&bad_cases[i]);
        begin(&f);
        assert_int_equal(load_with(&f, NULL, NULL, 0), S1_OK);
        if (strcmp(fault_text(&f), bad_cases[i].expected) != 0) {
            print_error("%s:\n", bad_cases[i].name);
            assert_string_equal(fault_text(&f), bad_cases[i].expected);
        }
        assert_int_equal(s1_faults_check(&f.faults, &f.err), S1_E_INVALID);
        end(&f);
    }
}

static void a_missing_file_is_named(void **state)
{
    (void)state;
    fixture f;
    write_base();
    assert_int_equal(s1_fs_unlink(s1_fs_real(), "config/wiring_map.yaml", NULL), S1_OK);
    begin(&f);
    assert_int_equal(load_with(&f, "demo", NULL, 0), S1_OK);
    assert_string_equal(
        fault_text(&f),
        "config/wiring_map.yaml: error: found no file, expected the file (Which "
        "event calls which component, and as which event the result travels on.)\n");
    assert_int_equal(f.faults.items[0].fault_class, S1_FAULT_REFERENCE);
    end(&f);
}

static void a_missing_target_is_an_error(void **state)
{
    (void)state;
    fixture f;
    write_base();
    begin(&f);
    assert_int_equal(load_with(&f, "dmeo", NULL, 0), S1_E_NOT_FOUND);
    assert_string_equal(f.err.msg, "'dmeo': no such blueprint or operation in 'config', expected "
                                   "demo (did you mean 'demo'?)");
    assert_int_equal(load_with(&f, "config/runs/no.yaml", NULL, 0), S1_E_NOT_FOUND);
    assert_string_equal(f.err.msg, "'config/runs/no.yaml': no such file, expected a blueprint or "
                                   "operation");
    const s1_config_options options = {.dir = "nowhere"};
    assert_int_equal(s1_config_load(&options, &f.arena, &f.faults, &f.config, &f.err),
                     S1_E_NOT_FOUND);
    assert_string_equal(f.err.msg, "'nowhere': no such folder, expected a configuration");
    end(&f);
}

static void documents_have_limits(void **state)
{
    (void)state;
    static char text[1u << 17];
    fixture f;
    begin(&f);
    s1_yaml_node *root = NULL;
    size_t len = 0;
    for (int i = 0; i < 40; i++) {
        text[len++] = '[';
    }
    const s1_yaml_options options = {S1_STR("f.yaml"), NULL, NULL};
    s1_yaml_parse((s1_str){text, len}, &options, &f.arena, &f.faults, &root);
    assert_null(root);
    assert_string_equal(fault_text(&f), "f.yaml:1:33: error: yaml: found more than 32 levels, "
                                        "expected less nesting\n");
    end(&f);

    begin(&f); /* each line doubles the one before ten times over */
    len = (size_t)snprintf(text, sizeof text, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 9; i++) {
        len += (size_t)snprintf(text + len, sizeof text - len,
                                "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i,
                                i, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
    }
    s1_yaml_parse((s1_str){text, len}, &options, &f.arena, &f.faults, &root);
    assert_null(root);
    assert_non_null(strstr(fault_text(&f), "found more than 50000 values, expected fewer (aliases "
                                           "count where they stand)"));
    assert_true(s1_arena_reserved(&f.arena) < 64u << 20);
    end(&f);

    begin(&f);
    const s1_yaml_limits limits = {16, 8, 100, 8};
    const s1_yaml_options small = {S1_STR("f.yaml"), &limits, NULL};
    s1_yaml_parse(S1_STR("key: a longer value"), &small, &f.arena, &f.faults, &root);
    assert_string_equal(fault_text(&f),
                        "f.yaml: error: yaml: found 19 bytes, expected at most 16\n");
    end(&f);

    begin(&f);
    s1_yaml_parse(S1_STR("a: &a [1, *a]"), &options, &f.arena, &f.faults, &root);
    assert_string_equal(fault_text(&f), "f.yaml:1:11: error: yaml: found the alias '*a', expected "
                                        "an alias outside of what it stands for\n");
    end(&f);
}

/* libfyaml's readers of such texts leak or give the last piece only; ours must do neither. */
static void texts_of_many_pieces_are_whole(void **state)
{
    (void)state;
    fixture f;
    begin(&f);
    s1_yaml_node *root = NULL;
    const s1_yaml_options options = {S1_STR("f.yaml"), NULL, NULL};
    s1_yaml_parse(S1_STR("a: >-\n  x\n  y\n\n  z\n  1\n  2\n  3\n  4\n  5\n  6\n  7\n  8\n"
                         "b: 'it''s a '' b '' c '' d '' e '' f '' g'\n"
                         "c: \"\\\"x\\n\\u00e9\\L\\U0001F600\"\n"),
                  &options, &f.arena, &f.faults, &root);
    assert_string_equal(fault_text(&f), "");
    assert_text(s1_yaml_get(root, S1_STR("a"))->text, "x y\nz 1 2 3 4 5 6 7 8");
    assert_text(s1_yaml_get(root, S1_STR("b"))->text, "it's a ' b ' c ' d ' e ' f ' g");
    assert_text(s1_yaml_get(root, S1_STR("c"))->text, "\"x\n\xc3\xa9\xe2\x80\xa8\xf0\x9f\x98\x80");
    end(&f);
}

static void faults_print_as_json_and_stop_at_a_limit(void **state)
{
    (void)state;
    fixture f;
    begin(&f);
    s1_faults_init(&f.faults, &f.arena, 2);
    const s1_source source = {.file = S1_STR("a\"b.yaml"), .line = 3, .column = 7};
    for (int i = 0; i < 4; i++) {
        char path[16];
        (void)snprintf(path, sizeof path, "x[%d]", i);
        s1_faults_add(&f.faults, S1_FAULT_EVENT_CHAIN, &source, s1_str_of(path),
                      S1_STR("'1\033[2J'"), S1_STR("2"), S1_STR("3"));
    }
    assert_string_equal(
        fault_text(&f),
        "a\"b.yaml:3:7: error: x[0]: found '1?[2J', expected 2 (did you mean '3'?)\n"
        "a\"b.yaml:3:7: error: x[1]: found '1?[2J', expected 2 (did you mean '3'?)\n"
        "and 2 more\n");
    s1_strbuf_clear(&f.text);
    f.faults.count = 1;
    s1_faults_print_json(&f.faults, &f.text);
    assert_string_equal(s1_strbuf_cstr(&f.text),
                        "[{\"class\":\"EventChainError\",\"severity\":\"error\",\"file\":"
                        "\"a\\\"b.yaml\",\"line\":3,\"column\":7,\"path\":\"x[0]\",\"found\":"
                        "\"'1\\u001b[2J'\",\"expected\":\"2\",\"hint\":\"3\"}]");
    end(&f);
}

/* --- What is printed. --- */

typedef struct printed {
    const char *folder; /* where files go; NULL: nowhere */
    s1_strbuf text;
} printed;

static s1_rc keep(void *user, s1_str name, s1_str text, s1_err *err)
{
    (void)err;
    printed *const p = user;
    s1_strbuf_printf(&p->text, "=== %.*s\n%.*s", S1_STR_ARG(name), S1_STR_ARG(text));
    if (p->folder != NULL) {
        char file[128], content[TEXT_MAX];
        (void)snprintf(file, sizeof file, "%.*s", S1_STR_ARG(name));
        (void)snprintf(content, sizeof content, "%.*s", S1_STR_ARG(text));
        write_text(p->folder, file, content);
    }
    return S1_OK;
}

static void the_resolved_configuration_reads_back_as_itself(void **state)
{
    (void)state;
    static const char *const overrides[] = {"environments.backtest_eurusd.simulation.to=2018-06-01",
                                            "operation.description=costs $${HOME} \"x\""};
    fixture f;
    write_base();
    load_clean(&f, "demo", overrides, 2);
    printed first = {.folder = "resolved"}, second = {.folder = NULL};
    s1_strbuf_init(&first.text, 1u << 20);
    s1_strbuf_init(&second.text, 1u << 20);
    assert_int_equal(s1_config_print_resolved(f.config, keep, &first, &f.err), S1_OK);
    assert_null(strstr(s1_strbuf_cstr(&first.text), "key-of-test")); /* a secret */
    assert_null(strstr(s1_strbuf_cstr(&first.text), "a secret"));
    assert_non_null(strstr(s1_strbuf_cstr(&first.text), "to: \"2018-06-01T00:00:00.000000000Z\""));
    s1_strbuf json;
    s1_strbuf_init(&json, 1u << 20);
    s1_config_print_resolved_json(f.config, &json);
    end(&f);

    begin(&f);
    const s1_config_options options = {
        .dir = "resolved", .target = "operation", .read_variable = read_test_variable};
    assert_int_equal(s1_config_load(&options, &f.arena, &f.faults, &f.config, &f.err), S1_OK);
    assert_string_equal(fault_text(&f), "");
    assert_int_equal(s1_config_print_resolved(f.config, keep, &second, &f.err), S1_OK);
    assert_string_equal(s1_strbuf_cstr(&first.text), s1_strbuf_cstr(&second.text));
    s1_strbuf again;
    s1_strbuf_init(&again, 1u << 20);
    s1_config_print_resolved_json(f.config, &again);
    assert_string_equal(s1_strbuf_cstr(&json), s1_strbuf_cstr(&again));
    assert_non_null(strstr(s1_strbuf_cstr(&json), "\"price_scale\":5,\"qty_scale\":2,"
                                                  "\"tick_size\":\"0.00001\""));
    s1_strbuf_done(&json);
    s1_strbuf_done(&again);
    s1_strbuf_done(&first.text);
    s1_strbuf_done(&second.text);
    end(&f);
}

static void paths_start_at_the_folder_above(void **state)
{
    (void)state;
    fixture f;
    begin(&f);
    const s1_config here = {.base = S1_STR(".")}, there = {.base = S1_STR("/desk")};
    assert_text(s1_config_path(&here, S1_STR("archive"), &f.arena), "archive");
    assert_text(s1_config_path(&there, S1_STR("archive"), &f.arena), "/desk/archive");
    assert_text(s1_config_path(&there, S1_STR("/archive"), &f.arena), "/archive");
    end(&f);
}

static void the_default_tree_is_without_fault(void **state)
{
    (void)state;
    fixture f;
    uint32_t count = 0;
    assert_int_equal(s1_fs_remove_tree(s1_fs_real(), "config", NULL), S1_OK);
    begin(&f);
    assert_int_equal(s1_config_write_default_tree(s1_fs_real(), "config", &count, &f.err), S1_OK);
    assert_true(count >= 12);
    end(&f);
    load_clean(&f, NULL, NULL, 0);
    assert_int_equal(f.config->links.count, 1);
    end(&f);
    load_clean(&f, "config/runs/demo.yaml", NULL, 0);
    assert_text(f.config->links.items[0].environment->environment_id, "backtest_eurusd_1h");
    end(&f);
    /* Left out of the operation, and there by its own name. */
    load_clean(&f, "config/runs/ict_sweep.yaml", NULL, 0);
    assert_int_equal(f.config->links.count, 1);
    assert_text(f.config->links.items[0].id, "ict_sweep");
    assert_text(f.config->links.items[0].environment->environment_id, "backtest_btcusd_1h");
    assert_non_null(f.config->links.items[0].rules);
    end(&f);

    begin(&f);
    assert_int_equal(s1_config_write_default_tree(s1_fs_real(), "config", &count, &f.err),
                     S1_E_EXISTS);
    assert_non_null(strstr(f.err.msg, "nothing was written"));
    end(&f);
}

static void a_full_disk_leaves_no_half_tree(void **state)
{
    (void)state;
    s1_fault_fs fault;
    s1_err err = S1_ERR_INIT;
    uint32_t count = 0;
    assert_int_equal(s1_fs_remove_tree(s1_fs_real(), "config", NULL), S1_OK);
    s1_fault_fs_init(&fault, s1_fs_real());
    fault.write_limit = 3000;
    assert_int_not_equal(s1_config_write_default_tree(&fault.table, "config", &count, &err), S1_OK);
    fault.write_limit = UINT64_MAX;
    assert_int_equal(s1_config_write_default_tree(&fault.table, "config", &count, &err), S1_OK);
}

static void the_documentation_is_up_to_date(void **state)
{
    (void)state;
    const char *const source = getenv("S1_SOURCE_DIR");
    if (source == NULL) {
        print_message("skipped: S1_SOURCE_DIR is not set\n");
        return;
    }
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/docs/configuration.md", source);
    s1_strbuf made, there;
    s1_strbuf_init(&made, 1u << 20);
    s1_strbuf_init(&there, 1u << 20);
    s1_config_print_docs(&made);
    if (getenv("S1_WRITE_DOCS") != NULL) { /* how the file is made */
        assert_int_equal(s1_fs_write_file(s1_fs_real(), path, s1_strbuf_view(&made), NULL), S1_OK);
    }
    assert_int_equal(s1_fs_read_all(s1_fs_real(), path, 1u << 20, &there, NULL), S1_OK);
    assert_string_equal(s1_strbuf_cstr(&made), s1_strbuf_cstr(&there));
    s1_strbuf_done(&made);
    s1_strbuf_done(&there);
}

static void closed_sets_are_what_the_spec_says(void **state)
{
    (void)state;
    size_t subtypes = 0, of_type[6] = {0};
    for (const s1_enum_name *n = s1_subtype_names; n->name != NULL; n++) {
        subtypes++;
        of_type[s1_subtype_worker_type(n->value)]++;
    }
    assert_int_equal(subtypes, 27);
    assert_int_equal(of_type[S1_WORKER_CONTEXT], 7);
    assert_int_equal(of_type[S1_WORKER_OPPORTUNITY], 7);
    assert_int_equal(of_type[S1_WORKER_THREAT], 5);
    assert_int_equal(of_type[S1_WORKER_PLANNING], 4);
    assert_int_equal(of_type[S1_WORKER_EXECUTION], 4);
    int32_t value = 0;
    assert_true(s1_enum_parse(s1_execution_strategy_names, S1_STR("event_Driven"), &value));
    assert_string_equal(s1_enum_text(s1_execution_strategy_names, value), "EVENT_DRIVEN");
    assert_false(s1_enum_parse(s1_execution_strategy_names, S1_STR("EVENT"), &value));
}

static void the_operator_matrix_has_seven_good_cells(void **state)
{
    (void)state;
    size_t good = 0;
    for (int32_t type = S1_WORKER_CONTEXT; type <= S1_WORKER_EXECUTION; type++) {
        for (int32_t e = S1_EXECUTION_SEQUENTIAL; e <= S1_EXECUTION_EVENT_DRIVEN; e++) {
            for (int32_t a = S1_AGGREGATION_COLLECT_ALL; a <= S1_AGGREGATION_NONE; a++) {
                const char *const reason = s1_operator_cell_reason(type, e, a);
                good += reason == NULL;
                assert_true(reason == NULL || strlen(reason) > 20);
            }
        }
    }
    assert_int_equal(good, 7); /* 1 context, 2 opportunity, 2 threat, 1 planning, 1 execution */
    assert_null(s1_operator_cell_reason(S1_WORKER_THREAT, S1_EXECUTION_SEQUENTIAL,
                                        S1_AGGREGATION_COLLECT_ALL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_and_defaults_are_typed),
        cmocka_unit_test(a_link_knows_its_streams_rules_and_operators),
        cmocka_unit_test(workers_stand_in_order_of_work),
        cmocka_unit_test(lists_take_one_bare_item_and_nothing),
        cmocka_unit_test(aliases_are_copied_in_place),
        cmocka_unit_test(a_blueprint_without_a_link_takes_the_only_backtest),
        cmocka_unit_test(index_yaml_says_where_files_are),
        cmocka_unit_test(overrides_change_values),
        cmocka_unit_test(statistics_are_configured),
        cmocka_unit_test(an_override_is_named_in_its_fault),
        cmocka_unit_test(overrides_that_cannot_be_read_are_errors),
        cmocka_unit_test(every_bad_configuration_gets_its_message),
        cmocka_unit_test(a_missing_file_is_named),
        cmocka_unit_test(a_missing_target_is_an_error),
        cmocka_unit_test(documents_have_limits),
        cmocka_unit_test(texts_of_many_pieces_are_whole),
        cmocka_unit_test(faults_print_as_json_and_stop_at_a_limit),
        cmocka_unit_test(the_resolved_configuration_reads_back_as_itself),
        cmocka_unit_test(paths_start_at_the_folder_above),
        cmocka_unit_test(the_default_tree_is_without_fault),
        cmocka_unit_test(a_full_disk_leaves_no_half_tree),
        cmocka_unit_test(the_documentation_is_up_to_date),
        cmocka_unit_test(closed_sets_are_what_the_spec_says),
        cmocka_unit_test(the_operator_matrix_has_seven_good_cells),
    };
    return cmocka_run_group_tests_name("config", tests, in_folder, out_of_folder);
}
