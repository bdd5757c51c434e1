#include "services/api/explain.h"

#include "backend/analysis/explain.h"
#include "services/api/journal_open_internal.h"

#include <stdlib.h>

#define ARENA_BYTES_MAX ((size_t)1 << 30)
#define JSON_BYTES_MAX  ((size_t)256 << 20)

struct s1_explanation {
    s1_arena arena;
    s1_strbuf json;
    const char *json_text;
    const s1_explain_node *root;
};

/* An id, or with `id` NULL all refusals. */
static s1_rc explain(s1_explanation *explanation, const char *results_dir, const char *id,
                     uint32_t examples_max, s1_err *err)
{
    s1_journal_reader *reader = NULL;
    S1_TRY(err, s1_api_journal_open(results_dir, &reader, err));
    const s1_rc rc = id != NULL ? s1_explain_id(reader, s1_str_of(id), &explanation->arena,
                                                &explanation->root, err)
                                : s1_explain_rejected(reader, examples_max, &explanation->arena,
                                                      &explanation->root, err);
    s1_journal_reader_free(reader);
    S1_TRY(err, rc);
    s1_json_writer writer;
    s1_json_init(&writer, &explanation->json, 2);
    s1_explain_json(explanation->root, &writer);
    explanation->json_text = s1_strbuf_cstr(&explanation->json);
    return s1_strbuf_check(&explanation->json, err);
}

static s1_rc explanation_new(const char *results_dir, const char *id, uint32_t examples_max,
                             s1_explanation **ret_explanation, s1_err *err)
{
    s1_explanation *const explanation = calloc(1, sizeof *explanation);
    if (explanation == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "explanation");
    }
    s1_arena_init(&explanation->arena, ARENA_BYTES_MAX, 0);
    s1_strbuf_init(&explanation->json, JSON_BYTES_MAX);
    const s1_rc rc = explain(explanation, results_dir, id, examples_max, err);
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
    return explanation_new(results_dir, id, 0, ret_explanation, err);
}

s1_rc s1_api_explain_rejected(const char *results_dir, uint32_t examples_max,
                              s1_explanation **ret_explanation, s1_err *err)
{
    return explanation_new(results_dir, NULL, examples_max, ret_explanation, err);
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
