#include "backend/config/manifest.h"

#include "backend/config/internal.h"
#include "backend/config/param_value.h"
#include "backend/config/params.h"
#include "backend/config/tables.h"

static const s1_str none = {NULL, 0};

/* --- The table. --- */

typedef struct s1_manifest_identification identification;
typedef struct s1_manifest_dependencies dependencies;
typedef struct s1_manifest_capabilities capabilities;

static const s1_schema_field identification_fields[] = {
    S1_FIELD(identification, name, S1_KIND_STRING, .flags = S1_FIELD_REQUIRED,
             .accepts = s1_is_plugin_name, .pattern_doc = S1_PLUGIN_NAME_DOC,
             .doc = "what blueprints call it; the library says the same"),
    S1_FIELD(identification, display_name, S1_KIND_STRING,
             .flags = S1_FIELD_REQUIRED | S1_FIELD_NOT_EMPTY, .doc = "for people"),
    S1_FIELD(identification, type, S1_KIND_ENUM, .flags = S1_FIELD_REQUIRED,
             .names = s1_worker_type_names, .doc = "one of the five worker types"),
    S1_FIELD(identification, subtype, S1_KIND_ENUM, .flags = S1_FIELD_REQUIRED,
             .names = s1_subtype_names, .doc = "a subtype of that type"),
    S1_FIELD(identification, version, S1_KIND_STRING, .flags = S1_FIELD_REQUIRED,
             .accepts = s1_is_semver, .pattern_doc = S1_SEMVER_DOC,
             .doc = "the library says the same"),
    S1_FIELD(identification, description, S1_KIND_STRING,
             .flags = S1_FIELD_REQUIRED | S1_FIELD_NOT_EMPTY, .doc = "what it does"),
    S1_FIELD(identification, author, S1_KIND_STRING,
             .flags = S1_FIELD_REQUIRED | S1_FIELD_NOT_EMPTY, .doc = "who made it"),
    S1_FIELD_END};
static const s1_schema identification_schema = {"identification", "", identification_fields,
                                                sizeof(identification), false};

static const s1_schema_field feed_field_fields[] = {
    S1_FIELD(s1_manifest_feed_field, name, S1_KIND_STRING,
             .flags = S1_FIELD_REQUIRED | S1_FIELD_NOT_EMPTY,
             .doc = "column of the file; a template, as columns are"),
    S1_FIELD(s1_manifest_feed_field, type, S1_KIND_ENUM, .flags = S1_FIELD_REQUIRED,
             .names = s1_feed_type_names, .doc = "of its cells"),
    S1_FIELD(s1_manifest_feed_field, optional, S1_KIND_BOOL, .default_text = "false",
             .doc = "the column may be absent, and its cells empty"),
    S1_FIELD_END};
static const s1_schema feed_field_schema = {"field", "", feed_field_fields,
                                            sizeof(s1_manifest_feed_field), false};
static const s1_schema_field manifest_feed_fields[] = {
    S1_FIELD(s1_manifest_feed, name, S1_KIND_STRING, .flags = S1_FIELD_REQUIRED,
             .accepts = s1_is_plugin_name, .pattern_doc = S1_PLUGIN_NAME_DOC,
             .doc = "what the worker's `feeds` in a blueprint call it"),
    S1_FIELD(s1_manifest_feed, description, S1_KIND_STRING, .doc = "for people"),
    S1_FIELD(s1_manifest_feed, optional, S1_KIND_BOOL, .default_text = "false",
             .doc = "the blueprint may leave it out"),
    S1_FIELD(s1_manifest_feed, fields, S1_KIND_LIST, .item_kind = S1_KIND_OBJECT,
             .schema = &feed_field_schema, .doc = "what it reads beside time and published_at"),
    S1_FIELD_END};
static const s1_schema manifest_feed_schema = {"feed", "", manifest_feed_fields,
                                               sizeof(s1_manifest_feed), false};

static const s1_schema_field manifest_model_fields[] = {
    S1_FIELD(s1_manifest_model, name, S1_KIND_STRING, .flags = S1_FIELD_REQUIRED,
             .accepts = s1_is_plugin_name, .pattern_doc = S1_PLUGIN_NAME_DOC,
             .doc = "what the worker's `models` in a blueprint call it"),
    S1_FIELD(s1_manifest_model, description, S1_KIND_STRING, .doc = "for people"),
    S1_FIELD(s1_manifest_model, optional, S1_KIND_BOOL, .default_text = "false",
             .doc = "the blueprint may leave it out"),
    S1_FIELD_END};
static const s1_schema manifest_model_schema = {"model", "", manifest_model_fields,
                                                sizeof(s1_manifest_model), false};

#define NAMES_FIELD(type, member, doc_)                                                            \
    S1_FIELD(type, member, S1_KIND_LIST, .item_kind = S1_KIND_STRING, .doc = doc_)
static const s1_schema_field dependencies_fields[] = {
    NAMES_FIELD(dependencies, requires, "columns it reads and cannot do without"),
    NAMES_FIELD(dependencies, requires_context, "artefacts it cannot do without"),
    NAMES_FIELD(dependencies, uses, "columns it reads where they are provided"),
    NAMES_FIELD(dependencies, provides, "columns it writes; context workers only"),
    S1_FIELD(dependencies, feeds, S1_KIND_LIST, .item_kind = S1_KIND_OBJECT,
             .schema = &manifest_feed_schema,
             .doc = "data that is not bars, shown only from the moment it was known"),
    S1_FIELD(dependencies, models, S1_KIND_LIST, .item_kind = S1_KIND_OBJECT,
             .schema = &manifest_model_schema, .doc = "trained models the host evaluates for it"),
    S1_FIELD_END};
static const s1_schema dependencies_schema = {"dependencies", "", dependencies_fields,
                                              sizeof(dependencies), false};

static const s1_schema_field param_fields[] = {
    S1_FIELD(s1_manifest_param, name, S1_KIND_STRING, .flags = S1_FIELD_KEY,
             .accepts = s1_is_plugin_name, .pattern_doc = S1_PLUGIN_NAME_DOC),
    S1_FIELD(s1_manifest_param, type, S1_KIND_ENUM, .flags = S1_FIELD_REQUIRED,
             .names = s1_param_type_names, .doc = "of its value"),
    {.name = "default",
     .kind = S1_KIND_VALUE,
     .offset = offsetof(s1_manifest_param, default_value),
     .default_doc = "none: the blueprint must give it",
     .doc = "value where the blueprint gives none"},
    S1_FIELD(s1_manifest_param, min, S1_KIND_VALUE,
             .doc = "least value of a number, duration, or item of a list of numbers"),
    S1_FIELD(s1_manifest_param, max, S1_KIND_VALUE, .doc = "greatest value"),
    S1_FIELD(s1_manifest_param, values, S1_KIND_LIST, .item_kind = S1_KIND_STRING,
             .doc = "of an enum: all there are; of a string_list: those an item may be"),
    S1_FIELD(s1_manifest_param, description, S1_KIND_STRING,
             .flags = S1_FIELD_REQUIRED | S1_FIELD_NOT_EMPTY, .doc = "for people"),
    S1_FIELD_END};
static const s1_schema param_schema = {"parameter", "", param_fields, sizeof(s1_manifest_param),
                                       false};

static const s1_schema_field state_fields[] = {
    S1_FIELD(struct s1_manifest_state, enabled, S1_KIND_BOOL, .flags = S1_FIELD_REQUIRED,
             .doc = "keeps a state between ticks that outlives the process"),
    S1_FIELD(struct s1_manifest_state, state_dto, S1_KIND_STRING, .doc = "name of its form"),
    S1_FIELD_END};
static const s1_schema state_schema = {"state", "", state_fields, sizeof(struct s1_manifest_state),
                                       false};

static const s1_schema_field manifest_publication_fields[] = {
    S1_FIELD(s1_manifest_publication, as_event, S1_KIND_NAME, .flags = S1_FIELD_REQUIRED,
             .accepts = s1_is_id, .pattern_doc = S1_ID_DOC, .doc = "of event_map.yaml"),
    S1_FIELD(s1_manifest_publication, payload_dto, S1_KIND_STRING,
             .flags = S1_FIELD_REQUIRED | S1_FIELD_NOT_EMPTY, .doc = "as event_map.yaml says"),
    S1_FIELD(s1_manifest_publication, description, S1_KIND_STRING, .doc = "for people"),
    S1_FIELD_END};
static const s1_schema manifest_publication_schema = {"publishes", "", manifest_publication_fields,
                                                      sizeof(s1_manifest_publication), false};
static const s1_schema_field manifest_invokes_fields[] = {
    S1_FIELD(struct s1_manifest_invokes, method, S1_KIND_STRING, .default_text = "on_event",
             .accepts = s1_is_plugin_name, .pattern_doc = S1_PLUGIN_NAME_DOC, .doc = "on_event"),
    S1_FIELD_END};
static const s1_schema manifest_invokes_schema = {"invokes", "", manifest_invokes_fields,
                                                  sizeof(struct s1_manifest_invokes), false};
static const s1_schema_field manifest_wiring_fields[] = {
    S1_FIELD(s1_manifest_wiring, listens_to, S1_KIND_NAME, .flags = S1_FIELD_REQUIRED,
             .accepts = s1_is_id, .pattern_doc = S1_ID_DOC, .doc = "of event_map.yaml"),
    S1_FIELD(s1_manifest_wiring, invokes, S1_KIND_OBJECT, .schema = &manifest_invokes_schema,
             .doc = "what is called"),
    S1_FIELD_END};
static const s1_schema manifest_wiring_schema = {"wirings", "", manifest_wiring_fields,
                                                 sizeof(s1_manifest_wiring), false};
static const s1_schema_field events_fields[] = {
    S1_FIELD(struct s1_manifest_events, enabled, S1_KIND_BOOL, .flags = S1_FIELD_REQUIRED,
             .doc = "publishes or hears events"),
    S1_FIELD(struct s1_manifest_events, publishes, S1_KIND_LIST, .item_kind = S1_KIND_OBJECT,
             .schema = &manifest_publication_schema, .doc = "events it may publish"),
    S1_FIELD(struct s1_manifest_events, wirings, S1_KIND_LIST, .item_kind = S1_KIND_OBJECT,
             .schema = &manifest_wiring_schema, .doc = "events it hears"),
    S1_FIELD_END};
static const s1_schema events_schema = {"events", "", events_fields,
                                        sizeof(struct s1_manifest_events), false};
static const s1_schema_field journaling_fields[] = {
    S1_FIELD(struct s1_manifest_journaling, enabled, S1_KIND_BOOL, .flags = S1_FIELD_REQUIRED,
             .doc = "writes entries of its own into the journal"),
    S1_FIELD_END};
static const s1_schema journaling_schema = {"journaling", "", journaling_fields,
                                            sizeof(struct s1_manifest_journaling), false};
static const s1_schema_field schedule_fields[] = {
    S1_FIELD(struct s1_manifest_schedule, enabled, S1_KIND_BOOL, .flags = S1_FIELD_REQUIRED,
             .doc = "only false: the scheduler is not in this version"),
    S1_FIELD_END};
static const s1_schema schedule_schema = {"schedule", "", schedule_fields,
                                          sizeof(struct s1_manifest_schedule), false};
static const s1_schema_field capabilities_fields[] = {
    S1_FIELD(capabilities, state, S1_KIND_OBJECT, .schema = &state_schema, .doc = "state"),
    S1_FIELD(capabilities, events, S1_KIND_OBJECT, .schema = &events_schema, .doc = "events"),
    S1_FIELD(capabilities, journaling, S1_KIND_OBJECT, .schema = &journaling_schema,
             .doc = "journal entries"),
    S1_FIELD(capabilities, schedule, S1_KIND_OBJECT, .schema = &schedule_schema, .doc = "schedule"),
    S1_FIELD_END};
static const s1_schema capabilities_schema = {"capabilities", "", capabilities_fields,
                                              sizeof(capabilities), false};

#define REFUSED_ACCESS                                                                             \
    .item_kind = S1_KIND_STRING, .flags = S1_FIELD_REFUSED,                                        \
    .refusal = "an empty list (a native plugin does no I/O of its own; permissions are not in "    \
               "this version)"
static const s1_schema_field permissions_fields[] = {
    S1_FIELD(struct s1_manifest_permissions, network_access, S1_KIND_LIST, REFUSED_ACCESS,
             .doc = "addresses"),
    S1_FIELD(struct s1_manifest_permissions, filesystem_access, S1_KIND_LIST, REFUSED_ACCESS,
             .doc = "folders"),
    S1_FIELD_END};
static const s1_schema permissions_schema = {"permissions", "", permissions_fields,
                                             sizeof(struct s1_manifest_permissions), false};

static const s1_schema_field artefacts_fields[] = {
    NAMES_FIELD(struct s1_manifest_artefacts, provides,
                "lists of zones or levels it writes; context workers only"),
    NAMES_FIELD(struct s1_manifest_artefacts, requires, "lists it reads"), S1_FIELD_END};
static const s1_schema artefacts_schema = {"artefacts", "", artefacts_fields,
                                           sizeof(struct s1_manifest_artefacts), false};

static const s1_schema_field variant_fields[] = {
    S1_FIELD(s1_manifest_variant, of, S1_KIND_LIST, .item_kind = S1_KIND_STRING,
             .flags = S1_FIELD_NOT_EMPTY, .doc = "values of the parameter"),
    NAMES_FIELD(s1_manifest_variant, requires, "columns it then reads beside `dependencies`"),
    NAMES_FIELD(s1_manifest_variant, provides, "columns it then writes beside `dependencies`"),
    S1_FIELD(s1_manifest_variant, lookback, S1_KIND_STRING, .default_doc = "the manifest's",
             .doc = "then in place of the manifest's"),
    S1_FIELD_END};
static const s1_schema variant_schema = {"variant", "", variant_fields, sizeof(s1_manifest_variant),
                                         false};
static const s1_schema_field variants_fields[] = {
    S1_FIELD(struct s1_manifest_variants, by, S1_KIND_STRING, .flags = S1_FIELD_REQUIRED,
             .accepts = s1_is_plugin_name, .pattern_doc = S1_PLUGIN_NAME_DOC,
             .doc = "an enum parameter"),
    S1_FIELD(struct s1_manifest_variants, cases, S1_KIND_LIST, .item_kind = S1_KIND_OBJECT,
             .schema = &variant_schema, .doc = "one for each value, or for several"),
    S1_FIELD_END};
static const s1_schema variants_schema = {"variants", "", variants_fields,
                                          sizeof(struct s1_manifest_variants), false};

static const s1_schema_field manifest_fields[] = {
    S1_FIELD_SCHEMA_VERSION(s1_manifest),
    S1_FIELD(s1_manifest, identification, S1_KIND_OBJECT, .flags = S1_FIELD_REQUIRED,
             .schema = &identification_schema, .doc = "what it is"),
    S1_FIELD(s1_manifest, library, S1_KIND_STRING, .accepts = s1_is_file_name,
             .pattern_doc = S1_FILE_NAME_DOC, .default_doc = "`<name>.so`",
             .doc = "shared object beside the manifest"),
    S1_FIELD(s1_manifest, dependencies, S1_KIND_OBJECT, .schema = &dependencies_schema,
             .doc = "columns, as templates: `ema_{periods[]}` is one for each item of periods"),
    S1_FIELD(s1_manifest, parameters, S1_KIND_MAP, .schema = &param_schema,
             .doc = "what a blueprint may set"),
    S1_FIELD(s1_manifest, lookback, S1_KIND_STRING, .flags = S1_FIELD_NOT_EMPTY,
             .default_text = "1",
             .doc = "bars its inputs must have: integers, parameters, + - * / ( ) max() min()"),
    S1_FIELD(s1_manifest, capabilities, S1_KIND_OBJECT, .schema = &capabilities_schema,
             .doc = "what it may do beyond its process function; none unless asked"),
    S1_FIELD(s1_manifest, permissions, S1_KIND_OBJECT, .schema = &permissions_schema,
             .doc = "only empty"),
    S1_FIELD(s1_manifest, artefacts, S1_KIND_OBJECT, .schema = &artefacts_schema,
             .doc = "what is on the map but is no column"),
    S1_FIELD(s1_manifest, variants, S1_KIND_OBJECT, .schema = &variants_schema,
             .doc = "columns and lookback that hang on the value of an enum parameter"),
    S1_FIELD_END};
const s1_schema s1_manifest_schema = {
    "manifest", "What the platform knows of a plugin, beside its library in the plugin's folder.",
    manifest_fields, sizeof(s1_manifest), false};

/* --- Checks the table cannot say. --- */

typedef struct checker {
    s1_arena *arena;
    s1_faults *faults;
    const s1_manifest *manifest;
    s1_param *defaults; /* of every parameter, its default or something in its place */
    uint32_t count;
} checker;

static void refuse(const checker *c, const s1_source *source, const char *field, s1_str found,
                   const char *expected)
{
    s1_faults_addf(c->faults, S1_FAULT_SCHEMA, source, field, found, "%s", expected);
}

/* A value to expand templates with where there is no default. */
static void stand_in(const s1_manifest_param *param, s1_arena *arena, s1_param *ret_value)
{
    *ret_value = (s1_param){.name = param->name, .type = param->type};
    int64_t *const one = S1_CONFIG_NEW(arena, int64_t);
    double *const one_float = S1_CONFIG_NEW(arena, double);
    s1_str *const text = S1_CONFIG_NEW(arena, s1_str);
    *one = 1;
    *one_float = 1.0;
    *text = S1_STR("x");
    switch (param->type) {
    case S1_PARAM_INT:
        ret_value->as.int_value = 1;
        break;
    case S1_PARAM_FLOAT:
        ret_value->as.float_value = 1.0;
        break;
    case S1_PARAM_STRING:
    case S1_PARAM_ENUM:
        ret_value->as.text = *text;
        break;
    case S1_PARAM_DURATION:
        ret_value->as.duration = S1_NANOS_PER_SECOND;
        break;
    case S1_PARAM_INT_LIST:
        ret_value->as.ints.items = one;
        ret_value->as.ints.count = 1;
        break;
    case S1_PARAM_FLOAT_LIST:
        ret_value->as.floats.items = one_float;
        ret_value->as.floats.count = 1;
        break;
    case S1_PARAM_STRING_LIST:
        ret_value->as.texts.items = text;
        ret_value->as.texts.count = 1;
        break;
    default:
        break;
    }
}

/* False if the bounds are at fault, so that nothing can be held against them. */
static bool check_bounds(const checker *c, const s1_manifest_param *param)
{
    const bool has_range = s1_param_is_ordered(param->type);
    s1_value bounds[2];
    const s1_yaml_node *const nodes[2] = {param->min, param->max};
    static const char *const names[2] = {"min", "max"};
    bool is_parsed[2] = {false, false};
    for (size_t i = 0; i < 2; i++) {
        if (nodes[i] == NULL) {
            continue;
        }
        const s1_str shown = s1_yaml_show(nodes[i], c->arena);
        if (!has_range) {
            refuse(c, &param->source, names[i], shown,
                   "no bound of a parameter that is no number or duration");
            continue;
        }
        is_parsed[i] = s1_param_parse_bound(param, nodes[i], &bounds[i]);
        if (!is_parsed[i]) {
            refuse(c, &param->source, names[i], shown, "a value of the parameter's type");
        }
    }
    if (is_parsed[0] && is_parsed[1] &&
        s1_value_compare(s1_param_item_kind(param->type), &bounds[0], &bounds[1]) > 0) {
        refuse(c, &param->source, "max", s1_yaml_show(param->max, c->arena), "at least min");
        return false;
    }
    return true;
}

static void check_param(checker *c, const s1_manifest_param *param, s1_param *ret_default)
{
    const bool is_enum = param->type == S1_PARAM_ENUM;
    stand_in(param, c->arena, ret_default);
    if (param->type == S1_PARAM_INVALID) {
        return; /* reported already */
    }
    if (is_enum && param->values.count == 0) {
        refuse(c, &param->source, "values", none, "the values of the enum");
    }
    if (!is_enum && param->type != S1_PARAM_STRING_LIST && param->values.count != 0) {
        refuse(c, &param->source, "values", S1_STR("a list"),
               "values of an enum or string_list only");
    }
    if (check_bounds(c, param) && param->default_value != NULL &&
        (!is_enum || param->values.count != 0)) {
        (void)s1_param_read(param, param->default_value, c->arena, c->faults, ret_default);
        ret_default->is_default = true;
    }
}

static const s1_yaml_node *list_item(const s1_source *source, const char *field, uint32_t index)
{
    const s1_yaml_node *const list = s1_yaml_get(source->node, s1_str_of(field));
    for (const s1_yaml_node *n = list != NULL ? list->first : NULL; n != NULL; n = n->next) {
        if (n->index == index) {
            return n;
        }
    }
    return list;
}

/* "{stream}.close" as "X/X@1m.close" where the stream has no default to be checked with. */
static s1_str with_stream(const checker *c, s1_str text)
{
    const size_t end = s1_str_find_byte(text, '}', 0);
    if (text.len == 0 || text.ptr[0] != '{' || end == S1_STR_NPOS || end + 1 >= text.len ||
        text.ptr[end + 1] != '.') {
        return text;
    }
    const s1_manifest_param *const param =
        s1_manifest_find_param(c->manifest, s1_str_slice(text, 1, end), NULL);
    return param == NULL || param->type != S1_PARAM_STRING || param->default_value != NULL
               ? text
               : s1_config_format(c->arena, "X/X@1m%.*s",
                                  S1_STR_ARG(s1_str_slice(text, end + 1, text.len)));
}

static void check_templates(const checker *c, const s1_source *source, const char *field,
                            const s1_text_list *templates)
{
    for (uint32_t i = 0; i < templates->count; i++) {
        s1_text_list names;
        s1_err err = S1_ERR_INIT;
        if (s1_template_expand(with_stream(c, templates->items[i]), c->defaults, c->count, c->arena,
                               &names, &err) != S1_OK) {
            const s1_source at = s1_yaml_source(list_item(source, field, i));
            s1_faults_add(c->faults, S1_FAULT_DEPENDENCY, &at, none,
                          s1_config_format(c->arena, "'%.*s'", S1_STR_ARG(templates->items[i])),
                          s1_str_of(err.msg), none);
        }
    }
}

static void check_feed_fields(const checker *c, const s1_manifest_feed *feed)
{
    for (uint32_t i = 0; i < feed->fields.count; i++) {
        const s1_manifest_feed_field *const field = &feed->fields.items[i];
        s1_text_list names;
        s1_err err = S1_ERR_INIT;
        const s1_str shown = s1_config_format(c->arena, "'%.*s'", S1_STR_ARG(field->name));
        if (field->name.len == 0) {
            continue; /* reported already */
        }
        if (s1_str_eq_cstr(field->name, "time") || s1_str_eq_cstr(field->name, "published_at")) {
            refuse(c, &field->source, "name", shown, "another name: every feed has that column");
        } else if (s1_template_expand(field->name, c->defaults, c->count, c->arena, &names, &err) !=
                   S1_OK) {
            refuse(c, &field->source, "name", shown, err.msg);
        }
        for (uint32_t k = 0; k < i; k++) {
            if (s1_str_eq(feed->fields.items[k].name, field->name)) {
                refuse(c, &field->source, "name", shown, "each field once");
                break;
            }
        }
    }
}

static void check_feeds(const checker *c)
{
    const dependencies *const d = &c->manifest->dependencies;
    for (uint32_t i = 0; i < d->feeds.count; i++) {
        const s1_manifest_feed *const feed = &d->feeds.items[i];
        check_feed_fields(c, feed);
        for (uint32_t k = 0; k < i && feed->name.len != 0; k++) {
            if (s1_str_eq(d->feeds.items[k].name, feed->name)) {
                refuse(c, &feed->source, "name",
                       s1_config_format(c->arena, "'%.*s'", S1_STR_ARG(feed->name)),
                       "each feed once");
                break;
            }
        }
    }
}

static void check_provider(const checker *c, const s1_source *source, uint32_t count,
                           const char *what)
{
    const int32_t type = c->manifest->identification.type;
    if (count != 0 && type != S1_WORKER_CONTEXT && type != 0) {
        s1_faults_addf(c->faults, S1_FAULT_DEPENDENCY, source, "provides",
                       s1_config_format(c->arena, "%s of a worker that is no context_worker", what),
                       "none: only context workers enrich the context");
    }
}

static void check_models(const checker *c)
{
    const dependencies *const d = &c->manifest->dependencies;
    for (uint32_t i = 0; i < d->models.count; i++) {
        for (uint32_t k = 0; k < i && d->models.items[i].name.len != 0; k++) {
            if (s1_str_eq(d->models.items[k].name, d->models.items[i].name)) {
                refuse(c, &d->models.items[i].source, "name",
                       s1_config_format(c->arena, "'%.*s'", S1_STR_ARG(d->models.items[i].name)),
                       "each model once");
                break;
            }
        }
    }
}

static void check_dependencies(const checker *c)
{
    const s1_manifest *const m = c->manifest;
    const dependencies *const d = &m->dependencies;
    check_templates(c, &d->source, "requires", &d->requires);
    check_templates(c, &d->source, "uses", &d->uses);
    check_templates(c, &d->source, "provides", &d->provides);
    check_templates(c, &d->source, "requires_context", &d->requires_context);
    check_templates(c, &m->artefacts.source, "provides", &m->artefacts.provides);
    check_templates(c, &m->artefacts.source, "requires", &m->artefacts.requires);
    check_feeds(c);
    check_models(c);
    check_provider(c, &d->source, d->provides.count, "columns");
    check_provider(c, &m->artefacts.source, m->artefacts.provides.count, "artefacts");
}

static void check_capabilities(const checker *c)
{
    const capabilities *const cap = &c->manifest->capabilities;
    if (!cap->events.enabled &&
        (cap->events.publishes.count != 0 || cap->events.wirings.count != 0)) {
        refuse(c, &cap->events.source, "enabled", S1_STR("events without the capability"),
               "true, or neither publishes nor wirings");
    }
    for (uint32_t i = 0; i < cap->events.wirings.count; i++) {
        const s1_manifest_wiring *const w = &cap->events.wirings.items[i];
        if (!s1_str_eq_cstr(w->invokes.method, "on_event")) {
            refuse(c, &w->invokes.source, "method",
                   s1_config_format(c->arena, "'%.*s'", S1_STR_ARG(w->invokes.method)),
                   "on_event (the one function a native plugin hears events with)");
        }
    }
    if (cap->schedule.enabled) {
        refuse(c, &cap->schedule.source, "enabled", S1_STR("'true'"),
               "false (the scheduler is not in this version)");
    }
}

static void check_lookback(const checker *c, const s1_source *source, s1_str lookback)
{
    int64_t value = 0;
    s1_err err = S1_ERR_INIT;
    const s1_str shown = s1_config_format(c->arena, "'%.*s'", S1_STR_ARG(lookback));
    if (s1_expression_evaluate(lookback, c->defaults, c->count, &value, &err) != S1_OK) {
        s1_faults_addf(c->faults, S1_FAULT_SCHEMA, source, "lookback", shown, "%s", err.msg);
    } else if (value < 0) {
        refuse(c, source, "lookback", shown, "an expression that is at least 0");
    }
}

static bool lists(const s1_text_list *list, s1_str text)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (s1_str_eq(list->items[i], text)) {
            return true;
        }
    }
    return false;
}

/* The values of a case are the parameter's, and no other case's. */
static void check_values(const checker *c, const s1_manifest_param *by,
                         const s1_manifest_variant *variant)
{
    for (uint32_t i = 0; i < variant->of.count; i++) {
        const s1_str value = variant->of.items[i];
        const s1_source at = s1_yaml_source(list_item(&variant->source, "of", i));
        const s1_str shown = s1_config_format(c->arena, "'%.*s'", S1_STR_ARG(value));
        if (!lists(&by->values, value)) {
            s1_faults_add(c->faults, S1_FAULT_SCHEMA, &at, none, shown,
                          s1_config_format(c->arena, "a value of %.*s", S1_STR_ARG(by->name)),
                          s1_config_nearest(value, by->values.items, by->values.count));
        } else if (s1_manifest_find_variant(c->manifest, value) != variant) {
            s1_faults_add(c->faults, S1_FAULT_SCHEMA, &at, none, shown,
                          S1_STR("a value no case before has"), none);
        }
    }
}

static void check_variants(const checker *c)
{
    const struct s1_manifest_variants *const v = &c->manifest->variants;
    if (v->source.node == NULL) {
        return;
    }
    const s1_manifest_param *const by = s1_manifest_find_param(c->manifest, v->by, NULL);
    if (by == NULL || by->type != S1_PARAM_ENUM) {
        refuse(c, &v->source, "by", s1_config_format(c->arena, "'%.*s'", S1_STR_ARG(v->by)),
               "a parameter of type enum");
        return;
    }
    for (uint32_t i = 0; i < v->cases.count; i++) {
        const s1_manifest_variant *const variant = &v->cases.items[i];
        check_values(c, by, variant);
        check_templates(c, &variant->source, "requires", &variant->requires);
        check_templates(c, &variant->source, "provides", &variant->provides);
        if (variant->lookback.len != 0) {
            check_lookback(c, &variant->source, variant->lookback);
        }
        check_provider(c, &variant->source, variant->provides.count, "columns");
    }
}

static void check(checker *c)
{
    const s1_manifest *const m = c->manifest;
    const identification *const id = &m->identification;
    if (id->type != 0 && id->subtype != 0 && s1_subtype_worker_type(id->subtype) != id->type) {
        s1_faults_addf(c->faults, S1_FAULT_SCHEMA, &id->source, "subtype",
                       s1_config_format(
                           c->arena, "'%s', a subtype of %s",
                           s1_enum_text(s1_subtype_names, id->subtype),
                           s1_enum_text(s1_worker_type_names, s1_subtype_worker_type(id->subtype))),
                       "a subtype of %s", s1_enum_text(s1_worker_type_names, id->type));
    }
    c->count = m->parameters.count;
    c->defaults = S1_CONFIG_ARRAY(c->arena, s1_param, c->count + 1u);
    for (uint32_t i = 0; i < c->count; i++) {
        check_param(c, &m->parameters.items[i], &c->defaults[i]);
    }
    check_dependencies(c);
    check_capabilities(c);
    check_lookback(c, &m->source, m->lookback);
    check_variants(c);
}

void s1_manifest_read(s1_str text, s1_str file, s1_str dir, s1_arena *arena, s1_faults *faults,
                      const s1_manifest **ret_manifest)
{
    s1_yaml_limits limits = S1_YAML_LIMITS_DEFAULT;
    limits.bytes_max = S1_MANIFEST_BYTES_MAX;
    const s1_yaml_options options = {file, &limits, NULL};
    s1_yaml_node *root = NULL;
    s1_yaml_parse(text, &options, arena, faults, &root);
    s1_manifest *const manifest = S1_CONFIG_NEW(arena, s1_manifest);
    s1_schema_read(&s1_manifest_schema, root, manifest, arena, faults);
    if (manifest->source.file.len == 0) {
        manifest->source.file = s1_config_copy(arena, file);
    }
    manifest->dir = s1_config_copy(arena, dir);
    if (manifest->library.len == 0) {
        manifest->library =
            s1_config_format(arena, "%.*s.so", S1_STR_ARG(manifest->identification.name));
    }
    if (root != NULL) {
        checker c = {.arena = arena, .faults = faults, .manifest = manifest};
        check(&c);
    }
    *ret_manifest = manifest;
}

uint32_t s1_manifest_capabilities_mask(const s1_manifest *manifest)
{
    const capabilities *const cap = &manifest->capabilities;
    return (cap->state.enabled ? (uint32_t)S1_CAP_STATE : 0u) |
           (cap->events.enabled ? (uint32_t)S1_CAP_EVENTS : 0u) |
           (cap->journaling.enabled ? (uint32_t)S1_CAP_JOURNAL : 0u);
}

const s1_manifest_param *s1_manifest_find_param(const s1_manifest *manifest, s1_str name,
                                                uint32_t *ret_index)
{
    for (uint32_t i = 0; i < manifest->parameters.count; i++) {
        if (s1_str_eq(manifest->parameters.items[i].name, name)) {
            if (ret_index != NULL) {
                *ret_index = i;
            }
            return &manifest->parameters.items[i];
        }
    }
    return NULL;
}

const s1_manifest_variant *s1_manifest_find_variant(const s1_manifest *manifest, s1_str value)
{
    for (uint32_t i = 0; i < manifest->variants.cases.count; i++) {
        if (lists(&manifest->variants.cases.items[i].of, value)) {
            return &manifest->variants.cases.items[i];
        }
    }
    return NULL;
}

void s1_manifest_print_docs(s1_strbuf *ret_text)
{
    s1_schema_print_doc(&s1_manifest_schema, "manifest.yaml of a plugin", ret_text);
    s1_strbuf_lit(ret_text, "Subtypes by type:\n\n| type | subtypes |\n|---|---|\n");
    for (const s1_enum_name *type = s1_worker_type_names; type->name != NULL; type++) {
        s1_strbuf_lit(ret_text, "| `");
        s1_strbuf_cstr_add(ret_text, type->name);
        s1_strbuf_lit(ret_text, "` | ");
        const char *link = "";
        for (const s1_enum_name *subtype = s1_subtype_names; subtype->name != NULL; subtype++) {
            if (s1_subtype_worker_type(subtype->value) == type->value) {
                s1_strbuf_cstr_add(ret_text, link);
                s1_strbuf_cstr_add(ret_text, subtype->name);
                link = ", ";
            }
        }
        s1_strbuf_lit(ret_text, " |\n");
    }
}
