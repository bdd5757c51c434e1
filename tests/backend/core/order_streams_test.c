/* Random streams of orders (ends, slices, icebergs, brackets, closes, moved stops, cancels) through
 * the order manager and the matching engine, against a slow reference that knows neither: whole
 * numbers, one trade at a time, the rules of docs/matching.md word by word, a path dime by dime.
 * What the journal says of each trade must be what the reference says, line by line, and the cash
 * at the end its sum. */
#include "backend/core/order_manager.h"
#include "backend/environments/matching/matching_line.h"
#include "backend/utils/rng.h"
#include "backend/utils/uid.h"
#include "tests/backend/operators/kernel_fixture.h"

#define TRADES  48u
#define BARS    60u
#define LINES   160u
#define LINE    96u
#define CAPITAL 1000000000 /* nothing is refused for want of cash */

/* --- The script: what happens, decided before anything runs. -----------------------------------
 */

typedef struct candle {
    int64_t open_time, close_time, open, high, low, close; /* prices in cents */
    bool is_empty;                                         /* nothing was traded */
    int64_t volume;                                        /* thousandths; 0: the usual 1000 */
} candle;

enum action_kind { ACT_ENTER, ACT_CLOSE, ACT_STOP, ACT_CANCEL, ACT_AMEND };

typedef struct action {
    enum action_kind kind;
    uint32_t bar, trade;
    int64_t price;    /* ACT_STOP; ACT_AMEND: the trigger, 0: as it is */
    int64_t quantity; /* ACT_CLOSE; thousandths, 0: all; ACT_AMEND: 0: as it is */
    int64_t limit;    /* ACT_AMEND, 0: as it is */
} action;

typedef struct wish { /* a plan */
    int32_t direction, type, tif;
    bool is_post_only;
    int64_t price, quantity, display, stop, target; /* cents, thousandths; 0: none */
    int64_t limit;                                  /* once it is triggered */
    int64_t trail[2], trail_e4[2], trail_from[2]; /* of the entry, of the stop; hundredths of a % */
    int64_t expires_at, interval;
    uint32_t slices;
} wish;

typedef struct script {
    uint64_t seed;
    int64_t slippage_bp; /* hundredths of a percent */
    int32_t model;       /* enum s1_slippage_model; 0: slippage_bp */
    int64_t value;       /* cents, ticks, or the impact */
    int64_t share;       /* of a bar's volume, hundredths; 0: any. One trade at a time then */
    s1_latency latency;
    int32_t ambiguity;
    s1_fill_rules rules;
    candle bars[BARS];
    wish wishes[TRADES];
    action actions[BARS * 4];
    uint32_t trade_count, action_count;
} script;

static int64_t pick(s1_rng *rng, int64_t low, int64_t high)
{
    return low + (int64_t)s1_rng_below(rng, (uint64_t)(high - low + 1));
}

/* Whole dimes, so that extremes meet limits often. */
static int64_t near(s1_rng *rng, int64_t price, int64_t reach)
{
    const int64_t moved = price + 10 * pick(rng, -reach, reach);
    return moved < 1000 ? 1000 : moved;
}

static candle random_candle(s1_rng *rng, const candle *last)
{
    const bool has_gap = s1_rng_below(rng, 12) == 0;
    candle bar = {.open_time = last->close_time + (has_gap ? pick(rng, 1, 3) * KERNEL_HOUR : 0)};
    bar.close_time = bar.open_time + KERNEL_HOUR;
    bar.open = s1_rng_below(rng, 3) == 0 ? near(rng, last->close, 12) : last->close;
    bar.close = near(rng, bar.open, 12);
    bar.high = (bar.open > bar.close ? bar.open : bar.close) + 10 * pick(rng, 0, 6);
    bar.low = (bar.open < bar.close ? bar.open : bar.close) - 10 * pick(rng, 0, 6);
    return bar;
}

static bool turns_limit(int32_t type)
{
    return type == S1_ORDER_STOP_LIMIT || type == S1_ORDER_LIMIT_IF_TOUCHED;
}

static wish random_wish(s1_rng *rng, int64_t close, int64_t now)
{
    wish w = {.direction = s1_rng_below(rng, 2) == 0 ? S1_LONG : S1_SHORT,
              .type = 1 + (int32_t)s1_rng_below(rng, s1_rng_below(rng, 2) == 0 ? 3 : 6),
              .tif = S1_TIF_GTC,
              .quantity = pick(rng, 5, 4000)};
    const int64_t sign = w.direction == S1_LONG ? 1 : -1;
    w.price = w.type == S1_ORDER_MARKET ? 0 : near(rng, close, 12);
    if (w.type == S1_ORDER_LIMIT && s1_rng_below(rng, 3) != 0) { /* mostly resting */
        w.price = close - sign * 10 * pick(rng, 0, 15);
    }
    if (turns_limit(w.type)) {
        w.limit = near(rng, w.price, 8);
        w.is_post_only = s1_rng_below(rng, 5) == 0;
        w.tif = s1_rng_below(rng, 5) == 0 ? S1_TIF_IOC : S1_TIF_GTC;
    }
    /* Stop and target lie on both sides of every price the entry can have. */
    const int64_t base = w.price != 0 ? w.price : close;
    const int64_t other = w.limit != 0 ? w.limit : base;
    const int64_t low = base < other ? base : other;
    const int64_t high = base < other ? other : base;
    const int64_t below = low - 10 * pick(rng, 1, 25);
    const int64_t above = high + 10 * pick(rng, 1, 25);
    w.stop = s1_rng_below(rng, 4) == 0 ? 0 : sign > 0 ? below : above;
    w.target = s1_rng_below(rng, 4) == 0 ? 0 : sign > 0 ? above : below;
    if (w.type == S1_ORDER_MARKET && s1_rng_below(rng, 3) != 0) {
        w.slices = (uint32_t)pick(rng, 2, 5);
        w.interval = pick(rng, 1, 8) * KERNEL_HOUR / 2;
    }
    if (w.type == S1_ORDER_LIMIT) {
        w.is_post_only = s1_rng_below(rng, 4) == 0;
        if (s1_rng_below(rng, 4) != 0) {
            w.display = pick(rng, 1, w.quantity / 2 + 10);
        } else if (s1_rng_below(rng, 4) == 0) {
            w.tif = S1_TIF_IOC;
        }
    }
    if (w.tif == S1_TIF_GTC && s1_rng_below(rng, 3) == 0) {
        w.tif = S1_TIF_GTD;
        w.expires_at = now + pick(rng, 1, 24) * KERNEL_HOUR / 2;
    }
    for (int i = 0; i < 2; i++) { /* some stops trail */
        const bool is_stop = i == 1 || w.type == S1_ORDER_STOP || w.type == S1_ORDER_STOP_LIMIT;
        if (!is_stop || (i == 1 && w.stop == 0) || s1_rng_below(rng, 3) == 0) {
            continue;
        }
        if (s1_rng_below(rng, 2) == 0) {
            w.trail[i] = pick(rng, 3, 200);
        } else {
            w.trail_e4[i] = pick(rng, 3, 250);
        }
        w.trail_from[i] = s1_rng_below(rng, 3) == 0 ? near(rng, base, 15) : 0;
    }
    return w;
}

/* A preset, or any value of every knob; and some bars without volume. */
static void random_rules(s1_rng *rng, script *s)
{
    for (uint32_t i = 0; i < BARS; i++) {
        s->bars[i].is_empty = s1_rng_below(rng, 8) == 0;
    }
    if (s1_rng_below(rng, 3) == 0) {
        s->rules = s1_fill_rules_of((int32_t)pick(rng, 1, S1_FILL_PRESET_COUNT - 1), NULL);
        return;
    }
    s->rules = (s1_fill_rules){.market = (int32_t)pick(rng, 1, 3),
                               .arrival = (int32_t)pick(rng, 1, 2),
                               .path = (int32_t)pick(rng, 1, 8),
                               .limit_fill = (int32_t)pick(rng, 1, 2),
                               .limit_price = (int32_t)pick(rng, 1, 4),
                               .stop_gap = (int32_t)pick(rng, 1, 3),
                               .entry_bar = (int32_t)pick(rng, 1, 4),
                               .zero_volume = (int32_t)pick(rng, 1, 2),
                               .slippage_on = (int32_t)pick(rng, 1, 2)};
}

/* Between stop and target, wherever they are. */
static int64_t inside_bracket(s1_rng *rng, const wish *w, int64_t close)
{
    const int64_t below = w->direction == S1_LONG ? w->stop : w->target;
    const int64_t above = w->direction == S1_LONG ? w->target : w->stop;
    const int64_t low = below != 0 ? below : (above != 0 && above < close ? above : close) - 200;
    const int64_t high = above != 0 ? above : (low > close ? low : close) + 200;
    return high - low < 20 ? 0 : 10 * pick(rng, low / 10 + 1, high / 10 - 1);
}

/* Now and then of what the order does not have. A trailing entry keeps its prices: its bracket
 * would not go along. */
static void random_change(s1_rng *rng, action *a, const wish *w, int64_t close)
{
    a->price = a->limit = a->quantity = 0;
    const bool is_odd = s1_rng_below(rng, 12) == 0;
    if (w->trail[0] == 0 && w->trail_e4[0] == 0) {
        if (w->type != S1_ORDER_LIMIT || is_odd) {
            a->price = s1_rng_below(rng, 2) == 0 ? 0 : inside_bracket(rng, w, close);
        }
        if (w->type == S1_ORDER_LIMIT || turns_limit(w->type) || is_odd) {
            a->limit = s1_rng_below(rng, 2) == 0 ? 0 : inside_bracket(rng, w, close);
        }
    }
    if (s1_rng_below(rng, 2) == 0) {
        a->quantity = pick(rng, 1, 4000);
    }
}

/* Other costs, little volume, and a way to the venue: of two streams in five each. Trailing stops
 * are left to the others. */
static void random_venue(script *s, uint64_t seed)
{
    s1_rng rng;
    s1_rng_init_part(&rng, seed, 3);
    const bool is_thin = seed % 5 == 2 || seed % 5 == 4;
    const bool is_far = seed % 5 == 3 || seed % 5 == 4;
    if (s1_rng_below(&rng, 2) == 0) {
        s->model = (int32_t)pick(&rng, S1_SLIPPAGE_FIXED, S1_SLIPPAGE_SPREAD + (is_thin ? 1 : 0));
        s->value = pick(&rng, 0, 9);
    }
    if (is_thin) {
        s->share = pick(&rng, 5, 60);
        for (uint32_t i = 0; i < BARS; i++) {
            s->bars[i].volume = pick(&rng, 1, 6000);
        }
    }
    if (is_far) {
        static const s1_nanos ways[] = {0, 1, KERNEL_HOUR / 2, KERNEL_HOUR, 3 * KERNEL_HOUR / 2};
        s->latency = (s1_latency){.feed = ways[s1_rng_below(&rng, 2)],
                                  .order = ways[s1_rng_below(&rng, 5)],
                                  .response = ways[s1_rng_below(&rng, 4)]};
    }
    for (uint32_t i = 0; i < s->action_count && is_far; i++) { /* changed on its way: elsewhere */
        action *const a = &s->actions[i];
        a->kind = a->kind == ACT_AMEND ? ACT_CANCEL : a->kind;
    }
    for (uint32_t i = 0; i < s->trade_count && (is_thin || is_far); i++) {
        wish *const w = &s->wishes[i];
        memset(w->trail, 0, sizeof w->trail);
        memset(w->trail_e4, 0, sizeof w->trail_e4);
        memset(w->trail_from, 0, sizeof w->trail_from);
        const bool may_end = w->tif == S1_TIF_IOC ||
                             (w->type == S1_ORDER_MARKET && w->slices == 0 && w->expires_at == 0);
        if (may_end && s1_rng_below(&rng, 3) != 0) {
            w->tif = s1_rng_below(&rng, 2) == 0 ? S1_TIF_FOK : S1_TIF_IOC;
        }
    }
}

static void write_script(script *s, uint64_t seed)
{
    s1_rng rng;
    s1_rng_init(&rng, seed);
    *s =
        (script){.seed = seed,
                 .slippage_bp = s1_rng_below(&rng, 2) == 0 ? 0 : 13,
                 .rules = s1_fill_rules_of(
                     s1_rng_below(&rng, 3) == 0 ? S1_PRESET_SAME_CLOSE : S1_PRESET_NEXT_OPEN, NULL),
                 .ambiguity = s1_rng_below(&rng, 3) == 0 ? S1_AMBIGUITY_TARGET_FIRST
                                                         : S1_AMBIGUITY_STOP_FIRST};
    candle last = {0, KERNEL_HOUR, 10000, 10000, 10000, 10000, false, 0};
    for (uint32_t i = 0; i < BARS; i++) {
        s->bars[i] = i == 0 ? last : random_candle(&rng, &last);
        last = s->bars[i];
        for (uint32_t n = (uint32_t)s1_rng_below(&rng, 4); n > 0; n--) {
            action *const a = &s->actions[s->action_count];
            *a = (action){.bar = i};
            if (s->trade_count == 0 || (s->trade_count < TRADES && s1_rng_below(&rng, 2) == 0)) {
                a->kind = ACT_ENTER;
                a->trade = s->trade_count;
                s->wishes[s->trade_count++] = random_wish(&rng, last.close, last.close_time);
            } else {
                const uint32_t back = s->trade_count < 4 ? s->trade_count : 4;
                a->trade = s->trade_count - 1 - (uint32_t)s1_rng_below(&rng, back);
                static const enum action_kind mix[] = {ACT_CLOSE, ACT_CLOSE,  ACT_CLOSE, ACT_STOP,
                                                       ACT_STOP,  ACT_CANCEL, ACT_AMEND, ACT_AMEND};
                a->kind = mix[s1_rng_below(&rng, sizeof mix / sizeof mix[0])];
                a->price = near(&rng, last.close, 20);
                a->quantity = s1_rng_below(&rng, 3) != 0 ? 0 : pick(&rng, 1, 1500);
                if (a->kind == ACT_AMEND) {
                    random_change(&rng, a, &s->wishes[a->trade], last.close);
                }
            }
            s->action_count++;
        }
    }
    if (seed % 3 != 0) {
        random_rules(&rng, s);
    }
    random_venue(s, seed);
}

/* --- What is told of a trade. ------------------------------------------------------------------
 */

typedef struct tale {
    char lines[TRADES][LINES][LINE];
    uint32_t counts[TRADES];
} tale;

__attribute__((format(printf, 3, 4))) static void say(tale *t, uint32_t trade, const char *format,
                                                      ...)
{
    assert_true(t->counts[trade] < LINES);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(t->lines[trade][t->counts[trade]++], LINE, format, args);
    va_end(args);
}

/* Scaled whole numbers as decimals print: no zeros at the end. */
static const char *number(int64_t value, int scale, char text[static 48])
{
    char digits[48];
    int count = 0;
    const bool is_negative = value < 0;
    for (value = is_negative ? -value : value; value > 0 || count <= scale; value /= 10) {
        digits[count++] = (char)('0' + (int)(value % 10));
    }
    int from = 0;
    while (from < scale && digits[from] == '0') {
        from++;
    }
    char *at = text;
    if (is_negative) {
        *at++ = '-';
    }
    for (int i = count - 1; i >= from; i--) {
        *at++ = digits[i];
        if (i == scale && from < scale) {
            *at++ = '.';
        }
    }
    *at = '\0';
    return text;
}

/* --- The reference. ----------------------------------------------------------------------------
 */

enum ref_role { REF_ENTRY = 1, REF_STOP, REF_TARGET, REF_EXIT };
static const char *const ref_roles[] = {"", "entry", "stop_loss", "take_profit", "exit"};

typedef struct ref_order {
    bool works;
    enum ref_role role;
    bool is_buy;
    int32_t type;
    int64_t price, left, limit;
    int64_t accepted; /* bars seen when it came */
    bool is_born_inside;
    uint64_t age;          /* order of submission */
    int64_t sent, arrives; /* at the venue; 0: it is there */
    uint64_t seq;          /* of what was sent; its name */
    int64_t walked;        /* the bar whose path it had its part of */
    int64_t trail, trail_e4, trail_from;
    int64_t moved_from; /* 0: it did not, since it was told of */
} ref_order;

/* A cancel or an amendment on its way. */
typedef struct ref_change {
    uint64_t seq, of; /* of: the order */
    enum ref_role role;
    int64_t arrives, price; /* 0: cancel */
    const char *reason;
} ref_change;

typedef struct ref_trade {
    bool is_known, is_over, is_stop_moved, is_closing;
    wish w;
    ref_order orders[5]; /* by role */
    uint32_t slices_left;
    int64_t next_slice;
    int64_t entered, position, stop, exited;
    ref_change changes[32];
    uint32_t change_count;
    int32_t came;       /* from which side the last fill of the entry did: its kind of order */
    int64_t flow, fees; /* 1e-5 and 1e-9 of the quote currency */
} ref_trade;

typedef struct reference {
    const script *s;
    tale *out;
    ref_trade trades[TRADES];
    int64_t bars;
    uint64_t age;
    bool is_inside, is_matching;
    int64_t filling; /* what the market was at where a fill is being told */
    candle bar;
    int64_t now;           /* when the trader decides */
    bool is_delivering;    /* what arrives acts at once */
    uint64_t seq;          /* sent so far */
    int64_t volume, taken; /* of the bar; of it by us */
    int64_t cash;          /* 1e-9 */
} reference;

#define FEE_E4 7 /* 0.0007 */

static int64_t ref_room(const reference *r)
{
    const int64_t room = r->volume * r->s->share / 100 - r->taken;
    return room > 0 ? room : 0;
}

/* price * impact * share^2 in cents, each step to 18 digits, up; the share to the nearest. */
static int64_t ref_impact(const reference *r, int64_t price, int64_t quantity)
{
    __extension__ typedef __int128 wide;
    const wide one = (wide)1000000000 * 1000000000;
    const wide total = r->taken + quantity;
    const wide most = r->s->share != 0 ? one / 100 * r->s->share : one;
    wide share = most;
    if (total < r->volume) {
        const wide twice = 2 * total * one + r->volume;
        share = twice / (2 * (wide)r->volume);
        share -= twice % (2 * (wide)r->volume) == 0 && share % 2 == 1; /* halves to even */
        share = share < most ? share : most;
    }
    const wide squared = (share * share + one - 1) / one;
    return (int64_t)((squared * r->s->value * price + one - 1) / one);
}

/* How far the price moves, in cents. */
static int64_t ref_shift(const reference *r, int64_t price, int64_t quantity)
{
    switch (r->s->model) {
    case S1_SLIPPAGE_FIXED: /* in cents; a tick is one, too */
    case S1_SLIPPAGE_TICKS:
        return r->s->value;
    case S1_SLIPPAGE_SPREAD:
        return (r->s->value + 1) / 2;
    case S1_SLIPPAGE_VOLUME_SHARE:
        return ref_impact(r, price, quantity);
    default:
        return (price * r->s->slippage_bp + 9999) / 10000;
    }
}

/* Against the trader; a limit order pays no more than its limit. */
static int64_t ref_slipped(const reference *r, const ref_order *o, int64_t price, int64_t quantity)
{
    const int64_t part = ref_shift(r, price, quantity);
    const int64_t moved = o->is_buy ? price + part : price - part > 0 ? price - part : 1;
    if (r->s->rules.slippage_on == S1_SLIPPAGE_ON_ENTRIES && o->role != REF_ENTRY) {
        return price;
    }
    if (o->type != S1_ORDER_LIMIT) {
        return moved;
    }
    return o->is_buy ? (moved < o->price ? moved : o->price)
                     : (moved > o->price ? moved : o->price);
}

static uint32_t ref_number(const reference *r, const ref_trade *t);

/* A price of the market is seen: the trigger belongs so far from the best one. */
static void ref_follow(ref_order *o, int64_t price)
{
    const int64_t sign = o->is_buy ? 1 : -1;
    if (!o->works || (o->trail == 0 && o->trail_e4 == 0) ||
        (o->trail_from != 0 && sign * (price - o->trail_from) > 0)) {
        return;
    }
    o->trail_from = 0;
    const int64_t away = o->trail != 0 ? o->trail : (price * o->trail_e4 + 9999) / 10000;
    const int64_t trigger = price + sign * away;
    if (sign * (trigger - o->price) < 0) {
        o->moved_from = o->moved_from != 0 ? o->moved_from : o->price;
        o->limit += o->limit != 0 ? trigger - o->price : 0;
        o->price = trigger;
    }
}

/* What moved is told once, and what hangs on it goes along. */
static void ref_tell(reference *r, ref_trade *t)
{
    ref_order *const entry = &t->orders[REF_ENTRY];
    ref_order *const stop = &t->orders[REF_STOP];
    char a[48], b[48];
    if (entry->works && entry->moved_from != 0) {
        const int64_t by = entry->price - entry->moved_from;
        t->stop += t->stop != 0 ? by : 0;
        t->w.target += t->w.target != 0 ? by : 0;
        t->w.trail_from[1] += t->w.trail_from[1] != 0 ? by : 0;
        entry->moved_from = 0;
        say(r->out, ref_number(r, t), "AMENDED %s %s TRAIL ", number(entry->price, 2, a),
            entry->limit != 0 ? number(entry->limit, 2, b) : "");
    }
    if (stop->works && stop->moved_from != 0) {
        say(r->out, ref_number(r, t), "STOP %s %s", number(stop->moved_from, 2, a),
            number(stop->price, 2, b));
        stop->moved_from = 0;
        t->stop = stop->price;
        t->is_stop_moved = true;
    }
}

/* Does what the trader does now take a way? */
static bool ref_is_far(const reference *r)
{
    return s1_latency_is_any(&r->s->latency) && !r->is_matching && !r->is_delivering;
}

static int64_t ref_arrival(const reference *r)
{
    return r->now + r->s->latency.feed + r->s->latency.order;
}

static void ref_submit(reference *r, ref_trade *t, enum ref_role role, int32_t type, int64_t price,
                       int64_t quantity)
{
    const bool is_long = t->w.direction == S1_LONG;
    t->orders[role] = (ref_order){.works = true,
                                  .role = role,
                                  .is_buy = (role == REF_ENTRY) == is_long,
                                  .type = type,
                                  .price = price,
                                  .left = quantity,
                                  .accepted = r->bars,
                                  .is_born_inside = r->is_inside,
                                  .age = r->age++,
                                  .sent = r->now,
                                  .arrives = ref_is_far(r) ? ref_arrival(r) : 0,
                                  .seq = r->seq++};
    if (role == REF_STOP || (role == REF_ENTRY && type != S1_ORDER_MARKET)) {
        const int which = role == REF_STOP;
        t->orders[role].trail = t->w.trail[which];
        t->orders[role].trail_e4 = t->w.trail_e4[which];
        t->orders[role].trail_from = t->w.trail_from[which];
    }
    if (role == REF_STOP && r->filling != 0) {
        ref_follow(&t->orders[role], r->filling);
    }
    if (role == REF_STOP && !r->is_matching) {
        ref_tell(r, t);
    }
}

static uint32_t ref_number(const reference *r, const ref_trade *t)
{
    return (uint32_t)(t - r->trades);
}

static void ref_cancel(reference *r, ref_trade *t, enum ref_role role, const char *reason)
{
    if (t->orders[role].works) {
        t->orders[role].works = false;
        say(r->out, ref_number(r, t), "CANCELED %s %s", ref_roles[role], reason);
    }
}

/* The entry is over; what was not sent is told of. */
static void ref_end_entry(reference *r, ref_trade *t, const char *reason)
{
    char from[48], to[48];
    if (t->entered == 0) {
        t->is_over = true;
    } else if (t->slices_left > 0) {
        say(r->out, ref_number(r, t), "PLANNED %s %s %s", number(t->w.quantity, 3, from),
            number(t->entered, 3, to), reason);
    }
    t->slices_left = 0;
}

/* The trader's word about an order that works sets out. */
static void ref_send_change(reference *r, ref_trade *t, enum ref_role role, int64_t price,
                            const char *reason)
{
    assert_true(t->change_count < sizeof t->changes / sizeof t->changes[0]);
    t->changes[t->change_count++] = (ref_change){.seq = r->seq++,
                                                 .of = t->orders[role].seq,
                                                 .role = role,
                                                 .arrives = ref_arrival(r),
                                                 .price = price,
                                                 .reason = reason};
}

static void ref_stop_entry(reference *r, ref_trade *t, const char *reason)
{
    if (t->orders[REF_ENTRY].works && ref_is_far(r)) {
        ref_send_change(r, t, REF_ENTRY, 0, reason);
    } else if (t->orders[REF_ENTRY].works) {
        ref_cancel(r, t, REF_ENTRY, reason);
        ref_end_entry(r, t, reason);
    } else if (t->slices_left > 0) {
        ref_end_entry(r, t, reason);
    }
}

static void ref_protect(reference *r, ref_trade *t)
{
    if (t->stop != 0) {
        if (t->orders[REF_STOP].works) {
            const bool is_told = !s1_latency_is_any(&r->s->latency); /* else by a word of its own */
            t->orders[REF_STOP].price = is_told ? t->stop : t->orders[REF_STOP].price;
            t->orders[REF_STOP].left = t->position;
        } else {
            ref_submit(r, t, REF_STOP, S1_ORDER_STOP, t->stop, t->position);
        }
    }
    if (t->w.target != 0) {
        if (t->orders[REF_TARGET].works) {
            t->orders[REF_TARGET].left = t->position;
        } else {
            ref_submit(r, t, REF_TARGET, S1_ORDER_LIMIT, t->w.target, t->position);
        }
    }
}

/* The rest of an order that does not wait, or all of it. */
static void ref_run_short(reference *r, ref_trade *t, const char *rule)
{
    const bool is_open = strncmp(rule, "OPEN", 4) == 0;
    t->orders[REF_ENTRY].works = false;
    say(r->out, ref_number(r, t), "EXPIRED entry NO_VOLUME @%lld",
        (long long)(is_open ? r->bar.open_time : r->bar.close_time));
    ref_end_entry(r, t, "NO_VOLUME");
}

static void ref_fill_part(reference *r, ref_trade *t, enum ref_role role, int64_t price,
                          int64_t quantity, const char *rule, bool is_maker);

/* Fills what the bar has volume for. */
static void ref_fill(reference *r, ref_trade *t, enum ref_role role, int64_t price,
                     int64_t quantity, const char *rule, bool is_maker)
{
    ref_order *const o = &t->orders[role];
    const bool is_ioc = role == REF_ENTRY && t->w.tif == S1_TIF_IOC;
    const bool is_fok = role == REF_ENTRY && t->w.tif == S1_TIF_FOK;
    if (r->s->share != 0) {
        const int64_t room = ref_room(r);
        quantity = quantity < room ? quantity : room;
    }
    if ((is_fok && quantity < o->left) || (is_ioc && quantity == 0)) {
        ref_run_short(r, t, rule);
    } else if (quantity > 0) {
        ref_fill_part(r, t, role, price, quantity, rule, is_maker);
        r->taken += quantity;
        if (is_ioc && o->works) {
            ref_run_short(r, t, rule);
        }
    }
}

static void ref_fill_part(reference *r, ref_trade *t, enum ref_role role, int64_t price,
                          int64_t quantity, const char *rule, bool is_maker)
{
    ref_order *const o = &t->orders[role];
    const int32_t type = o->type;
    const uint32_t k = ref_number(r, t);
    char q[48], p[48], left[48], before[48], fee_text[48], pnl[48];
    ref_tell(r, t);
    const int64_t market = price;
    price = is_maker ? price : ref_slipped(r, o, price, quantity);
    const int64_t notional = (int64_t)price * quantity; /* 1e-5 */
    const int64_t fee = notional * FEE_E4;              /* 1e-9 */
    const int64_t flow = o->is_buy ? -notional : notional;
    r->cash += flow * 10000 - fee;
    t->flow += flow;
    t->fees += fee;
    o->left -= quantity;
    o->works = o->left > 0;
    o->type = o->works && type != S1_ORDER_LIMIT ? S1_ORDER_MARKET : type; /* it was triggered */
    say(r->out, k, "FILLED %s %s@%s fee %s %s%s%s", ref_roles[role], number(quantity, 3, q),
        number(price, 2, p), number(fee, 9, fee_text), rule, o->works ? " remaining " : "",
        o->works ? number(o->left, 3, left) : "");
    if (role == REF_ENTRY) {
        t->came = type == S1_ORDER_MARKET                                    ? S1_ORDER_MARKET
                  : type == S1_ORDER_STOP || strcmp(rule, "STOP_TOUCH") == 0 ? S1_ORDER_STOP
                                                                             : S1_ORDER_LIMIT;
        t->position += quantity;
        t->entered += quantity;
        if (t->entered == quantity) {
            say(r->out, k, "OPENED");
        } else {
            say(r->out, k, "QUANTITY %s %s @%s", number(t->position - quantity, 3, before),
                number(t->position, 3, q), p);
        }
        r->filling = market;
        ref_protect(r, t);
        r->filling = 0;
        return;
    }
    t->position -= quantity;
    t->exited += quantity;
    if (t->position > 0) {
        ref_order *const exit = &t->orders[REF_EXIT];
        t->is_closing = exit->works;
        exit->left = role != REF_EXIT && exit->left > t->position ? t->position : exit->left;
        say(r->out, k, "QUANTITY %s %s", number(t->position + quantity, 3, before),
            number(t->position, 3, q));
        ref_protect(r, t);
        return;
    }
    t->is_over = true;
    t->slices_left = 0;
    say(r->out, k, "CLOSED %s %s pnl %s",
        role == REF_TARGET ? "TAKE_PROFIT"
        : role == REF_STOP ? (t->is_stop_moved ? "TRAILING_STOP" : "STOP_LOSS")
                           : "MANUAL",
        number(t->exited, 3, q), number(t->flow * 10000 - t->fees, 9, pnl));
    for (int i = REF_ENTRY; i <= REF_EXIT; i++) {
        ref_cancel(r, t, (enum ref_role)i, "POSITION_CLOSED");
    }
}

static void ref_expire_due(reference *r, ref_trade *t, int64_t moment)
{
    if (t->orders[REF_ENTRY].works && t->orders[REF_ENTRY].arrives == 0 && t->w.expires_at != 0 &&
        t->w.expires_at <= moment) {
        t->orders[REF_ENTRY].works = false;
        say(r->out, ref_number(r, t), "EXPIRED entry TIME_UP @%lld", (long long)moment);
        ref_end_entry(r, t, "TIME_UP");
    }
}

/* Does the price reach the order? */
static bool ref_is_at(const ref_order *o, int64_t price)
{
    const bool is_stop = o->type == S1_ORDER_STOP || o->type == S1_ORDER_STOP_LIMIT;
    return o->is_buy != is_stop ? price <= o->price : price >= o->price;
}

/* The same where a limit may need more than a touch. */
static bool ref_is_met(const reference *r, const ref_order *o, int64_t price)
{
    const bool is_more = r->s->rules.limit_fill == S1_LIMIT_FILL_THROUGH;
    return ref_is_at(o, price) && !(is_more && o->type == S1_ORDER_LIMIT && price == o->price);
}

/* A limit entry meets its first price: post-only may end here, and so may one that only takes. */
static bool ref_first_look(reference *r, ref_trade *t, bool is_marketable, int64_t moment)
{
    ref_order *const o = &t->orders[REF_ENTRY];
    if (is_marketable && o->type == S1_ORDER_LIMIT && t->w.is_post_only) {
        o->works = false;
        say(r->out, ref_number(r, t), "REJECTED entry POST_ONLY_WOULD_TAKE");
        if (t->entered == 0) {
            say(r->out, ref_number(r, t), "REFUSED");
        }
        ref_end_entry(r, t, "POST_ONLY_WOULD_TAKE");
        return true;
    }
    if (!is_marketable && (t->w.tif == S1_TIF_IOC || t->w.tif == S1_TIF_FOK)) {
        o->works = false;
        say(r->out, ref_number(r, t), "EXPIRED entry NOT_MARKETABLE @%lld", (long long)moment);
        ref_end_entry(r, t, "NOT_MARKETABLE");
        return true;
    }
    return false;
}

/* The entry becomes a limit order at its limit: it takes at once, rests, or ends. */
static void ref_trigger(reference *r, ref_trade *t, int64_t price, const char *rule, int64_t moment)
{
    ref_order *const o = &t->orders[REF_ENTRY];
    ref_tell(r, t);
    say(r->out, ref_number(r, t), "TRIGGERED entry");
    o->trail = o->trail_e4 = 0;
    o->type = S1_ORDER_LIMIT;
    o->price = o->limit;
    const bool is_marketable = ref_is_at(o, price);
    if (!ref_first_look(r, t, is_marketable, moment) && is_marketable) {
        ref_fill(r, t, REF_ENTRY, price, o->left, rule, false);
    }
}

static void ref_open_limit(reference *r, ref_trade *t, enum ref_role role)
{
    ref_order *const o = &t->orders[role];
    const int64_t open = r->bar.open;
    const int32_t better = r->s->rules.limit_price;
    const bool is_first = o->accepted + 1 == r->bars;
    const bool is_marketable = is_first && ref_is_at(o, open);
    const bool is_ioc = role == REF_ENTRY && (t->w.tif == S1_TIF_IOC || t->w.tif == S1_TIF_FOK);
    if (role == REF_ENTRY && (is_ioc || is_marketable) &&
        ref_first_look(r, t, is_marketable, r->bar.open_time)) {
        return;
    }
    if (is_marketable &&
        (is_ioc || better == S1_LIMIT_PRICE_FIRST_OPEN || better == S1_LIMIT_PRICE_OPEN)) {
        ref_fill(r, t, role, open, o->left, "OPEN_MARKETABLE", false);
    } else if (better == S1_LIMIT_PRICE_OPEN && ref_is_met(r, o, open)) {
        ref_fill(r, t, role, open, o->left, "OPEN_IMPROVED", true);
    }
}

static void ref_open(reference *r, ref_trade *t, enum ref_role role)
{
    ref_order *const o = &t->orders[role];
    const int64_t open = r->bar.open;
    if (o->type == S1_ORDER_MARKET) {
        if (r->s->rules.market != S1_FILL_NEXT_CLOSE) {
            ref_fill(r, t, role, open, o->left, "OPEN", false);
        }
    } else if (o->type == S1_ORDER_LIMIT) {
        ref_open_limit(r, t, role);
    } else if (o->type != S1_ORDER_STOP) {
        if (ref_is_at(o, open) && turns_limit(o->type)) {
            ref_trigger(r, t, open, "OPEN_MARKETABLE", r->bar.open_time);
        } else if (ref_is_at(o, open)) {
            ref_fill(r, t, role, open, o->left, "OPEN_MARKETABLE", false);
        }
    } else if (ref_is_at(o, open)) {
        const bool comes_back = o->is_buy ? r->bar.low <= o->price : r->bar.high >= o->price;
        if (r->s->rules.stop_gap == S1_STOP_GAP_OPEN ||
            (r->s->rules.stop_gap == S1_STOP_GAP_INSIDE && !comes_back)) {
            ref_fill(r, t, role, open, o->left, "OPEN_GAP", false);
        }
    }
}

static bool ref_reaches(const reference *r, const ref_order *o)
{
    return ref_is_met(r, o, r->bar.low) || ref_is_met(r, o, r->bar.high);
}

/* May it fill after the open? An exit that came in this bar does as `entry_bar` has it. */
static bool ref_may(const reference *r, const ref_trade *t, const ref_order *o)
{
    if (!o->works || o->arrives != 0 || o->type == S1_ORDER_MARKET) {
        return false;
    }
    if (o->accepted < r->bars) {
        return true;
    }
    if (o->role != REF_STOP && o->role != REF_TARGET) {
        return false;
    }
    const int32_t entry = t->came;
    const bool is_target = o->role == REF_TARGET;
    switch (r->s->rules.entry_bar) {
    case S1_ENTRY_BAR_NONE:
        return false;
    case S1_ENTRY_BAR_ALL:
        return true;
    case S1_ENTRY_BAR_AFTER_OPEN:
        return !o->is_born_inside || (is_target && entry == S1_ORDER_STOP);
    default:
        break;
    }
    if (!o->is_born_inside) {
        return true;
    }
    if (r->s->rules.path != S1_PATH_BEST) {
        return !is_target;
    }
    return is_target || entry == S1_ORDER_LIMIT || ref_is_at(o, r->bar.close);
}

/* What it gets inside the bar. */
static int64_t ref_price(const reference *r, const ref_order *o)
{
    if (o->type != S1_ORDER_LIMIT || r->s->rules.limit_price != S1_LIMIT_PRICE_CLAMPED) {
        return o->price;
    }
    return o->is_buy ? (o->price < r->bar.high ? o->price : r->bar.high)
                     : (o->price > r->bar.low ? o->price : r->bar.low);
}

/* The part of the entry that fills at its limit. */
static int64_t ref_shown(const reference *r, const ref_trade *t)
{
    const ref_order *const o = &t->orders[REF_ENTRY];
    const bool is_beyond = o->is_buy ? r->bar.low < o->price : r->bar.high > o->price;
    const bool is_part = t->w.display != 0 && !is_beyond && t->w.display < o->left;
    return o->type == S1_ORDER_LIMIT && is_part ? t->w.display : o->left;
}

static const char *ref_first_rule(const ref_order *o)
{
    return o->type == S1_ORDER_LIMIT                                    ? "LIMIT_TOUCH"
           : o->type == S1_ORDER_STOP || o->type == S1_ORDER_STOP_LIMIT ? "STOP_TOUCH"
                                                                        : "TRIGGER_TOUCH";
}

static void ref_entry_inside(reference *r, ref_trade *t)
{
    ref_order *const o = &t->orders[REF_ENTRY];
    if (!ref_may(r, t, o) || !ref_reaches(r, o)) {
        return;
    }
    if (!turns_limit(o->type)) {
        ref_fill(r, t, REF_ENTRY, ref_price(r, o), ref_shown(r, t), ref_first_rule(o),
                 o->type == S1_ORDER_LIMIT);
        return;
    }
    const bool goes_on = o->type == S1_ORDER_LIMIT_IF_TOUCHED;
    ref_trigger(r, t, o->price, ref_first_rule(o), r->bar.close_time);
    if (o->works && ref_reaches(r, o) && (goes_on || ref_is_met(r, o, r->bar.close))) {
        ref_fill(r, t, REF_ENTRY, o->price, o->left, "LIMIT_TOUCH", true);
    }
}

static const char *ref_rule(const reference *r, const ref_trade *t, const ref_order *o)
{
    const ref_order *const stop = &t->orders[REF_STOP];
    const ref_order *const target = &t->orders[REF_TARGET];
    if (o->role == REF_ENTRY) {
        return ref_first_rule(o);
    }
    ref_order before = *stop; /* the bar: on another path it would not have trailed */
    if (r->s->rules.path > S1_PATH_CLOSE && o->role == REF_TARGET && stop->moved_from != 0) {
        before.price = stop->moved_from;
    }
    if (ref_may(r, t, stop) && ref_reaches(r, &before) && ref_may(r, t, target) &&
        ref_reaches(r, target)) {
        return o->role == REF_STOP ? "AMBIGUOUS_STOP" : "AMBIGUOUS_TARGET";
    }
    if (o->is_born_inside && o->accepted == r->bars) {
        return o->role == REF_STOP ? "ENTRY_BAR_STOP" : "ENTRY_BAR_TARGET";
    }
    return o->role == REF_STOP ? "STOP_TOUCH" : "LIMIT_TOUCH";
}

static void ref_exits_inside(reference *r, ref_trade *t)
{
    const ref_order *const stop = &t->orders[REF_STOP];
    const ref_order *const target = &t->orders[REF_TARGET];
    const bool hits_stop = ref_may(r, t, stop) && ref_reaches(r, stop);
    const bool hits_target = ref_may(r, t, target) && ref_reaches(r, target);
    const bool likes_target =
        r->s->rules.path == S1_PATH_BEST ||
        (r->s->rules.path == S1_PATH_UNKNOWN && r->s->ambiguity == S1_AMBIGUITY_TARGET_FIRST);
    if (!hits_stop && !hits_target) {
        return;
    }
    if (hits_target && (!hits_stop || likes_target)) {
        ref_fill(r, t, REF_TARGET, ref_price(r, target), target->left, ref_rule(r, t, target),
                 true);
        return;
    }
    const char *const rule = ref_rule(r, t, stop);
    const ref_order *const entry = &t->orders[REF_ENTRY];
    if (ref_may(r, t, entry) && entry->type == S1_ORDER_LIMIT &&
        (entry->is_buy ? entry->price > stop->price : entry->price < stop->price)) {
        ref_fill(r, t, REF_ENTRY, entry->price, entry->left, "LIMIT_TOUCH", true);
    }
    ref_fill(r, t, REF_STOP, stop->price, stop->left, rule, false);
}

/* --- A bar with a path, dime by dime. ----------------------------------------------------------
 */

/* The order that fills at this price, coming from `at`: the one whose price was met first, exits
 * before the entry, the older before the younger; 0: none. `is_done`: the entry had its part. */
static enum ref_role ref_next_at(const reference *r, const ref_trade *t, int64_t price, int64_t at,
                                 bool is_done)
{
    enum ref_role best = 0;
    int64_t shortest = 0;
    for (int i = REF_ENTRY; i <= REF_TARGET; i++) {
        const ref_order *const o = &t->orders[i];
        if (!ref_may(r, t, o) || !ref_is_met(r, o, price) || (i == REF_ENTRY && is_done) ||
            o->walked == r->bars) {
            continue;
        }
        const int64_t way = ref_is_at(o, at) ? 0 : llabs(o->price - at);
        const bool is_sooner =
            best == 0 || way < shortest ||
            (way == shortest && (best == REF_ENTRY || o->age < t->orders[best].age));
        if (is_sooner) {
            best = (enum ref_role)i;
            shortest = way;
        }
    }
    return best;
}

/* Every order that looks at this bar sees a price. */
static void ref_see(reference *r, ref_trade *t, int64_t price)
{
    for (int i = REF_ENTRY; i <= REF_EXIT; i++) {
        if (ref_may(r, t, &t->orders[i])) {
            ref_follow(&t->orders[i], price);
        }
    }
}

static void ref_walk(reference *r, ref_trade *t)
{
    const candle *const c = &r->bar;
    const int32_t path = r->s->rules.path;
    const bool is_up = path == S1_PATH_OHLC ||
                       (path == S1_PATH_NEAREST && c->high - c->open < c->open - c->low) ||
                       (path == S1_PATH_COLOUR && c->close < c->open);
    const int64_t ends[] = {is_up ? c->high : c->low, is_up ? c->low : c->high, c->close};
    int64_t price = c->open;
    int64_t at = price; /* on the way to it, where the last fill was */
    bool is_done = false;
    for (int leg = 0; leg < 3;) {
        const enum ref_role role = ref_next_at(r, t, price, at, is_done);
        if (role == 0) {
            at = price;
            ref_see(r, t, at);
            leg += price == ends[leg];
            price += leg == 3 || price == ends[leg] ? 0 : price < ends[leg] ? 10 : -10;
            continue;
        }
        ref_order *const o = &t->orders[role];
        const bool is_late = role == REF_STOP && o->accepted == r->bars && ref_is_at(o, at);
        at = ref_is_at(o, at) ? at : o->price;
        ref_see(r, t, at);
        if (turns_limit(o->type)) {
            ref_trigger(r, t, at, ref_first_rule(o), c->close_time);
            continue;
        }
        is_done = is_done || role == REF_ENTRY;
        o->walked = role == REF_ENTRY ? 0 : r->bars;
        ref_fill(r, t, role, is_late ? at : ref_price(r, o),
                 role == REF_ENTRY ? ref_shown(r, t) : o->left, ref_rule(r, t, o),
                 o->type == S1_ORDER_LIMIT);
        ref_see(r, t, at);
    }
}

/* Without a path: the extreme moves a stop that saw all of the bar, after its old trigger was
 * looked at. The close tells whether the price came back to the new one, or nothing does. */
static void ref_extreme(reference *r, ref_trade *t, enum ref_role role)
{
    ref_order *const o = &t->orders[role];
    const int64_t before = o->price;
    if (!ref_may(r, t, o) || (o->is_born_inside && o->accepted == r->bars)) {
        return;
    }
    ref_follow(o, o->is_buy ? r->bar.low : r->bar.high);
    if (o->price == before || !ref_reaches(r, o)) {
        return;
    }
    const bool is_sure = ref_is_at(o, r->bar.close);
    if (!is_sure && (role == REF_ENTRY || r->s->rules.path != S1_PATH_WORST)) {
        return;
    }
    if (turns_limit(o->type)) {
        ref_trigger(r, t, o->price, "STOP_TOUCH", r->bar.close_time);
    } else {
        ref_fill(r, t, role, o->price, o->left, is_sure ? "STOP_TOUCH" : "AMBIGUOUS_TRAIL", false);
    }
    if (role == REF_ENTRY && t->entered > 0) {
        ref_exits_inside(r, t);
    }
}

/* --- At the close. -----------------------------------------------------------------------------
 */

static void ref_close_of(reference *r, ref_trade *t, enum ref_role role)
{
    ref_order *const o = &t->orders[role];
    const int64_t close = r->bar.close;
    if (o->type == S1_ORDER_MARKET) {
        ref_fill(r, t, role, close, o->left, "CLOSE_NEXT", false);
        return;
    }
    if (r->s->rules.path != S1_PATH_CLOSE) {
        return;
    }
    const bool is_met = ref_is_met(r, o, close);
    const bool is_first = o->accepted + 1 == r->bars;
    const bool is_limit = o->type == S1_ORDER_LIMIT;
    if (is_met && turns_limit(o->type)) {
        ref_trigger(r, t, close, "CLOSE_REACHED", r->bar.close_time);
        return;
    }
    if (is_first && is_limit && role == REF_ENTRY &&
        ref_first_look(r, t, is_met, r->bar.close_time)) {
        return;
    }
    if (is_met) {
        const bool is_part = role == REF_ENTRY && is_limit && !is_first && close == o->price &&
                             t->w.display != 0 && t->w.display < o->left;
        ref_fill(r, t, role, close, is_part ? t->w.display : o->left, "CLOSE_REACHED",
                 is_limit && !is_first);
    }
}

/* What works by now, in order of submission; what comes meanwhile is not looked at. */
static void ref_each(reference *r, ref_trade *t,
                     void (*look)(reference *, ref_trade *, enum ref_role))
{
    const uint64_t newest = r->age;
    bool is_seen[5] = {false};
    for (;;) {
        enum ref_role next = 0;
        for (int i = REF_ENTRY; i <= REF_EXIT; i++) {
            const ref_order *const o = &t->orders[i];
            if (o->works && o->arrives == 0 && o->age < newest && !is_seen[i] &&
                (next == 0 || o->age < t->orders[next].age)) {
                next = (enum ref_role)i;
            }
        }
        if (next == 0) {
            return;
        }
        is_seen[next] = true;
        look(r, t, next);
    }
}

/* The close that an order meets first: the one of its decision, or a later one it arrives at. */
static void ref_meet_close(reference *r, ref_trade *t, enum ref_role role)
{
    const ref_order *const o = &t->orders[role];
    const int64_t close = r->bar.close;
    const int64_t moment = r->bar.close_time;
    const bool is_late = moment > o->sent;
    const int32_t market = r->s->rules.market;
    if (o->type == S1_ORDER_MARKET) {
        if (market == S1_FILL_SAME_CLOSE || (is_late && market == S1_FILL_NEXT_CLOSE)) {
            ref_fill(r, t, role, close, o->left, is_late ? "CLOSE_NEXT" : "CLOSE", false);
        }
        return;
    }
    if (r->s->rules.arrival != S1_ARRIVAL_CLOSE || role != REF_ENTRY) {
        return;
    }
    const bool is_there = ref_is_at(o, close);
    if (is_there && turns_limit(o->type)) {
        ref_trigger(r, t, close, "CLOSE", moment);
    } else if ((o->type != S1_ORDER_LIMIT || !ref_first_look(r, t, is_there, moment)) && is_there) {
        ref_fill(r, t, role, close, o->left, "CLOSE", false);
    }
}

static void ref_come(reference *r, ref_trade *t, ref_order *o, int64_t moment, bool is_close)
{
    o->arrives = 0;
    o->accepted = r->bars;
    o->age = r->age++;
    if (is_close && o->role == REF_ENTRY && t->w.expires_at != 0 && t->w.expires_at <= moment) {
        ref_expire_due(r, t, moment);
    } else if (is_close) {
        ref_meet_close(r, t, o->role);
    }
}

static void ref_change_order(reference *r, ref_trade *t, const ref_change *c)
{
    ref_order *const o = &t->orders[c->role];
    if (!o->works || o->seq != c->of) {
        return; /* too late */
    }
    if (c->price == 0) {
        ref_cancel(r, t, c->role, c->reason);
        ref_end_entry(r, t, c->reason);
    } else if (o->type != S1_ORDER_MARKET) {
        o->price = c->price;
    }
}

/* What is at the venue by `moment`, in the order it was sent in. */
static void ref_deliver(reference *r, ref_trade *t, int64_t moment, bool is_close)
{
    r->is_delivering = true;
    for (;;) {
        ref_order *first = NULL;
        for (int i = REF_ENTRY; i <= REF_EXIT; i++) {
            ref_order *const o = &t->orders[i];
            if (o->works && o->arrives != 0 && o->arrives <= moment &&
                (first == NULL || o->seq < first->seq)) {
                first = o;
            }
        }
        const bool has_change = t->change_count > 0 && t->changes[0].arrives <= moment;
        if (has_change && (first == NULL || t->changes[0].seq < first->seq)) {
            const ref_change c = t->changes[0];
            memmove(t->changes, t->changes + 1, --t->change_count * sizeof c);
            ref_change_order(r, t, &c);
        } else if (first != NULL) {
            ref_come(r, t, first, moment, is_close);
        } else {
            break;
        }
    }
    r->is_delivering = false;
}

static void ref_open_of(reference *r, ref_trade *t)
{
    r->is_matching = true;
    ref_expire_due(r, t, r->bar.open_time);
    if (r->s->rules.path != S1_PATH_CLOSE) {
        ref_each(r, t, ref_open);
        ref_see(r, t, r->bar.open);
    }
    r->is_matching = false;
}

static void ref_rest_of(reference *r, ref_trade *t)
{
    const int32_t path = r->s->rules.path;
    r->is_matching = true;
    r->is_inside = true;
    if (path < S1_PATH_CLOSE) {
        ref_exits_inside(r, t);
        ref_entry_inside(r, t);
        ref_exits_inside(r, t);
        ref_extreme(r, t, REF_ENTRY);
        ref_extreme(r, t, REF_STOP);
    } else if (path > S1_PATH_CLOSE) {
        ref_walk(r, t);
    }
    r->is_inside = false;
    if (path == S1_PATH_CLOSE || r->s->rules.market == S1_FILL_NEXT_CLOSE) {
        ref_each(r, t, ref_close_of);
    }
    for (int i = REF_ENTRY; i <= REF_EXIT; i++) {
        ref_follow(&t->orders[i], r->bar.close);
    }
    ref_tell(r, t);
    ref_expire_due(r, t, r->bar.close_time);
    r->is_matching = false;
}

static bool ref_is_no_bar(const reference *r)
{
    return r->bar.is_empty && r->s->rules.zero_volume == S1_ZERO_VOLUME_SKIP;
}

static void ref_first_half(reference *r, const candle *c)
{
    r->bar = *c;
    for (uint32_t k = 0; k < TRADES; k++) {
        ref_deliver(r, &r->trades[k], c->open_time, false);
    }
    r->bars += !ref_is_no_bar(r);
    r->volume = c->is_empty ? 0 : c->volume != 0 ? c->volume : 1000;
    r->taken = 0;
    for (uint32_t k = 0; k < TRADES; k++) {
        if (ref_is_no_bar(r)) {
            ref_expire_due(r, &r->trades[k], c->open_time);
        } else {
            ref_open_of(r, &r->trades[k]);
        }
    }
}

static void ref_second_half(reference *r, const candle *c)
{
    r->bar = *c;
    for (uint32_t k = 0; k < TRADES; k++) {
        if (ref_is_no_bar(r)) {
            ref_expire_due(r, &r->trades[k], c->close_time);
        } else {
            ref_rest_of(r, &r->trades[k]);
        }
        ref_deliver(r, &r->trades[k], c->close_time, true);
    }
}

/* The bar has closed; with a response, of its inside the trader knows with the next. */
static void ref_bar(reference *r, const script *s, uint32_t i)
{
    if (s->latency.response > 0 && i > 0) {
        ref_second_half(r, &s->bars[i - 1]);
    }
    ref_first_half(r, &s->bars[i]);
    if (s->latency.response == 0) {
        ref_second_half(r, &s->bars[i]);
    }
    r->now = s->bars[i].close_time;
}

/* Without latency an order meets the close it was decided on. */
static void ref_look_now(reference *r, ref_trade *t, enum ref_role role)
{
    if (t->orders[role].arrives == 0) {
        ref_meet_close(r, t, role);
    }
}

static void ref_send_slice(reference *r, ref_trade *t)
{
    const int64_t even = t->w.quantity / t->w.slices;
    const int64_t quantity = t->slices_left > 1 ? even : t->w.quantity - t->entered;
    if (t->entered > 0 && t->w.expires_at != 0 && t->w.expires_at <= r->now) {
        ref_end_entry(r, t, "TIME_UP");
        return;
    }
    t->slices_left--;
    t->next_slice += t->w.interval;
    ref_submit(r, t, REF_ENTRY, S1_ORDER_MARKET, 0, quantity);
    ref_look_now(r, t, REF_ENTRY);
}

static s1_rc ref_enter(reference *r, ref_trade *t, const wish *w)
{
    t->is_known = true;
    t->w = *w;
    t->stop = w->stop;
    if (w->slices > 1) {
        if (w->quantity / w->slices == 0) {
            t->is_over = true; /* less than a lot each: refused */
            return S1_E_INVALID;
        }
        t->slices_left = w->slices;
        t->next_slice = r->now;
        ref_send_slice(r, t);
        return S1_OK;
    }
    ref_submit(r, t, REF_ENTRY, w->type, w->price, w->quantity);
    t->orders[REF_ENTRY].limit = w->limit;
    ref_look_now(r, t, REF_ENTRY);
    return S1_OK;
}

static s1_rc ref_close(reference *r, ref_trade *t, int64_t quantity)
{
    if (t->position == 0) {
        return S1_E_NOT_FOUND;
    }
    const bool is_all = quantity == 0 || quantity >= t->position; /* reduce-only */
    if (t->is_closing) {
        if (is_all) {
            ref_stop_entry(r, t, "MANUAL");
        }
        return S1_OK;
    }
    t->is_closing = true;
    if (is_all) {
        ref_stop_entry(r, t, "MANUAL");
        quantity = t->position;
    }
    ref_submit(r, t, REF_EXIT, S1_ORDER_MARKET, 0, quantity);
    ref_look_now(r, t, REF_EXIT);
    return S1_OK;
}

static s1_rc ref_move_stop(reference *r, ref_trade *t, int64_t price)
{
    const int64_t sign = t->w.direction == S1_LONG ? 1 : -1;
    char from[48], to[48];
    if (t->position == 0) {
        return S1_E_NOT_FOUND;
    }
    if (t->stop != 0 && sign * (price - t->stop) <= 0) {
        return S1_E_INVALID;
    }
    say(r->out, ref_number(r, t), "STOP %s %s", number(t->stop, 2, from), number(price, 2, to));
    t->is_stop_moved = true;
    t->stop = price;
    if (!t->orders[REF_STOP].works) {
        ref_submit(r, t, REF_STOP, S1_ORDER_STOP, price, t->position);
    } else if (ref_is_far(r)) {
        ref_send_change(r, t, REF_STOP, price, "");
    } else {
        t->orders[REF_STOP].price = price;
        t->orders[REF_STOP].left = t->position;
    }
    return S1_OK;
}

static s1_rc ref_amend(reference *r, ref_trade *t, const action *a)
{
    ref_order *const o = &t->orders[REF_ENTRY];
    char trigger[48] = "", limit[48] = "", quantity[48] = "";
    if (t->is_over || !o->works) {
        return S1_E_NOT_FOUND;
    }
    const bool has_limit = o->type == S1_ORDER_LIMIT || turns_limit(o->type);
    if (o->type == S1_ORDER_MARKET || (a->price == 0 && a->limit == 0 && a->quantity == 0) ||
        (a->limit != 0 && !has_limit) || (a->price != 0 && o->type == S1_ORDER_LIMIT) ||
        (a->quantity != 0 && a->quantity <= t->entered)) {
        return S1_E_INVALID;
    }
    int64_t *const where = o->type == S1_ORDER_LIMIT ? &o->price : &o->limit;
    const ref_order before = *o;
    o->price = a->price != 0 ? a->price : o->price;
    *where = a->limit != 0 ? a->limit : *where;
    if (a->quantity != 0) {
        o->left += a->quantity - t->w.quantity;
        if (a->quantity != t->w.quantity) {
            (void)number(a->quantity, 3, quantity);
        }
        t->w.quantity = a->quantity;
    }
    const bool is_new = o->price != before.price ||
                        *where != (where == &o->price ? before.price : before.limit) ||
                        o->left > before.left;
    if (o->type != S1_ORDER_LIMIT) {
        (void)number(o->price, 2, trigger);
    }
    if (*where != 0) {
        (void)number(*where, 2, limit);
    }
    say(r->out, ref_number(r, t), "AMENDED %s %s CALLED %s", trigger, limit, quantity);
    if (is_new) { /* behind all others */
        o->accepted = r->bars;
        o->age = r->age++;
        ref_meet_close(r, t, REF_ENTRY);
    }
    return S1_OK;
}

static s1_rc ref_act(reference *r, const action *a)
{
    ref_trade *const t = &r->trades[a->trade];
    switch (a->kind) {
    case ACT_ENTER:
        return ref_enter(r, t, &r->s->wishes[a->trade]);
    case ACT_CLOSE:
        return t->is_over ? S1_E_NOT_FOUND : ref_close(r, t, a->quantity);
    case ACT_STOP:
        return t->is_over ? S1_E_NOT_FOUND : ref_move_stop(r, t, a->price);
    case ACT_CANCEL:
        if (t->is_over || (!t->orders[REF_ENTRY].works && t->slices_left == 0)) {
            return S1_E_NOT_FOUND;
        }
        ref_stop_entry(r, t, "CALLED_OFF");
        return S1_OK;
    case ACT_AMEND:
        return ref_amend(r, t, a);
    }
    return S1_E_INVALID;
}

/* --- The real thing. ---------------------------------------------------------------------------
 */

typedef struct real {
    kernel *k;
    s1_ledger *ledger;
    s1_order_manager *orders;
    s1_matching_engine *matching;
    s1_matching_line *line; /* NULL without latency */
    s1_bar bar;
    s1_trade_id ids[TRADES];
} real;

static s1_rc real_submit(void *self, const s1_order *order, s1_err *err)
{
    real *const s = self;
    return s->line != NULL ? s1_matching_line_submit(s->line, order, err)
                           : s1_matching_submit(s->matching, order, &s->bar, err);
}

static s1_rc real_cancel(void *self, s1_order_id order_id, s1_str reason, s1_nanos time,
                         s1_err *err)
{
    real *const s = self;
    return s->line != NULL ? s1_matching_line_cancel(s->line, order_id, reason, time, err)
                           : s1_matching_cancel(s->matching, order_id, reason, time, err);
}

static s1_rc real_modify(void *self, s1_order_id order_id, s1_dec price, s1_dec quantity,
                         s1_err *err)
{
    real *const s = self;
    return s->line != NULL
               ? s1_matching_line_modify(s->line, order_id, price, quantity, s->bar.close_time, err)
               : s1_matching_modify(s->matching, order_id, price, quantity, err);
}

/* What fills cost and how much there is, as the script has it. */
static s1_fill_costs costs_of(const script *s)
{
    const uint32_t scale = s->model == S1_SLIPPAGE_FIXED || s->model == S1_SLIPPAGE_SPREAD ? 2 : 0;
    return (s1_fill_costs){.model = s->model,
                           .value = s1_dec_from_mantissa(s->model != 0 ? s->value : 0, scale),
                           .volume_share = s1_dec_from_mantissa(s->share, 2)};
}

static s1_rc real_amend(void *self, const s1_order_change *change, s1_err *err)
{
    real *const s = self;
    return s1_matching_amend(s->matching, change, s->bar.close_time, &s->bar, err);
}

static real *real_new(const script *s)
{
    real *const made = calloc(1, sizeof *made);
    assert_non_null(made);
    made->k = kernel_new();
    s1_instrument *const instrument = &made->k->instrument;
    instrument->taker_fee = instrument->maker_fee = s1_dec_from_mantissa(FEE_E4, 4);
    instrument->flags = S1_INSTRUMENT_MARGIN;
    instrument->leverage = S1_DEC_ONE;
    const s1_ledger_options ledger = {.instrument = instrument,
                                      .initial_capital = s1_dec_from_int(CAPITAL),
                                      .positions_max = TRADES};
    MUST(s1_ledger_new(&ledger, &made->ledger, err));
    const s1_order_manager_options orders = {.ledger = made->ledger,
                                             .journal = made->k->journal,
                                             .ids = &made->k->ids,
                                             .instrument = instrument,
                                             .trades_max = TRADES,
                                             .checks_invariants = true};
    MUST(s1_order_manager_new(&orders, &made->orders, err));
    const s1_matching_options matching = {.instrument = instrument,
                                          .rules = s->rules,
                                          .ambiguity = s->ambiguity,
                                          .slippage = s1_dec_from_mantissa(s->slippage_bp, 4),
                                          .costs = costs_of(s),
                                          .maker_fee = instrument->maker_fee,
                                          .taker_fee = instrument->taker_fee,
                                          .orders_max = 4 * TRADES};
    const s1_order_listener listener = s1_order_manager_listener(made->orders);
    MUST(s1_matching_new(&matching, &listener, &made->matching, err));
    const s1_matching_line_options line = {
        .latency = s->latency, .timeframe = KERNEL_HOUR, .commands_max = 4 * BARS};
    if (s1_latency_is_any(&s->latency)) {
        MUST(s1_matching_line_new(made->matching, &listener, &line, &made->line, err));
    }
    s1_order_manager_connect(made->orders, &(s1_environment){.self = made,
                                                             .submit = real_submit,
                                                             .cancel = real_cancel,
                                                             .modify = real_modify,
                                                             .amend = real_amend});
    return made;
}

static void real_free(real *s)
{
    s1_order_manager_free(s->orders);
    s1_matching_line_free(s->line);
    s1_matching_free(s->matching);
    s1_ledger_free(s->ledger);
    kernel_free(s->k);
    free(s);
}

static s1_rc real_enter(real *r, uint32_t trade, const wish *w, s1_err *err)
{
    const s1_plan plan = {
        .size = sizeof plan,
        .direction = w->direction,
        .trade_id = s1_ids_trade(&r->k->ids, 0),
        .opportunity_id = {s1_ids_next(&r->k->ids, S1_ID_OPPORTUNITY, 1)},
        .entry_price = s1_dec_from_mantissa(w->price != 0 ? w->price : r->bar.close, 2),
        .entry_type = w->type,
        .stop_loss = s1_dec_from_mantissa(w->stop, 2),
        .take_profit = s1_dec_from_mantissa(w->target, 2),
        .quantity = s1_dec_from_mantissa(w->quantity, 3),
        .limit_price = s1_dec_from_mantissa(w->type == S1_ORDER_LIMIT ? w->price : w->limit, 2),
        .trigger_price = s1_dec_from_mantissa(s1_order_type_has_trigger(w->type) ? w->price : 0, 2),
        .order_type = w->type,
        .time_in_force = w->tif,
        .post_only = w->is_post_only,
        .expires_at = w->expires_at,
        .display_quantity = s1_dec_from_mantissa(w->display, 3),
        .slices = w->slices,
        .slice_interval = w->interval,
        .entry_trail_amount = s1_dec_from_mantissa(w->trail[0], 2),
        .entry_trail_percent = s1_dec_from_mantissa(w->trail_e4[0], 2),
        .entry_trail_activation = s1_dec_from_mantissa(w->trail_from[0], 2),
        .trail_amount = s1_dec_from_mantissa(w->trail[1], 2),
        .trail_percent = s1_dec_from_mantissa(w->trail_e4[1], 2),
        .trail_activation = s1_dec_from_mantissa(w->trail_from[1], 2)};
    r->ids[trade] = plan.trade_id;
    return s1_order_manager_submit(r->orders, &plan, S1_STR("executor"), err);
}

static s1_rc real_act(real *r, const script *s, const action *a)
{
    s1_err err = S1_ERR_INIT;
    const s1_trade_id id = r->ids[a->trade];
    const s1_close_request request = {.size = sizeof request,
                                      .reason = S1_STR("MANUAL"),
                                      .quantity = s1_dec_from_mantissa(a->quantity, 3)};
    switch (a->kind) {
    case ACT_ENTER:
        return real_enter(r, a->trade, &s->wishes[a->trade], &err);
    case ACT_CLOSE:
        return s1_order_manager_close(r->orders, id, &request, S1_STR("closer"), &err);
    case ACT_STOP:
        return s1_order_manager_modify_stop(r->orders, id, s1_dec_from_mantissa(a->price, 2),
                                            S1_STR("trailer"), &err);
    case ACT_CANCEL:
        return s1_order_manager_cancel_entry(r->orders, id, S1_STR("CALLED_OFF"), &err);
    case ACT_AMEND:
        return s1_order_manager_amend_entry(
            r->orders, id,
            &(s1_entry_change){.size = sizeof(s1_entry_change),
                               .limit_price = s1_dec_from_mantissa(a->limit, 2),
                               .trigger_price = s1_dec_from_mantissa(a->price, 2),
                               .quantity = s1_dec_from_mantissa(a->quantity, 3),
                               .reason = S1_STR("CALLED")},
            S1_STR("amender"), &err);
    }
    return S1_E_INVALID;
}

/* --- The journal, retold in the reference's words. ---------------------------------------------
 */

/* Text of "key":"..." in a line; "" if it is not there. */
static const char *member(const char *line, const char *key, char value[static 64])
{
    char pattern[48];
    (void)snprintf(pattern, sizeof pattern, "\"%s\":\"", key);
    const char *const at = strstr(line, pattern);
    value[0] = '\0';
    if (at != NULL) {
        const char *const from = at + strlen(pattern);
        const size_t length = strcspn(from, "\"");
        assert_true(length < 64);
        memcpy(value, from, length);
        value[length] = '\0';
    }
    return value;
}

/* Roles of orders: their submission alone need say them. */
typedef struct known_order {
    char id[64], role[64];
} known_order;

typedef struct retelling {
    tale *out;
    const real *from;
    known_order orders[TRADES * 32];
    uint32_t order_count;
} retelling;

static uint32_t trade_of(const retelling *t, const char *line)
{
    char text[64];
    s1_uid uid;
    (void)member(line, "trade_id", text);
    MUST(s1_uid_parse((s1_str){text, strlen(text)}, &uid, err));
    for (uint32_t i = 0; i < TRADES; i++) {
        if (s1_uid_eq(t->from->ids[i].uid, uid)) {
            return i;
        }
    }
    fail_msg("an unknown trade: %s", line);
    return 0;
}

static const char *role_of(const retelling *t, const char *line)
{
    char id[64];
    (void)member(line, "order_id", id);
    for (uint32_t i = t->order_count; i > 0; i--) {
        if (strcmp(t->orders[i - 1].id, id) == 0) {
            return t->orders[i - 1].role;
        }
    }
    fail_msg("an order nobody submitted: %s", line);
    return "";
}

static long long nanos_of(const char *line)
{
    char text[64];
    int day, hour, minute;
    (void)member(line, "time", text);
    assert_int_equal(sscanf(text, "1970-01-%dT%d:%d", &day, &hour, &minute), 3);
    return ((day - 1) * 24LL + hour) * KERNEL_HOUR + minute * 60LL * S1_NANOS_PER_SECOND;
}

static void retell(retelling *t, const char *line)
{
    char type[64], a[64], b[64], c[64], d[64], e[64];
    const uint32_t k = trade_of(t, line);
    (void)member(line, "type", type);
    if (strcmp(type, "ORDER_SUBMITTED") == 0) {
        assert_true(t->order_count < sizeof t->orders / sizeof t->orders[0]);
        known_order *const order = &t->orders[t->order_count++];
        (void)member(line, "order_id", order->id);
        (void)member(line, "role", order->role);
    } else if (strcmp(type, "ORDER_FILLED") == 0) {
        (void)member(line, "remaining", e);
        say(t->out, k, "FILLED %s %s@%s fee %s %s%s%s", role_of(t, line),
            member(line, "quantity", a), member(line, "price", b), member(line, "fee", c),
            member(line, "rule", d), e[0] != '\0' ? " remaining " : "", e);
    } else if (strcmp(type, "ORDER_CANCELED") == 0) {
        say(t->out, k, "CANCELED %s %s", role_of(t, line), member(line, "reason", a));
    } else if (strcmp(type, "ORDER_EXPIRED") == 0) {
        say(t->out, k, "EXPIRED %s %s @%lld", role_of(t, line), member(line, "reason", a),
            nanos_of(line));
    } else if (strcmp(type, "ORDER_AMENDED") == 0) {
        say(t->out, k, "AMENDED %s %s %s %s", member(line, "trigger", a), member(line, "limit", b),
            member(line, "reason", c), member(line, "quantity", d));
    } else if (strcmp(type, "ORDER_TRIGGERED") == 0) {
        say(t->out, k, "TRIGGERED %s", role_of(t, line));
    } else if (strcmp(type, "ORDER_REJECTED") == 0) {
        say(t->out, k, "REJECTED %s %s", role_of(t, line), member(line, "reason", a));
    } else if (strcmp(type, "OPPORTUNITY_REJECTED") == 0) {
        say(t->out, k, "REFUSED");
    } else if (strcmp(type, "TRADE_OPENED") == 0) {
        say(t->out, k, "OPENED");
    } else if (strcmp(type, "TRADE_CLOSED") == 0) {
        say(t->out, k, "CLOSED %s %s pnl %s", member(line, "closure_reason", a),
            member(line, "quantity", b), member(line, "pnl", c));
    } else if (strcmp(type, "POSITION_ADJUSTED") == 0) {
        (void)member(line, "what", a);
        (void)member(line, "from", b);
        (void)member(line, "to", c);
        if (strcmp(a, "planned_quantity") == 0) {
            say(t->out, k, "PLANNED %s %s %s", b, c, member(line, "reason", d));
        } else if (strcmp(a, "stop_loss") == 0) {
            say(t->out, k, "STOP %s %s", b, c);
        } else {
            (void)member(line, "price", d);
            say(t->out, k, "QUANTITY %s %s%s%s", b, c, d[0] != '\0' ? " @" : "", d);
        }
    } else {
        assert_string_equal(type, "ORDER_ACCEPTED");
    }
}

/* --- Comparing. --------------------------------------------------------------------------------
 */

static void compare_tales(const tale *a, const tale *b, uint64_t seed)
{
    for (uint32_t k = 0; k < TRADES; k++) {
        const uint32_t count = a->counts[k] > b->counts[k] ? a->counts[k] : b->counts[k];
        for (uint32_t i = 0; i < count; i++) {
            const char *const x = i < a->counts[k] ? a->lines[k][i] : "(nothing)";
            const char *const y = i < b->counts[k] ? b->lines[k][i] : "(nothing)";
            if (strcmp(x, y) != 0) {
                for (uint32_t n = 0; n < i; n++) {
                    print_message("    %s\n", a->lines[k][n]);
                }
                fail_msg("stream %llu, trade %u, line %u: found '%s', the reference has '%s'",
                         (unsigned long long)seed, k, i, x, y);
            }
        }
    }
}

static bool is_cash_right(const real *r, const reference *ref)
{
    char text[48], ours[S1_DEC_TEXT_MAX];
    (void)s1_dec_print(r->ledger->view.cash, ours);
    uint32_t open = 0;
    int64_t held = 0;
    for (uint32_t i = 0; i < TRADES; i++) {
        const ref_trade *const t = &ref->trades[i];
        open += t->position > 0;
        if (t->is_known && !t->is_over) {
            const bool has_more = t->orders[REF_ENTRY].works || t->slices_left > 0;
            held += has_more ? t->w.quantity - t->entered : 0;
        }
    }
    return strcmp(ours, number((int64_t)CAPITAL * 1000000000 + ref->cash, 9, text)) == 0 &&
           r->ledger->view.position_count == open &&
           s1_dec_is_zero(r->ledger->view.reserved) == (held == 0);
}

static bool ref_is_busy(const reference *r)
{
    bool is_busy = false;
    for (uint32_t k = 0; k < TRADES; k++) {
        is_busy = is_busy || (r->trades[k].is_known && !r->trades[k].is_over);
    }
    return is_busy;
}

/* Nothing that works to close a position closes more than is open. */
static void check_reduce_only(const real *r)
{
    for (uint32_t k = 0; k < TRADES; k++) {
        const s1_ledger_position_record *const position = s1_ledger_find(r->ledger, r->ids[k]);
        for (int32_t role = S1_ROLE_STOP_LOSS; role <= S1_ROLE_EXIT; role++) {
            const s1_order *const order = s1_matching_find(r->matching, r->ids[k], role);
            if (order == NULL) {
                continue;
            }
            const s1_i128 left = s1_dec_raw(order->quantity) - s1_dec_raw(order->filled);
            assert_non_null(position);
            assert_true(left > 0 && left <= s1_dec_raw(position->view.quantity));
        }
    }
}

/* Plays the script on both; the lines of both, as far as bar `until`. */
static void play(const script *s, uint32_t until, tale *ours, tale *theirs, uint64_t *ret_facts)
{
    real *const r = real_new(s);
    reference *const ref = calloc(1, sizeof *ref);
    retelling *const t = calloc(1, sizeof *t);
    assert_non_null(ref);
    assert_non_null(t);
    *ref = (reference){.s = s, .out = theirs};
    *t = (retelling){.out = ours, .from = r};
    uint32_t next = 0;
    bool is_right = true;
    for (uint32_t i = 0; i < until && is_right; i++) {
        const candle c = s->bars[i];
        r->bar = (s1_bar){c.open_time,
                          c.close_time,
                          c.open,
                          c.high,
                          c.low,
                          c.close,
                          c.is_empty      ? 0
                          : c.volume != 0 ? c.volume
                                          : 1000};
        s1_ids_begin_tick(&r->k->ids, i + 1);
        s1_order_manager_begin_tick(r->orders, c.close_time, i);
        MUST(r->line != NULL ? s1_matching_line_bar(r->line, &r->bar, err)
                             : s1_matching_bar(r->matching, &r->bar, err));
        s1_ledger_mark(r->ledger, c.close);
        ref_bar(ref, s, i);
        for (; next < s->action_count && s->actions[next].bar == i; next++) {
            if (s->share != 0 && s->actions[next].kind == ACT_ENTER && ref_is_busy(ref)) {
                continue; /* whose order comes first in a bar is not for the reference to say */
            }
            const s1_rc found = real_act(r, s, &s->actions[next]);
            assert_int_equal(found, ref_act(ref, &s->actions[next]));
        }
        if (s1_order_manager_has_due(r->orders, c.close_time)) {
            MUST(s1_order_manager_send_slices(r->orders, err));
        }
        for (uint32_t k = 0; k < TRADES; k++) {
            ref_trade *const trade = &ref->trades[k];
            if (trade->slices_left > 0 && trade->next_slice <= c.close_time &&
                !trade->orders[REF_ENTRY].works) {
                ref_send_slice(ref, trade);
            }
        }
        MUST(s1_ledger_check(r->ledger, err));
        check_reduce_only(r);
        is_right = is_cash_right(r, ref);
    }
    for (size_t i = 0; i < r->k->tape.count; i++) {
        retell(t, r->k->tape.lines[i]);
    }
    if (!is_right) {
        compare_tales(ours, theirs, s->seed);
        fail_msg("cash, positions or what is held differ where the lines do not");
    }
    for (uint32_t k = 0; k < TRADES; k++) {
        *ret_facts += theirs->counts[k];
    }
    free(t);
    free(ref);
    real_free(r);
}

/* The streams are worth their name only if they hold all of this. */
static const char *const kinds[] = {
    "FILLED entry",
    "remaining",
    "OPEN_GAP",
    "OPEN_MARKETABLE",
    "AMBIGUOUS_STOP",
    "ENTRY_BAR_STOP",
    "AMBIGUOUS_TARGET",
    "EXPIRED entry TIME_UP",
    "NOT_MARKETABLE",
    "REFUSED",
    "TRAILING_STOP",
    "CANCELED entry POSITION_CLOSED",
    "CANCELED entry CALLED_OFF",
    "CANCELED entry MANUAL",
    "TIME_UP",
    "PLANNED",
    "OPEN_IMPROVED",
    "CLOSE_NEXT",
    "CLOSE_REACHED",
    " CLOSE",
    "ENTRY_BAR_TARGET",
    "TRIGGER_TOUCH",
    "TRIGGERED",
    "TRAIL ",
    "CALLED ",
    "NO_VOLUME",
    "FILLED stop_loss",
    "CANCELED exit POSITION_CLOSED",
    "AMENDED",
    "AMBIGUOUS_TRAIL",
    "STOP ",
};
#define KINDS (sizeof kinds / sizeof kinds[0])

static void count_kinds(const tale *t, uint64_t counts[static KINDS])
{
    for (uint32_t k = 0; k < TRADES; k++) {
        for (uint32_t i = 0; i < t->counts[k]; i++) {
            for (size_t n = 0; n < KINDS; n++) {
                counts[n] += strstr(t->lines[k][i], kinds[n]) != NULL;
            }
        }
    }
}

static void test_streams_against_the_reference(void **state)
{
    (void)state;
    uint64_t counts[KINDS] = {0};
    const char *const wanted = getenv("S1_ORDER_STREAMS");
    const uint64_t streams = wanted != NULL ? strtoull(wanted, NULL, 10) : 400;
    script *const s = calloc(1, sizeof *s);
    tale *const ours = calloc(1, sizeof *ours);
    tale *const theirs = calloc(1, sizeof *theirs);
    assert_true(s != NULL && ours != NULL && theirs != NULL);
    uint64_t facts = 0;
    for (uint64_t seed = 1; seed <= streams; seed++) {
        memset(ours, 0, sizeof *ours);
        memset(theirs, 0, sizeof *theirs);
        write_script(s, seed);
        play(s, BARS, ours, theirs, &facts);
        compare_tales(ours, theirs, seed);
        count_kinds(theirs, counts);
    }
    for (size_t n = 0; n < KINDS; n++) {
        if (counts[n] < streams / 100) {
            fail_msg("%s: %llu times, too few", kinds[n], (unsigned long long)counts[n]);
        }
    }
    print_message("%llu streams, %llu facts, 0 differences\n", (unsigned long long)streams,
                  (unsigned long long)facts);
    assert_true(facts > 20 * streams);
    free(s);
    free(ours);
    free(theirs);
}

/* What was told up to a bar is told the same, whatever bars come after it, or none. */
static void test_cut_history(void **state)
{
    (void)state;
    script *const whole = calloc(1, sizeof *whole);
    script *const other = calloc(1, sizeof *other);
    tale *const a = calloc(1, sizeof *a);
    tale *const b = calloc(1, sizeof *b);
    tale *const rest = calloc(1, sizeof *rest);
    assert_true(whole != NULL && other != NULL && a != NULL && b != NULL && rest != NULL);
    uint64_t facts = 0;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        s1_rng rng;
        s1_rng_init_part(&rng, seed, 7);
        write_script(whole, seed);
        *other = *whole;
        const uint32_t cut = (uint32_t)pick(&rng, 5, BARS - 1);
        for (uint32_t i = cut; i < BARS; i++) {
            other->bars[i] = random_candle(&rng, &other->bars[i - 1]);
        }
        memset(a, 0, sizeof *a);
        memset(b, 0, sizeof *b);
        memset(rest, 0, sizeof *rest);
        play(whole, cut, a, rest, &facts);
        memset(rest, 0, sizeof *rest);
        play(other, BARS, b, rest, &facts);
        for (uint32_t k = 0; k < TRADES; k++) {
            assert_true(b->counts[k] >= a->counts[k]);
            for (uint32_t i = 0; i < a->counts[k]; i++) {
                assert_string_equal(a->lines[k][i], b->lines[k][i]);
            }
        }
    }
    free(whole);
    free(other);
    free(a);
    free(b);
    free(rest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_streams_against_the_reference),
        cmocka_unit_test(test_cut_history),
    };
    return cmocka_run_group_tests_name("order_streams", tests, NULL, NULL);
}
