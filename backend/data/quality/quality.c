#include "backend/data/quality/quality.h"

#include "backend/core/order_book.h"
#include "backend/utils/assert.h"
#include "backend/utils/timefmt.h"
#include "s1mple/decimal.h"
#include "s1mple/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RING_MAX       (2 * S1_QUALITY_WINDOW_MAX + 1)
#define NEIGHBOURS_MIN 5u  /* closes a median is believed from */
#define VOLUMES_MIN    8u  /* volumes the last one is held against */
#define ABSURD_FACTOR  10  /* off the median: no market does that and comes back */
#define OUTLIER_PART   10  /* a tenth of the median at least, */
#define OUTLIER_MADS   15  /* and so many median deviations: ten sigma of a normal one */
#define PARTIAL_FACTOR 10  /* of the volumes before */
#define STRAIGHT_PART  256 /* a step changes by less than this part of itself */
#define STRAIGHT_BARS  4u
#define MISTAKEN_BARS  8u /* volumes like prices in a row that are no chance */
#define JUMP_BARS      3u /* each side that must stand at its level */

/* A row of any type. Of a trade all four prices are its own; of a quote the low is the bid, the
 * high the ask, and open and close are the middle, cut. */
typedef struct bar {
    s1_nanos time;
    uint64_t row;
    int64_t open, high, low, close, volume;
    int64_t vwap, id;  /* where has_vwap, has_id */
    s1_nanos received; /* where has_received */
    uint8_t side;      /* of a trade */
    bool has_vwap, has_id, has_received;
} bar;

/* Findings of one kind. `run` is the one that rows are still added to. */
typedef struct list {
    s1_quality_finding *items;
    size_t count, capacity;
    s1_quality_count total;
    s1_quality_finding run;
    bool is_running;
} list;

struct s1_quality_checker {
    s1_quality_options options;
    int32_t data_type;         /* enum s1_data_type */
    s1_nanos timeframe, phase; /* 0: no bars; phase: of the first row on the grid of it */
    uint32_t price_scale, qty_scale, vwap_scale;
    int64_t price_unit, qty_unit; /* 10 to the power of the other's scale: bars */
    uint64_t rows;
    s1_nanos first, latest; /* latest: the highest open time so far */
    bar last, before_last;
    bar equal_since; /* first of the equal closes that end with `last` */
    uint64_t equal_rows;
    bar volume_since;             /* first of the volumes that look like prices */
    uint64_t volume_rows;         /* how many that end with `last` */
    uint64_t straight_rows;       /* bars on one line that end with `last`; 0: none */
    bar straight_since;           /* first of them */
    bar ring[RING_MAX];           /* the newest rows, by row % (2 * window + 1) */
    int64_t sorted[RING_MAX];     /* their closes */
    size_t sorted_count;          /* also rows in the ring */
    list lists[S1_QUALITY_KINDS]; /* by enum s1_quality_kind */
    s1_order_book *book;          /* owned; of a book */
};

/* --- Names ------------------------------------------------------------------------------------ */

static const struct {
    const char *name, *meaning;
    int32_t severity;
} kinds[S1_QUALITY_KINDS] = {
#define X(name, text, severity, meaning) {text, meaning, S1_QUALITY_##severity},
    S1_QUALITY_KIND_MAP(X)
#undef X
};

static bool is_kind(int32_t kind)
{
    return kind >= 0 && kind < S1_QUALITY_KINDS;
}

const char *s1_quality_kind_name(int32_t kind)
{
    return is_kind(kind) ? kinds[kind].name : "?";
}

const char *s1_quality_kind_meaning(int32_t kind)
{
    return is_kind(kind) ? kinds[kind].meaning : "?";
}

int32_t s1_quality_kind_severity(int32_t kind)
{
    return is_kind(kind) ? kinds[kind].severity : 0;
}

const char *s1_quality_severity_name(int32_t severity)
{
    switch (severity) {
    case S1_QUALITY_ERROR:
        return "error";
    case S1_QUALITY_WARNING:
        return "warning";
    case S1_QUALITY_INFO:
        return "info";
    default:
        return "?";
    }
}

/* --- Findings --------------------------------------------------------------------------------- */

static s1_rc keep(s1_quality_checker *c, const s1_quality_finding *finding, s1_err *err)
{
    list *const to = &c->lists[finding->kind];
    to->total.findings++;
    to->total.rows += finding->rows;
    if (to->count >= c->options.findings_max) {
        return S1_OK;
    }
    if (to->count == to->capacity) {
        const size_t capacity = to->capacity == 0 ? 16 : to->capacity * 2;
        s1_quality_finding *const grown = realloc(to->items, capacity * sizeof *grown);
        if (grown == NULL) {
            return S1_RAISE(err, S1_E_NO_MEMORY, "findings");
        }
        to->items = grown;
        to->capacity = capacity;
    }
    to->items[to->count++] = *finding;
    return S1_OK;
}

static s1_quality_finding make(int32_t kind, const bar *at)
{
    return (s1_quality_finding){.kind = kind,
                                .severity = kinds[kind].severity,
                                .first = at->time,
                                .last = at->time,
                                .row = at->row,
                                .rows = 1};
}

static s1_rc end_run(s1_quality_checker *c, int32_t kind, s1_err *err)
{
    list *const of = &c->lists[kind];
    if (!of->is_running) {
        return S1_OK;
    }
    of->is_running = false;
    return keep(c, &of->run, err);
}

/* Adds a row to the run of a kind; the texts of a run are those of its first row, which the caller
 * writes into what is returned (NULL: it is not the first). */
static s1_rc add_to_run(s1_quality_checker *c, int32_t kind, const bar *at,
                        s1_quality_finding **ret_new, s1_err *err)
{
    list *const of = &c->lists[kind];
    *ret_new = NULL;
    if (of->is_running && of->run.row + of->run.rows == at->row) {
        of->run.rows++;
        of->run.last = at->time;
        return S1_OK;
    }
    S1_TRY(err, end_run(c, kind, err));
    of->run = make(kind, at);
    of->is_running = true;
    *ret_new = &of->run;
    return S1_OK;
}

static const char *decimal(int64_t mantissa, uint32_t scale, char out[S1_DEC_TEXT_MAX])
{
    (void)s1_dec_print(s1_dec_from_mantissa(mantissa, scale), out);
    return out;
}

S1_PRINTF(2, 3) static void say(char to[S1_QUALITY_TEXT_MAX], const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(to, S1_QUALITY_TEXT_MAX, format, args);
    va_end(args);
}

static void say_time(char to[S1_QUALITY_TEXT_MAX], const char *before, s1_nanos time)
{
    char text[S1_TIME_TEXT_MAX];
    (void)s1_time_print_short(time, text);
    say(to, "%s%s", before, text);
}

/* "high 8.5" */
static void say_price(const s1_quality_checker *c, char to[S1_QUALITY_TEXT_MAX], const char *before,
                      int64_t price)
{
    char text[S1_DEC_TEXT_MAX];
    say(to, "%s %s", before, decimal(price, c->price_scale, text));
}

/* --- Order, grid, holes ----------------------------------------------------------------------- */

static s1_nanos phase_of(s1_nanos time, s1_nanos timeframe)
{
    const s1_nanos rest = time % timeframe;
    return rest < 0 ? rest + timeframe : rest;
}

static s1_rc check_clock(s1_quality_checker *c, const bar *b, s1_err *err)
{
    const bool is_off = c->timeframe > 0 && phase_of(b->time, c->timeframe) != c->phase;
    if (!is_off && b->time <= c->options.as_of) {
        return S1_OK;
    }
    s1_quality_finding *found;
    S1_TRY(err, add_to_run(c, S1_QUALITY_CLOCK_SKEW, b, &found, err));
    if (found == NULL) {
        return S1_OK;
    }
    say_time(found->found, "opens ", b->time);
    if (!is_off) {
        say_time(found->expected, "at the latest ", c->options.as_of);
        return S1_OK;
    }
    char step[S1_TIMEFRAME_TEXT_MAX], offset[S1_TIMEFRAME_TEXT_MAX];
    (void)s1_timeframe_print(c->timeframe, step);
    if (c->phase == 0) {
        say(found->expected, "a multiple of %s", step);
    } else {
        (void)s1_timeframe_print(c->phase, offset);
        say(found->expected, "%s past a multiple of %s, as the first row", offset, step);
    }
    return S1_OK;
}

static s1_rc check_hole(s1_quality_checker *c, const bar *b, s1_err *err)
{
    if ((s1_i128)b->time - c->latest <= c->timeframe) {
        return S1_OK;
    }
    const s1_open_slots missing =
        s1_session_open_slots(&c->options.session, c->latest, b->time, c->timeframe);
    if (missing.count == 0) {
        return S1_OK;
    }
    s1_quality_finding found = make(S1_QUALITY_HOLE, b);
    found.first = missing.first;
    found.last = missing.last;
    found.rows = missing.count;
    say(found.found, "0 bars");
    say(found.expected, "%llu bar%s", (unsigned long long)missing.count,
        missing.count == 1 ? "" : "s");
    return keep(c, &found, err);
}

static s1_rc check_order(s1_quality_checker *c, const bar *b, s1_err *err)
{
    if (c->rows == 0) {
        c->first = c->latest = b->time;
        c->phase = c->timeframe > 0 ? phase_of(b->time, c->timeframe) : 0;
        return S1_OK;
    }
    s1_quality_finding *found = NULL;
    if (b->time == c->last.time) {
        S1_TRY(err, add_to_run(c, S1_QUALITY_DUPLICATE, b, &found, err));
    } else if (b->time <= c->latest) {
        S1_TRY(err, add_to_run(c, S1_QUALITY_OUT_OF_ORDER, b, &found, err));
    } else {
        S1_TRY(err, check_hole(c, b, err));
        c->latest = b->time;
    }
    if (found != NULL) {
        say_time(found->found, "opens ", b->time);
        say_time(found->expected, "later than ", c->latest);
    }
    return S1_OK;
}

static int64_t power_of_ten(uint32_t exponent)
{
    return (int64_t)s1_dec_internal_pow10(exponent);
}

/* --- One bar ---------------------------------------------------------------------------------- */

/* The mean price, by one in its last digit at the most. */
static s1_rc check_vwap(s1_quality_checker *c, const bar *b, s1_err *err)
{
    if (!b->has_vwap || b->volume <= 0 || b->vwap == 0) {
        return S1_OK;
    }
    const s1_i128 low = (s1_i128)b->low * power_of_ten(c->vwap_scale);
    const s1_i128 high = (s1_i128)b->high * power_of_ten(c->vwap_scale);
    const s1_i128 unit = power_of_ten(c->price_scale);
    const s1_i128 vwap = (s1_i128)b->vwap * unit;
    if (vwap + unit >= low && vwap - unit <= high) {
        return S1_OK;
    }
    char text[S1_DEC_TEXT_MAX];
    s1_quality_finding found = make(S1_QUALITY_OUTSIDE_RANGE, b);
    say(found.found, "vwap %s", decimal(b->vwap, c->vwap_scale, text));
    if (vwap < low) {
        say_price(c, found.expected, "at or above the low", b->low);
    } else {
        say_price(c, found.expected, "at or below the high", b->high);
    }
    return keep(c, &found, err);
}

static s1_rc check_range(s1_quality_checker *c, const bar *b, s1_err *err)
{
    if (b->high < b->low) {
        s1_quality_finding found = make(S1_QUALITY_HIGH_BELOW_LOW, b);
        say_price(c, found.found, "high", b->high);
        say_price(c, found.expected, "at or above the low", b->low);
        return keep(c, &found, err);
    }
    const bool is_open = b->open < b->low || b->open > b->high;
    const bool is_close = b->close < b->low || b->close > b->high;
    if (!is_open && !is_close) {
        return check_vwap(c, b, err);
    }
    s1_quality_finding found = make(S1_QUALITY_OUTSIDE_RANGE, b);
    const int64_t price = is_open ? b->open : b->close;
    say_price(c, found.found, is_open ? "open" : "close", price);
    if (price < b->low) {
        say_price(c, found.expected, "at or above the low", b->low);
    } else {
        say_price(c, found.expected, "at or below the high", b->high);
    }
    return keep(c, &found, err);
}

static s1_rc check_volume(s1_quality_checker *c, const bar *b, s1_err *err)
{
    if (b->volume > 0) {
        return S1_OK;
    }
    const int32_t kind = b->volume < 0 ? S1_QUALITY_NEGATIVE_VOLUME : S1_QUALITY_ZERO_VOLUME;
    s1_quality_finding *found;
    S1_TRY(err, add_to_run(c, kind, b, &found, err));
    if (found != NULL) {
        char text[S1_DEC_TEXT_MAX];
        say(found->found, "volume %s", decimal(b->volume, c->qty_scale, text));
        say(found->expected, b->volume < 0 ? "at or above 0" : "above 0");
    }
    return S1_OK;
}

/* --- Bars in a row ---------------------------------------------------------------------------- */

static s1_rc end_equal(s1_quality_checker *c, s1_err *err)
{
    if (c->equal_rows < c->options.frozen_min) {
        return S1_OK;
    }
    s1_quality_finding found = make(S1_QUALITY_FROZEN, &c->equal_since);
    found.last = c->last.time;
    found.rows = c->equal_rows;
    char text[S1_DEC_TEXT_MAX];
    say(found.found, "%llu closes of %s", (unsigned long long)c->equal_rows,
        decimal(c->last.close, c->price_scale, text));
    say(found.expected, "fewer than %u", c->options.frozen_min);
    return keep(c, &found, err);
}

static s1_rc check_frozen(s1_quality_checker *c, const bar *b, s1_err *err)
{
    if (c->equal_rows > 0 && b->volume > 0 && b->close == c->last.close) {
        c->equal_rows++;
        return S1_OK;
    }
    S1_TRY(err, end_equal(c, err));
    c->equal_rows = b->volume > 0 ? 1 : 0;
    c->equal_since = *b;
    return S1_OK;
}

static s1_rc end_mistaken(s1_quality_checker *c, s1_err *err)
{
    if (c->volume_rows < MISTAKEN_BARS) {
        return S1_OK;
    }
    char text[S1_DEC_TEXT_MAX];
    s1_quality_finding found = make(S1_QUALITY_VOLUME_IS_PRICE, &c->volume_since);
    found.last = c->last.time;
    found.rows = c->volume_rows;
    say(found.found, "volume %s, between low and high",
        decimal(c->volume_since.volume, c->qty_scale, text));
    say(found.expected, "volumes that are no prices");
    return keep(c, &found, err);
}

/* Compared exactly: each at the sum of both scales. */
static s1_rc check_mistaken(s1_quality_checker *c, const bar *b, s1_err *err)
{
    const s1_i128 volume = (s1_i128)b->volume * c->qty_unit;
    if (volume > 0 && volume >= (s1_i128)b->low * c->price_unit &&
        volume <= (s1_i128)b->high * c->price_unit && b->volume != c->last.volume) {
        c->volume_since = c->volume_rows == 0 ? *b : c->volume_since;
        c->volume_rows++;
        return S1_OK;
    }
    S1_TRY(err, end_mistaken(c, err));
    c->volume_rows = 0;
    return S1_OK;
}

static bool is_straight(int64_t a, int64_t b, int64_t c)
{
    const int64_t step = b - a;
    const int64_t bend = c - b - step;
    const s1_i128 part = (s1_i128)(bend < 0 ? -bend : bend) * STRAIGHT_PART;
    return step != 0 && part <= (step < 0 ? -step : step);
}

static s1_rc end_straight(s1_quality_checker *c, s1_err *err)
{
    if (c->straight_rows < STRAIGHT_BARS) {
        return S1_OK;
    }
    s1_quality_finding found = make(S1_QUALITY_INTERPOLATED, &c->straight_since);
    found.last = c->last.time;
    found.rows = c->straight_rows;
    say(found.found, "%llu bars on a line", (unsigned long long)c->straight_rows);
    say(found.expected, "prices and volumes that vary");
    return keep(c, &found, err);
}

static s1_rc check_straight(s1_quality_checker *c, const bar *b, s1_err *err)
{
    const bar *const p = &c->last;
    const bar *const q = &c->before_last;
    if (c->rows >= 2 && (s1_i128)b->time - p->time == c->timeframe &&
        (s1_i128)p->time - q->time == c->timeframe && is_straight(q->open, p->open, b->open) &&
        is_straight(q->high, p->high, b->high) && is_straight(q->low, p->low, b->low) &&
        is_straight(q->close, p->close, b->close) && is_straight(q->volume, p->volume, b->volume)) {
        if (c->straight_rows == 0) {
            c->straight_since = *q;
            c->straight_rows = 2;
        }
        c->straight_rows++;
        return S1_OK;
    }
    S1_TRY(err, end_straight(c, err));
    c->straight_rows = 0;
    return S1_OK;
}

/* --- Neighbours ------------------------------------------------------------------------------- */

static size_t ring_size(const s1_quality_checker *c)
{
    return 2 * (size_t)c->options.window + 1;
}

/* Where a close stands, or belongs, in the sorted ones. */
static size_t sorted_slot(const s1_quality_checker *c, int64_t close)
{
    size_t low = 0, high = c->sorted_count;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (c->sorted[middle] < close) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static const bar *ring_at(const s1_quality_checker *c, uint64_t row)
{
    return &c->ring[row % ring_size(c)];
}

/* Takes the oldest row out of the window. */
static void ring_drop(s1_quality_checker *c, uint64_t row)
{
    const size_t slot = sorted_slot(c, ring_at(c, row)->close);
    c->sorted_count--;
    memmove(&c->sorted[slot], &c->sorted[slot + 1], (c->sorted_count - slot) * sizeof *c->sorted);
}

static void ring_add(s1_quality_checker *c, const bar *b)
{
    if (c->sorted_count == ring_size(c)) {
        ring_drop(c, b->row - ring_size(c));
    }
    const size_t slot = sorted_slot(c, b->close);
    memmove(&c->sorted[slot + 1], &c->sorted[slot], (c->sorted_count - slot) * sizeof *c->sorted);
    c->sorted[slot] = b->close;
    c->sorted_count++;
    c->ring[b->row % ring_size(c)] = *b;
}

/* Median of the distances of the sorted closes from their own median. */
static int64_t median_deviation(const s1_quality_checker *c)
{
    const size_t middle = (c->sorted_count - 1) / 2;
    const int64_t median = c->sorted[middle];
    size_t below = middle, above = middle + 1; /* next ones, `below` counted from 1 down */
    int64_t deviation = 0;
    for (size_t taken = 0; taken < middle; taken++) {
        if (above == c->sorted_count ||
            (below > 0 && median - c->sorted[below - 1] <= c->sorted[above] - median)) {
            deviation = median - c->sorted[--below];
        } else {
            deviation = c->sorted[above++] - median;
        }
    }
    return deviation;
}

/* Prices of a bar against the closes of its neighbours. Only the first that is absurd, or the
 * farthest one, is told. */
static s1_rc check_prices(s1_quality_checker *c, const bar *b, s1_err *err)
{
    static const char *const of_bars[] = {"open", "high", "low", "close"};
    static const char *const of_quotes[] = {"", "ask", "bid", ""};
    static const char *const of_others[] = {"price", "price", "price", "price"};
    const char *const *const names = c->data_type == S1_DATA_OHLCV    ? of_bars
                                     : c->data_type == S1_DATA_QUOTES ? of_quotes
                                                                      : of_others;
    const int64_t prices[] = {b->open, b->high, b->low, b->close};
    for (size_t i = 0; i < 4; i++) {
        if (prices[i] <= 0 && names[i][0] != '\0') {
            s1_quality_finding found = make(S1_QUALITY_IMPOSSIBLE_PRICE, b);
            say_price(c, found.found, names[i], prices[i]);
            say(found.expected, "above 0");
            return keep(c, &found, err);
        }
    }
    if (c->data_type == S1_DATA_BOOK) {
        return S1_OK; /* levels may lie anywhere */
    }
    const int64_t median = c->sorted[(c->sorted_count - 1) / 2];
    if (c->sorted_count < NEIGHBOURS_MIN || median <= 0) {
        return S1_OK;
    }
    size_t worst = 0;
    int64_t distance = 0;
    int32_t kind = S1_QUALITY_OUTLIER;
    for (size_t i = 0; i < 4; i++) {
        const s1_i128 price = prices[i];
        if (names[i][0] != '\0' &&
            (price * ABSURD_FACTOR <= median || price >= (s1_i128)median * ABSURD_FACTOR)) {
            kind = S1_QUALITY_IMPOSSIBLE_PRICE;
            worst = i;
            break;
        }
        const int64_t here = prices[i] < median ? median - prices[i] : prices[i] - median;
        if (here > distance && names[i][0] != '\0') {
            distance = here;
            worst = i;
        }
    }
    if (kind == S1_QUALITY_OUTLIER && ((s1_i128)distance * OUTLIER_PART <= median ||
                                       distance <= (s1_i128)median_deviation(c) * OUTLIER_MADS)) {
        return S1_OK;
    }
    s1_quality_finding found = make(kind, b);
    say_price(c, found.found, names[worst], prices[worst]);
    say_price(c, found.expected, "near the median close", median);
    return keep(c, &found, err);
}

/* Does `to` stand as far from `from` as a part over a whole says, or farther, the same way? */
static bool is_away(int64_t from, int64_t to, bool is_down, int64_t part, int64_t whole)
{
    return is_down ? (s1_i128)to * whole <= (s1_i128)from * part
                   : (s1_i128)to * part >= (s1_i128)from * whole;
}

/* A close by 3/8 off the one before, with JUMP_BARS each side (as many as there are) off the other
 * level by a third. */
static s1_rc check_jump(s1_quality_checker *c, uint64_t row, s1_err *err)
{
    const int64_t before = ring_at(c, row - 1)->close, here = ring_at(c, row)->close;
    const bool is_down = here < before;
    if (before <= 0 || here <= 0 || !is_away(before, here, is_down, 5, 8)) {
        return S1_OK;
    }
    for (uint64_t k = 1; k <= JUMP_BARS; k++) {
        if ((row + k < c->rows && !is_away(before, ring_at(c, row + k)->close, is_down, 2, 3)) ||
            (k < row && !is_away(ring_at(c, row - 1 - k)->close, here, is_down, 2, 3))) {
            return S1_OK;
        }
    }
    char price[S1_DEC_TEXT_MAX];
    s1_quality_finding found = make(S1_QUALITY_JUMP, ring_at(c, row));
    say(found.found, "close %s, %.3f of the one before", decimal(here, c->price_scale, price),
        (double)here / (double)before);
    say(found.expected, "near %s", decimal(before, c->price_scale, price));
    return keep(c, &found, err);
}

/* --- Trades ----------------------------------------------------------------------------------- */

static s1_rc check_trade_order(s1_quality_checker *c, const bar *b, s1_err *err)
{
    if (c->rows == 0) {
        c->first = c->latest = b->time;
    }
    if (b->time >= c->latest) {
        c->latest = b->time;
        return S1_OK;
    }
    s1_quality_finding *found;
    S1_TRY(err, add_to_run(c, S1_QUALITY_OUT_OF_ORDER, b, &found, err));
    if (found != NULL) {
        say_time(found->found, "at ", b->time);
        say_time(found->expected, "not before ", c->latest);
    }
    return S1_OK;
}

/* Ids of an exchange count up by one. */
static s1_rc check_id(s1_quality_checker *c, const bar *b, s1_err *err)
{
    if (!b->has_id || c->rows == 0 || b->id - 1 == c->last.id) {
        return S1_OK;
    }
    s1_quality_finding *found = NULL;
    if (b->id == c->last.id) {
        S1_TRY(err, add_to_run(c, S1_QUALITY_DUPLICATE, b, &found, err));
    } else if (b->id < c->last.id) {
        S1_TRY(err, add_to_run(c, S1_QUALITY_OUT_OF_ORDER, b, &found, err));
    } else {
        s1_quality_finding jump = make(S1_QUALITY_ID_JUMP, b);
        jump.rows = (uint64_t)b->id - (uint64_t)c->last.id - 1;
        say(jump.found, "id %lld", (long long)b->id);
        say(jump.expected, "%lld, the next one", (long long)c->last.id + 1);
        return keep(c, &jump, err);
    }
    if (found != NULL) {
        say(found->found, "id %lld", (long long)b->id);
        say(found->expected, "above %lld", (long long)c->last.id);
    }
    return S1_OK;
}

static s1_rc check_received(s1_quality_checker *c, const bar *b, s1_err *err)
{
    if (!b->has_received || b->received >= b->time) {
        return S1_OK;
    }
    s1_quality_finding *found;
    S1_TRY(err, add_to_run(c, S1_QUALITY_RECEIVED_EARLY, b, &found, err));
    if (found != NULL) {
        char text[S1_TIMEFRAME_TEXT_MAX];
        (void)s1_duration_print(b->time - b->received, text);
        say(found->found, "received %s before its time", text);
        say(found->expected, "at its time or later");
    }
    return S1_OK;
}

static s1_rc check_quote(s1_quality_checker *c, const bar *b, s1_err *err)
{
    if (b->low < b->high) {
        return S1_OK;
    }
    s1_quality_finding *found;
    S1_TRY(err, add_to_run(c, b->low > b->high ? S1_QUALITY_CROSSED_QUOTE : S1_QUALITY_LOCKED_QUOTE,
                           b, &found, err));
    if (found != NULL) {
        say_price(c, found->found, "bid", b->low);
        say_price(c, found->expected, "below the ask of", b->high);
    }
    return S1_OK;
}

/* What the last message made of the book; `c->last` is its last row. */
static s1_rc check_book(s1_quality_checker *c, s1_err *err)
{
    if (!c->book->takes || !s1_order_book_is_crossed(c->book)) {
        return S1_OK;
    }
    s1_quality_finding *found;
    S1_TRY(err, add_to_run(c, S1_QUALITY_CROSSED_BOOK, &c->last, &found, err));
    if (found != NULL) {
        say_price(c, found->found, "bid", s1_order_book_level(c->book, S1_BOOK_BID, 0).price);
        say_price(c, found->expected, "below the ask of",
                  s1_order_book_level(c->book, S1_BOOK_ASK, 0).price);
    }
    return S1_OK;
}

static s1_rc add_level(s1_quality_checker *c, const bar *b, const s1_book_row *row, s1_err *err)
{
    if (!s1_order_book_goes_on(c->book, row)) {
        S1_TRY(err, check_book(c, err));
    }
    (void)s1_order_book_take(c->book, row);
    if (c->book->state == S1_BOOK_FOLLOWS) {
        return S1_OK;
    }
    s1_quality_finding *found;
    S1_TRY(err, add_to_run(c, S1_QUALITY_BOOK_UNKNOWN, b, &found, err));
    if (found != NULL) {
        say(found->found, "%s",
            c->book->state == S1_BOOK_IS_LOST ? "messages are missing" : "no snapshot before it");
        say(found->expected, "a snapshot");
    }
    return S1_OK;
}

/* Trades of one time may stand between the two. Where there are ids, they tell. */
static s1_rc check_repeated(s1_quality_checker *c, const bar *b, s1_err *err)
{
    if (b->has_id) {
        return S1_OK;
    }
    for (uint64_t back = 1; back <= c->sorted_count; back++) {
        const bar *const before = ring_at(c, b->row - back);
        if (before->time != b->time) {
            return S1_OK;
        }
        if (before->close == b->close && before->volume == b->volume && before->side == b->side) {
            s1_quality_finding found = make(S1_QUALITY_REPEATED_TRADE, b);
            char price[S1_DEC_TEXT_MAX], quantity[S1_DEC_TEXT_MAX];
            say(found.found, "%s at %s as row %llu", decimal(b->volume, c->qty_scale, quantity),
                decimal(b->close, c->price_scale, price), (unsigned long long)before->row);
            say(found.expected, "once");
            return keep(c, &found, err);
        }
    }
    return S1_OK;
}

/* --- The last bar ----------------------------------------------------------------------------- */

static int compare_int64(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Median volume of the rows before the last one; 0 where there are too few. */
static int64_t median_volume(const s1_quality_checker *c)
{
    int64_t volumes[RING_MAX];
    size_t count = 0;
    for (uint64_t back = 2; back <= ring_size(c) && back <= c->rows; back++) {
        volumes[count++] = ring_at(c, c->rows - back)->volume;
    }
    if (count < VOLUMES_MIN) {
        return 0;
    }
    qsort(volumes, count, sizeof *volumes, compare_int64);
    return volumes[(count - 1) / 2];
}

static s1_rc check_last(s1_quality_checker *c, s1_err *err)
{
    s1_quality_finding found = make(S1_QUALITY_PARTIAL_LAST, &c->last);
    const int64_t usual = median_volume(c);
    if (c->last.time <= c->options.as_of &&
        (s1_i128)c->last.time + c->timeframe > c->options.as_of) {
        say_time(found.found, "ends after ", c->options.as_of);
        say(found.expected, "a bar that is over");
    } else if (c->last.volume > 0 && (s1_i128)c->last.volume * PARTIAL_FACTOR < usual) {
        char text[S1_DEC_TEXT_MAX];
        say(found.found, "volume %s", decimal(c->last.volume, c->qty_scale, text));
        say(found.expected, "near the median of %s", decimal(usual, c->qty_scale, text));
    } else {
        return S1_OK;
    }
    return keep(c, &found, err);
}

/* --- The whole -------------------------------------------------------------------------------- */

s1_rc s1_quality_checker_new_for(const s1_quality_options *options, const s1_stream_key *key,
                                 const s1_market_scales *scales, s1_quality_checker **ret_checker,
                                 s1_err *err)
{
    const uint32_t window = options->window == 0 ? S1_QUALITY_WINDOW_DEFAULT : options->window;
    const uint32_t frozen =
        options->frozen_min == 0 ? S1_QUALITY_FROZEN_DEFAULT : options->frozen_min;
    if (window < 4 || window > S1_QUALITY_WINDOW_MAX) {
        return S1_RAISE(err, S1_E_INVALID, "neighbours: found %u, expected 4 to %u", window,
                        S1_QUALITY_WINDOW_MAX);
    }
    if (frozen < 2) {
        return S1_RAISE(err, S1_E_INVALID, "frozen: found %u, expected at least 2", frozen);
    }
    if (options->findings_max > S1_QUALITY_SHOWN_MAX) {
        return S1_RAISE(err, S1_E_INVALID, "findings: found %u of a kind, expected at most %u",
                        options->findings_max, S1_QUALITY_SHOWN_MAX);
    }
    const s1_nanos timeframe = key->timeframe;
    if (timeframe < 0 || scales->price > S1_SCALE_MAX || scales->qty > S1_SCALE_MAX ||
        scales->vwap > S1_SCALE_MAX) {
        return S1_RAISE(
            err, S1_E_INVALID,
            "found timeframe %lld ns and scales %u and %u, expected at least 0 ns and at "
            "most %u",
            (long long)timeframe, scales->price, scales->qty, S1_SCALE_MAX);
    }
    s1_quality_checker *const made = calloc(1, sizeof *made);
    if (made == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "a quality checker");
    }
    if (key->data_type == S1_DATA_BOOK &&
        s1_order_book_new(S1_BOOK_LEVELS_DEFAULT, s1_order_book_cuts(key->source), &made->book,
                          err) != S1_OK) {
        free(made);
        return S1_E_NO_MEMORY;
    }
    made->options = *options;
    made->options.window = window;
    made->options.frozen_min = frozen;
    made->data_type = key->data_type;
    made->timeframe = timeframe;
    made->price_scale = scales->price;
    made->qty_scale = scales->qty;
    made->vwap_scale = scales->vwap;
    made->price_unit = power_of_ten(scales->qty);
    made->qty_unit = power_of_ten(scales->price);
    *ret_checker = made;
    return S1_OK;
}

s1_rc s1_quality_checker_new(const s1_quality_options *options, s1_nanos timeframe,
                             uint32_t price_scale, uint32_t qty_scale,
                             s1_quality_checker **ret_checker, s1_err *err)
{
    const s1_stream_key key = {.timeframe = timeframe,
                               .data_type = timeframe == 0 ? S1_DATA_TRADES : S1_DATA_OHLCV};
    const s1_market_scales scales = {.price = price_scale, .qty = qty_scale};
    return s1_quality_checker_new_for(options, &key, &scales, ret_checker, err);
}

void s1_quality_checker_free(s1_quality_checker *checker)
{
    if (checker == NULL) {
        return;
    }
    for (size_t i = 0; i < S1_QUALITY_KINDS; i++) {
        free(checker->lists[i].items);
    }
    s1_order_book_free(checker->book);
    free(checker);
}

static s1_rc add_bar(s1_quality_checker *c, const bar *b, s1_err *err)
{
    S1_TRY(err, check_order(c, b, err));
    S1_TRY(err, check_range(c, b, err));
    S1_TRY(err, check_frozen(c, b, err));
    S1_TRY(err, check_mistaken(c, b, err));
    return check_straight(c, b, err);
}

static s1_rc add_tick(s1_quality_checker *c, const bar *b, s1_err *err)
{
    S1_TRY(err, check_trade_order(c, b, err));
    S1_TRY(err, check_received(c, b, err));
    switch (c->data_type) {
    case S1_DATA_TRADES:
        S1_TRY(err, check_id(c, b, err));
        return check_repeated(c, b, err);
    case S1_DATA_QUOTES:
        return check_quote(c, b, err);
    default:
        return S1_OK;
    }
}

static s1_rc add_row(s1_quality_checker *c, const bar *b, s1_err *err)
{
    S1_TRY(err, c->data_type == S1_DATA_OHLCV ? add_bar(c, b, err) : add_tick(c, b, err));
    S1_TRY(err, check_clock(c, b, err));
    const bool has_volume = c->data_type == S1_DATA_OHLCV || c->data_type == S1_DATA_TRADES;
    if (has_volume || b->volume < 0) {
        S1_TRY(err, check_volume(c, b, err));
    }
    ring_add(c, b);
    c->before_last = c->last;
    c->last = *b;
    c->rows++;
    if (c->timeframe > 0 && b->row > JUMP_BARS) {
        S1_TRY(err, check_jump(c, b->row - JUMP_BARS, err));
    }
    if (c->rows > c->options.window) {
        S1_TRY(err, check_prices(c, ring_at(c, b->row - c->options.window), err));
    }
    return S1_OK;
}

static int64_t at_row(const s1_market_batch *batch, size_t column, size_t i)
{
    return ((const int64_t *)batch->columns[column])[i];
}

/* What there is of an optional column. */
static bool optional(const s1_market_batch *batch, size_t column, size_t i, int64_t *ret_value)
{
    if (batch->columns[column] == NULL) {
        return false;
    }
    *ret_value = at_row(batch, column, i);
    return true;
}

/* The columns are those of market_layout.h. */
static bar row_of(const s1_quality_checker *c, const s1_market_batch *m, size_t i)
{
    bar b = {.time = at_row(m, 0, i), .row = c->rows};
    switch (c->data_type) {
    case S1_DATA_OHLCV:
        b.open = at_row(m, 1, i);
        b.high = at_row(m, 2, i);
        b.low = at_row(m, 3, i);
        b.close = at_row(m, 4, i);
        b.volume = at_row(m, 5, i);
        b.has_vwap = optional(m, 7, i, &b.vwap);
        break;
    case S1_DATA_TRADES:
        b.open = b.high = b.low = b.close = at_row(m, 1, i);
        b.volume = at_row(m, 2, i);
        b.side = ((const uint8_t *)m->columns[3])[i];
        b.has_id = optional(m, 4, i, &b.id);
        b.has_received = optional(m, 5, i, &b.received);
        break;
    case S1_DATA_QUOTES: {
        int64_t asked = 0;
        b.low = at_row(m, 1, i);
        b.high = at_row(m, 2, i);
        b.open = b.close = b.low + (b.high - b.low) / 2;
        (void)optional(m, 3, i, &b.volume);
        (void)optional(m, 4, i, &asked);
        b.volume = asked < b.volume ? asked : b.volume; /* the one that may be below zero */
        b.has_received = optional(m, 5, i, &b.received);
        break;
    }
    default:
        b.open = b.high = b.low = b.close = at_row(m, 4, i);
        b.volume = at_row(m, 5, i);
        b.has_received = optional(m, 6, i, &b.received);
    }
    return b;
}

s1_rc s1_quality_checker_add_rows(s1_quality_checker *checker, const s1_market_batch *batch,
                                  s1_err *err)
{
    for (size_t i = 0; i < batch->count; i++) {
        const bar b = row_of(checker, batch, i);
        if (checker->book != NULL) {
            const s1_book_row row = s1_book_row_of(batch, i);
            S1_TRY(err, add_level(checker, &b, &row, err));
        }
        S1_TRY(err, add_row(checker, &b, err));
    }
    return S1_OK;
}

s1_rc s1_quality_checker_add(s1_quality_checker *checker, const s1_bar_batch *batch, s1_err *err)
{
    S1_ASSERT(checker->data_type == S1_DATA_OHLCV);
    const s1_market_batch rows = s1_market_batch_of_bars(batch);
    return s1_quality_checker_add_rows(checker, &rows, err);
}

s1_rc s1_quality_checker_add_trades(s1_quality_checker *checker, const s1_trade_batch *batch,
                                    s1_err *err)
{
    S1_ASSERT(checker->data_type == S1_DATA_TRADES);
    const s1_market_batch rows = s1_market_batch_of_trades(batch);
    return s1_quality_checker_add_rows(checker, &rows, err);
}

/* What could not be decided before the last row was known. */
static s1_rc finish(s1_quality_checker *c, s1_err *err)
{
    const uint64_t window = c->options.window;
    for (uint64_t row = c->rows > JUMP_BARS ? c->rows - JUMP_BARS : 1;
         c->timeframe > 0 && row < c->rows; row++) {
        S1_TRY(err, check_jump(c, row, err));
    }
    for (uint64_t row = c->rows > window ? c->rows - window : 0; row < c->rows; row++) {
        while (c->rows - c->sorted_count + window < row) {
            ring_drop(c, c->rows - c->sorted_count);
        }
        S1_TRY(err, check_prices(c, ring_at(c, row), err));
    }
    if (c->timeframe > 0) {
        S1_TRY(err, end_equal(c, err));
        S1_TRY(err, end_straight(c, err));
        S1_TRY(err, end_mistaken(c, err));
    }
    if (c->book != NULL) {
        S1_TRY(err, check_book(c, err));
    }
    for (int32_t kind = 0; kind < S1_QUALITY_KINDS; kind++) {
        S1_TRY(err, end_run(c, kind, err));
    }
    return c->rows > 0 && c->timeframe > 0 ? check_last(c, err) : S1_OK;
}

s1_rc s1_quality_checker_end(s1_quality_checker *checker, s1_quality_report **ret_report,
                             s1_err *err)
{
    S1_TRY(err, finish(checker, err));
    size_t count = 0;
    for (size_t i = 0; i < S1_QUALITY_KINDS; i++) {
        count += checker->lists[i].count;
    }
    s1_quality_report *const report =
        calloc(1, sizeof *report + count * sizeof(s1_quality_finding));
    if (report == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%zu findings", count);
    }
    s1_quality_finding *const findings = (s1_quality_finding *)(report + 1);
    report->rows = checker->rows;
    report->first = checker->first;
    report->last = checker->last.time;
    report->price_scale = checker->price_scale;
    report->qty_scale = checker->qty_scale;
    report->findings = findings;
    for (size_t i = 0; i < S1_QUALITY_KINDS; i++) {
        const list *const from = &checker->lists[i];
        report->counts[i] = from->total;
        if (from->count > 0) {
            memcpy(&findings[report->finding_count], from->items, from->count * sizeof *findings);
            report->finding_count += from->count;
        }
    }
    *ret_report = report;
    return S1_OK;
}

void s1_quality_report_free(s1_quality_report *report)
{
    free(report);
}

static s1_rc tell(const s1_quality_options *options, uint64_t done, uint64_t total)
{
    return options->progress != NULL ? options->progress(options->progress_user, done, total)
                                     : S1_OK;
}

static s1_rc read_rows(s1_quality_checker *checker, s1_market_reader *reader,
                       const s1_quality_options *options, s1_err *err)
{
    s1_rc rc = S1_OK;
    for (; rc == S1_OK; rc = tell(options, checker->rows, reader->rows_total)) {
        s1_market_batch batch;
        S1_TRY(err, s1_market_reader_next(reader, &batch, err));
        if (batch.count == 0) {
            return S1_OK;
        }
        S1_TRY(err, s1_quality_checker_add_rows(checker, &batch, err));
    }
    return rc;
}

s1_rc s1_quality_check(s1_data_persistor *archive, const s1_stream_key *key, s1_time_range range,
                       const s1_quality_options *options, s1_quality_report **ret_report,
                       s1_err *err)
{
    s1_market_reader *reader = NULL;
    s1_quality_checker *checker = NULL;
    S1_TRY(err, s1_data_load(archive, key, range, &reader, err));
    s1_rc rc = s1_quality_checker_new_for(options, key, &reader->scales, &checker, err);
    if (rc == S1_OK) {
        rc = read_rows(checker, reader, options, err);
    }
    if (rc == S1_OK) {
        rc = s1_quality_checker_end(checker, ret_report, err);
    }
    s1_quality_checker_free(checker);
    s1_market_reader_close(reader);
    return rc;
}
