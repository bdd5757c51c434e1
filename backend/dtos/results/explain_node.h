/* backend/dtos/results/explain_node.h - one line of an explanation, and what hangs below it. */
#ifndef S1_BACKEND_DTOS_RESULTS_EXPLAIN_NODE_H
#define S1_BACKEND_DTOS_RESULTS_EXPLAIN_NODE_H

#include "s1mple/base.h"

/* What a line is to who looks for it by colour: no word of it need be read for that. */
enum s1_explain_mark {
    S1_EXPLAIN_PLAIN,
    S1_EXPLAIN_GOOD, /* approved */
    S1_EXPLAIN_BAD,  /* refused, or a condition that did not hold */
    S1_EXPLAIN_WARN, /* a threat */
};

/* Texts are NUL-terminated and live as long as the explanation. */
typedef struct s1_explain_node {
    const char *kind;    /* "opportunity", "condition", "threat", "plan", "verdict", "order", ... */
    const char *text;    /* the line, one sentence, in the language of the explanation */
    const char *id;      /* full id of what it is about, or NULL */
    const char *details; /* the journal's own JSON object for it, or NULL */
    s1_nanos time;       /* 0: that of its parent */
    uint64_t seq;        /* journal entry it comes from; 0: derived */
    uint64_t count;      /* how many it stands for; 0: itself */
    int32_t mark;        /* enum s1_explain_mark */
    uint32_t reserved;
    struct s1_explain_node *first_child, *last_child, *next;
} s1_explain_node;

#endif /* S1_BACKEND_DTOS_RESULTS_EXPLAIN_NODE_H */
