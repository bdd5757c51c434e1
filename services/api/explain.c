#include "services/api/explain.h"

#include "backend/analysis/explain.h"
#include "backend/analysis/funnel.h"
#include "backend/analysis/run_diff.h"
#include "backend/analysis/why_not.h"
#include "backend/utils/json_memory.h"
#include "backend/utils/timefmt.h"
#include "services/api/journal_open_internal.h"
#include "services/api/observe_internal.h"
#include "services/api/results_internal.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES_MAX ((size_t)1 << 30)
#define JSON_BYTES_MAX  ((size_t)256 << 20)

struct s1_explanation {
    s1_arena arena;
    s1_strbuf json;
    const char *json_text;
    const s1_explain_node *root;
    s1_nanos engine_time;
    s1_locale *locale; /* while it is made */
};

/* What is asked, one of five, and the language of the answer. */
typedef struct question {
    const char *results_dir;
    int32_t language;      /* enum s1_language */
    const char *id;        /* the story of an id */
    const char *at;        /* or a bar */
    uint32_t examples_max; /* or all refusals */
    uint32_t misses_max;   /* or, `is_funnel`, the counts */
    bool is_funnel;
    const char *other_dir; /* or the parting from another run */
    bool *ret_is_same;
} question;

/* The journal of a run that kept all of it; NULL at another level. */
static s1_rc open_full_journal(const char *results_dir, s1_journal_reader **ret_reader, s1_err *err)
{
    s1_results *results = NULL;
    S1_TRY(err, s1_api_results_open(results_dir, NULL, &results, err));
    const bool is_full = strcmp(s1_results_view_borrow(results)->journal_level, "full") == 0;
    s1_results_free(results);
    *ret_reader = NULL;
    return is_full ? s1_api_journal_open(results_dir, ret_reader, err) : S1_OK;
}

static s1_rc explain_bar(s1_explanation *explanation, const question *q, s1_err *err)
{
    s1_nanos at;
    s1_why_not *why_not = NULL;
    s1_journal_reader *reader = NULL;
    s1_observed observed = {0};
    S1_TRY(err, s1_time_parse(s1_str_of(q->at), &at, err));
    S1_TRY(err, s1_why_not_new(at, &why_not, err));
    const s1_run_observer observer = s1_why_not_observer(why_not);
    s1_rc rc = s1_api_observe(q->results_dir, &observer, &observed, err);
    if (rc == S1_OK) {
        rc = open_full_journal(q->results_dir, &reader, err);
    }
    if (rc == S1_OK) {
        rc = s1_why_not_tell(why_not, reader, explanation->locale, &explanation->arena,
                             &explanation->root, err);
    }
    explanation->engine_time = observed.engine_time;
    s1_journal_reader_free(reader);
    s1_why_not_free(why_not);
    return rc;
}

static s1_rc explain_funnel(s1_explanation *explanation, const question *q, s1_err *err)
{
    s1_funnel *funnel = NULL;
    s1_journal_reader *reader = NULL;
    s1_observed observed = {0};
    S1_TRY(err, s1_funnel_new(q->misses_max, &funnel, err));
    const s1_run_observer observer = s1_funnel_observer(funnel);
    s1_rc rc = s1_api_observe(q->results_dir, &observer, &observed, err);
    if (rc == S1_OK) {
        rc = open_full_journal(q->results_dir, &reader, err);
    }
    if (rc == S1_OK) {
        rc = s1_funnel_tell(funnel, reader, explanation->locale, &explanation->arena,
                            &explanation->root, err);
    }
    explanation->engine_time = observed.engine_time;
    s1_journal_reader_free(reader);
    s1_funnel_free(funnel);
    return rc;
}

static s1_rc explain_journal(s1_explanation *explanation, const question *q, s1_err *err)
{
    s1_journal_reader *reader = NULL;
    s1_journal_place *places = NULL;
    S1_TRY(err, s1_api_journal_open_id(q->results_dir, q->id, true, &reader, &places, err));
    const s1_rc rc = q->id != NULL
                         ? s1_explain_id(reader, s1_str_of(q->id), explanation->locale,
                                         &explanation->arena, &explanation->root, err)
                         : s1_explain_rejected(reader, q->examples_max, explanation->locale,
                                               &explanation->arena, &explanation->root, err);
    s1_journal_reader_free(reader);
    free(places);
    return rc;
}

/* --- Two runs. ------------------------------------------------------------------------------ */

/* One of the two, opened. */
typedef struct side {
    s1_results *results;
    s1_journal_reader *reader;
    json_t *facts, *config;
} side;

static void side_close(side *s)
{
    json_decref(s->config);
    json_decref(s->facts);
    s1_journal_reader_free(s->reader);
    s1_results_free(s->results);
}

static s1_rc side_open(side *s, const char *dir, s1_err *err)
{
    S1_TRY(err, s1_api_results_open(dir, NULL, &s->results, err));
    const s1_results_view *const view = s1_results_view_borrow(s->results);
    S1_TRY(err, s1_api_journal_open(dir, &s->reader, err));
    s->facts = json_loads(view->json, 0, NULL);
    if (s->facts == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%s", dir);
    }
    s->config = s1_results_config_read(view->dir);
    return S1_OK;
}

/* Why the other run did not decide so: it is repeated up to that bar. What stands in the way of
 * that is told, and is no error. */
static s1_rc attach_why_not(s1_explanation *explanation, s1_run_difference *difference,
                            const char *dir, s1_err *err)
{
    s1_why_not *why_not = NULL;
    const s1_explain_node *bar = NULL;
    s1_err reason = S1_ERR_INIT;
    S1_TRY(err, s1_why_not_new(difference->time, &why_not, err));
    const s1_run_observer observer = s1_why_not_observer(why_not);
    if (s1_api_observe(dir, &observer, NULL, &reason) == S1_OK) {
        (void)!s1_why_not_tell(why_not, NULL, explanation->locale, &explanation->arena, &bar,
                               &reason);
    }
    s1_why_not_free(why_not);
    return s1_run_difference_attach(difference, bar, reason.msg, explanation->locale,
                                    &explanation->arena, err);
}

static s1_rc diff_sides(s1_explanation *explanation, const question *q, const side sides[static 2],
                        s1_err *err)
{
    const char *const levels[2] = {s1_results_view_borrow(sides[0].results)->journal_level,
                                   s1_results_view_borrow(sides[1].results)->journal_level};
    if (strcmp(levels[0], levels[1]) != 0) {
        return S1_RAISE(err, S1_E_INVALID,
                        "A keeps its journal at level %s, B at %s: expected the same", levels[0],
                        levels[1]);
    }
    const s1_run_side runs[2] = {
        {"A", sides[0].reader, json_object_get(sides[0].facts, "run"), sides[0].config},
        {"B", sides[1].reader, json_object_get(sides[1].facts, "run"), sides[1].config}};
    s1_run_difference difference;
    S1_TRY(err, s1_run_diff(runs, explanation->locale, &explanation->arena, &difference, err));
    if (difference.other != NULL && (difference.kind == S1_JOURNAL_OPPORTUNITY_DETECTED ||
                                     difference.kind == S1_JOURNAL_THREAT_DETECTED)) {
        const char *const other =
            difference.parting == S1_RUN_ONLY_A ? q->other_dir : q->results_dir;
        S1_TRY(err, attach_why_not(explanation, &difference, other, err));
    }
    explanation->root = difference.root;
    *q->ret_is_same = difference.parting == S1_RUN_SAME;
    return S1_OK;
}

static s1_rc explain_diff(s1_explanation *explanation, const question *q, s1_err *err)
{
    side sides[2] = {{NULL, NULL, NULL, NULL}, {NULL, NULL, NULL, NULL}};
    s1_rc rc = side_open(&sides[0], q->results_dir, err);
    if (rc == S1_OK) {
        rc = side_open(&sides[1], q->other_dir, err);
    }
    if (rc == S1_OK) {
        rc = diff_sides(explanation, q, sides, err);
    }
    side_close(&sides[0]);
    side_close(&sides[1]);
    return rc;
}

static s1_rc explain(s1_explanation *explanation, const question *q, s1_err *err)
{
    S1_TRY(err, s1_locale_new(q->language, &explanation->locale, err));
    if (q->other_dir != NULL) {
        S1_TRY(err, explain_diff(explanation, q, err));
    } else if (q->at != NULL) {
        S1_TRY(err, explain_bar(explanation, q, err));
    } else if (q->is_funnel) {
        S1_TRY(err, explain_funnel(explanation, q, err));
    } else {
        S1_TRY(err, explain_journal(explanation, q, err));
    }
    if (q->language != S1_LANGUAGE_EN) {
        return S1_OK; /* what machines read is in one language */
    }
    s1_json_writer writer;
    s1_json_init(&writer, &explanation->json, 2);
    s1_explain_json(explanation->root, &writer);
    explanation->json_text = s1_strbuf_cstr(&explanation->json);
    return s1_strbuf_check(&explanation->json, err);
}

static s1_rc explanation_new(const question *q, s1_explanation **ret_explanation, s1_err *err)
{
    s1_explanation *const explanation = calloc(1, sizeof *explanation);
    if (explanation == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "explanation");
    }
    s1_arena_init(&explanation->arena, ARENA_BYTES_MAX, 0);
    s1_strbuf_init(&explanation->json, JSON_BYTES_MAX);
    const uint64_t before = s1_json_memory_failures();
    const s1_rc rc = s1_json_memory_judge(before, explain(explanation, q, err), err);
    if (rc != S1_OK) {
        s1_explanation_free(explanation);
        return rc;
    }
    *ret_explanation = explanation;
    return S1_OK;
}

s1_rc s1_api_explain(const char *results_dir, const char *id, int32_t language,
                     s1_explanation **ret_explanation, s1_err *err)
{
    return explanation_new(&(question){.results_dir = results_dir, .language = language, .id = id},
                           ret_explanation, err);
}

s1_rc s1_api_explain_rejected(const char *results_dir, uint32_t examples_max, int32_t language,
                              s1_explanation **ret_explanation, s1_err *err)
{
    return explanation_new(
        &(question){.results_dir = results_dir, .language = language, .examples_max = examples_max},
        ret_explanation, err);
}

s1_rc s1_api_explain_why_not(const char *results_dir, const char *at, int32_t language,
                             s1_explanation **ret_explanation, s1_err *err)
{
    return explanation_new(&(question){.results_dir = results_dir, .language = language, .at = at},
                           ret_explanation, err);
}

s1_rc s1_api_explain_funnel(const char *results_dir, uint32_t misses_max, int32_t language,
                            s1_explanation **ret_explanation, s1_err *err)
{
    return explanation_new(&(question){.results_dir = results_dir,
                                       .language = language,
                                       .is_funnel = true,
                                       .misses_max = misses_max},
                           ret_explanation, err);
}

s1_rc s1_api_explain_diff(const char *results_a, const char *results_b, int32_t language,
                          s1_explanation **ret_explanation, bool *ret_is_same, s1_err *err)
{
    return explanation_new(&(question){.results_dir = results_a,
                                       .language = language,
                                       .other_dir = results_b,
                                       .ret_is_same = ret_is_same},
                           ret_explanation, err);
}

s1_nanos s1_explanation_engine_time(const s1_explanation *explanation)
{
    return explanation->engine_time;
}

const s1_explain_node *s1_explanation_root_borrow(const s1_explanation *explanation)
{
    return explanation->root;
}

const char *s1_explanation_json_borrow(const s1_explanation *explanation)
{
    return explanation->json_text;
}

void s1_explanation_free(s1_explanation *explanation)
{
    if (explanation != NULL) {
        s1_locale_free(explanation->locale);
        s1_strbuf_done(&explanation->json);
        s1_arena_done(&explanation->arena);
        free(explanation);
    }
}
