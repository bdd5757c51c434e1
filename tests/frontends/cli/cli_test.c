/* The program as a user meets it: run, read what it prints, look at its exit code. */
#include "backend/analysis/results_writer.h"
#include "tests/backend/analysis/story_fixture.h"
#include "tests/support/cmocka.h"

#include <jansson.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTPUT_MAX (1u << 22)

static char root[512];
static char program[1024];
static s1_strbuf out, err;

static const char *variable(const char *name, const char *otherwise)
{
    const char *const value = getenv(name);
    return value != NULL ? value : otherwise;
}

static void read_back(const char *name, s1_strbuf *text)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/%s", root, name);
    s1_strbuf_clear(text);
    assert_int_equal(s1_fs_read_all(s1_fs_real(), path, OUTPUT_MAX, text, NULL), S1_OK);
}

/* Runs "<environment> s1mpletrader <arguments>" in the test's folder. Returns the exit code. */
static int run_with(const char *environment, const char *arguments)
{
    char command[4096];
    (void)snprintf(command, sizeof command,
                   "cd '%s' && unset NO_COLOR COLUMNS LC_ALL LC_CTYPE; LANG=C.UTF-8 TERM=xterm "
                   "%s '%s' %s >stdout.txt 2>stderr.txt </dev/null",
                   root, environment, program, arguments);
    const int status = system(command);
    read_back("stdout.txt", &out);
    read_back("stderr.txt", &err);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int run(const char *arguments)
{
    return run_with("", arguments);
}

static void assert_prints(s1_strbuf *text, const char *expected)
{
    if (strstr(s1_strbuf_cstr(text), expected) == NULL) {
        fail_msg("expected '%s' in:\n%s", expected, s1_strbuf_cstr(text));
    }
}

static void assert_exit(const char *arguments, int expected)
{
    const int found = run(arguments);
    if (found != expected) {
        fail_msg("%s: exit code %d, expected %d\n%s%s", arguments, found, expected,
                 s1_strbuf_cstr(&out), s1_strbuf_cstr(&err));
    }
}

static json_t *assert_json(s1_strbuf *text)
{
    json_error_t fault;
    json_t *const json = json_loads(s1_strbuf_cstr(text), 0, &fault);
    if (json == NULL) {
        fail_msg("no JSON (%s):\n%s", fault.text, s1_strbuf_cstr(text));
    }
    return json;
}

/* --- The world of the tests. -------------------------------------------------------------- */

static void write_file(const char *name, s1_str content)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/%s", root, name);
    assert_int_equal(s1_fs_write_file(s1_fs_real(), path, content, NULL), S1_OK);
}

static s1_dec dec(const char *text)
{
    s1_dec value;
    assert_int_equal(s1_dec_parse(s1_str_of(text), &value, NULL), S1_OK);
    return value;
}

/* A results folder with the journal of story_fixture.h. */
static void write_results(const char *name)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/%s", root, name);
    assert_int_equal(s1_fs_mkdir_all(s1_fs_real(), path, NULL), S1_OK);
    const s1_nanos day = 86400 * S1_NANOS_PER_SECOND;
    const s1_nanos time[3] = {17287 * day, 17288 * day, 17289 * day};
    const s1_dec equity[3] = {dec("10000"), dec("10034.81"), dec("10024.81")};
    const double close[3] = {1.07, 1.08, 1.06};
    s1_uid trade = {{0xb1}};
    trade.bytes[6] = 0x80;
    trade.bytes[8] = 0x80;
    const s1_trade_record trades[1] = {{.trade_id = {trade},
                                        .opportunity_id = {trade},
                                        .direction = S1_LONG,
                                        .quantity = dec("1000"),
                                        .entry_time = time[0],
                                        .entry_price = dec("1.0713"),
                                        .exit_time = time[1],
                                        .exit_price = dec("1.08"),
                                        .fees = dec("0.43"),
                                        .pnl = dec("8.27"),
                                        .closure_reason = S1_STR("TAKE_PROFIT")}};
    const s1_run_manifest manifest = {.run_id = {trade},
                                      .seed = 7,
                                      .initial_capital = dec("10000"),
                                      .version = S1_STR("0.1.0"),
                                      .strategy = S1_STR("demo"),
                                      .strategy_link_id = S1_STR("demo"),
                                      .asset_pair = S1_STR("EUR/USD"),
                                      .timeframe = S1_STR("1h"),
                                      .currency = S1_STR("USD"),
                                      .fill_rule = S1_STR("next_open"),
                                      .journal_level = S1_STR("full"),
                                      .journal_head = S1_STR("00"),
                                      .ticks = 3,
                                      .warmup_bars = 50,
                                      .opportunities = 6,
                                      .approved = 3,
                                      .rejected = 3,
                                      .rejected_governor = 1,
                                      .rejected_size = 1,
                                      .rejected_gate = 1,
                                      .trades = 1,
                                      .threats = 2};
    const s1_results_input input = {
        .manifest = &manifest,
        .series = {.count = 3, .time = time, .equity = equity, .close = close, .in_position = NULL},
        .trades = trades,
        .trade_count = 1,
        .fees = dec("0.43")};
    assert_int_equal(s1_results_write(&input, s1_fs_real(), path, NULL, NULL), S1_OK);
    s1_strbuf journal;
    s1_strbuf_init(&journal, OUTPUT_MAX);
    story_write(&journal);
    (void)snprintf(path, sizeof path, "%s/journal.jsonl", name);
    write_file(path, s1_strbuf_view(&journal));
    s1_strbuf_done(&journal);
}

static int setup(void **state)
{
    (void)state;
    (void)snprintf(root, sizeof root, "%s/cliXXXXXX", variable("S1_TEST_TMP", "/tmp"));
    (void)snprintf(program, sizeof program, "%s/s1mpletrader", variable("S1_BUILD_DIR", "build"));
    s1_strbuf_init(&out, OUTPUT_MAX);
    s1_strbuf_init(&err, OUTPUT_MAX);
    if (mkdtemp(root) == NULL || access(program, X_OK) != 0) {
        print_message("no program at %s\n", program);
        return -1;
    }
    write_results("results/demo");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    s1_strbuf_done(&out);
    s1_strbuf_done(&err);
    return s1_fs_remove_tree(s1_fs_real(), root, NULL) == S1_OK ? 0 : -1;
}

/* --- Usage. ------------------------------------------------------------------------------- */

static void wrong_command_lines(void **state)
{
    (void)state;
    static const struct {
        const char *arguments;
        int exit_code;
        const char *message;
    } cases[] = {
        {"backtst demo", 2, "error: unknown command 'backtst', did you mean 'backtest'?"},
        {"xyzzy", 2, "error: unknown command 'xyzzy'; 's1mpletrader --help' lists them"},
        {"plugins", 2, "expected one of 'plugins list', 'plugins show', 'plugins check'"},
        {"results shwo results/demo", 2, "expected one of 'results list', 'results show'"},
        {"backtest", 2, "expected a blueprint, an operation or --rerun RESULTS"},
        {"backtest demo --rerun results/demo", 2, "found both"},
        {"backtest --rerun results/demo --seed 3", 2, "found an option that would change it"},
        {"backtest demo --sed 3", 2, "unknown option '--sed', did you mean '--seed'?"},
        {"backtest demo --seed three", 2, "--seed: found 'three', expected a whole number"},
        {"backtest demo --seed", 2, "--seed needs a value: --seed N"},
        {"backtest demo --seed 1 --seed 2", 2, "--seed given twice: '1' and '2'"},
        {"backtest demo --journal some", 2, "found 'some', expected one of full|trades|off"},
        {"backtest demo --profile=yes", 2, "--profile takes no value, found 'yes'"},
        {"backtest demo again", 2, "unexpected 'again'; usage: s1mpletrader backtest"},
        {"data import a.csv", 2, "missing --pair P"},
        {"data import a.csv --pair EUR/USD --timeframe 1h", 2, "missing --archive DIR"},
        {"data import a.csv --pair EUR/USD --timeframe soon --archive a", 2, "'soon'"},
        {"explain results/demo", 2, "found none of them"},
        {"explain results/demo b1 --rejected", 2, "found several"},
        {"explain results/demo b1", 2, "at least 4 hexadecimal digits"},
        {"explain results/demo zzzz", 2, "expected up to 32 hexadecimal digits"},
        {"explain results/demo ffff", 7, "starts with 'ffff'"},
        {"explain nowhere --rejected", 7, "nowhere"},
        {"results show", 2, "missing argument; usage: s1mpletrader results show RESULTS"},
        {"results show nowhere", 7, "results folder 'nowhere' does not exist"},
        {"results list nowhere", 7, "results folder 'nowhere' does not exist"},
        {"journal show results/demo --type TRADED", 2, "no kind of entry starts with 'TRADED'"},
        {"journal show results/demo --from yesterday", 2, "yesterday"},
        {"validate --config nowhere", 7, "nowhere"},
        {"data import nowhere.csv --pair EUR/USD --timeframe 1h --archive a", 7, "nowhere.csv"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_exit(cases[i].arguments, cases[i].exit_code);
        assert_prints(&err, cases[i].message);
        assert_string_equal(s1_strbuf_cstr(&out), "");
        const char *const first = strstr(s1_strbuf_cstr(&err), "error: ");
        assert_non_null(first);
        assert_null(strstr(first + 1, "error: ")); /* printed once */
    }
}

static void errors_are_json_where_asked(void **state)
{
    (void)state;
    assert_exit("results show nowhere --json", 7);
    assert_string_equal(s1_strbuf_cstr(&out), "");
    json_t *const json = assert_json(&err);
    const json_t *const error = json_object_get(json, "error");
    assert_string_equal(json_string_value(json_object_get(error, "name")), "S1_E_NOT_FOUND");
    assert_string_equal(json_string_value(json_object_get(error, "cause")), "not_found");
    assert_int_equal(json_integer_value(json_object_get(error, "exit_code")), 7);
    json_decref(json);
}

static void verbose_shows_where_an_error_came_from(void **state)
{
    (void)state;
    assert_exit("results show nowhere -v", 7);
    assert_prints(&err, "S1_E_NOT_FOUND");
    assert_prints(&err, "  at s1_api_results_open (services/api/results.c:");
}

/* --- Help. -------------------------------------------------------------------------------- */

static void help_is_as_it_was(void **state)
{
    (void)state;
    char path[1024];
    s1_strbuf expected;
    s1_strbuf_init(&expected, OUTPUT_MAX);
    assert_exit("backtest --help", 0);
    (void)snprintf(path, sizeof path, "%s/tests/frontends/cli/backtest_help.txt",
                   variable("S1_SOURCE_DIR", "."));
    if (getenv("UPDATE") != NULL) {
        assert_int_equal(s1_fs_write_file(s1_fs_real(), path, s1_strbuf_view(&out), NULL), S1_OK);
    }
    assert_int_equal(s1_fs_read_all(s1_fs_real(), path, OUTPUT_MAX, &expected, NULL), S1_OK);
    assert_string_equal(s1_strbuf_cstr(&out), s1_strbuf_cstr(&expected));
    s1_strbuf_done(&expected);
}

static void the_page_is_what_the_program_prints(void **state)
{
    (void)state;
    char path[1024];
    s1_strbuf page;
    s1_strbuf_init(&page, OUTPUT_MAX);
    assert_exit("help --markdown", 0);
    (void)snprintf(path, sizeof path, "%s/docs/cli.md", variable("S1_SOURCE_DIR", "."));
    if (getenv("UPDATE") != NULL) {
        assert_int_equal(s1_fs_write_file(s1_fs_real(), path, s1_strbuf_view(&out), NULL), S1_OK);
    }
    assert_int_equal(s1_fs_read_all(s1_fs_real(), path, OUTPUT_MAX, &page, NULL), S1_OK);
    assert_string_equal(s1_strbuf_cstr(&out), s1_strbuf_cstr(&page));
    s1_strbuf_done(&page);
}

static void a_family_has_help(void **state)
{
    (void)state;
    static const char *const asked[] = {"plugins --help", "plugins -h", "help plugins"};
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        assert_exit(asked[i], 0);
        assert_prints(&out, "Usage: s1mpletrader plugins COMMAND [options]");
        assert_prints(&out, "\n  plugins check    ");
        assert_null(strstr(s1_strbuf_cstr(&out), "backtest"));
    }
}

static void help_keeps_within_its_columns(void **state)
{
    (void)state;
    static const char *const commands[] = {
        "--help",          "init --help", "data import -h",  "backtest -h",
        "results show -h", "explain -h",  "journal show -h", "plugins check --help"};
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        assert_int_equal(run_with("COLUMNS=80", commands[i]), 0);
        const char *line = s1_strbuf_cstr(&out);
        while (*line != '\0') {
            const size_t width = strcspn(line, "\n");
            /* Examples are commands to copy: they are not broken. */
            if (width > 80 && strncmp(line, "  s1mpletrader", 14) != 0) {
                fail_msg("%s: %zu columns: %.*s", commands[i], width, (int)width, line);
            }
            line += width + (line[width] == '\n');
        }
    }
}

/* --- Results. ----------------------------------------------------------------------------- */

static void report_says_what_a_quant_asks(void **state)
{
    (void)state;
    assert_exit("results show results/demo", 0);
    static const char *const lines[] = {
        "demo on EUR/USD 1h, next_open, run b1000000\n",
        "  Period          2017-05-01 00:00 to 2017-05-03 00:00\n",
        "  Bars            3, after 50 for warm-up\n",
        "  Capital         10,000.00 to 10,024.81 USD\n",
        "  Return                 +0.25 %         -0.93 %\n",
        "  Refused                      3   governor 1, size 1, gate 1\n",
        "  s1mpletrader explain results/demo b1000000\n",
        "  s1mpletrader explain results/demo --rejected\n",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        assert_prints(&out, lines[i]);
    }
    assert_exit("results list", 0);
    assert_prints(&out, "results/demo  demo      EUR/USD 1h  +0.25 %");
    assert_exit("results show results/demo --trades", 0);
    assert_prints(&out, "b1000000  long      1000  2017-05-01 00:00  1.0713");
    assert_exit("results show results/demo --metrics", 0);
    assert_prints(&out, "final_equity / initial_capital - 1");
}

static void results_are_json_where_asked(void **state)
{
    (void)state;
    assert_exit("results show results/demo --json", 0);
    json_t *json = assert_json(&out);
    const json_t *const metrics = json_object_get(json, "metrics");
    assert_string_equal(json_string_value(json_object_get(metrics, "final_equity")), "10024.81");
    json_decref(json);
    assert_exit("results list --json", 0);
    json = assert_json(&out);
    assert_int_equal(json_array_size(json), 1);
    json_decref(json);
    assert_exit("results show results/demo --trades --json", 0);
    json = assert_json(&out);
    const json_t *const trade = json_array_get(json, 0);
    assert_string_equal(json_string_value(json_object_get(trade, "pnl")), "8.27");
    assert_true(json_is_null(json_object_get(trade, "threat_id")));
    json_decref(json);
    assert_exit("version --json", 0);
    json_decref(assert_json(&out));
    const int doctor = run("doctor --json");
    assert_true(doctor == 0 || doctor == 8);
    json_decref(assert_json(&out));
}

static void damaged_results_are_refused(void **state)
{
    (void)state;
    write_file("results/demo/run.json", S1_STR("{\"run_id\": "));
    assert_exit("results show results/demo", 4);
    assert_prints(&err, "run.json:1:");
    assert_exit("results list", 0);
    assert_prints(&err, "warning: 1 results could not be read");
    write_results("results/demo");
    write_file("results/demo/result_trades.csv", S1_STR("trade_id\nb1,b2\n"));
    assert_exit("results show results/demo --trades", 4);
    assert_prints(&err, "result_trades.csv:1: found 1 fields, expected 12");
    write_results("results/demo");
}

/* --- Explain and journal. ----------------------------------------------------------------- */

static void a_trade_is_explained_within_80_columns(void **state)
{
    (void)state;
    assert_int_equal(run_with("COLUMNS=80", "explain results/demo B100"), 0);
    assert_memory_equal(s1_strbuf_cstr(&out), "2017-05-01 09:00 trade b1000000: closed by", 42);
    assert_prints(&out,
                  "2017-05-01 12:00 \u2514\u2500 closed by TAKE_PROFIT at 1.08: pnl 8.27 after "
                  "fees 0.43\n");
    assert_prints(&out,
                  "                 \u2502  \u251c\u2500 fast_above_slow held: 1.0712 > 1.0698, "
                  "margin +0.0014\n");
    const char *line = s1_strbuf_cstr(&out);
    while (*line != '\0') {
        const size_t bytes = strcspn(line, "\n");
        size_t width = 0;
        for (size_t i = 0; i < bytes; i++) {
            width += ((unsigned char)line[i] & 0xC0u) != 0x80u;
        }
        assert_true(width <= 80);
        line += bytes + (line[bytes] == '\n');
    }
    assert_int_equal(run_with("LANG=C", "explain results/demo b100"), 0);
    assert_prints(&out, "2017-05-01 12:00 `- closed by TAKE_PROFIT");
}

static void refusals_are_explained(void **state)
{
    (void)state;
    assert_exit("explain results/demo --rejected", 0);
    assert_prints(&out, "6 opportunities: 3 approved (50.0 %), 3 refused (50.0 %)");
    assert_prints(&out, "THREAT_ACTIVE, because of VOLATILITY_SPIKE: 1");
    assert_exit("explain results/demo --rejected --json", 0);
    json_t *const json = assert_json(&out);
    assert_int_equal(json_integer_value(json_object_get(json, "count")), 3);
    assert_int_equal(json_array_size(json_object_get(json, "children")), 3);
    json_decref(json);
}

static size_t count_lines(s1_strbuf *text)
{
    size_t count = 0;
    for (const char *at = s1_strbuf_cstr(text); *at != '\0'; at++) {
        count += *at == '\n';
    }
    return count;
}

static void the_journal_is_shown_filtered(void **state)
{
    (void)state;
    assert_exit("journal show results/demo", 0);
    assert_int_equal(count_lines(&out), sizeof story_lines / sizeof story_lines[0]);
    assert_exit("journal show results/demo --type TRADE_,RUN_", 0);
    assert_int_equal(count_lines(&out), 8);
    assert_exit("journal show results/demo --id b4000000", 0);
    assert_int_equal(count_lines(&out), 6);
    assert_prints(&out, "TRADE_CLOSED         O:a4000000 T:b4000000 H:c2000000");
    assert_exit("journal show results/demo --from 2017-05-01T20:00:00Z", 0);
    assert_int_equal(count_lines(&out), 2);
    assert_exit("journal show results/demo --limit 3 --json", 0);
    assert_int_equal(count_lines(&out), 3);
    const char *const first = s1_strbuf_cstr(&out);
    json_t *const json = json_loadb(first, strcspn(first, "\n"), 0, NULL);
    assert_string_equal(json_string_value(json_object_get(json, "type")), "RUN_STARTED");
    json_decref(json);
}

static void a_changed_journal_is_found(void **state)
{
    (void)state;
    read_back("results/demo/journal.jsonl", &out);
    char *const digit = strstr(s1_strbuf_cstr(&out), "\"pnl\":\"8.27\"") != NULL
                            ? strstr(out.data, "\"pnl\":\"8.27\"") + 7
                            : NULL;
    assert_non_null(digit);
    *digit = '9';
    write_file("results/demo/journal.jsonl", s1_strbuf_view(&out));
    assert_exit("journal verify results/demo", 4);
    assert_prints(&err, "line 13");
    assert_exit("explain results/demo b100", 4);
    assert_prints(&err, "line 13");
    write_results("results/demo");
    assert_exit("journal verify results/demo", 4); /* run.json states another head */
    assert_prints(&err, "expected 00 (run.json)");
}

/* --- Terminals. --------------------------------------------------------------------------- */

/* Runs on a terminal of its own; the output is in `out`. */
static void run_on_terminal(const char *no_color, uint16_t columns, const char *const arguments[])
{
    const struct winsize size = {.ws_row = 40, .ws_col = columns};
    int master = -1;
    const pid_t child = forkpty(&master, NULL, NULL, &size);
    assert_true(child >= 0);
    if (child == 0) {
        (void)unsetenv("COLUMNS");
        (void)setenv("TERM", "xterm", 1);
        (void)setenv("LANG", "C.UTF-8", 1);
        (void)(no_color != NULL ? setenv("NO_COLOR", no_color, 1) : unsetenv("NO_COLOR"));
        if (chdir(root) == 0) {
            (void)execv(program, (char *const *)(uintptr_t)arguments);
        }
        _exit(127);
    }
    s1_strbuf_clear(&out);
    char buffer[4096];
    ssize_t got;
    while ((got = read(master, buffer, sizeof buffer)) > 0) {
        s1_strbuf_bytes(&out, buffer, (size_t)got);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    (void)close(master);
}

static void colour_is_for_terminals_only(void **state)
{
    (void)state;
    const char *const arguments[] = {program, "results", "show", "results/demo", NULL};
    run_on_terminal(NULL, 100, arguments);
    assert_prints(&out, "\033[1mdemo\033[0m on EUR/USD");
    run_on_terminal("1", 100, arguments);
    assert_null(strchr(s1_strbuf_cstr(&out), '\033'));
    assert_exit("results show results/demo", 0);
    assert_null(strchr(s1_strbuf_cstr(&out), '\033'));
}

static void tables_are_cut_to_the_terminal(void **state)
{
    (void)state;
    const char *const arguments[] = {program, "results", "show", "results/demo", "--metrics", NULL};
    run_on_terminal("1", 60, arguments);
    const char *line = s1_strbuf_cstr(&out);
    bool is_cut = false;
    while (*line != '\0') {
        const size_t bytes = strcspn(line, "\r\n");
        size_t width = 0;
        for (size_t i = 0; i < bytes; i++) {
            width += ((unsigned char)line[i] & 0xC0u) != 0x80u;
        }
        assert_true(width <= 60);
        is_cut = is_cut || (bytes >= 3 && memcmp(line + bytes - 3, "\u2026", 3) == 0);
        line += bytes + strspn(line + bytes, "\r\n");
    }
    assert_true(is_cut);
}

/* --- The whole way. ----------------------------------------------------------------------- */

/* Hourly bars of a random walk: the same on every machine. */
static void write_bars(void)
{
    s1_strbuf text;
    s1_strbuf_init(&text, OUTPUT_MAX);
    s1_strbuf_lit(&text, "timestamp,open,high,low,close,volume\n");
    uint64_t chance = 7;
    int64_t price = 110000;
    for (int64_t i = 0; i < 3000; i++) {
        int64_t moves[3];
        for (size_t k = 0; k < 3; k++) {
            chance = chance * 6364136223846793005u + 1442695040888963407u;
            moves[k] = (int64_t)(chance >> 33) % 201 - 100;
        }
        const int64_t close = price + moves[0];
        const int64_t top = (close > price ? close : price) + (moves[1] < 0 ? -moves[1] : moves[1]);
        const int64_t low = (close < price ? close : price) - (moves[2] < 0 ? -moves[2] : moves[2]);
        s1_strbuf_printf(&text, "%lld,%lld.%05lld,%lld.%05lld,%lld.%05lld,%lld.%05lld,100\n",
                         (long long)(1483228800 + i * 3600), (long long)(price / 100000),
                         (long long)(price % 100000), (long long)(top / 100000),
                         (long long)(top % 100000), (long long)(low / 100000),
                         (long long)(low % 100000), (long long)(close / 100000),
                         (long long)(close % 100000));
        price = close;
    }
    write_file("bars.csv", s1_strbuf_view(&text));
    s1_strbuf_done(&text);
}

static void assert_same_file(const char *a, const char *b, const char *name)
{
    char path[1024];
    s1_strbuf first;
    s1_strbuf second;
    s1_strbuf_init(&first, (size_t)1 << 28);
    s1_strbuf_init(&second, (size_t)1 << 28);
    (void)snprintf(path, sizeof path, "%s/%s/%s", root, a, name);
    assert_int_equal(s1_fs_read_all(s1_fs_real(), path, (size_t)1 << 28, &first, NULL), S1_OK);
    (void)snprintf(path, sizeof path, "%s/%s/%s", root, b, name);
    assert_int_equal(s1_fs_read_all(s1_fs_real(), path, (size_t)1 << 28, &second, NULL), S1_OK);
    if (!s1_str_eq(s1_strbuf_view(&first), s1_strbuf_view(&second))) {
        fail_msg("%s differs between %s and %s", name, a, b);
    }
    s1_strbuf_done(&first);
    s1_strbuf_done(&second);
}

/* A second link of the same blueprint: runs side by side and one after the other are the same. */
static void several_links(void)
{
    s1_strbuf text;
    s1_strbuf_init(&text, OUTPUT_MAX);
    read_back("config/operation.yaml", &text);
    const size_t at = s1_str_find(s1_strbuf_view(&text), S1_STR("risk_policy:"), 0);
    assert_true(at != S1_STR_NPOS);
    s1_strbuf changed;
    s1_strbuf_init(&changed, OUTPUT_MAX);
    s1_strbuf_bytes(&changed, text.data, at);
    s1_strbuf_lit(&changed, "  - id: second\n    strategy_blueprint_id: demo\n"
                            "    execution_environment_id: backtest_eurusd_1h\n");
    s1_strbuf_bytes(&changed, text.data + at, text.len - at);
    write_file("config/operation.yaml", s1_strbuf_view(&changed));
    s1_strbuf_done(&changed);
    s1_strbuf_done(&text);
    assert_exit("backtest operation --threads 2 --results op/a", 0);
    assert_exit("backtest operation --results op/b", 0);
    assert_same_file("op/a/demo", "op/b/demo", "journal.jsonl");
    assert_same_file("op/a/second", "op/b/second", "journal.jsonl");
    assert_exit("results show op/a", 0);
    assert_prints(&out, "all links");
    assert_exit("results show op/a --metrics", 7);
    assert_prints(&err, "op/a holds 2 runs, name one: demo, second");
    assert_exit("results show op/a --link second", 0);
    assert_exit("backtest --rerun op/a/second --results op/c", 0);
    assert_same_file("op/a/second", "op/c", "journal.jsonl");
    assert_same_file("op/a/second", "op/c", "run.json");
}

static void from_init_to_explain(void **state)
{
    (void)state;
    char library[1024];
    (void)snprintf(library, sizeof library, "%s/lib/libduckdb.so", variable("S1_BUILD_DIR", "."));
    if (access(library, R_OK) != 0 && getenv("S1_DUCKDB") == NULL) {
        print_message("skipped: no libduckdb.so at %s\n", library);
        return;
    }
    write_bars();
    assert_exit("init config", 0);
    assert_prints(&out, "files written to config");
    assert_exit("init config", 6);
    assert_exit("validate", 0);
    assert_prints(&out, "OK: ");
    assert_exit("validate demo --set runs.demo.workforce.opportunity_workers[0].plugin=fvg_detectr",
                3);
    assert_prints(&err, "did you mean 'fvg_detector'?");
    assert_exit("data import bars.csv --pair EUR/USD --timeframe 1h --archive demo/archive", 0);
    assert_prints(&out, "EUR/USD 1h: 3,000 bars, 2017-01-01 00:00:00 to 2017-05-05 23:00:00");
    assert_exit("data import bars.csv --pair EUR/USD --timeframe 1h", 0); /* platform.yaml's */
    assert_prints(&out, "archive       source_data\n");
    assert_exit("data list", 0);
    assert_prints(&out, "EUR/USD  1h ");
    assert_exit("data list --config elsewhere", 2);
    assert_prints(&err, "missing --archive DIR");
    assert_exit("backtest demo --results runs/a --seed 3", 0);
    assert_prints(&out, "  Results         runs/a\n");
    assert_exit("backtest demo --results runs/a --seed 3", 6);
    assert_prints(&err, "results folder 'runs/a' is there already");
    assert_exit("backtest --rerun runs/a --results runs/b", 0);
    static const char *const names[] = {"journal.jsonl",       "result_trades.csv",
                                        "result_metrics.json", "equity.parquet",
                                        "context.parquet",     "run.json"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_same_file("runs/a", "runs/b", names[i]);
    }
    assert_exit("journal verify runs/a", 0);
    assert_prints(&out, "run.json states the same");
    assert_exit("explain runs/a --rejected", 0);
    assert_exit("backtest demo --json --profile --journal off --from 2017-02-01 --to 2017-03-01",
                0);
    json_t *const json = assert_json(&out);
    assert_true(json_array_size(json_object_get(json, "workers")) > 10);
    json_decref(json);
    assert_exit("journal show results/demo-2", 7);
    assert_prints(&err, "keeps no journal (level off)");
    assert_exit("plugins check", 0);
    assert_prints(&out, "ok       ema_detector");
    assert_exit("plugins show ema_detectr", 7);
    assert_prints(&err, "did you mean 'ema_detector'?");
    assert_exit("plugins show ema_detector", 0);
    assert_exit("plugins list --json", 0);
    json_decref(assert_json(&out));
    assert_exit("doctor", 0);
    several_links();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_command_lines),
        cmocka_unit_test(errors_are_json_where_asked),
        cmocka_unit_test(verbose_shows_where_an_error_came_from),
        cmocka_unit_test(help_is_as_it_was),
        cmocka_unit_test(the_page_is_what_the_program_prints),
        cmocka_unit_test(a_family_has_help),
        cmocka_unit_test(help_keeps_within_its_columns),
        cmocka_unit_test(report_says_what_a_quant_asks),
        cmocka_unit_test(results_are_json_where_asked),
        cmocka_unit_test(damaged_results_are_refused),
        cmocka_unit_test(a_trade_is_explained_within_80_columns),
        cmocka_unit_test(refusals_are_explained),
        cmocka_unit_test(the_journal_is_shown_filtered),
        cmocka_unit_test(a_changed_journal_is_found),
        cmocka_unit_test(colour_is_for_terminals_only),
        cmocka_unit_test(tables_are_cut_to_the_terminal),
        cmocka_unit_test(from_init_to_explain),
    };
    return cmocka_run_group_tests_name("cli", tests, setup, teardown);
}
