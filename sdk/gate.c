/* The enrolment gate: what every worker owes, asked of it through the harness alone. */
#include "backend/assembly/range_check.h"
#include "backend/config/params.h"
#include "backend/config/yaml.h"
#include "sdk/harness_internal.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define BARS_DEFAULT  400u
#define CUTS_DEFAULT  8u
#define ROUNDS        15u /* of timed lives */
#define LOG_BYTES_MAX ((size_t)256 << 20)
#define FEEDS_MAX     32u
#define FAILURE_MAX   1024u
#define ARTEFACTS_MAX 32u

typedef struct gate_bar {
    double open, high, low, close, volume;
} gate_bar;

typedef struct gate {
    s1_gate_options options;
    s1_arena arena;
    s1_faults faults;
    s1_harness *probe; /* holds the registry the manifest lives in; no workers */
    const s1_manifest *manifest;
    const s1_worker_plan *plan;
    char params[512];
    char second_stream[64];
    gate_bar *bars, *others; /* [count]: the history, and another one to go on with */
    uint64_t count;
    const char *feeds[FEEDS_MAX]; /* columns made by rule */
    uint32_t feed_count;
    const char *artefacts[ARTEFACTS_MAX]; /* lists it reads, filled by rule */
} gate;

/* One life of the worker over the bars, and all it said, in text. */
typedef struct life {
    const gate *gate;
    s1_harness *harness;
    s1_worker *worker;
    uint64_t cut;           /* from this bar on `others` */
    uint64_t end;           /* bars it lives */
    bool is_timed, is_idle; /* a timed life says nothing; an idle one calls nothing */
    int64_t nanos;          /* it took */
    s1_strbuf said;
    size_t *ends;                             /* [count] length of `said` behind each bar */
    uint32_t signals, reports, notes, orders; /* written already */
    uint64_t artefacts[ARTEFACTS_MAX];        /* of each list */
    double averages[FEEDS_MAX];               /* of the feeds that are some */
    s1_gate_report report;
} life;

/* --- What it is made from. ------------------------------------------------------------------- */

static bool is_bar_column(s1_str name)
{
    static const char *const names[] = {"open", "high", "low", "close", "volume"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (s1_str_eq_cstr(name, names[i])) {
            return true;
        }
    }
    return false;
}

/* Whether a text parameter names the stream of a column that is read: "{stream}.close". */
static bool is_stream(const s1_manifest *manifest, s1_str param)
{
    const s1_text_list *const lists[] = {&manifest->dependencies.requires,
                                         &manifest->dependencies.uses};
    char start[80];
    (void)snprintf(start, sizeof start, "{%.*s}.", S1_STR_ARG(param));
    for (size_t k = 0; k < 2; k++) {
        for (uint32_t i = 0; i < lists[k]->count; i++) {
            if (s1_str_starts_with(lists[k]->items[i], s1_str_of(start))) {
                return true;
            }
        }
    }
    return false;
}

/* A value for a parameter nobody gave one. */
static void stand_in(const s1_manifest *manifest, const s1_manifest_param *param, s1_strbuf *text)
{
    const bool is_list = param->type == S1_PARAM_INT_LIST || param->type == S1_PARAM_FLOAT_LIST ||
                         param->type == S1_PARAM_STRING_LIST;
    const s1_yaml_node *const bound = param->min != NULL ? param->min : param->max;
    const char *value = "\"1\"";
    if (param->type == S1_PARAM_STRING && is_stream(manifest, param->name)) {
        value = "EUR/USD@4h";
    } else if (param->type == S1_PARAM_BOOL) {
        value = "true";
    } else if (param->type == S1_PARAM_DURATION) {
        value = "1h";
    } else if (param->type == S1_PARAM_INT || param->type == S1_PARAM_FLOAT ||
               param->type == S1_PARAM_INT_LIST || param->type == S1_PARAM_FLOAT_LIST) {
        value = "1";
    }
    s1_strbuf_cstr_add(text, is_list ? "[" : "");
    if (param->values.count > 0) {
        s1_strbuf_printf(text, "%.*s", S1_STR_ARG(param->values.items[0]));
    } else if (bound != NULL && bound->is_quoted) {
        s1_strbuf_printf(text, "\"%.*s\"", S1_STR_ARG(bound->text));
    } else if (bound != NULL) {
        s1_strbuf_str(text, bound->text);
    } else {
        s1_strbuf_cstr_add(text, value);
    }
    s1_strbuf_cstr_add(text, is_list ? "]" : "");
}

static void make_params(gate *g)
{
    s1_strbuf text;
    s1_strbuf_init(&text, sizeof g->params - 1);
    if (g->options.params != NULL) {
        s1_strbuf_cstr_add(&text, g->options.params);
    } else {
        s1_strbuf_char(&text, '{');
        for (uint32_t i = 0; i < g->manifest->parameters.count; i++) {
            const s1_manifest_param *const param = &g->manifest->parameters.items[i];
            if (param->default_value == NULL) {
                s1_strbuf_printf(&text, "%s%.*s: ", text.len > 1 ? ", " : "",
                                 S1_STR_ARG(param->name));
                stand_in(g->manifest, param, &text);
            }
        }
        s1_strbuf_char(&text, '}');
    }
    (void)snprintf(g->params, sizeof g->params, "%s", s1_strbuf_cstr(&text));
    s1_strbuf_done(&text);
}

/* A stream the worker needs beside the primary: named by a column or by a text parameter. */
static void find_stream(gate *g)
{
    const s1_text_list *const lists[] = {&g->plan->requires, &g->plan->uses};
    for (size_t k = 0; k < 2; k++) {
        for (uint32_t i = 0; i < lists[k]->count; i++) {
            const s1_str name = lists[k]->items[i];
            const size_t dot = s1_str_rfind_byte(name, '.');
            if (dot != S1_STR_NPOS && s1_str_find_byte(name, '@', 0) < dot) {
                (void)snprintf(g->second_stream, sizeof g->second_stream, "%.*s", (int)dot,
                               name.ptr);
            }
        }
    }
    for (uint32_t i = 0; i < g->plan->params.count; i++) {
        const s1_param *const param = &g->plan->params.items[i];
        if (param->type == S1_PARAM_STRING &&
            s1_str_find_byte(param->as.text, '@', 0) != S1_STR_NPOS &&
            s1_str_find_byte(param->as.text, '/', 0) != S1_STR_NPOS) {
            (void)snprintf(g->second_stream, sizeof g->second_stream, "%.*s",
                           S1_STR_ARG(param->as.text));
        }
    }
}

/* A column nobody computes in the gate: of the primary or of the second stream, but no bar's. */
static bool is_fed(s1_str name)
{
    const bool is_of_other = s1_str_find_byte(name, '@', 0) != S1_STR_NPOS;
    const size_t dot = is_of_other ? s1_str_rfind_byte(name, '.') : S1_STR_NPOS;
    return !is_bar_column(dot == S1_STR_NPOS ? name : s1_str_slice(name, dot + 1, name.len));
}

static void find_feeds(gate *g)
{
    const s1_text_list *const lists[] = {&g->plan->requires, &g->plan->uses};
    for (size_t k = 0; k < 2; k++) {
        for (uint32_t i = 0; i < lists[k]->count && g->feed_count < FEEDS_MAX; i++) {
            const s1_str name = lists[k]->items[i];
            if (is_fed(name)) {
                g->feeds[g->feed_count++] = s1_arena_copy_cstr(&g->arena, name);
            }
        }
    }
}

/* Every feed of the manifest is given, by its own name. */
static void give_feeds(gate *g, s1_worker_item *item)
{
    const uint32_t count = g->manifest->dependencies.feeds.count;
    s1_worker_feed *const feeds = s1_arena_array(&g->arena, s1_worker_feed, (size_t)count + 1);
    for (uint32_t i = 0; i < count && feeds != NULL; i++) {
        feeds[i].name = g->manifest->dependencies.feeds.items[i].name;
        feeds[i].feed = feeds[i].name;
    }
    item->feeds.items = feeds;
    item->feeds.count = feeds != NULL ? count : 0;
}

/* And every model. */
static void give_models(gate *g, s1_worker_item *item)
{
    const uint32_t count = g->manifest->dependencies.models.count;
    s1_worker_model *const models = s1_arena_array(&g->arena, s1_worker_model, (size_t)count + 1);
    for (uint32_t i = 0; i < count && models != NULL; i++) {
        models[i].name = g->manifest->dependencies.models.items[i].name;
        models[i].model = models[i].name;
    }
    item->models.items = models;
    item->models.count = models != NULL ? count : 0;
}

static s1_rc resolve(gate *g, s1_err *err)
{
    s1_worker_item *const item = s1_arena_one(&g->arena, s1_worker_item);
    if (item == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "gate");
    }
    s1_yaml_node *root = NULL;
    const s1_yaml_options options = {.file = S1_STR("params")};
    give_feeds(g, item);
    give_models(g, item);
    s1_yaml_parse(s1_str_of(g->params), &options, &g->arena, &g->faults, &root);
    S1_TRY(err, s1_faults_check(&g->faults, err));
    item->plugin = g->manifest->identification.name;
    item->id = item->plugin;
    item->worker_type = g->manifest->identification.type;
    item->subtype = g->manifest->identification.subtype;
    item->params = root;
    s1_worker_plan_resolve(item, g->manifest, &g->arena, &g->faults, &g->plan);
    S1_TRY(err, s1_faults_check(&g->faults, err));
    find_stream(g);
    find_feeds(g);
    for (uint32_t i = 0; i < g->plan->artefacts_in.count && i < ARTEFACTS_MAX; i++) {
        g->artefacts[i] = s1_arena_copy_cstr(&g->arena, g->plan->artefacts_in.items[i]);
    }
    return S1_OK;
}

/* --- Bars. ----------------------------------------------------------------------------------- */

static void walk(gate_bar *bars, uint64_t count, uint64_t seed, double close, double swing)
{
    for (uint64_t t = 0; t < count; t++) {
        double steps[4];
        for (size_t i = 0; i < 4; i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            steps[i] = (double)(seed >> 40) / (double)(1u << 24);
        }
        const double open = close;
        /* Around 1.25: it may trend, and never comes near 0. */
        close = open + (steps[0] - 0.5) * swing + (1.25 - open) * 0.02;
        close = steps[3] < 0.1 ? open : close;
        bars[t] = (gate_bar){open, fmax(open, close) + steps[1] * swing * 0.4,
                             fmin(open, close) - steps[2] * swing * 0.4, close,
                             1.0 + floor(steps[3] * 100.0)};
    }
}

static void read_csv(void *user)
{
    gate *const g = user;
    const uint64_t wanted = g->options.bars > 0 ? g->options.bars : BARS_DEFAULT;
    s1_harness *const h =
        s1_harness_new(&(s1_harness_options){.plugins_folder = g->options.plugins_folder});
    g->count = s1_harness_csv(h, g->options.csv, wanted);
    g->bars = calloc(g->count + 1, sizeof *g->bars);
    S1_EXPECT(g->bars != NULL);
    for (uint64_t t = 0; t < g->count; t++) {
        g->bars[t] = (gate_bar){s1_harness_column(h, "open")[t], s1_harness_column(h, "high")[t],
                                s1_harness_column(h, "low")[t], s1_harness_column(h, "close")[t],
                                s1_harness_column(h, "volume")[t]};
    }
    s1_harness_free(h);
}

static s1_rc make_bars(gate *g, s1_err *err)
{
    char message[FAILURE_MAX];
    if (g->options.csv != NULL) {
        if (!s1_test_guard(read_csv, g, message, sizeof message)) {
            return S1_RAISE(err, S1_E_DATA, "%s", message);
        }
        if (g->count == 0) {
            return S1_RAISE(err, S1_E_NOT_FOUND, "no bars in '%s'", g->options.csv);
        }
    } else {
        g->count = g->options.bars > 0 ? g->options.bars : BARS_DEFAULT;
        g->bars = calloc(g->count, sizeof *g->bars);
    }
    g->others = calloc(g->count, sizeof *g->others);
    if (g->bars == NULL || g->others == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%llu bars", (unsigned long long)g->count);
    }
    if (g->options.csv == NULL) {
        walk(g->bars, g->count, 42, 1.25, 0.01);
    }
    walk(g->others, g->count, 7, g->bars[0].close, g->bars[0].close * 0.02);
    return S1_OK;
}

/* The number a name ends with: 20 of ema_20; 10 without one. */
static double last_number(s1_str name)
{
    double number = 0.0;
    double place = 1.0;
    for (size_t i = name.len; i > 0 && name.ptr[i - 1] >= '0' && name.ptr[i - 1] <= '9'; i--) {
        number += place * (name.ptr[i - 1] - '0');
        place *= 10.0;
    }
    return number > 0.0 ? number : 10.0;
}

/* A column nobody computes here, from the bar: ranges are small, flags are 0 or 1, signs 1 or -1,
 * oscillators 0 to 100, averages follow the close (`average` is the one so far, NaN before the
 * first bar), everything else lies about it. */
static double by_rule(s1_str column, const gate_bar *bar, uint64_t t, double *average)
{
    const size_t dot = s1_str_rfind_byte(column, '.');
    const s1_str name = dot == S1_STR_NPOS ? column : s1_str_slice(column, dot + 1, column.len);
    if (s1_str_starts_with(name, S1_STR("is_"))) {
        return t % 5 == 0 ? 1.0 : 0.0;
    }
    if (s1_str_ends_with(name, S1_STR("_direction"))) {
        return t % 16 < 8 ? 1.0 : -1.0;
    }
    if (s1_str_starts_with(name, S1_STR("atr")) || s1_str_starts_with(name, S1_STR("volatility"))) {
        return bar->high - bar->low + bar->close * 0.001;
    }
    if (s1_str_starts_with(name, S1_STR("rsi")) || s1_str_starts_with(name, S1_STR("adx"))) {
        return bar->high > bar->low ? 100.0 * (bar->close - bar->low) / (bar->high - bar->low)
                                    : 50.0;
    }
    if (s1_str_starts_with(name, S1_STR("ema")) || s1_str_starts_with(name, S1_STR("sma"))) {
        const double alpha = 2.0 / (last_number(name) + 1.0);
        *average = isnan(*average) ? bar->close : *average + alpha * (bar->close - *average);
        return *average;
    }
    return bar->close * (1.0 + 0.002 * ((double)(t % 7) - 3.0));
}

/* A model of one split: up to 1.25, where the bars walk about, 0.2, else 0.8. It has as many
 * features as the longest list of texts among the parameters has items: they are what it is asked
 * about. */
static void write_model(const gate *g, s1_strbuf *text)
{
    uint32_t features = 1;
    for (uint32_t i = 0; i < g->plan->params.count; i++) {
        const s1_param *const param = &g->plan->params.items[i];
        if (param->type == S1_PARAM_STRING_LIST && param->as.texts.count > features) {
            features = param->as.texts.count;
        }
    }
    s1_strbuf_printf(text,
                     "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\n"
                     "max_feature_idx=%u\nobjective=regression\nfeature_names=",
                     features - 1);
    for (uint32_t i = 0; i < features; i++) {
        s1_strbuf_printf(text, "%sx%u", i > 0 ? " " : "", i);
    }
    s1_strbuf_lit(text, "\nfeature_infos=");
    for (uint32_t i = 0; i < features; i++) {
        s1_strbuf_printf(text, "%s[0:10]", i > 0 ? " " : "");
    }
    s1_strbuf_lit(text, "\ntree_sizes=300\n\nTree=0\nnum_leaves=2\nnum_cat=0\nsplit_feature=0\n"
                        "split_gain=1\nthreshold=1.25\ndecision_type=2\nleft_child=-1\n"
                        "right_child=-2\nleaf_value=0.2 0.8\nleaf_weight=1 1\nleaf_count=1 1\n"
                        "internal_value=0\ninternal_weight=0\ninternal_count=2\nis_linear=0\n"
                        "shrinkage=1\n\n\nend of trees\n\nparameters:\nend of parameters\n");
}

static void give_model_files(s1_harness *h, const gate *g)
{
    s1_strbuf text;
    s1_strbuf_init(&text, LOG_BYTES_MAX);
    write_model(g, &text);
    for (uint32_t i = 0; i < g->plan->models.count; i++) {
        s1_harness_model_file(h, g->plan->models.items[i].name.ptr, s1_strbuf_cstr(&text));
    }
    s1_strbuf_done(&text);
}

/* A feed file by rule: a row in each bar, about times around it; numbers from -3 to 3, texts that
 * name what is traded. From bar `cut` on the rows are others. */
static void write_feed(const s1_feed_plan *feed, uint64_t count, uint64_t cut, s1_strbuf *csv)
{
    static const char *const texts[] = {"EUR", "USD", "EUR/USD", ""};
    const s1_nanos hour = 3600LL * S1_NANOS_PER_SECOND;
    s1_strbuf_lit(csv, "time,published_at");
    for (uint32_t i = 0; i < feed->fields.count; i++) {
        s1_strbuf_printf(csv, ",%.*s", S1_STR_ARG(feed->fields.items[i].name));
    }
    for (uint64_t t = 0; t < count; t++) {
        const uint64_t rule = t < cut ? t : 3 * t + 1;
        const s1_nanos published = S1_HARNESS_START + (s1_nanos)t * hour + hour / 2;
        s1_strbuf_printf(csv, "\n%lld,%lld",
                         (long long)(published + ((s1_nanos)(rule * 37 % 11) - 5) * hour / 3),
                         (long long)published);
        for (uint32_t i = 0; i < feed->fields.count; i++) {
            const s1_feed_plan_field *const field = &feed->fields.items[i];
            if (field->type == S1_FEED_TEXT) {
                s1_strbuf_printf(csv, ",%s", texts[(rule + i) % (field->is_optional ? 4 : 3)]);
            } else {
                s1_strbuf_printf(csv, ",%d.%d", (int)((rule * 53 + i * 17) % 7) - 3,
                                 (int)(rule % 10));
            }
        }
    }
}

static void give_feed_files(s1_harness *h, const gate *g, uint64_t cut)
{
    for (uint32_t i = 0; i < g->plan->feeds.count; i++) {
        s1_strbuf csv;
        s1_strbuf_init(&csv, LOG_BYTES_MAX);
        write_feed(&g->plan->feeds.items[i], g->count, cut, &csv);
        s1_harness_feed_file(h, g->plan->feeds.items[i].name.ptr, s1_strbuf_cstr(&csv));
        s1_strbuf_done(&csv);
    }
}

/* --- One life. ------------------------------------------------------------------------------- */

static void say(life *of, const char *format, ...) S1_PRINTF(2, 3);
static void say(life *of, const char *format, ...)
{
    char text[512];
    va_list args;
    if (of->is_timed) {
        return;
    }
    va_start(args, format);
    const int length = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    const size_t room = sizeof text - 1;
    s1_strbuf_bytes(&of->said, text,
                    length < 0              ? 0
                    : (size_t)length < room ? (size_t)length
                                            : room);
    s1_strbuf_char(&of->said, '\n');
}

static void say_fields(life *of, const s1_field *fields, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        say(of, " %.*s %.*s %a", S1_STR_ARG(fields[i].name), S1_STR_ARG(fields[i].text),
            fields[i].number);
    }
}

static void worker_failed(uint64_t t, const char *function, const s1_err *err)
{
    S1_TEST_FAIL("%s() failed on bar %llu: %s", function, (unsigned long long)t + 1, err->msg);
}

static void say_plan(life *of, const s1_plan *plan, const s1_verdict *verdict)
{
    if (of->is_timed) {
        return;
    }
    say(of, "plan %d %s %d %s %s", plan->direction, s1_harness_text(plan->entry_price),
        plan->entry_type, s1_harness_text(plan->stop_loss), s1_harness_text(plan->take_profit));
    say(of, " %s %s %s %d %d %u", s1_harness_text(plan->quantity),
        s1_harness_text(plan->limit_price), s1_harness_text(plan->trigger_price), plan->order_type,
        plan->time_in_force, plan->post_only);
    say(of, " %lld %s %u %lld %s", (long long)plan->expires_at,
        s1_harness_text(plan->display_quantity), plan->slices, (long long)plan->slice_interval,
        s1_harness_text(plan->cash_fraction));
    say(of, " %s %s %s", s1_harness_text(plan->trail_amount), s1_harness_text(plan->trail_percent),
        s1_harness_text(plan->trail_activation));
    say(of, " %llu", (unsigned long long)plan->oco_group);
    say(of, " %s %s %s", s1_harness_text(plan->entry_trail_amount),
        s1_harness_text(plan->entry_trail_percent), s1_harness_text(plan->entry_trail_activation));
    say(of, " %u %.*s %a %a", verdict->is_rejected, S1_STR_ARG(verdict->code), verdict->limit,
        verdict->actual);
}

/* The plan as the phases before would have left it. */
static s1_plan plan_before(s1_harness *h, const s1_signal *signal, int32_t subtype)
{
    const s1_context *const context = s1_harness_context(h);
    const s1_instrument *const instrument = context->primary->instrument;
    const s1_dec close = s1_dec_from_mantissa(context->primary->bar.close, instrument->price_scale);
    const s1_dec step = s1_dec_from_mantissa(100, instrument->price_scale);
    const bool is_long = signal->direction == S1_LONG;
    s1_plan plan = s1_harness_make_plan(h, signal);
    s1_dec below = close;
    s1_dec above = close;
    if (s1_dec_sub(close, step, &below, NULL) != S1_OK ||
        s1_dec_add(close, step, &above, NULL) != S1_OK) {
        S1_TEST_FAIL("a close out of range");
    }
    if (subtype != S1_SUBTYPE_ENTRY_PLANNING) {
        const bool is_limit =
            subtype == S1_SUBTYPE_ORDER_ROUTING && context->primary->rows % 3 == 0;
        plan.entry_price = close;
        plan.entry_type = is_limit ? S1_ORDER_LIMIT : S1_ORDER_MARKET;
    }
    if (subtype == S1_SUBTYPE_SIZE_PLANNING || subtype == S1_SUBTYPE_ORDER_ROUTING) {
        plan.stop_loss = is_long ? below : above;
        plan.take_profit = is_long ? above : below;
    }
    if (subtype == S1_SUBTYPE_ORDER_ROUTING) {
        plan.quantity = S1_DEC_ONE;
    }
    return plan;
}

static void call_planning(life *of, uint64_t t)
{
    const s1_signal signal = s1_harness_make_signal(of->harness, t % 2 == 0 ? S1_LONG : S1_SHORT);
    s1_plan plan = plan_before(of->harness, &signal, of->worker->subtype);
    s1_verdict verdict;
    s1_err err = S1_ERR_INIT;
    if (s1_harness_plan(of->harness, of->worker, &signal, &plan, &verdict, &err) != S1_OK) {
        worker_failed(t, "plan", &err);
    }
    of->report.calls++;
    of->report.plans += verdict.is_rejected == 0;
    of->report.rejections += verdict.is_rejected;
    say_plan(of, &plan, &verdict);
}

static void call_trigger(life *of, uint64_t t, int32_t trigger, const s1_plan *directive)
{
    s1_err err = S1_ERR_INIT;
    if (s1_harness_execute(of->harness, of->worker, trigger, directive, NULL, &err) != S1_OK) {
        worker_failed(t, "execute", &err);
    }
    of->report.calls++;
}

/* Positions come and go, a threat rises and falls, now and then a plan is approved. */
static void call_execution(life *of, uint64_t t)
{
    s1_harness *const h = of->harness;
    if (t % 40 == 3) {
        s1_harness_open(
            h, t % 80 < 40 ? S1_LONG : S1_SHORT, "1",
            s1_harness_text(s1_dec_from_mantissa(s1_harness_context(h)->primary->bar.close, 5)));
        call_trigger(of, t, S1_ON_POSITION_OPENED, NULL);
    }
    if (t % 50 == 25) {
        s1_harness_threat(h, "GATE", "MARKET_RISK", S1_SEVERITY_HIGH);
        call_trigger(of, t, S1_ON_THREAT_DETECTED, NULL);
    } else if (t % 50 == 30) {
        s1_harness_threat(h, NULL, NULL, 0);
    }
    if (t % 20 == 10) {
        const s1_signal signal = s1_harness_make_signal(h, S1_LONG);
        s1_plan directive = plan_before(h, &signal, S1_SUBTYPE_ORDER_ROUTING);
        directive.order_type = S1_ORDER_MARKET;
        directive.time_in_force = S1_TIF_GTC;
        call_trigger(of, t, S1_ON_PLAN_APPROVED, &directive);
    }
    call_trigger(of, t, S1_ON_CONTEXT_READY, NULL);
    if (t % 40 == 37) {
        s1_harness_close_positions(h);
        call_trigger(of, t, S1_ON_POSITION_CLOSED, NULL);
    }
}

static void call_events(life *of, uint64_t t)
{
    const struct s1_manifest_events *const events = &of->gate->manifest->capabilities.events;
    const s1_context *const context = s1_harness_context(of->harness);
    const s1_signal_list none = {.size = sizeof none, .stride = sizeof(s1_signal)};
    for (uint32_t i = 0; i < events->wirings.count && t % 10 == 5; i++) {
        s1_event event = {.size = sizeof event,
                          .name = events->wirings.items[i].listens_to,
                          .time = context->now,
                          .context = context};
        if (s1_str_eq_cstr(event.name, "SignalsDetected")) {
            event.signals = &none;
        } else if (s1_str_eq_cstr(event.name, "ThreatsDetected")) {
            event.threats = s1_harness_threats(of->harness);
        } else if (s1_str_eq_cstr(event.name, "LedgerStateChanged")) {
            event.ledger = context->ledger;
        } else {
            event.json = S1_STR("{}");
        }
        s1_err err = S1_ERR_INIT;
        if (s1_harness_event(of->harness, of->worker, &event, &err) != S1_OK) {
            worker_failed(t, "on_event", &err);
        }
    }
}

static void say_artefacts(life *of)
{
    for (uint32_t i = 0; i < of->worker->artefact_count; i++) {
        const s1_artefact_store *const store = of->worker->artefacts[i];
        for (uint64_t n = of->artefacts[i]; n < store->list.total; n++) {
            const s1_artefact *const a = &store->list.items[n % store->list.capacity];
            say(of, "artefact %.*s %lld %llu %a %a %d %d", S1_STR_ARG(store->name),
                (long long)a->created_at, (unsigned long long)a->row, a->lower, a->upper, a->kind,
                a->direction);
            of->report.artefacts++;
        }
        of->artefacts[i] = store->list.total;
    }
}

static void say_new(life *of)
{
    s1_harness *const h = of->harness;
    say_artefacts(of);
    for (uint32_t i = 0; i < of->worker->column_count; i++) {
        const double value = s1_series_last(&of->worker->columns[i]->series);
        of->report.values += isnan(value) ? 0u : 1u;
        say(of, "%.*s %a", S1_STR_ARG(of->worker->columns[i]->name),
            isnan(value) ? (double)NAN : value);
    }
    for (; of->signals < s1_harness_signal_count(h); of->signals++) {
        const s1_signal *const s = &s1_harness_signal_at(h, of->signals)->signal;
        say(of, "signal %d %.*s %a %a", s->direction, S1_STR_ARG(s->signal_type), s->score,
            s->price);
        say_fields(of, s->metadata, s->metadata_count);
    }
    for (; of->reports < s1_harness_report_count(h); of->reports++) {
        const s1_threat_report *const r = &s1_harness_report_at(h, of->reports)->report;
        say(of, "threat %d %.*s %.*s", r->severity, S1_STR_ARG(r->key), S1_STR_ARG(r->threat_type));
        say_fields(of, r->details, r->detail_count);
    }
    for (; of->orders < s1_harness_order_count(h); of->orders++) {
        const s1_harness_order *const o = s1_harness_order_at(h, of->orders);
        say(of, "order %d %s %s %.*s", o->kind, s1_harness_text(o->price),
            s1_harness_text(o->request.quantity), S1_STR_ARG(o->reason));
    }
    const uint32_t notes = s1_harness_note_count(h, NULL);
    for (; of->notes < notes; of->notes++) {
        const s1_harness_note *const n = s1_harness_note_at(h, NULL, of->notes);
        say(of, "%s %.*s %.*s", n->kind, S1_STR_ARG(n->name), S1_STR_ARG(n->text));
    }
}

/* A zone about the bar, now and then, in every list nobody fills here. */
static void put_artefacts(life *of, const gate_bar *bar, uint64_t t)
{
    const s1_worker_plan *const plan = of->gate->plan;
    const double reach = (bar->high - bar->low) * (double)(t % 3);
    const s1_artefact zone = {.created_at = s1_harness_context(of->harness)->now,
                              .row = t,
                              .lower = bar->low - reach,
                              .upper = bar->high - reach,
                              .kind = S1_ARTEFACT_ZONE,
                              .direction = t % 2 == 0 ? S1_LONG : S1_SHORT};
    for (uint32_t i = 0; i < plan->artefacts_in.count && t % 7 == 5; i++) {
        s1_harness_put_artefact(of->harness, of->gate->artefacts[i], &zone);
    }
}

/* Monitors see an equity that falls and recovers, and positions that come and go. */
static void move_ledger(life *of, uint64_t t)
{
    s1_ledger_view *const ledger = s1_harness_ledger(of->harness);
    const s1_dec loss = s1_dec_from_int((int64_t)(t % 60 < 30 ? t % 60 : 60 - t % 60) * 100);
    if (s1_dec_sub(ledger->initial_capital, loss, &ledger->equity, NULL) != S1_OK) {
        S1_TEST_FAIL("an equity out of range");
    }
    if (t % 40 == 3 && t > 3) {
        s1_harness_open(of->harness, t % 80 < 40 ? S1_LONG : S1_SHORT, "8000",
                        s1_harness_text(s1_dec_from_mantissa(
                            s1_harness_context(of->harness)->primary->bar.close, 5)));
    } else if (t % 40 == 37) {
        s1_harness_close_positions(of->harness);
    }
}

static void one_bar(life *of, uint64_t t)
{
    const gate *const g = of->gate;
    const gate_bar *const bar = t < of->cut ? &g->bars[t] : &g->others[t];
    put_artefacts(of, bar, t);
    if (of->worker->type == S1_WORKER_THREAT) {
        move_ledger(of, t);
    }
    for (uint32_t i = 0; i < g->feed_count; i++) {
        s1_harness_set(of->harness, g->feeds[i],
                       by_rule(s1_str_of(g->feeds[i]), bar, t, &of->averages[i]));
    }
    if (g->second_stream[0] != '\0') {
        s1_harness_bar_of(of->harness, 1, bar->open * 1.5, bar->high * 1.5, bar->low * 1.5,
                          bar->close * 1.5, bar->volume);
    }
    s1_err err = S1_ERR_INIT;
    if (s1_harness_try_bar(of->harness, bar->open, bar->high, bar->low, bar->close, bar->volume,
                           &err) != S1_OK) {
        worker_failed(t, "the process function", &err);
    }
    const bool is_ready = s1_harness_is_ready(of->worker);
    const int32_t type = of->worker->type;
    if (type == S1_WORKER_PLANNING && is_ready) {
        call_planning(of, t);
    } else if (type == S1_WORKER_EXECUTION && is_ready) {
        call_execution(of, t);
    } else {
        of->report.calls += type == S1_WORKER_CONTEXT || is_ready;
    }
    if (!of->is_timed) {
        call_events(of, t);
        say_new(of);
        of->ends[t] = of->said.len;
    }
}

/* --- Calls of nothing. --- */

static s1_rc idle_context(void *self, const s1_context *context, s1_err *err)
{
    (void)self;
    (void)context;
    (void)err;
    return S1_OK;
}

static s1_rc idle_detect(void *self, const s1_context *context, const s1_opportunity_sink *out,
                         s1_err *err)
{
    (void)out;
    return idle_context(self, context, err);
}

static s1_rc idle_assess(void *self, const s1_context *context, const s1_threat_sink *out,
                         s1_err *err)
{
    (void)out;
    return idle_context(self, context, err);
}

static s1_rc idle_plan(void *self, const s1_context *context, const s1_signal *signal,
                       const s1_threat_list *threats, s1_plan *plan, s1_verdict *verdict,
                       s1_err *err)
{
    (void)signal;
    (void)threats;
    (void)plan;
    (void)verdict;
    return idle_context(self, context, err);
}

static s1_rc idle_execute(void *self, const s1_context *context, const s1_execution_input *input,
                          const s1_order_api *orders, s1_err *err)
{
    (void)input;
    (void)orders;
    return idle_context(self, context, err);
}

/* The worker's operations, its process function one of the above. */
static s1_worker_ops idle_ops(const s1_worker_ops *ops)
{
    s1_worker_ops idle = *ops;
    idle.enrich = ops->enrich != NULL ? idle_context : NULL;
    idle.detect = ops->detect != NULL ? idle_detect : NULL;
    idle.assess = ops->assess != NULL ? idle_assess : NULL;
    idle.plan = ops->plan != NULL ? idle_plan : NULL;
    idle.execute = ops->execute != NULL ? idle_execute : NULL;
    return idle;
}

/* Columns of `provides` without one value in all the bars: forgotten, or the bars were too few. */
static void find_silent(life *of)
{
    size_t used = 0;
    for (uint32_t i = 0; i < of->worker->column_count; i++) {
        const s1_column_store *const column = of->worker->columns[i];
        bool is_silent = true;
        for (uint64_t t = 0; t < *column->series.rows && is_silent; t++) {
            is_silent = isnan(column->series.values[t]);
        }
        if (is_silent && used < sizeof of->report.silent) {
            const int length = snprintf(of->report.silent + used, sizeof of->report.silent - used,
                                        "%s%.*s", used > 0 ? ", " : "", S1_STR_ARG(column->name));
            used += length > 0 ? (size_t)length : 0;
        }
    }
}

static void live(void *user)
{
    static const s1_instrument template = {
        .size = sizeof template, .flags = S1_INSTRUMENT_MARGIN, .price_scale = 5, .qty_scale = 2};
    life *const of = user;
    const gate *const g = of->gate;
    s1_instrument instrument = template;
    instrument.asset_pair = S1_STR("EUR/USD");
    instrument.base = S1_STR("EUR");
    instrument.quote = S1_STR("USD");
    instrument.tick_size = s1_dec_from_mantissa(1, 5);
    instrument.lot_size = s1_dec_from_mantissa(1, 2);
    instrument.leverage = S1_DEC_ONE;
    of->harness =
        s1_harness_new(&(s1_harness_options){.instrument = &instrument,
                                             .capacity_rows = g->count + 8,
                                             .seed = 1,
                                             .second_stream = g->second_stream,
                                             .plugins_folder = g->options.plugins_folder});
    for (uint32_t i = 0; i < g->feed_count; i++) {
        s1_harness_feed(of->harness, g->feeds[i]);
    }
    for (uint32_t i = 0; i < g->plan->artefacts_in.count; i++) {
        s1_harness_feed_artefacts(of->harness, g->artefacts[i]);
    }
    give_feed_files(of->harness, g, of->cut);
    give_model_files(of->harness, g);
    of->worker = s1_harness_add(of->harness, g->options.plugin, g->params);
    S1_EXPECT(of->worker->artefact_count <= ARTEFACTS_MAX);
    const s1_worker_ops *const ops = of->worker->ops;
    const s1_worker_ops idle = idle_ops(ops);
    of->worker->ops = of->is_idle ? &idle : ops;
    const int64_t begun = of->is_timed ? g->options.now() : 0;
    for (uint64_t t = 0; t < of->end; t++) {
        one_bar(of, t);
    }
    of->nanos = of->is_timed ? g->options.now() - begun : 0;
    of->worker->ops = ops;
    find_silent(of);
    if (of->said.has_failed) {
        S1_TEST_FAIL("it said more than %zu bytes", LOG_BYTES_MAX);
    }
}

static void life_done(life *of)
{
    s1_harness_free(of->harness);
    s1_strbuf_done(&of->said);
    free(of->ends);
}

static s1_rc life_start(life *of, s1_err *err)
{
    const gate *const g = of->gate;
    char message[FAILURE_MAX];
    of->ends = calloc(g->count + 1, sizeof(size_t));
    if (of->ends == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "gate");
    }
    for (uint32_t i = 0; i < FEEDS_MAX; i++) {
        of->averages[i] = (double)NAN;
    }
    s1_strbuf_init(&of->said, LOG_BYTES_MAX);
    if (!s1_test_guard(live, of, message, sizeof message)) {
        const char *const reason = strstr(message, ": ");
        return S1_RAISE(err, S1_E_PLUGIN, "%s", reason != NULL ? reason + 2 : message);
    }
    return S1_OK;
}

static s1_rc life_run(const gate *g, uint64_t cut, uint64_t end, life *of, s1_err *err)
{
    *of = (life){.gate = g, .cut = cut, .end = end};
    return life_start(of, err);
}

/* The least time of some lives, idle ones and others in turn. */
static s1_rc time_calls(const gate *g, double *ret_nanos, s1_err *err)
{
    int64_t least[2] = {INT64_MAX, INT64_MAX};
    uint64_t calls = 0;
    for (uint32_t i = 0; i < 2 * ROUNDS; i++) {
        life timed = {
            .gate = g, .cut = g->count, .end = g->count, .is_timed = true, .is_idle = i % 2 == 0};
        const s1_rc rc = life_start(&timed, err);
        if (timed.nanos < least[i % 2]) {
            least[i % 2] = timed.nanos;
        }
        calls = timed.report.calls;
        life_done(&timed);
        S1_TRY(err, rc);
    }
    *ret_nanos = calls > 0 ? (double)(least[1] - least[0]) / (double)calls : 0.0;
    return S1_OK;
}

/* The first bar below `rows` on which two lives said something else; `rows` if there is none. */
static uint64_t first_difference(const life *a, const life *b, uint64_t rows)
{
    for (uint64_t t = 0; t < rows; t++) {
        const size_t from = t > 0 ? a->ends[t - 1] : 0;
        if (a->ends[t] != b->ends[t] ||
            (a->ends[t] > from &&
             memcmp(a->said.data + from, b->said.data + from, a->ends[t] - from) != 0)) {
            return t;
        }
    }
    return rows;
}

/* Whether two values are the same bits, or neither is one. */
static bool is_same(double a, double b)
{
    return (isnan(a) && isnan(b)) || memcmp(&a, &b, sizeof a) == 0;
}

/* What stands in the columns at the end of two lives, up to a bar. */
static s1_rc compare_columns(const life *whole, const life *other, uint64_t rows, s1_err *err)
{
    for (uint32_t i = 0; i < whole->worker->column_count; i++) {
        const s1_column_store *const column = whole->worker->columns[i];
        const double *const a = column->series.values;
        const double *const b = other->worker->columns[i]->series.values;
        for (uint64_t t = 0; t < rows; t++) {
            if (!is_same(a[t], b[t])) {
                return S1_RAISE(err, S1_E_DATA,
                                "column %.*s of bar %llu is written over after bar %llu: %g "
                                "became %g",
                                S1_STR_ARG(column->name), (unsigned long long)t + 1,
                                (unsigned long long)rows, b[t], a[t]);
            }
        }
    }
    return S1_OK;
}

/* What stands in the lists at the end of two lives, of what was put up to a bar. */
static s1_rc compare_artefacts(const life *whole, const life *other, uint64_t rows, s1_err *err)
{
    for (uint32_t i = 0; i < whole->worker->artefact_count; i++) {
        const s1_artefact_store *const store = whole->worker->artefacts[i];
        const s1_artefact_list *const a = &store->list;
        const s1_artefact_list *const b = &other->worker->artefacts[i]->list;
        const uint64_t total = a->total < b->total ? a->total : b->total;
        const uint64_t most = a->total > b->total ? a->total : b->total;
        for (uint64_t n = most > a->capacity ? most - a->capacity : 0; n < total; n++) {
            const s1_artefact *const x = &a->items[n % a->capacity];
            const s1_artefact *const y = &b->items[n % b->capacity];
            if ((x->row <= rows || y->row <= rows) && memcmp(x, y, sizeof *x) != 0) {
                return S1_RAISE(err, S1_E_DATA,
                                "artefact %llu of %.*s, put on bar %llu, is written over after "
                                "bar %llu",
                                (unsigned long long)n + 1, S1_STR_ARG(store->name),
                                (unsigned long long)y->row, (unsigned long long)rows);
            }
        }
    }
    return S1_OK;
}

/* Another life, whose history from `cut` on is another or ends there at `end`, must have said the
 * same up to there, and must leave it standing. */
static s1_rc compare(const gate *g, const life *whole, uint64_t cut, uint64_t end, s1_err *err)
{
    life again;
    s1_rc rc = life_run(g, cut, end, &again, err);
    const uint64_t at = rc == S1_OK ? first_difference(whole, &again, cut) : cut;
    if (at < cut && cut == g->count) {
        rc = S1_RAISE(err, S1_E_DATA,
                      "a second run over the same bars says something else on bar %llu",
                      (unsigned long long)at + 1);
    } else if (at < cut) {
        rc = S1_RAISE(err, S1_E_DATA,
                      "what it said on bar %llu changes when the bars from %llu on are %s: it knew "
                      "them before their time",
                      (unsigned long long)at + 1, (unsigned long long)cut + 1,
                      end == cut ? "not there" : "others");
    }
    if (rc == S1_OK) {
        rc = compare_columns(whole, &again, cut, err);
    }
    if (rc == S1_OK) {
        rc = compare_artefacts(whole, &again, cut, err);
    }
    life_done(&again);
    return rc;
}

static s1_rc run_all(gate *g, s1_gate_report *ret_report, s1_err *err)
{
    life whole;
    const uint64_t cuts = g->options.cuts > 0 ? g->options.cuts : CUTS_DEFAULT;
    s1_rc rc = life_run(g, g->count, g->count, &whole, err);
    if (rc == S1_OK && s1_worker_has_range(whole.worker)) {
        rc = s1_range_prove(whole.worker, err);
    }
    if (rc == S1_OK) {
        rc = compare(g, &whole, g->count, g->count, err);
    }
    for (uint64_t i = 1; i <= cuts && rc == S1_OK; i++) {
        const uint64_t cut = g->count * i / (cuts + 1);
        rc = compare(g, &whole, cut, cut, err);
        if (rc == S1_OK) {
            rc = compare(g, &whole, cut, g->count, err);
        }
        whole.report.cuts++;
    }
    whole.report.nanos = (double)NAN;
    if (rc == S1_OK && g->options.now != NULL) {
        rc = time_calls(g, &whole.report.nanos, err);
    }
    if (rc == S1_OK) {
        whole.report.bars = g->count;
        whole.report.signals = whole.signals;
        whole.report.threats = whole.reports;
        whole.report.orders = whole.orders;
        whole.report.notes = whole.notes;
        (void)snprintf(whole.report.params, sizeof whole.report.params, "%s", g->params);
        *ret_report = whole.report;
    }
    life_done(&whole);
    return rc;
}

static void open_probe(void *user)
{
    gate *const g = user;
    g->probe = s1_harness_new(&(s1_harness_options){.plugins_folder = g->options.plugins_folder});
}

static s1_rc prepare(gate *g, s1_err *err)
{
    char message[FAILURE_MAX];
    if (!s1_test_guard(open_probe, g, message, sizeof message)) {
        return S1_RAISE(err, S1_E_NOT_FOUND, "%s", message);
    }
    s1_plugin *const plugin = s1_harness_plugin(g->probe, g->options.plugin);
    if (plugin == NULL) {
        return S1_RAISE(err, S1_E_NOT_FOUND, "no plugin '%s' in the folder of plugins",
                        g->options.plugin);
    }
    if (s1_plugin_check(plugin, err) != S1_OK) {
        return err->code = S1_E_PLUGIN;
    }
    g->manifest = plugin->manifest;
    /* The lives need this plugin alone; reading all the others each time is most of the work. */
    g->options.plugins_folder = s1_arena_copy_cstr(&g->arena, plugin->folder);
    if (g->options.plugins_folder == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "gate");
    }
    make_params(g);
    if (resolve(g, err) != S1_OK) {
        return err->code = S1_E_PLUGIN;
    }
    return make_bars(g, err);
}

s1_rc s1_gate_run(const s1_gate_options *options, s1_gate_report *ret_report, s1_err *err)
{
    s1_err local = S1_ERR_INIT;
    s1_err *const told = err != NULL ? err : &local;
    gate g = {.options = *options};
    s1_arena_init(&g.arena, (size_t)64 << 20, 0);
    s1_faults_init(&g.faults, &g.arena, 0);
    s1_rc rc = prepare(&g, told);
    if (rc == S1_OK) {
        rc = run_all(&g, ret_report, told);
    }
    s1_harness_free(g.probe);
    free(g.bars);
    free(g.others);
    s1_arena_done(&g.arena);
    return rc;
}

void s1_test_gate(const char *plugin, const char *params)
{
    s1_gate_report report;
    s1_err err = S1_ERR_INIT;
    const s1_gate_options options = {.plugin = plugin, .params = params};
    if (s1_gate_run(&options, &report, &err) != S1_OK) {
        S1_TEST_FAIL("%s: %s", plugin, err.msg);
    }
}
