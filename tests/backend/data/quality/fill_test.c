/* Bars made where none is stored: exact, wherever the range is cut, and counted before. */
#include "backend/data/quality/fill.h"

#include "backend/data/persistors/memory_persistor.h"
#include "backend/utils/timefmt.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOUR   S1_NANOS_PER_HOUR
#define MINUTE S1_NANOS_PER_MINUTE
#define START  1483228800000000000LL /* 2017-01-01, a Sunday */

typedef struct series {
    size_t count, capacity;
    s1_nanos *time;
    int64_t *v[5];
    uint8_t *marks;
} series;

static void add(series *s, s1_nanos time, const int64_t v[5], uint8_t mark)
{
    if (s->count == s->capacity) {
        s->capacity = s->capacity == 0 ? 256 : 2 * s->capacity;
        s->time = realloc(s->time, s->capacity * sizeof *s->time);
        s->marks = realloc(s->marks, s->capacity);
        for (size_t c = 0; c < 5; c++) {
            s->v[c] = realloc(s->v[c], s->capacity * sizeof *s->v[c]);
        }
    }
    s->time[s->count] = time;
    s->marks[s->count] = mark;
    for (size_t c = 0; c < 5; c++) {
        s->v[c][s->count] = v[c];
    }
    s->count++;
}

static void done(series *s)
{
    free(s->time);
    free(s->marks);
    for (size_t c = 0; c < 5; c++) {
        free(s->v[c]);
    }
    memset(s, 0, sizeof *s);
}

static void save(s1_data_persistor *p, const s1_stream_key *key, const series *s)
{
    s1_err err = S1_ERR_INIT;
    const s1_bar_batch batch = {.count = s->count,
                                .open_time = s->time,
                                .open = s->v[0],
                                .high = s->v[1],
                                .low = s->v[2],
                                .close = s->v[3],
                                .volume = s->v[4]};
    const s1_save_options options = {
        .price_scale = 2, .qty_scale = 8, .overlap = S1_OVERLAP_REPLACE};
    if (s1_data_save_ohlcv(p, key, &batch, &options, NULL, &err) != S1_OK) {
        fail_msg("%s", err.msg);
    }
}

static series load(s1_data_persistor *p, const s1_stream_key *key, s1_time_range range,
                   int32_t policy, const s1_session *session)
{
    s1_bar_reader *reader = NULL;
    s1_err err = S1_ERR_INIT;
    series s = {0};
    if (s1_fill_load(p, key, range, policy, session, &reader, &err) != S1_OK) {
        fail_msg("%s", err.msg);
    }
    uint64_t made = 0;
    for (s1_bar_batch b = {.count = 1}; b.count > 0;) {
        assert_int_equal(s1_bar_reader_next(reader, &b, &err), S1_OK);
        const uint8_t *const marks = s1_fill_marks(reader);
        assert_true((marks == NULL) == (policy == S1_FILL_NONE));
        for (size_t i = 0; i < b.count; i++) {
            const int64_t v[5] = {b.open[i], b.high[i], b.low[i], b.close[i], b.volume[i]};
            add(&s, b.open_time[i], v, marks != NULL ? marks[i] : 0);
            made += s.marks[s.count - 1];
        }
    }
    assert_int_equal(s.count, reader->rows_total);
    assert_int_equal(made, s1_fill_count(reader));
    s1_bar_reader_close(reader);
    return s;
}

static void expect_same(const series *a, const series *b)
{
    assert_int_equal(a->count, b->count);
    assert_memory_equal(a->time, b->time, a->count * sizeof *a->time);
    for (size_t c = 0; c < 5; c++) {
        assert_memory_equal(a->v[c], b->v[c], a->count * sizeof *a->v[c]);
    }
}

/* The definition, without cleverness: what a list with every missing bar would be. */
static series fill_plainly(const series *s, s1_nanos timeframe, const s1_session *session)
{
    series filled = {0};
    for (size_t i = 0; i < s->count; i++) {
        if (i > 0) {
            const int64_t close = s->v[3][i - 1];
            const int64_t flat[5] = {close, close, close, close, 0};
            for (s1_nanos t = s->time[i - 1] + timeframe; t < s->time[i]; t += timeframe) {
                if (s1_session_open_slots(session, t - 1, t + 1, 1).count == 1) {
                    add(&filled, t, flat, 1);
                }
            }
        }
        const int64_t v[5] = {s->v[0][i], s->v[1][i], s->v[2][i], s->v[3][i], s->v[4][i]};
        add(&filled, s->time[i], v, 0);
    }
    return filled;
}

static const s1_stream_key hourly = {{"BTC/USD", 7}, HOUR, S1_DATA_OHLCV, 0, {"", 0}};

/* Hours of `pattern`: x is there, a dot is not. */
static series make(const char *pattern)
{
    series s = {0};
    for (size_t i = 0; pattern[i] != '\0'; i++) {
        if (pattern[i] == 'x') {
            const int64_t close = 1000 + (int64_t)(i * i % 37);
            const int64_t v[5] = {close - 3, close + 5, close - 5, close, (int64_t)i % 4};
            add(&s, START + (s1_nanos)i * HOUR, v, 0);
        }
    }
    return s;
}

static void every_cut_is_a_part_of_the_whole(void **state)
{
    (void)state;
    static const char pattern[] = "x.x..xx...xxxx......x.xx..x";
    const series stored = make(pattern);
    s1_data_persistor *p = NULL;
    assert_int_equal(s1_memory_persistor_new(&p, NULL), S1_OK);
    save(p, &hourly, &stored);
    s1_session sessions[2];
    memset(sessions, 0, sizeof sessions);
    assert_int_equal(
        s1_session_add_outage(&sessions[1], S1_STR("2017-01-01T08:00..2017-01-01T16:00"), NULL),
        S1_OK);
    for (size_t k = 0; k < 2; k++) {
        series whole = fill_plainly(&stored, HOUR, &sessions[k]);
        for (int64_t from = -2; from < 29; from++) {
            for (int64_t to = from; to < 30; to++) {
                for (int64_t half = 0; half < 2; half++) {
                    const s1_time_range range = {START + from * HOUR - half * MINUTE,
                                                 START + to * HOUR + half * MINUTE};
                    series part = {0};
                    for (size_t i = 0; i < whole.count; i++) {
                        const int64_t v[5] = {whole.v[0][i], whole.v[1][i], whole.v[2][i],
                                              whole.v[3][i], whole.v[4][i]};
                        if (whole.time[i] >= range.from && whole.time[i] < range.to) {
                            add(&part, whole.time[i], v, 0);
                        }
                    }
                    series got = load(p, &hourly, range, S1_FILL_PREVIOUS_CLOSE, &sessions[k]);
                    expect_same(&part, &got);
                    done(&part);
                    done(&got);
                }
            }
        }
        done(&whole);
    }
    series none = load(p, &hourly, S1_RANGE_ALL, S1_FILL_NONE, NULL);
    expect_same(&stored, &none);
    done(&none);
    s1_data_persistor_free(p);
    series given = stored;
    done(&given);
}

/* More bars than a batch holds, in one gap and over many. */
static void long_gaps_cross_batches(void **state)
{
    (void)state;
    s1_data_persistor *p = NULL;
    series stored = {0};
    const int64_t v[5] = {10, 12, 8, 11, 5};
    add(&stored, START, v, 0);
    for (int64_t i = 0; i < 3000; i++) {
        add(&stored, START + (5000 + 2 * i) * HOUR, v, 0);
    }
    assert_int_equal(s1_memory_persistor_new(&p, NULL), S1_OK);
    save(p, &hourly, &stored);
    const s1_session always = {0};
    series whole = fill_plainly(&stored, HOUR, &always);
    series got = load(p, &hourly, S1_RANGE_ALL, S1_FILL_PREVIOUS_CLOSE, NULL);
    assert_int_equal(got.count, 5000 + 2 * 2999 + 1);
    expect_same(&whole, &got);
    done(&whole);
    done(&got);
    done(&stored);
    s1_data_persistor_free(p);
}

static void a_weekend_is_not_filled(void **state)
{
    (void)state;
    s1_data_persistor *p = NULL;
    s1_session fx = {0};
    series stored = {0};
    const int64_t v[5] = {10, 12, 8, 11, 5};
    add(&stored, START + 5 * 24 * HOUR + 18 * HOUR, v, 0); /* Friday 18:00 */
    add(&stored, START + 8 * 24 * HOUR + HOUR, v, 0);      /* Monday 01:00 */
    assert_int_equal(s1_memory_persistor_new(&p, NULL), S1_OK);
    assert_int_equal(s1_session_add_named(&fx, S1_STR("fx"), NULL), S1_OK);
    save(p, &hourly, &stored);
    series got = load(p, &hourly, S1_RANGE_ALL, S1_FILL_PREVIOUS_CLOSE, &fx);
    /* 19:00, 20:00; Sunday 22:00, 23:00, Monday 00:00 */
    assert_int_equal(got.count, 7);
    assert_int_equal(got.time[2], START + 5 * 24 * HOUR + 20 * HOUR);
    assert_int_equal(got.time[3], START + 7 * 24 * HOUR + 22 * HOUR);
    assert_int_equal(got.v[0][3], 11);
    assert_int_equal(got.v[4][3], 0);
    done(&got);
    done(&stored);
    s1_data_persistor_free(p);
}

static int64_t mantissa(const char *text, int digits)
{
    char all[64];
    size_t length = 0;
    int behind = -1;
    for (; *text != '\0' && *text != ',' && length < 40; text++) {
        if (*text == '.') {
            behind = 0;
        } else {
            all[length++] = *text;
            behind += behind >= 0 ? 1 : 0;
        }
    }
    for (behind = behind < 0 ? 0 : behind; behind < digits; behind++) {
        all[length++] = '0';
    }
    all[length] = '\0';
    return strtoll(all, NULL, 10);
}

/* README 5.1: the archive leaves out bars without trades, REST tells them with no volume. */
static void both_forms_of_kraken_give_one_series(void **state)
{
    (void)state;
    char path[1024], line[512];
    const char *const shared = getenv("S1_SHARED");
    (void)snprintf(path, sizeof path, "%s/data/crypto/kraken/BTCUSDC_1m_2023Q1.csv",
                   shared != NULL ? shared : "../shared");
    FILE *const file = fopen(path, "r");
    if (file == NULL) {
        printf("skipped: %s is not there\n", path);
        return;
    }
    series archive = {0};
    while (fgets(line, sizeof line, file) != NULL) {
        const char *cells[6] = {line};
        for (size_t c = 1; c < 6; c++) {
            cells[c] = strchr(cells[c - 1], ',') + 1;
        }
        const int64_t v[5] = {mantissa(cells[1], 2), mantissa(cells[2], 2), mantissa(cells[3], 2),
                              mantissa(cells[4], 2), mantissa(cells[5], 8)};
        add(&archive, strtoll(line, NULL, 10) * S1_NANOS_PER_SECOND, v, 0);
    }
    assert_int_equal(fclose(file), 0);
    assert_int_equal(archive.count, 56717);
    const s1_session always = {0};
    series rest = fill_plainly(&archive, MINUTE, &always);
    assert_int_equal(rest.count, 56717 + 72883); /* INDEX.md: its holes */
    const s1_stream_key one = {{"BTC/USDC", 8}, MINUTE, S1_DATA_OHLCV, 0, {"", 0}};
    const s1_stream_key other = {{"XBT/USDC", 8}, MINUTE, S1_DATA_OHLCV, 0, {"", 0}};
    s1_data_persistor *p = NULL;
    assert_int_equal(s1_memory_persistor_new(&p, NULL), S1_OK);
    save(p, &one, &archive);
    save(p, &other, &rest);
    series a = load(p, &one, S1_RANGE_ALL, S1_FILL_PREVIOUS_CLOSE, NULL);
    series b = load(p, &other, S1_RANGE_ALL, S1_FILL_PREVIOUS_CLOSE, NULL);
    expect_same(&a, &b);
    expect_same(&a, &rest);
    done(&a);
    done(&b);
    done(&rest);
    done(&archive);
    s1_data_persistor_free(p);
}

static void policies_have_names(void **state)
{
    (void)state;
    int32_t policy = 0;
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_fill_policy_parse(S1_STR("previous_close"), &policy, &err), S1_OK);
    assert_int_equal(policy, S1_FILL_PREVIOUS_CLOSE);
    assert_string_equal(s1_fill_policy_name(S1_FILL_NONE), "none");
    assert_string_equal(s1_fill_policy_name(99), "?");
    assert_int_equal(s1_fill_policy_parse(S1_STR("linear"), &policy, &err), S1_E_INVALID);
    assert_string_equal(err.msg, "fill: found 'linear', expected none or previous_close");
    s1_data_persistor *p = NULL;
    s1_bar_reader *reader = NULL;
    assert_int_equal(s1_memory_persistor_new(&p, NULL), S1_OK);
    assert_int_equal(s1_fill_load(p, &hourly, S1_RANGE_ALL, 7, NULL, &reader, &err), S1_E_INVALID);
    assert_int_equal(
        s1_fill_load(p, &hourly, S1_RANGE_ALL, S1_FILL_PREVIOUS_CLOSE, NULL, &reader, &err),
        S1_E_NOT_FOUND);
    const s1_stream_key trades = {{"BTC/USD", 7}, 0, S1_DATA_TRADES, 0, {"", 0}};
    assert_int_equal(
        s1_fill_load(p, &trades, S1_RANGE_ALL, S1_FILL_PREVIOUS_CLOSE, NULL, &reader, &err),
        S1_E_INVALID);
    s1_data_persistor_free(p);
}

/* Bars come filled through any door, with counts and mean prices; the rest is the archive's. */
static void a_filled_archive_reads_and_is_not_written(void **state)
{
    (void)state;
    s1_data_persistor *p = NULL, *filled = NULL;
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_memory_persistor_new(&p, NULL), S1_OK);
    s1_data_writer *writer = NULL;
    const s1_nanos time[] = {START, START + 3 * HOUR};
    const int64_t price[] = {500, 700}, count[] = {4, 9}, vwap[] = {5001, 7001};
    const s1_market_batch batch = {2, {time, price, price, price, price, count, count, vwap}};
    const s1_market_scales scales = {.price = 2, .qty = 0, .vwap = 3};
    const s1_writer_options options = {.overlap = S1_OVERLAP_REPLACE, .columns = 3u << 6};
    assert_int_equal(s1_data_open_writer(p, &hourly, &options, &writer, &err), S1_OK);
    assert_int_equal(s1_data_writer_append(writer, &batch, &scales, &err), S1_OK);
    assert_int_equal(s1_data_writer_commit(writer, NULL, &err), S1_OK);
    assert_int_equal(s1_fill_persistor_new(p, S1_FILL_PREVIOUS_CLOSE, NULL, &filled, &err), S1_OK);
    s1_bar_reader *reader = NULL;
    s1_bar_batch bars;
    assert_int_equal(s1_data_load_ohlcv(filled, &hourly, S1_RANGE_ALL, &reader, &err), S1_OK);
    assert_int_equal(reader->rows_total, 4);
    assert_int_equal(reader->vwap_scale, 3);
    assert_int_equal(s1_bar_reader_next(reader, &bars, &err), S1_OK);
    assert_int_equal(bars.count, 4);
    assert_int_equal(bars.close[2], 500);
    assert_int_equal(bars.trades[2], 0);
    assert_int_equal(bars.vwap[2], 0);
    assert_int_equal(bars.vwap[3], 7001);
    s1_bar_reader_close(reader);
    assert_int_equal(s1_fill_persistor_made(filled), 2);
    s1_archive_info info = {.size = sizeof info};
    char one[S1_SHA256_HEX], other[S1_SHA256_HEX];
    assert_int_equal(s1_data_get_info(filled, &hourly, &info, &err), S1_OK);
    assert_int_equal(info.rows, 2);
    assert_int_equal(s1_data_get_content_hash(p, &hourly, one, &err), S1_OK);
    assert_int_equal(s1_data_get_content_hash(filled, &hourly, other, &err), S1_OK);
    assert_string_equal(one, other);
    assert_int_equal(s1_data_open_writer(filled, &hourly, &options, &writer, &err), S1_E_DENIED);
    assert_string_equal(err.msg, "BTC/USD 1h ohlcv: a filled archive cannot be written");
    assert_int_equal(s1_data_prune_versions(filled, &hourly, 0, NULL, &err), S1_E_DENIED);
    assert_int_equal(s1_fill_persistor_new(p, 9, NULL, &filled, &err), S1_E_INVALID);
    s1_data_persistor_free(filled);
    s1_data_persistor_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cut_is_a_part_of_the_whole),
        cmocka_unit_test(long_gaps_cross_batches),
        cmocka_unit_test(a_weekend_is_not_filled),
        cmocka_unit_test(both_forms_of_kraken_give_one_series),
        cmocka_unit_test(a_filled_archive_reads_and_is_not_written),
        cmocka_unit_test(policies_have_names),
    };
    return cmocka_run_group_tests_name("fill", tests, NULL, NULL);
}
