/* Why opportunities were refused, grouped: one reading of the journal. */
#include "backend/analysis/explain_internal.h"
#include "backend/utils/uid.h"

#include <stdio.h>
#include <string.h>

#define GROUPS_MAX  256u
#define DETAILS_MAX 4096u
#define THREATS_MAX 65536u /* types remembered; an older threat is then named by its id alone */

static const char *const stages[] = {"governor", "entry", "exit", "size",
                                     "routing",  "gate",  "venue"};
#define STAGE_COUNT (sizeof stages / sizeof stages[0])

typedef struct group {
    const char *stage, *code, *threat; /* threat "" where none caused it */
    uint64_t count;
    bool is_rest, is_threat_unknown;
    s1_explain_node *node; /* examples hang below it */
    uint32_t examples;
} group;

typedef struct threat_type {
    s1_uid uid;
    const char *type;
} threat_type;

typedef struct tally {
    s1_explain_builder builder;
    s1_arena *arena;
    group groups[GROUPS_MAX];
    size_t group_count;
    threat_type *threats; /* ring of the newest */
    uint64_t threat_count;
    uint64_t detected, refused, approved;
    uint32_t examples_max;
} tally;

static const char *copied(tally *t, const char *text)
{
    const char *const copy = s1_arena_copy_cstr(t->arena, s1_str_of(text != NULL ? text : ""));
    t->builder.has_failed |= copy == NULL;
    return copy != NULL ? copy : "";
}

static const char unknown_threat[] = "unknown threat"; /* as a code; people read another text */

static const char *threat_type_of(const tally *t, s1_uid uid)
{
    const uint64_t kept = t->threat_count < THREATS_MAX ? t->threat_count : THREATS_MAX;
    for (uint64_t i = 0; i < kept; i++) {
        const threat_type *const threat = &t->threats[(t->threat_count - 1 - i) % THREATS_MAX];
        if (s1_uid_eq(threat->uid, uid)) {
            return threat->type;
        }
    }
    return unknown_threat;
}

static group *group_of(tally *t, const char *stage, const char *code, const char *threat)
{
    for (size_t i = 0; i < t->group_count; i++) {
        group *const g = &t->groups[i];
        if (strcmp(g->stage, stage) == 0 && strcmp(g->code, code) == 0 &&
            strcmp(g->threat, threat) == 0) {
            return g;
        }
    }
    if (t->group_count == GROUPS_MAX) {
        return &t->groups[GROUPS_MAX - 1]; /* the last one takes what is left over */
    }
    const bool is_last = t->group_count == GROUPS_MAX - 1;
    group *const g = &t->groups[t->group_count++];
    *g = (group){.stage = copied(t, stage),
                 .code = is_last ? "other reasons" : copied(t, code),
                 .threat = is_last ? "" : copied(t, threat),
                 .is_rest = is_last,
                 .is_threat_unknown = threat == unknown_threat};
    g->node = s1_explain_add(&t->builder, NULL, "reason");
    return g;
}

static void add_example(tally *t, group *g, const s1_journal_entry *entry,
                        const s1_journal_details_view *details)
{
    s1_explain_short_id(&t->builder.text, entry->ids[S1_JOURNAL_ID_OPPORTUNITY]);
    S1_EXPLAIN_SAY(
        &t->builder, "explain.example", details,
        S1_SAY_EVEN_ZERO("limit", "explain.part_example_limit", "rejection_reason.limit"),
        S1_SAY_EVEN_ZERO("actual", "explain.part_actual", "rejection_reason.actual"),
        S1_SAY_WORDS("worker", "explain.part_example_worker", entry->worker));
    s1_explain_node *const node = s1_explain_add_entry(&t->builder, g->node, "opportunity", entry);
    s1_explain_set_id(&t->builder, node, entry->ids[S1_JOURNAL_ID_OPPORTUNITY]);
    g->examples++;
}

static s1_rc tally_refusal(tally *t, const s1_journal_entry *entry, s1_err *err)
{
    s1_journal_details_view details = {NULL};
    S1_TRY(err, s1_journal_details_init(&details, entry, err));
    const char *const stage = s1_journal_details_text(&details, "stage");
    const char *const code = s1_journal_details_text(&details, "rejection_reason.code");
    const bool has_threat = (entry->ids_present >> S1_JOURNAL_ID_THREAT & 1u) != 0;
    const char *const threat =
        has_threat ? threat_type_of(t, entry->ids[S1_JOURNAL_ID_THREAT]) : "";
    group *const g = group_of(t, stage != NULL ? stage : "?", code != NULL ? code : "?", threat);
    g->count++;
    if (g->examples < t->examples_max) {
        add_example(t, g, entry, &details);
    }
    s1_journal_details_done(&details);
    return S1_OK;
}

static s1_rc tally_entry(tally *t, const s1_journal_entry *entry, s1_err *err)
{
    if (entry->kind == S1_JOURNAL_OPPORTUNITY_DETECTED) {
        t->detected++;
    } else if (entry->kind == S1_JOURNAL_OPPORTUNITY_APPROVED) {
        t->approved++;
    } else if (entry->kind == S1_JOURNAL_OPPORTUNITY_REJECTED) {
        t->refused++;
        S1_TRY(err, tally_refusal(t, entry, err));
    } else if (entry->kind == S1_JOURNAL_THREAT_DETECTED) {
        s1_journal_details_view details = {NULL};
        S1_TRY(err, s1_journal_details_init(&details, entry, err));
        t->threats[t->threat_count++ % THREATS_MAX] =
            (threat_type){entry->ids[S1_JOURNAL_ID_THREAT],
                          copied(t, s1_journal_details_text(&details, "threat_type"))};
        s1_journal_details_done(&details);
    }
    return S1_OK;
}

static void append(s1_explain_node *parent, s1_explain_node *node)
{
    node->next = NULL;
    if (parent->last_child != NULL) {
        parent->last_child->next = node;
    } else {
        parent->first_child = node;
    }
    parent->last_child = node;
}

/* "12 (7.4 %)", of all refusals; in builder.part. */
static s1_str counted(tally *t, uint64_t count)
{
    s1_strbuf_clear(&t->builder.part);
    s1_strbuf_printf(&t->builder.part, "%llu (%.1f %%)", (unsigned long long)count,
                     t->refused > 0 ? 100.0 * (double)count / (double)t->refused : 0.0);
    return s1_strbuf_view(&t->builder.part);
}

/* Details for who reads the JSON: {"stage","code","threat_type","count","share"}. */
static void set_details(tally *t, s1_explain_node *node, const char *stage, const group *g,
                        uint64_t count)
{
    s1_strbuf json;
    s1_json_writer writer;
    s1_strbuf_init(&json, DETAILS_MAX);
    s1_json_init(&writer, &json, 0);
    s1_json_object(&writer);
    s1_json_key_lit(&writer, "stage");
    s1_json_cstr(&writer, stage);
    if (g != NULL) {
        s1_json_key_lit(&writer, "code");
        s1_json_cstr(&writer, g->code);
        s1_json_key_lit(&writer, "threat_type");
        s1_json_cstr(&writer, g->threat[0] != '\0' ? g->threat : NULL);
    }
    s1_json_key_lit(&writer, "count");
    s1_json_u64(&writer, count);
    s1_json_key_lit(&writer, "share");
    s1_json_double(&writer, t->refused > 0 ? (double)count / (double)t->refused : 0.0);
    s1_json_object_end(&writer);
    s1_explain_set_details(&t->builder, node, &json);
    s1_strbuf_done(&json);
}

/* Groups of a stage below its node, the largest first, the first found first among equals. */
static void tell_stage(tally *t, s1_explain_node *parent, const char *stage)
{
    for (;;) {
        group *largest = NULL;
        for (size_t i = 0; i < t->group_count; i++) {
            group *const g = &t->groups[i];
            if (g->node != NULL && strcmp(g->stage, stage) == 0 &&
                (largest == NULL || g->count > largest->count)) {
                largest = g;
            }
        }
        if (largest == NULL) {
            return;
        }
        const s1_locale *const locale = t->builder.locale;
        const char *const code =
            largest->is_rest ? s1_locale_cstr(locale, "explain.other_reasons") : largest->code;
        const char *const threat = largest->is_threat_unknown
                                       ? s1_locale_cstr(locale, "explain.unknown_threat")
                                       : largest->threat;
        S1_EXPLAIN_SAY(&t->builder, "explain.reason", NULL, S1_SAY_TEXT("code", s1_str_of(code)),
                       S1_SAY_WORDS("threat", "explain.part_because", s1_str_of(threat)),
                       S1_SAY_TEXT("count", counted(t, largest->count)));
        largest->node->text = s1_explain_add(&t->builder, NULL, "reason")->text;
        largest->node->count = largest->count;
        set_details(t, largest->node, stage, largest, largest->count);
        append(parent, largest->node);
        largest->node = NULL;
    }
}

static bool is_named_stage(const char *stage)
{
    for (size_t i = 0; i < STAGE_COUNT; i++) {
        if (strcmp(stages[i], stage) == 0) {
            return true;
        }
    }
    return false;
}

static void tell_one_stage(tally *t, s1_explain_node *root, const char *stage)
{
    uint64_t count = 0;
    for (size_t i = 0; i < t->group_count; i++) {
        count += strcmp(t->groups[i].stage, stage) == 0 ? t->groups[i].count : 0;
    }
    if (count > 0) {
        s1_strbuf_printf(&t->builder.text, "%s: ", stage);
        s1_strbuf_str(&t->builder.text, counted(t, count));
        s1_explain_node *const node = s1_explain_add(&t->builder, root, "stage");
        node->count = count;
        set_details(t, node, stage, NULL, count);
        tell_stage(t, node, stage);
    }
}

static s1_explain_node *tell(tally *t)
{
    const double whole = t->detected > 0 ? (double)t->detected : 1.0;
    s1_explain_digits detected, approved, refused;
    char approved_share[32], refused_share[32];
    (void)snprintf(approved_share, sizeof approved_share, "%.1f",
                   100.0 * (double)t->approved / whole);
    (void)snprintf(refused_share, sizeof refused_share, "%.1f", 100.0 * (double)t->refused / whole);
    S1_EXPLAIN_SAY(&t->builder, "explain.rejected", NULL,
                   S1_SAY_TEXT("detected", s1_explain_count(t->detected, &detected)),
                   S1_SAY_TEXT("approved", s1_explain_count(t->approved, &approved)),
                   S1_SAY_TEXT("approved_share", s1_str_of(approved_share)),
                   S1_SAY_TEXT("refused", s1_explain_count(t->refused, &refused)),
                   S1_SAY_TEXT("refused_share", s1_str_of(refused_share)));
    s1_explain_node *const root = s1_explain_add(&t->builder, NULL, "rejected");
    root->count = t->refused;
    for (size_t i = 0; i < STAGE_COUNT; i++) {
        tell_one_stage(t, root, stages[i]);
    }
    for (size_t i = 0; i < t->group_count; i++) {
        if (t->groups[i].node != NULL && !is_named_stage(t->groups[i].stage)) {
            tell_one_stage(t, root, t->groups[i].stage);
        }
    }
    return root;
}

s1_rc s1_explain_rejected(s1_journal_reader *reader, uint32_t examples_max, const s1_locale *locale,
                          s1_arena *arena, const s1_explain_node **ret_root, s1_err *err)
{
    tally *const t = s1_arena_one(arena, tally);
    threat_type *const threats = s1_arena_array(arena, threat_type, THREATS_MAX);
    if (t == NULL || threats == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "the groups of refusals do not fit their arena");
    }
    t->arena = arena;
    t->threats = threats;
    t->examples_max = examples_max;
    s1_explain_builder_init(&t->builder, locale, arena);
    s1_journal_reader_rewind(reader);
    s1_rc rc = S1_OK;
    const s1_journal_entry *entry = NULL;
    do {
        rc = s1_journal_reader_next(reader, &entry, err);
        if (rc == S1_OK && entry != NULL) {
            rc = tally_entry(t, entry, err);
        }
    } while (rc == S1_OK && entry != NULL);
    if (rc == S1_OK) {
        const s1_explain_node *const root = tell(t);
        rc = s1_explain_builder_check(&t->builder, err);
        if (rc == S1_OK) {
            *ret_root = root;
        }
    }
    s1_explain_builder_done(&t->builder);
    return rc;
}
