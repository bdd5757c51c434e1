#include "backend/assembly/dependency_validator.h"

#include "backend/core/trading_context.h"
#include "backend/dtos/market/stream_key.h"
#include "backend/utils/timefmt.h"

#include <string.h>

#define BASE_OWNER UINT32_MAX
#define TEXT_MAX   2048u

/* A column or an artefact list that is there. */
typedef struct supply {
    s1_str name;
    uint32_t stream;
    uint32_t owner; /* index of the plan, or BASE_OWNER */
    bool is_artefact;
} supply;

typedef struct validator {
    const s1_dependency_options *options;
    s1_faults *faults;
    supply *supplies;
    uint32_t supply_count;
    const s1_worker_plan *plan; /* under examination */
    uint32_t plan_index;
    uint32_t stream; /* of the plan */
} validator;

static const s1_str base_names[] = {
#define X(member, name) {name, sizeof(name) - 1},
    S1_BASE_COLUMN_MAP(X)
#undef X
};
#define BASE_COUNT (sizeof base_names / sizeof base_names[0])

static const s1_data_need *need_of(const validator *v, uint32_t stream)
{
    return &v->options->link->streams.items[stream].need;
}

static void print_stream(const validator *v, uint32_t stream, s1_strbuf *text)
{
    char timeframe[S1_TIMEFRAME_TEXT_MAX];
    (void)s1_timeframe_print(need_of(v, stream)->timeframe, timeframe);
    s1_strbuf_printf(text, "%.*s@%s", S1_STR_ARG(need_of(v, stream)->asset_pair), timeframe);
}

static void report(validator *v, bool is_warning, s1_strbuf *found, s1_strbuf *expected)
{
    const s1_source *const source = &v->plan->item->source;
    const s1_str path = {NULL, 0}; /* the item's own */
    if (is_warning) {
        s1_faults_warn(v->faults, S1_FAULT_DEPENDENCY, source, path, s1_strbuf_view(found),
                       s1_strbuf_view(expected), S1_STR(""));
    } else {
        s1_faults_add(v->faults, S1_FAULT_DEPENDENCY, source, path, s1_strbuf_view(found),
                      s1_strbuf_view(expected), S1_STR(""));
    }
}

/* --- Streams and names. ------------------------------------------------------------------- */

static bool find_stream(const validator *v, s1_str selector, uint32_t *ret_stream)
{
    if (selector.len == 0) {
        *ret_stream = 0;
        return true;
    }
    const size_t at = s1_str_find_byte(selector, '@', 0);
    s1_nanos timeframe = 0;
    if (at == S1_STR_NPOS || s1_timeframe_parse(s1_str_slice(selector, at + 1, selector.len),
                                                &timeframe, NULL) != S1_OK) {
        return false;
    }
    for (uint32_t i = 0; i < v->options->link->streams.count; i++) {
        const s1_data_need *const need = need_of(v, i);
        if (need->timeframe == timeframe &&
            s1_str_eq(need->asset_pair, s1_str_slice(selector, 0, at))) {
            *ret_stream = i;
            return true;
        }
    }
    return false;
}

/* "ETH/USD@1h.close" -> its stream and "close". False if the link has no such stream. */
static bool split_name(const validator *v, s1_str name, uint32_t *ret_stream, s1_str *ret_plain)
{
    const size_t at = s1_str_find_byte(name, '@', 0);
    *ret_stream = v->stream;
    *ret_plain = name;
    if (at == S1_STR_NPOS) {
        return true;
    }
    const size_t dot = s1_str_find_byte(name, '.', at);
    if (dot == S1_STR_NPOS) {
        return false;
    }
    *ret_plain = s1_str_slice(name, dot + 1, name.len);
    return find_stream(v, s1_str_slice(name, 0, dot), ret_stream);
}

static const supply *find_supply(const validator *v, bool is_artefact, uint32_t stream, s1_str name)
{
    for (uint32_t i = 0; i < v->supply_count; i++) {
        const supply *const there = &v->supplies[i];
        if (there->is_artefact == is_artefact && there->stream == stream &&
            s1_str_eq(there->name, name)) {
            return there;
        }
    }
    return NULL;
}

static bool lists_name(const s1_text_list *list, s1_str name)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (s1_str_eq(list->items[i], name)) {
            return true;
        }
    }
    return false;
}

/* "open, high, low, close, volume, ema_20". */
static void print_supplies(const validator *v, bool is_artefact, uint32_t stream, s1_strbuf *text)
{
    const char *separator = "";
    for (uint32_t i = 0; i < v->supply_count; i++) {
        if (v->supplies[i].is_artefact == is_artefact && v->supplies[i].stream == stream) {
            s1_strbuf_printf(text, "%s%.*s", separator, S1_STR_ARG(v->supplies[i].name));
            separator = ", ";
        }
    }
    if (separator[0] == '\0') {
        s1_strbuf_lit(text, "none");
    }
}

/* --- Advice. ------------------------------------------------------------------------------ */

/* Whether `text` can be the value of a parameter inside a name. */
static bool is_value_of(const s1_manifest_param *param, s1_str text)
{
    const bool is_float = param->type == S1_PARAM_FLOAT || param->type == S1_PARAM_FLOAT_LIST;
    const bool is_int = param->type == S1_PARAM_INT || param->type == S1_PARAM_INT_LIST;
    if (param->values.count > 0) {
        return lists_name(&param->values, text);
    }
    for (size_t i = 0; (is_int || is_float) && i < text.len; i++) {
        const bool is_digit = text.ptr[i] >= '0' && text.ptr[i] <= '9';
        if (!is_digit && !(is_float && text.ptr[i] == '_')) {
            return false;
        }
    }
    return text.len > 0;
}

/* Appends "periods [50]" for the value a name holds. */
static void print_setting(const s1_manifest_param *param, bool is_list, s1_str value,
                          const char *separator, s1_strbuf *text)
{
    s1_strbuf_printf(text, "%s%.*s %s", separator, S1_STR_ARG(param->name), is_list ? "[" : "");
    for (size_t i = 0; i < value.len; i++) {
        const bool is_point = value.ptr[i] == '_' &&
                              (param->type == S1_PARAM_FLOAT || param->type == S1_PARAM_FLOAT_LIST);
        s1_strbuf_char(text, is_point ? '.' : value.ptr[i]);
    }
    s1_strbuf_cstr_add(text, is_list ? "]" : "");
}

/* Whether a column template can become `name`, and with which parameters: "periods [50]". */
static bool match_template(const s1_manifest *manifest, s1_str pattern, s1_str name,
                           s1_strbuf *settings)
{
    size_t at = 0;
    const size_t begun = settings->len;
    const char *separator = begun > 0 ? " and " : "";
    for (size_t i = 0; i < pattern.len; i++) {
        if (pattern.ptr[i] != '{') {
            if (at == name.len || name.ptr[at] != pattern.ptr[i]) {
                return false;
            }
            at++;
            continue;
        }
        const size_t close = s1_str_find_byte(pattern, '}', i);
        if (close == S1_STR_NPOS) {
            return false;
        }
        s1_str key = s1_str_slice(pattern, i + 1, close);
        const bool is_list = s1_str_ends_with(key, S1_STR("[]"));
        key.len -= is_list ? 2 : 0;
        const size_t next = s1_str_find_byte(pattern, '{', close);
        const s1_str literal = s1_str_slice(pattern, close + 1, next);
        const size_t end = literal.len > 0 ? s1_str_find(name, literal, at) : name.len;
        const s1_manifest_param *const param = s1_manifest_find_param(manifest, key, NULL);
        if (param != NULL && param->type == S1_PARAM_STRING && i == 0 && end == 0) {
            i = close; /* a text in front of a name could be anything: advised is none */
            continue;
        }
        if (param == NULL || end == S1_STR_NPOS || end < at ||
            (param->type == S1_PARAM_STRING && i == 0) ||
            !is_value_of(param, s1_str_slice(name, at, end))) {
            return false;
        }
        print_setting(param, is_list, s1_str_slice(name, at, end), separator, settings);
        separator = " and ";
        at = end;
        i = close;
    }
    return at == name.len;
}

/* The first template of a list that can become `name`; its settings behind what `settings` holds.
 */
static bool match_any(const s1_manifest *manifest, const s1_text_list *templates, s1_str name,
                      s1_strbuf *settings)
{
    const size_t begun = settings->len;
    for (uint32_t i = 0; i < templates->count; i++) {
        if (match_template(manifest, templates->items[i], name, settings)) {
            return true;
        }
        settings->len = begun;
    }
    return false;
}

static bool can_provide(const s1_manifest *manifest, bool is_artefact, s1_str name,
                        s1_strbuf *settings)
{
    const s1_text_list *const templates =
        is_artefact ? &manifest->artefacts.provides : &manifest->dependencies.provides;
    s1_strbuf_clear(settings);
    if (match_any(manifest, templates, name, settings)) {
        return true;
    }
    for (uint32_t i = 0; !is_artefact && i < manifest->variants.cases.count; i++) {
        const s1_manifest_variant *const variant = &manifest->variants.cases.items[i];
        s1_strbuf_clear(settings);
        s1_strbuf_printf(settings, "%.*s %.*s", S1_STR_ARG(manifest->variants.by),
                         S1_STR_ARG(variant->of.items[0]));
        if (match_any(manifest, &variant->provides, name, settings)) {
            return true;
        }
    }
    return false;
}

/* A worker of the blueprint that only stands too late. */
static bool advise_move(const validator *v, bool is_artefact, uint32_t stream, s1_str name,
                        s1_strbuf *text)
{
    for (uint32_t i = v->plan_index + 1; i < v->options->plan_count; i++) {
        const s1_worker_plan *const later = v->options->plans[i];
        uint32_t later_stream = 0;
        if (find_stream(v, later->item->stream, &later_stream) && later_stream == stream &&
            lists_name(is_artefact ? &later->artefacts_out : &later->provides, name)) {
            s1_strbuf_printf(text, "move '%.*s' before '%.*s'", S1_STR_ARG(later->item->id),
                             S1_STR_ARG(v->plan->item->id));
            return true;
        }
    }
    return false;
}

static bool advise_other_stream(const validator *v, bool is_artefact, s1_str name, s1_strbuf *text)
{
    for (uint32_t i = 0; i < v->supply_count; i++) {
        const supply *const there = &v->supplies[i];
        if (there->is_artefact == is_artefact && there->owner != BASE_OWNER &&
            s1_str_eq(there->name, name)) {
            s1_strbuf_printf(text, "'%.*s' provides it on ",
                             S1_STR_ARG(v->options->plans[there->owner]->item->id));
            print_stream(v, there->stream, text);
            s1_strbuf_lit(text, ": give both workers the same stream");
            return true;
        }
    }
    return false;
}

/* A plugin that is installed and could. */
static void advise_plugin(const validator *v, bool is_artefact, s1_str name, s1_strbuf *text)
{
    s1_plugin_registry *const registry = v->options->registry;
    s1_strbuf settings;
    s1_strbuf_init(&settings, TEXT_MAX);
    bool is_known = false;
    for (uint32_t i = 0; registry != NULL && i < s1_plugin_registry_count(registry); i++) {
        const s1_plugin *const plugin = s1_plugin_registry_at(registry, i);
        if (plugin->state == S1_PLUGIN_REFUSED || plugin->manifest == NULL ||
            !can_provide(plugin->manifest, is_artefact, name, &settings)) {
            continue;
        }
        s1_strbuf_printf(
            text, "%s'%.*s'%s%.*s",
            is_known ? " or " : "add a worker that provides it: ", S1_STR_ARG(plugin->name),
            settings.len > 0 ? " with " : "", S1_STR_ARG(s1_strbuf_view(&settings)));
        is_known = true;
    }
    if (!is_known) {
        s1_strbuf_lit(text, "no installed plugin provides it");
    } else if (v->plan->manifest->identification.type == S1_WORKER_CONTEXT) {
        s1_strbuf_printf(text, ", before '%.*s'", S1_STR_ARG(v->plan->item->id));
    }
    s1_strbuf_done(&settings);
}

/* --- Checks. ------------------------------------------------------------------------------ */

static void missing(validator *v, bool is_artefact, bool is_optional, uint32_t stream, s1_str name)
{
    s1_strbuf found;
    s1_strbuf expected;
    s1_strbuf_init(&found, TEXT_MAX);
    s1_strbuf_init(&expected, TEXT_MAX);
    s1_strbuf_printf(&found, "no %s '%.*s' for plugin '%.*s'", is_artefact ? "artefact" : "column",
                     S1_STR_ARG(name), S1_STR_ARG(v->plan->manifest->identification.name));
    s1_strbuf_cstr_add(&expected, is_optional ? "it (optional) among " : "it among ");
    print_supplies(v, is_artefact, stream, &expected);
    s1_strbuf_lit(&expected, " of ");
    print_stream(v, stream, &expected);
    s1_strbuf_lit(&expected, ": ");
    if (!advise_move(v, is_artefact, stream, name, &expected) &&
        !advise_other_stream(v, is_artefact, name, &expected)) {
        advise_plugin(v, is_artefact, name, &expected);
    }
    report(v, is_optional, &found, &expected);
    s1_strbuf_done(&found);
    s1_strbuf_done(&expected);
}

static void unknown_stream(validator *v, bool is_optional, s1_str name)
{
    s1_strbuf found;
    s1_strbuf expected;
    s1_strbuf_init(&found, TEXT_MAX);
    s1_strbuf_init(&expected, TEXT_MAX);
    s1_strbuf_printf(&found, "no stream of '%.*s' for plugin '%.*s'", S1_STR_ARG(name),
                     S1_STR_ARG(v->plan->manifest->identification.name));
    s1_strbuf_lit(&expected, "PAIR@TIMEFRAME of the blueprint's data: ");
    for (uint32_t i = 0; i < v->options->link->streams.count; i++) {
        s1_strbuf_cstr_add(&expected, i > 0 ? ", " : "");
        print_stream(v, i, &expected);
    }
    report(v, is_optional, &found, &expected);
    s1_strbuf_done(&found);
    s1_strbuf_done(&expected);
}

static void check_need(validator *v, bool is_artefact, bool is_optional, s1_str name)
{
    uint32_t stream = 0;
    s1_str plain;
    if (!split_name(v, name, &stream, &plain)) {
        unknown_stream(v, is_optional, name);
    } else if (find_supply(v, is_artefact, stream, plain) == NULL) {
        missing(v, is_artefact, is_optional, stream, plain);
    }
}

/* "ohlcv, trades": each once. */
static void print_data_types(const validator *v, s1_strbuf *text)
{
    uint64_t printed = 0;
    for (uint32_t i = 0; i < v->options->link->streams.count; i++) {
        const uint64_t bit = UINT64_C(1) << (need_of(v, i)->data_type & 63);
        if ((printed & bit) == 0) {
            s1_strbuf_printf(text, "%s%s", printed != 0 ? ", " : "",
                             s1_data_type_name(need_of(v, i)->data_type));
            printed |= bit;
        }
    }
}

/* Rich data: a data type of the link's streams, or an artefact list that is there. */
static void check_rich(validator *v, s1_str name)
{
    const s1_link *const link = v->options->link;
    for (uint32_t i = 0; i < link->streams.count; i++) {
        if (s1_str_eq_cstr(name, s1_data_type_name(need_of(v, i)->data_type))) {
            return;
        }
    }
    for (uint32_t i = 0; i < v->supply_count; i++) {
        if (v->supplies[i].is_artefact && s1_str_eq(v->supplies[i].name, name)) {
            return;
        }
    }
    s1_strbuf found;
    s1_strbuf expected;
    s1_strbuf_init(&found, TEXT_MAX);
    s1_strbuf_init(&expected, TEXT_MAX);
    s1_strbuf_printf(&found, "no rich data '%.*s' for plugin '%.*s'", S1_STR_ARG(name),
                     S1_STR_ARG(v->plan->manifest->identification.name));
    s1_strbuf_lit(&expected, "it among the data types ");
    print_data_types(v, &expected);
    s1_strbuf_lit(&expected, " and the artefacts ");
    print_supplies(v, true, v->stream, &expected);
    s1_strbuf_lit(&expected, ": ");
    if (!advise_move(v, true, v->stream, name, &expected)) {
        advise_plugin(v, true, name, &expected);
    }
    report(v, false, &found, &expected);
    s1_strbuf_done(&found);
    s1_strbuf_done(&expected);
}

static void add_supply(validator *v, bool is_artefact, s1_str name)
{
    const supply *const present = find_supply(v, is_artefact, v->stream, name);
    if (present == NULL) {
        v->supplies[v->supply_count++] = (supply){name, v->stream, v->plan_index, is_artefact};
        return;
    }
    s1_strbuf found;
    s1_strbuf expected;
    s1_strbuf_init(&found, TEXT_MAX);
    s1_strbuf_init(&expected, TEXT_MAX);
    s1_strbuf_printf(&found, "%s '%.*s', which ", is_artefact ? "artefact" : "column",
                     S1_STR_ARG(name));
    if (present->owner == BASE_OWNER) {
        s1_strbuf_lit(&found, "the market data");
    } else {
        const s1_worker_item *const other = v->options->plans[present->owner]->item;
        s1_strbuf_printf(&found, "'%.*s' (line %u)", S1_STR_ARG(other->id), other->source.line);
    }
    s1_strbuf_lit(&found, " provides already");
    s1_strbuf_lit(&expected, "one provider of each name: other parameters, or one of the two");
    report(v, false, &found, &expected);
    s1_strbuf_done(&found);
    s1_strbuf_done(&expected);
}

static void check_id(validator *v)
{
    for (uint32_t i = 0; i < v->plan_index; i++) {
        const s1_worker_item *const other = v->options->plans[i]->item;
        if (!s1_str_eq(other->id, v->plan->item->id)) {
            continue;
        }
        s1_strbuf found;
        s1_strbuf expected;
        s1_strbuf_init(&found, TEXT_MAX);
        s1_strbuf_init(&expected, TEXT_MAX);
        s1_strbuf_printf(&found, "worker id '%.*s', which line %u has too", S1_STR_ARG(other->id),
                         other->source.line);
        s1_strbuf_lit(&expected, "an `id` of its own for every worker of a blueprint");
        report(v, false, &found, &expected);
        s1_strbuf_done(&found);
        s1_strbuf_done(&expected);
        return;
    }
}

static void check_plan(validator *v)
{
    const s1_worker_plan *const plan = v->plan;
    check_id(v);
    if (!find_stream(v, plan->item->stream, &v->stream)) {
        unknown_stream(v, false, plan->item->stream);
        v->stream = 0;
    }
    for (uint32_t i = 0; i < plan->requires.count; i++) {
        check_need(v, false, false, plan->requires.items[i]);
    }
    for (uint32_t i = 0; i < plan->artefacts_in.count; i++) {
        check_need(v, true, false, plan->artefacts_in.items[i]);
    }
    for (uint32_t i = 0; i < plan->manifest->dependencies.requires_context.count; i++) {
        check_rich(v, plan->manifest->dependencies.requires_context.items[i]);
    }
    for (uint32_t i = 0; i < plan->uses.count; i++) {
        check_need(v, false, true, plan->uses.items[i]);
    }
    for (uint32_t i = 0; i < plan->provides.count; i++) {
        add_supply(v, false, plan->provides.items[i]);
    }
    for (uint32_t i = 0; i < plan->artefacts_out.count; i++) {
        add_supply(v, true, plan->artefacts_out.items[i]);
    }
}

void s1_dependencies_validate(const s1_dependency_options *options, s1_faults *faults)
{
    validator v = {.options = options, .faults = faults};
    size_t most = options->link->streams.count * BASE_COUNT + 1;
    for (uint32_t i = 0; i < options->plan_count; i++) {
        most += (size_t)options->plans[i]->provides.count + options->plans[i]->artefacts_out.count;
    }
    v.supplies = s1_arena_array(options->arena, supply, most);
    S1_ASSERT(v.supplies != NULL); /* bounded by the limits of the configuration */
    for (uint32_t i = 0; i < options->link->streams.count; i++) {
        for (size_t k = 0; k < BASE_COUNT; k++) {
            v.supplies[v.supply_count++] = (supply){base_names[k], i, BASE_OWNER, false};
        }
    }
    for (uint32_t i = 0; i < options->plan_count; i++) {
        v.plan = options->plans[i];
        v.plan_index = i;
        check_plan(&v);
    }
}
