#include "services/api/explain.h"

#include "backend/analysis/explain.h"
#include "backend/analysis/funnel.h"
#include "backend/analysis/why_not.h"
#include "backend/utils/timefmt.h"
#include "services/api/journal_open_internal.h"
#include "services/api/observe_internal.h"
#include "services/api/results.h"

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
};

/* What is asked, one of four. */
typedef struct question {
    const char *results_dir;
    const char *id;        /* the story of an id */
    const char *at;        /* or a bar */
    uint32_t examples_max; /* or all refusals */
    uint32_t misses_max;   /* or, `is_funnel`, the counts */
    bool is_funnel;
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
        rc = s1_why_not_tell(why_not, reader, &explanation->arena, &explanation->root, err);
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
        rc = s1_funnel_tell(funnel, reader, &explanation->arena, &explanation->root, err);
    }
    explanation->engine_time = observed.engine_time;
    s1_journal_reader_free(reader);
    s1_funnel_free(funnel);
    return rc;
}

static s1_rc explain_journal(s1_explanation *explanation, const question *q, s1_err *err)
{
    s1_journal_reader *reader = NULL;
    S1_TRY(err, s1_api_journal_open(q->results_dir, &reader, err));
    const s1_rc rc =
        q->id != NULL
            ? s1_explain_id(reader, s1_str_of(q->id), &explanation->arena, &explanation->root, err)
            : s1_explain_rejected(reader, q->examples_max, &explanation->arena, &explanation->root,
                                  err);
    s1_journal_reader_free(reader);
    return rc;
}

static s1_rc explain(s1_explanation *explanation, const question *q, s1_err *err)
{
    if (q->at != NULL) {
        S1_TRY(err, explain_bar(explanation, q, err));
    } else if (q->is_funnel) {
        S1_TRY(err, explain_funnel(explanation, q, err));
    } else {
        S1_TRY(err, explain_journal(explanation, q, err));
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
    const s1_rc rc = explain(explanation, q, err);
    if (rc != S1_OK) {
        s1_explanation_free(explanation);
        return rc;
    }
    *ret_explanation = explanation;
    return S1_OK;
}

s1_rc s1_api_explain(const char *results_dir, const char *id, s1_explanation **ret_explanation,
                     s1_err *err)
{
    return explanation_new(&(question){.results_dir = results_dir, .id = id}, ret_explanation, err);
}

s1_rc s1_api_explain_rejected(const char *results_dir, uint32_t examples_max,
                              s1_explanation **ret_explanation, s1_err *err)
{
    return explanation_new(&(question){.results_dir = results_dir, .examples_max = examples_max},
                           ret_explanation, err);
}

s1_rc s1_api_explain_why_not(const char *results_dir, const char *at,
                             s1_explanation **ret_explanation, s1_err *err)
{
    return explanation_new(&(question){.results_dir = results_dir, .at = at}, ret_explanation, err);
}

s1_rc s1_api_explain_funnel(const char *results_dir, uint32_t misses_max,
                            s1_explanation **ret_explanation, s1_err *err)
{
    return explanation_new(
        &(question){.results_dir = results_dir, .is_funnel = true, .misses_max = misses_max},
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
        s1_strbuf_done(&explanation->json);
        s1_arena_done(&explanation->arena);
        free(explanation);
    }
}
