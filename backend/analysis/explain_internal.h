/* backend/analysis/explain_internal.h - building explanation trees; only for this folder. */
#ifndef S1_BACKEND_ANALYSIS_EXPLAIN_INTERNAL_H
#define S1_BACKEND_ANALYSIS_EXPLAIN_INTERNAL_H

#include "backend/analysis/explain.h"
#include "backend/utils/text.h"
#include "s1mple/context.h"

/* Builds nodes in an arena; a failure to allocate is kept and reported once, by
 * s1_explain_builder_check. */
typedef struct s1_explain_builder {
    s1_arena *arena;
    s1_strbuf text;       /* scratch */
    s1_explain_node lost; /* stands in when memory is out; never shown */
    bool has_failed;
} s1_explain_builder;

void s1_explain_builder_init(s1_explain_builder *builder, s1_arena *arena);
void s1_explain_builder_done(s1_explain_builder *builder);
S1_WARN_UNUSED s1_rc s1_explain_builder_check(const s1_explain_builder *builder, s1_err *err);

/* A node below `parent` (NULL: a root) whose text is what stands in builder->text, which is empty
 * afterwards. Never NULL: after a failure a node that is thrown away. */
s1_explain_node *s1_explain_add(s1_explain_builder *builder, s1_explain_node *parent,
                                const char *kind);

/* As s1_explain_add for a journal entry: time, seq and details are the entry's. */
s1_explain_node *s1_explain_add_entry(s1_explain_builder *builder, s1_explain_node *parent,
                                      const char *kind, const s1_journal_entry *entry);

/* Sets the id of a node. */
void s1_explain_set_id(s1_explain_builder *builder, s1_explain_node *node, s1_uid uid);

/* Appends an id as it is shown in lines: its first digits. */
void s1_explain_short_id(s1_strbuf *text, s1_uid uid);

/* Appends a JSON value for people: texts bare, numbers with eight digits, the rest as JSON. */
void s1_explain_value(s1_strbuf *text, const json_t *value);

/* Appends the member `path` of the details, or "?" where there is none. */
void s1_explain_member(s1_strbuf *text, const s1_journal_details_view *details, const char *path);

/* True if the member is there and not null. */
bool s1_explain_has(const s1_journal_details_view *details, const char *path);

/* Nodes of one entry, text and all, below `parent`. */
s1_explain_node *s1_explain_opportunity(s1_explain_builder *builder, s1_explain_node *parent,
                                        const s1_journal_entry *entry,
                                        const s1_journal_details_view *details);
s1_explain_node *s1_explain_threat(s1_explain_builder *builder, s1_explain_node *parent,
                                   const s1_journal_entry *entry,
                                   const s1_journal_details_view *details);
s1_explain_node *s1_explain_plan(s1_explain_builder *builder, s1_explain_node *parent,
                                 const s1_journal_entry *entry,
                                 const s1_journal_details_view *details);
s1_explain_node *s1_explain_verdict(s1_explain_builder *builder, s1_explain_node *parent,
                                    const s1_journal_entry *entry,
                                    const s1_journal_details_view *details);
/* The headline of an order, from the entry that submitted it. */
s1_explain_node *s1_explain_order(s1_explain_builder *builder, s1_explain_node *parent,
                                  const s1_journal_entry *entry,
                                  const s1_journal_details_view *details);
/* What happened to it. */
s1_explain_node *s1_explain_order_event(s1_explain_builder *builder, s1_explain_node *parent,
                                        const s1_journal_entry *entry,
                                        const s1_journal_details_view *details);
/* TRADE_OPENED, POSITION_ADJUSTED, TRADE_CLOSED, WORKER_NOTE and whatever else there is. */
s1_explain_node *s1_explain_step(s1_explain_builder *builder, s1_explain_node *parent,
                                 const s1_journal_entry *entry,
                                 const s1_journal_details_view *details);

/* Sets the details of a node to what stands in `json`. */
void s1_explain_set_details(s1_explain_builder *builder, s1_explain_node *node, s1_strbuf *json);

/* Appends a number for people: eight digits, "none" for NaN. */
void s1_explain_number(s1_strbuf *text, double value);

/* By how much a comparison missed: 0 or more for one that did not hold, negative by how much it
 * held. NaN where a side is NaN, and for "!=", which misses by nothing. */
double s1_explain_missed_by(const s1_condition *condition);

/* The same as a share of the threshold; NaN where the threshold is 0. */
double s1_explain_missed_share(const s1_condition *condition);

/* Appends "1.0712 > 1.0731, missed by 0.0019 (0.177 %)", or the margin of one that held. */
void s1_explain_comparison(s1_strbuf *text, const s1_condition *condition);

/* Members value, op, threshold, held, missed_by, missed_share of an object that is open. */
void s1_explain_comparison_json(s1_json_writer *writer, const s1_condition *condition);

#endif /* S1_BACKEND_ANALYSIS_EXPLAIN_INTERNAL_H */
