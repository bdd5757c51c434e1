/* simulators/kraken - Kraken's public REST on 127.0.0.1, from made-up trades or a CSV file.
 *
 *   kraken [--port N] [--seed N] [--count N] [--spacing MS] [--start SECONDS] [--now SECONDS]
 *          [--trades FILE] [--dump FILE] [--page N] [--exclusive 1]
 *          [--faults PERMILLE] [--mask BITS] [--limit N]
 *
 * --trades: lines "id,time_ns,price,quantity,side" with mantissas at one and eight decimals, as
 * --dump writes them; --limit: requests the counter holds, one a second decays. Prints "port N",
 * then serves until SIGTERM or SIGINT, and prints what it did as one line of JSON.
 */
#include "backend/utils/fs.h"
#include "backend/utils/proc.h"
#include "simulators/kraken/http_server.h"

#include <stdio.h>
#include <stdlib.h>

#define TRADES_MAX     (16u << 20)
#define FILE_BYTES_MAX (1u << 30)

typedef struct settings {
    int64_t port, seed, count, spacing, start, now, page, exclusive, faults, mask, limit;
    const char *trades, *dump;
} settings;

static bool read_settings(int argc, char *const argv[], settings *s)
{
    const struct {
        const char *name;
        int64_t *value;
    } numbers[] = {
        {"--port", &s->port},       {"--seed", &s->seed},           {"--count", &s->count},
        {"--spacing", &s->spacing}, {"--start", &s->start},         {"--now", &s->now},
        {"--page", &s->page},       {"--exclusive", &s->exclusive}, {"--faults", &s->faults},
        {"--mask", &s->mask},       {"--limit", &s->limit},
    };
    for (int i = 1; i + 1 < argc; i += 2) {
        bool is_known = false;
        s1_err ignored = S1_ERR_INIT;
        if (strcmp(argv[i], "--trades") == 0 || strcmp(argv[i], "--dump") == 0) {
            *(argv[i][2] == 't' ? &s->trades : &s->dump) = argv[i + 1];
            continue;
        }
        for (size_t k = 0; k < sizeof numbers / sizeof numbers[0]; k++) {
            if (strcmp(argv[i], numbers[k].name) == 0) {
                is_known =
                    s1_str_parse_i64(s1_str_of(argv[i + 1]), numbers[k].value, &ignored) == S1_OK;
            }
        }
        if (!is_known) {
            (void)fprintf(stderr, "kraken: '%s %s' is no option\n", argv[i], argv[i + 1]);
            return false;
        }
    }
    return argc % 2 == 1;
}

static bool parse_line(s1_str line, s1_sim_trade *trade)
{
    int64_t *const fields[] = {&trade->id, &trade->time, &trade->price, &trade->quantity};
    s1_str part;
    s1_err ignored = S1_ERR_INIT;
    size_t count = 0;
    for (bool is_done = false; s1_str_split(&line, ',', &part, &is_done); count++) {
        if (count < 4 && s1_str_parse_i64(part, fields[count], &ignored) != S1_OK) {
            return false;
        }
        trade->is_buy = s1_str_eq_cstr(part, "buy");
    }
    return count == 5;
}

static s1_rc read_trades(const char *path, s1_sim_trade *trades, size_t *ret_count, s1_err *err)
{
    s1_strbuf text;
    s1_strbuf_init(&text, FILE_BYTES_MAX);
    s1_rc rc = s1_fs_read_all(s1_fs_real(), path, FILE_BYTES_MAX, &text, err);
    s1_str rest = s1_strbuf_view(&text), line;
    size_t count = 0;
    for (bool is_done = false; rc == S1_OK && s1_str_split(&rest, '\n', &line, &is_done);) {
        if (line.len > 0 && (count == TRADES_MAX || !parse_line(line, &trades[count++]))) {
            rc = S1_RAISE(err, S1_E_DATA, "%s: line %zu is no trade", path, count);
        }
    }
    s1_strbuf_done(&text);
    *ret_count = count;
    return rc;
}

static s1_rc dump_trades(const char *path, const s1_sim_trade *trades, size_t count, s1_err *err)
{
    s1_strbuf text;
    s1_strbuf_init(&text, FILE_BYTES_MAX);
    for (size_t i = 0; i < count; i++) {
        const s1_sim_trade *const t = &trades[i];
        s1_strbuf_printf(&text, "%lld,%lld,%lld,%lld,%s\n", (long long)t->id, (long long)t->time,
                         (long long)t->price, (long long)t->quantity, t->is_buy ? "buy" : "sell");
    }
    s1_rc rc = s1_strbuf_check(&text, err);
    if (rc == S1_OK) {
        rc = s1_fs_write_file(s1_fs_real(), path, s1_strbuf_view(&text), err);
    }
    s1_strbuf_done(&text);
    return rc;
}

static void print_counts(const s1_sim_exchange *x)
{
    (void)printf("{\"requests\":%llu,\"refused\":%llu,\"pages\":%llu,\"rows\":%llu,\"faults\":{",
                 (unsigned long long)x->requests, (unsigned long long)x->refused,
                 (unsigned long long)x->pages, (unsigned long long)x->rows);
    for (int32_t f = 1; f < S1_SIM_FAULTS; f++) {
        (void)printf("%s\"%s\":%llu", f > 1 ? "," : "", s1_sim_fault_name(f),
                     (unsigned long long)x->faults[f]);
    }
    (void)printf("}}\n");
}

static s1_rc serve(const settings *s, s1_sim_trade *trades, s1_err *err)
{
    size_t count = (size_t)s->count;
    if (s->trades != NULL) {
        S1_TRY(err, read_trades(s->trades, trades, &count, err));
    } else {
        s1_sim_trades_random(trades, count, s->start * S1_NANOS_PER_SECOND, s->spacing * 1000000,
                             (uint64_t)s->seed);
    }
    if (s->dump != NULL) {
        S1_TRY(err, dump_trades(s->dump, trades, count, err));
    }
    s1_sim_exchange exchange;
    s1_sim_exchange_init(&exchange, &(s1_sim_exchange_options){
                                        .id = "XXBTZUSD",
                                        .altname = "XBTUSD",
                                        .wsname = "XBT/USD",
                                        .price_decimals = 1,
                                        .lot_decimals = 8,
                                        .page = (uint32_t)s->page,
                                        .is_since_exclusive = s->exclusive != 0,
                                        .trades = trades,
                                        .trade_count = count,
                                        .now = s->now * S1_NANOS_PER_SECOND,
                                        .counter_max = (uint32_t)s->limit,
                                        .counter_decay = S1_NANOS_PER_SECOND,
                                        .fault_permille = (uint32_t)s->faults,
                                        .fault_mask = (uint32_t)s->mask,
                                        .seed = (uint64_t)s->seed,
                                    });
    s1_sim_server *server = NULL;
    S1_TRY(err, s1_sim_server_new(&exchange, s1_clock_real(), (uint16_t)s->port, &server, err));
    (void)printf("port %u\n", s1_sim_server_port(server));
    (void)fflush(stdout);
    s1_rc rc = S1_OK;
    while (rc == S1_OK && s1_proc_stop_requested() == 0) {
        rc = s1_sim_server_step(server, S1_NANOS_PER_SECOND / 10, err);
    }
    s1_sim_server_free(server);
    print_counts(&exchange);
    return rc;
}

int main(int argc, char *argv[])
{
    settings s = {.count = 10000, .spacing = 2000, .start = 1700000000};
    s1_err err = S1_ERR_INIT;
    if (!read_settings(argc, argv, &s) || s.count < 0 || s.count > TRADES_MAX) {
        (void)fprintf(stderr, "kraken: see simulators/kraken/main.c for its options\n");
        return 2;
    }
    s1_sim_trade *const trades = calloc(TRADES_MAX, sizeof *trades);
    s1_rc rc = trades != NULL ? s1_proc_install_signals(&err) : S1_E_NO_MEMORY;
    if (rc == S1_OK) {
        rc = serve(&s, trades, &err);
    }
    if (rc != S1_OK) {
        (void)fprintf(stderr, "kraken: %s\n", err.msg);
    }
    free(trades);
    return rc == S1_OK ? 0 : 1;
}
