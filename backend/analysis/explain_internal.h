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
    const s1_locale *locale; /* borrowed; NULL: keys stand for texts */
    s1_strbuf text;          /* scratch: the line */
    s1_strbuf part;          /* scratch: what is put into it */
    s1_explain_node lost;    /* stands in when memory is out; never shown */
    bool has_failed;
} s1_explain_builder;

void s1_explain_builder_init(s1_explain_builder *builder, const s1_locale *locale, s1_arena *arena);
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

/* --- Sentences. --------------------------------------------------------------------------- */

/* What stands for a slot of a sentence. A part is a text of its own with the one slot {value}, as
 * ", stop {value}", which is said where there is a value and left out where there is none: so
 * another language may order its sentence otherwise. */
enum s1_explain_slot_kind {
    S1_EXPLAIN_SLOT_TEXT = 1,  /* text; with a part: unless it is empty */
    S1_EXPLAIN_SLOT_JSON,      /* json, as s1_explain_value */
    S1_EXPLAIN_SLOT_PAIRS,     /* json, an object, as "name value, name value" */
    S1_EXPLAIN_SLOT_MEMBER,    /* the member `path`, or "?" */
    S1_EXPLAIN_SLOT_PART,      /* same in a part, unless "0", which plans use for "not set" */
    S1_EXPLAIN_SLOT_EVEN_ZERO, /* same in a part, a "0" too */
};
typedef struct s1_explain_slot {
    const char *name; /* in the sentence */
    int32_t kind;     /* enum s1_explain_slot_kind */
    uint32_t reserved;
    const char *part; /* key of the part; NULL: the bare value */
    const char *path;
    const json_t *json;
    s1_str text;
} s1_explain_slot;

/* The slots of a call. */
#define S1_SAY_TEXT(slot, value) {.name = (slot), .kind = S1_EXPLAIN_SLOT_TEXT, .text = (value)}
#define S1_SAY_WORDS(slot, key, value)                                                             \
    {.name = (slot), .kind = S1_EXPLAIN_SLOT_TEXT, .part = (key), .text = (value)}
#define S1_SAY_JSON(slot, value)  {.name = (slot), .kind = S1_EXPLAIN_SLOT_JSON, .json = (value)}
#define S1_SAY_PAIRS(slot, value) {.name = (slot), .kind = S1_EXPLAIN_SLOT_PAIRS, .json = (value)}
#define S1_SAY_MEMBER(slot, member)                                                                \
    {.name = (slot), .kind = S1_EXPLAIN_SLOT_MEMBER, .path = (member)}
#define S1_SAY_PART(slot, key, member)                                                             \
    {.name = (slot), .kind = S1_EXPLAIN_SLOT_PART, .part = (key), .path = (member)}
#define S1_SAY_EVEN_ZERO(slot, key, member)                                                        \
    {.name = (slot), .kind = S1_EXPLAIN_SLOT_EVEN_ZERO, .part = (key), .path = (member)}

/* Appends the sentence of a key with its slots worded. `details` may be NULL where no slot asks
 * for a member. */
void s1_explain_say(s1_explain_builder *builder, const char *key,
                    const s1_journal_details_view *details, const s1_explain_slot *slots,
                    size_t count);
#define S1_EXPLAIN_SAY(builder, key, details, ...)                                                 \
    s1_explain_say((builder), (key), (details), (const s1_explain_slot[]){__VA_ARGS__},            \
                   sizeof((const s1_explain_slot[]){__VA_ARGS__}) / sizeof(s1_explain_slot))

/* Appends the text of a key that has no slots. */
void s1_explain_word(s1_explain_builder *builder, const char *key);

/* What a threat is, without its id: "VOLATILITY_SPIKE, HIGH", "VOLATILITY_SPIKE cleared". */
void s1_explain_threat_words(s1_explain_builder *builder, const s1_journal_entry *entry,
                             const s1_journal_details_view *details);

/* A decimal number as text, for slots. */
typedef struct s1_explain_digits {
    char text[32];
} s1_explain_digits;
s1_str s1_explain_count(uint64_t value, s1_explain_digits *digits);

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

/* Appends a number for people: eight digits, the word for "none" for NaN. */
void s1_explain_number(const s1_explain_builder *builder, s1_strbuf *text, double value);

/* By how much a comparison missed: 0 or more for one that did not hold, negative by how much it
 * held. NaN where a side is NaN, and for "!=", which misses by nothing. */
double s1_explain_missed_by(const s1_condition *condition);

/* The same as a share of the threshold; NaN where the threshold is 0. */
double s1_explain_missed_share(const s1_condition *condition);

/* "1.0712 > 1.0731, missed by 0.0019 (0.177 %)", or the margin of one that held: in builder->part,
 * until the next one. */
s1_str s1_explain_comparison(s1_explain_builder *builder, const s1_condition *condition);

/* Members value, op, threshold, held, missed_by, missed_share of an object that is open. */
void s1_explain_comparison_json(s1_json_writer *writer, const s1_condition *condition);

#endif /* S1_BACKEND_ANALYSIS_EXPLAIN_INTERNAL_H */
