/* backend/config/params.h - a worker item against its manifest: parameters, columns, lookback.
 *
 * Resolving fills defaults in, checks types and ranges, expands the column templates and evaluates
 * the lookback; what remains are names and numbers. Everything is arena memory.
 *
 * Templates: "{p}" is the parameter's value, "{p[]}" one name per item of a list parameter (once in
 * a template). A float's "." becomes "_": "band_{width}" with 2.5 is band_2_5.
 *
 * Expressions: integers, + - * /, parentheses, max(...), min(...), int parameters by name; an
 * int_list parameter inside max or min stands for its items. Division rounds up. At most 256 bytes.
 */
#ifndef S1_BACKEND_CONFIG_PARAMS_H
#define S1_BACKEND_CONFIG_PARAMS_H

#include "backend/config/manifest.h"

typedef struct s1_param {
    s1_str name;
    int32_t type;    /* enum s1_param_type */
    bool is_default; /* nobody gave it */
    union {
        int64_t int_value;
        double float_value;
        bool bool_value;
        s1_str text; /* string, enum */
        s1_dec decimal;
        s1_nanos duration;
        S1_LIST(int64_t) ints;
        S1_LIST(double) floats;
        s1_text_list texts;
    } as;
} s1_param;

/* A feed of a worker, its fields expanded. */
typedef struct s1_feed_plan_field {
    s1_str name;
    int32_t type; /* enum s1_feed_type */
    bool is_optional;
} s1_feed_plan_field;
typedef struct s1_feed_plan {
    s1_str name;      /* as the manifest calls it */
    s1_source source; /* where the blueprint names it */
    s1_str feed;      /* id of the blueprint's feed; empty: an optional one that was left out */
    S1_LIST(s1_feed_plan_field) fields;
} s1_feed_plan;

/* A model of a worker. */
typedef struct s1_model_plan {
    s1_str name;  /* as the manifest calls it */
    s1_str model; /* id of the blueprint's model; empty: an optional one that was left out */
} s1_model_plan;

/* A worker item resolved: what WorkerBuilder works from. */
typedef struct s1_worker_plan {
    const s1_worker_item *item;
    const s1_manifest *manifest;
    S1_LIST(s1_param) params;              /* order of the manifest */
    s1_text_list requires, uses, provides; /* columns, expanded, the variant's too */
    s1_text_list artefacts_in, artefacts_out;
    S1_LIST(s1_feed_plan) feeds;   /* order of the manifest */
    S1_LIST(s1_model_plan) models; /* the same */
    uint64_t lookback; /* bars its inputs must have before its outputs mean something; >= 1 */
} s1_worker_plan;

/* Resolves `item` against `manifest`: type and subtype agree, every parameter is known, present,
 * typed and in range, triggers and publications are what the manifest allows. Faults are reported
 * at the item; *ret_plan is always set and may be used when faults->errors did not grow. */
void s1_worker_plan_resolve(const s1_worker_item *item, const s1_manifest *manifest,
                            s1_arena *arena, s1_faults *faults, const s1_worker_plan **ret_plan);

/* The parameter of a name, or NULL. */
const s1_param *s1_worker_plan_param(const s1_worker_plan *plan, s1_str name);

/* The resolved parameters as one JSON object, order of the manifest. */
void s1_params_print_json(const s1_worker_plan *plan, s1_strbuf *ret_text);

/* Expands one template over parameters. S1_E_INVALID tells what is wrong with it. */
S1_WARN_UNUSED s1_rc s1_template_expand(s1_str text, const s1_param *params, uint32_t count,
                                        s1_arena *arena, s1_text_list *ret_names, s1_err *err);

/* Evaluates an expression over parameters. S1_E_INVALID with the place, S1_E_RANGE on overflow. */
S1_WARN_UNUSED s1_rc s1_expression_evaluate(s1_str text, const s1_param *params, uint32_t count,
                                            int64_t *ret_value, s1_err *err);

#endif /* S1_BACKEND_CONFIG_PARAMS_H */
