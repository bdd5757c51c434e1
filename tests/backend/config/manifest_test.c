/* Manifests, parameters, column templates and lookback expressions. */
#include "backend/config/manifest.h"

#include "backend/config/params.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct fixture {
    s1_arena arena;
    s1_faults faults;
    s1_strbuf text;
} fixture;

static void begin(fixture *f)
{
    s1_arena_init(&f->arena, 64u << 20, 0);
    s1_faults_init(&f->faults, &f->arena, 0);
    s1_strbuf_init(&f->text, 1u << 20);
}

static void end(fixture *f)
{
    s1_strbuf_done(&f->text);
    s1_arena_done(&f->arena);
}

static const char *fault_text(fixture *f)
{
    s1_strbuf_clear(&f->text);
    s1_faults_print(&f->faults, &f->text);
    return s1_strbuf_cstr(&f->text);
}

static void assert_text(s1_str text, const char *expected)
{
    assert_int_equal(text.len, strlen(expected));
    assert_memory_equal(text.ptr, expected, text.len);
}

static const s1_manifest *read_manifest(fixture *f, const char *text)
{
    const s1_manifest *manifest = NULL;
    s1_manifest_read(s1_str_of(text), S1_STR("manifest.yaml"), S1_STR("dir"), &f->arena, &f->faults,
                     &manifest);
    return manifest;
}

static const char good[] =
    "identification:\n"
    "  name: band_maker\n"
    "  display_name: Bands\n"
    "  type: context_worker\n"
    "  subtype: indicator_calculation\n"
    "  version: 1.2.3\n"
    "  description: makes bands\n"
    "  author: a team\n"
    "dependencies:\n"
    "  requires: [close, \"ema_{fast}\"]\n"
    "  provides: [\"band_{periods[]}_{width}\", trend]\n"
    "parameters:\n"
    "  periods: { type: int_list, default: [20, 50], min: 2, max: 500, "
    "description: periods }\n"
    "  fast: { type: int, default: 5, min: 1, description: fast }\n"
    "  width: { type: float, default: 2.5, min: 0, description: width }\n"
    "  mode: { type: enum, values: [sma, ema], default: ema, description: m }\n"
    "  risk: { type: decimal, min: \"0.1\", description: must be given }\n"
    "  wait: { type: duration, default: 5m, max: 1h, description: w }\n"
    "  tags: { type: string_list, default: [], description: t }\n"
    "  on: { type: bool, default: true, description: o }\n"
    "lookback: max(periods, fast * 2) + 1\n"
    "capabilities:\n"
    "  state: { enabled: true }\n"
    "  journaling: { enabled: true }\n"
    "permissions: { network_access: [], filesystem_access: [] }\n"
    "artefacts:\n"
    "  provides: [zones]\n";

static void a_good_manifest_is_typed(void **state)
{
    (void)state;
    fixture f;
    begin(&f);
    const s1_manifest *const m = read_manifest(&f, good);
    assert_string_equal(fault_text(&f), "");
    assert_text(m->identification.name, "band_maker");
    assert_int_equal(m->identification.type, S1_WORKER_CONTEXT);
    assert_int_equal(m->identification.subtype, S1_SUBTYPE_INDICATOR_CALCULATION);
    assert_text(m->library, "band_maker.so");
    assert_text(m->dir, "dir");
    assert_int_equal(m->schema_version, 1);
    assert_int_equal(m->parameters.count, 8);
    assert_int_equal(s1_manifest_capabilities_mask(m), S1_CAP_STATE | S1_CAP_JOURNAL);
    uint32_t index = 0;
    assert_non_null(s1_manifest_find_param(m, S1_STR("mode"), &index));
    assert_int_equal(index, 3);
    assert_null(s1_manifest_find_param(m, S1_STR("node"), NULL));
    end(&f);
}

/* A stream as a required parameter: there is no default to check the template with. */
static void a_stream_may_be_a_parameter(void **state)
{
    (void)state;
    fixture f;
    begin(&f);
    read_manifest(&f, "schema_version: 1\n"
                      "identification:\n"
                      "  name: band_maker\n"
                      "  display_name: Bands\n"
                      "  type: context_worker\n"
                      "  subtype: indicator_calculation\n"
                      "  version: 1.2.3\n"
                      "  description: makes bands\n"
                      "  author: a team\n"
                      "dependencies:\n"
                      "  requires: [\"{stream}.close\", \"{stream}.b d\"]\n"
                      "parameters:\n"
                      "  stream: { type: string, description: s }\n");
    assert_string_equal(fault_text(&f),
                        "manifest.yaml:11:33: error: dependencies.requires[1]: found "
                        "'{stream}.b d', expected names of letters, digits and '_', at most 63, "
                        "but it gives 'X/X@1m.b d'\n");
    end(&f);
}

typedef struct bad_manifest {
    const char *name, *find, *put, *expected;
} bad_manifest;

static const bad_manifest bad_manifests[] = {
#include "tests/backend/config/bad_manifests.inc"
};

static void every_bad_manifest_gets_its_message(void **state)
{
    (void)state;
    assert_true(sizeof bad_manifests / sizeof bad_manifests[0] >= 20);
    for (size_t i = 0; i < sizeof bad_manifests / sizeof bad_manifests[0]; i++) {
        const bad_manifest *const bad = &bad_manifests[i];
        const char *const at = strstr(good, bad->find);
        if (at == NULL) {
            fail_msg("%s: '%s' is not in the manifest", bad->name, bad->find);
        }
        char text[sizeof good + 1024];
        (void)snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, bad->put,
                       at + strlen(bad->find));
        fixture f;
        begin(&f);
        (void)read_manifest(&f, text);
        if (strcmp(fault_text(&f), bad->expected) != 0) {
            print_error("%s:\n", bad->name);
            assert_string_equal(fault_text(&f), bad->expected);
        }
        end(&f);
    }
}

/* --- A worker item against its manifest. --- */

/* An item as the loader makes it of "{ plugin: ..., params: ... }". */
static const s1_worker_plan *resolve(fixture *f, const s1_manifest *m, const char *item_text,
                                     int32_t worker_type, int32_t subtype)
{
    s1_yaml_node *root = NULL;
    const s1_yaml_options options = {S1_STR("run.yaml"), NULL, NULL};
    s1_yaml_parse(s1_str_of(item_text), &options, &f->arena, &f->faults, &root);
    s1_worker_item *const item = s1_arena_one(&f->arena, s1_worker_item);
    item->source = s1_yaml_source(root);
    item->plugin = m->identification.name;
    item->id = item->plugin;
    item->worker_type = worker_type;
    item->subtype = subtype;
    item->params = s1_yaml_get(root, S1_STR("params"));
    const s1_worker_plan *plan = NULL;
    s1_worker_plan_resolve(item, m, &f->arena, &f->faults, &plan);
    return plan;
}

static void parameters_are_filled_typed_and_expanded(void **state)
{
    (void)state;
    fixture f;
    begin(&f);
    const s1_manifest *const m = read_manifest(&f, good);
    const s1_worker_plan *const plan =
        resolve(&f, m, "{ params: { periods: [10, 600/1], risk: 1 } }", S1_WORKER_CONTEXT, 0);
    assert_string_equal(fault_text(&f), "run.yaml:1:27: error: params.periods[1]: found '600/1', "
                                        "expected a list, each an integer from 2 to 500\n");
    assert_non_null(plan);
    end(&f);

    begin(&f);
    const s1_manifest *const again = read_manifest(&f, good);
    const s1_worker_plan *const done =
        resolve(&f, again, "{ params: { periods: [10, 300], risk: \"1.5\", width: 2 } }",
                S1_WORKER_CONTEXT, S1_SUBTYPE_INDICATOR_CALCULATION);
    assert_string_equal(fault_text(&f), "");
    assert_int_equal(done->lookback, 301);
    assert_int_equal(done->provides.count, 3);
    assert_text(done->provides.items[0], "band_10_2");
    assert_text(done->provides.items[1], "band_300_2");
    assert_text(done->provides.items[2], "trend");
    assert_text(done->requires.items[1], "ema_5");
    assert_text(done->artefacts_out.items[0], "zones");
    assert_false(s1_worker_plan_param(done, S1_STR("periods"))->is_default);
    const s1_param *const wait = s1_worker_plan_param(done, S1_STR("wait"));
    assert_true(wait->is_default);
    assert_int_equal(wait->as.duration, 300LL * S1_NANOS_PER_SECOND);
    s1_strbuf_clear(&f.text);
    s1_params_print_json(done, &f.text);
    assert_string_equal(s1_strbuf_cstr(&f.text),
                        "{\"periods\":[10,300],\"fast\":5,\"width\":2.0,\"mode\":\"ema\",\"risk\":"
                        "\"1.5\",\"wait\":\"5m\",\"tags\":[],\"on\":true}");
    end(&f);
}

/* What a variant says holds beside the rest, and its lookback in place of the other. */
static void a_variant_holds_for_its_values(void **state)
{
    (void)state;
    char text[sizeof good + 256];
    (void)snprintf(text, sizeof text,
                   "%svariants:\n  by: mode\n  cases:\n    - { of: [sma], requires: [volume], "
                   "provides: [\"sma_{fast}\"], lookback: fast * 7 }\n",
                   good);
    fixture f;
    begin(&f);
    const s1_manifest *const m = read_manifest(&f, text);
    const s1_worker_plan *const ema =
        resolve(&f, m, "{ params: { risk: 1 } }", S1_WORKER_CONTEXT, 0);
    const s1_worker_plan *const sma =
        resolve(&f, m, "{ params: { risk: 1, mode: sma } }", S1_WORKER_CONTEXT, 0);
    assert_string_equal(fault_text(&f), "");
    assert_int_equal(ema->provides.count, 3);
    assert_int_equal(ema->requires.count, 2);
    assert_int_equal(ema->lookback, 51);
    assert_int_equal(sma->provides.count, 4);
    assert_text(sma->provides.items[3], "sma_5");
    assert_int_equal(sma->requires.count, 3);
    assert_text(sma->requires.items[2], "volume");
    assert_int_equal(sma->lookback, 35);
    end(&f);
}

static void bad_parameters_get_their_message(void **state)
{
    (void)state;
    static const struct {
        const char *item;
        int32_t worker_type, subtype;
        const char *expected;
    } cases[] = {
        {"{ params: { risk: 1, perods: [3] } }", S1_WORKER_CONTEXT, 0,
         "run.yaml:1:22: error: params.perods: found an unknown parameter of band_maker, expected "
         "periods, fast, width, mode, risk, wait, tags or on (did you mean 'periods'?)\n"},
        {"{ params: { fast: 2 } }", S1_WORKER_CONTEXT, 0,
         "run.yaml:1:11: error: params.risk: found nothing, expected a decimal number of at least "
         "0.1\n"},
        {"{ params: { risk: 0.05, fast: 0, mode: smaa, wait: 2h, on: 1 } }", S1_WORKER_CONTEXT, 0,
         "run.yaml:1:31: error: params.fast: found '0', expected an integer of at least 1\n"
         "run.yaml:1:40: error: params.mode: found 'smaa', expected sma or ema (did you mean "
         "'sma'?)\n"
         "run.yaml:1:19: error: params.risk: found '0.05', expected a decimal number of at least "
         "0.1\n"
         "run.yaml:1:52: error: params.wait: found '2h', expected a duration such as 30s, 5m or 1h "
         "of at most 1h\n"
         "run.yaml:1:60: error: params.on: found '1', expected true or false\n"},
        {"{ plugin: band_maker, params: { risk: 1 } }", S1_WORKER_THREAT, 0,
         "run.yaml:1:11: error: plugin: found 'band_maker', a context_worker, expected a "
         "threat_worker\n"},
        {"{ plugin: band_maker, subtype: temporal_context, params: { risk: 1 } }",
         S1_WORKER_CONTEXT, S1_SUBTYPE_TEMPORAL_CONTEXT,
         "run.yaml:1:32: error: subtype: found 'temporal_context', expected indicator_calculation, "
         "as the manifest says\n"},
        {"{ params: { risk: 1, periods: 20 } }", S1_WORKER_CONTEXT, 0,
         "run.yaml:1:31: error: params.periods: found '20', expected a list, each an integer from "
         "2 "
         "to 500\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fixture f;
        begin(&f);
        const s1_manifest *const m = read_manifest(&f, good);
        (void)resolve(&f, m, cases[i].item, cases[i].worker_type, cases[i].subtype);
        assert_string_equal(fault_text(&f), cases[i].expected);
        end(&f);
    }
}

/* --- Expressions and templates. --- */

static const int64_t some_ints[] = {12, 26, 9};
static const s1_param some_params[] = {
    {.name = {"slow", 4}, .type = S1_PARAM_INT, .as.int_value = 26},
    {.name = {"periods", 7}, .type = S1_PARAM_INT_LIST, .as.ints = {some_ints, 3, 0}},
    {.name = {"width", 5}, .type = S1_PARAM_FLOAT, .as.float_value = 2.5},
    {.name = {"source", 6}, .type = S1_PARAM_STRING, .as.text = {"close", 5}},
    {.name = {"none", 4}, .type = S1_PARAM_INT_LIST, .as.ints = {some_ints, 0, 0}},
    {.name = {"big", 3}, .type = S1_PARAM_INT, .as.int_value = INT64_MAX},
};
#define SOME_PARAMS (uint32_t)(sizeof some_params / sizeof some_params[0])

static void expressions_evaluate(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
    } cases[] = {{"1", 1},
                 {" slow * 4 + 1 ", 105},
                 {"1 + 2 * 3", 7},
                 {"(1 + 2) * 3", 9},
                 {"max(periods)", 26},
                 {"min(periods, 5)", 5},
                 {"max(periods) + max(slow, 30) - -2", 58},
                 {"7 / 2", 4},
                 {"-7 / 2", -3},
                 {"10 - 3 - 2", 5},
                 {"max(none)", 0},
                 {"min(max(periods, 100), slow * 2)", 52}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t value = -1;
        s1_err err = S1_ERR_INIT;
        if (s1_expression_evaluate(s1_str_of(cases[i].text), some_params, SOME_PARAMS, &value,
                                   &err) != S1_OK) {
            fail_msg("%s: %s", cases[i].text, err.msg);
        }
        assert_int_equal(value, cases[i].value);
    }
}

static void bad_expressions_say_why(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        s1_rc rc;
        const char *message;
    } cases[] = {
        {"", S1_E_INVALID, "a number, a parameter, max(), min() or '(' at the end"},
        {"slow +", S1_E_INVALID, "a number, a parameter, max(), min() or '(' at the end"},
        {"slow slow", S1_E_INVALID, "an operator or the end at character 6, not 's'"},
        {"slwo", S1_E_INVALID, "a parameter, but 'slwo' is none (did you mean 'slow'?)"},
        {"periods", S1_E_INVALID, "the list 'periods' inside max() or min()"},
        {"width", S1_E_INVALID, "int and int_list parameters, but 'width' is a float"},
        {"max(1", S1_E_INVALID, "')' at the end"},
        {"1 / (slow - 26)", S1_E_RANGE, "a division that is not by zero"},
        {"big * 2", S1_E_RANGE, "an expression whose values fit 64 bits"},
        {"99999999999999999999", S1_E_RANGE, "an expression whose values fit 64 bits"},
        {"((((((((((((((((((((((((((((((((1))))))))))))))))))))))))))))))))", S1_E_INVALID,
         "at most 32 levels of parentheses"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t value = -1;
        s1_err err = S1_ERR_INIT;
        assert_int_equal(s1_expression_evaluate(s1_str_of(cases[i].text), some_params, SOME_PARAMS,
                                                &value, &err),
                         cases[i].rc);
        assert_string_equal(err.msg, cases[i].message);
        assert_int_equal(value, -1);
    }
}

static void templates_expand(void **state)
{
    (void)state;
    fixture f;
    begin(&f);
    s1_text_list names;
    assert_int_equal(s1_template_expand(S1_STR("{source}_{periods[]}_{width}"), some_params,
                                        SOME_PARAMS, &f.arena, &names, NULL),
                     S1_OK);
    assert_int_equal(names.count, 3);
    assert_text(names.items[2], "close_9_2_5");
    assert_int_equal(
        s1_template_expand(S1_STR("{source}"), some_params, SOME_PARAMS, &f.arena, &names, NULL),
        S1_OK);
    assert_text(names.items[0], "close");
    assert_int_equal(
        s1_template_expand(S1_STR("x_{none[]}"), some_params, SOME_PARAMS, &f.arena, &names, NULL),
        S1_OK);
    assert_int_equal(names.count, 0);
    assert_int_equal(s1_template_expand(S1_STR("ETH/USD@1h.ema_{slow}"), some_params, SOME_PARAMS,
                                        &f.arena, &names, NULL),
                     S1_OK);
    assert_text(names.items[0], "ETH/USD@1h.ema_26");
    static const struct {
        const char *text, *message;
    } bad[] = {
        {"ema_{periods}", "{periods[]}, because the parameter is a list"},
        {"ema_{slow[]}", "{slow} without [], because the parameter is no list"},
        {"ema_{slow", "a '}' for every '{'"},
        {"ema_{sloww}", "a parameter, but 'sloww' is none (did you mean 'slow'?)"},
        {"{periods[]}_{periods[]}", "one list in a template, not two"},
        {"ema-{slow}", "names of letters, digits and '_', at most 63, but it gives 'ema-26'"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        s1_err err = S1_ERR_INIT;
        assert_int_equal(s1_template_expand(s1_str_of(bad[i].text), some_params, SOME_PARAMS,
                                            &f.arena, &names, &err),
                         S1_E_INVALID);
        assert_string_equal(err.msg, bad[i].message);
    }
    end(&f);
}

static void durations_are_exact(void **state)
{
    (void)state;
    s1_nanos value = 0;
    assert_int_equal(s1_duration_parse(S1_STR("250ms"), &value, NULL), S1_OK);
    assert_int_equal(value, 250000000LL);
    assert_int_equal(s1_duration_parse(S1_STR("2w"), &value, NULL), S1_OK);
    assert_int_equal(value, 1209600LL * S1_NANOS_PER_SECOND);
    assert_int_equal(s1_duration_parse(S1_STR("5"), &value, NULL), S1_E_INVALID);
    assert_int_equal(s1_duration_parse(S1_STR("-5m"), &value, NULL), S1_E_INVALID);
    assert_int_equal(s1_duration_parse(S1_STR("99999999w"), &value, NULL), S1_E_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_manifest_is_typed),
        cmocka_unit_test(a_stream_may_be_a_parameter),
        cmocka_unit_test(every_bad_manifest_gets_its_message),
        cmocka_unit_test(parameters_are_filled_typed_and_expanded),
        cmocka_unit_test(a_variant_holds_for_its_values),
        cmocka_unit_test(bad_parameters_get_their_message),
        cmocka_unit_test(expressions_evaluate),
        cmocka_unit_test(bad_expressions_say_why),
        cmocka_unit_test(templates_expand),
        cmocka_unit_test(durations_are_exact),
    };
    return cmocka_run_group_tests_name("manifest", tests, NULL, NULL);
}
