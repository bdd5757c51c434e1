#include "backend/core/threat_book.h"

#include "backend/core/decision_journal.h"
#include "backend/dtos/enums.h"

#include <string.h>

static bool same(s1_str a, s1_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static s1_threat_episode *find_episode(s1_threat_book *book, uint32_t order, s1_str threat_type,
                                       s1_str key)
{
    for (uint32_t i = 0; i < book->list.count; i++) {
        s1_threat_episode *const episode = &book->episodes[i];
        if (episode->order == order && same(episode->view.threat_type, threat_type) &&
            same(episode->view.key, key)) {
            return episode;
        }
    }
    return NULL;
}

/* The texts of an episode lie in it, so they must follow when it moves. */
static void point_at_texts(s1_threat_episode *episode)
{
    episode->view.key.ptr = episode->key;
    episode->view.threat_type.ptr = episode->threat_type;
}

static void move_episodes(s1_threat_book *book, uint32_t from, uint32_t to, uint32_t count)
{
    memmove(&book->episodes[to], &book->episodes[from], count * sizeof *book->episodes);
    for (uint32_t i = 0; i < count; i++) {
        point_at_texts(&book->episodes[to + i]);
    }
}

/* Who reports: a worker, or the platform. */
typedef struct reporter {
    uint32_t order;
    s1_str worker;
    s1_str category;
} reporter;

static s1_rc raise_episode(s1_threat_book *book, const reporter *who,
                           const s1_threat_report *report, s1_threat_episode **ret_episode,
                           s1_err *err)
{
    if (book->list.count == book->capacity) {
        return S1_RAISE(err, S1_E_NO_MEMORY,
                        "more than %u active threats (limits.active_threats_max)", book->capacity);
    }
    if (report->key.len >= S1_THREAT_KEY_MAX || report->threat_type.len >= S1_THREAT_TYPE_MAX ||
        report->threat_type.len == 0) {
        return S1_RAISE(err, S1_E_INVALID,
                        "threat_type '%.*s' with key '%.*s': expected 1 to %u and at most %u bytes",
                        S1_STR_ARG(report->threat_type), S1_STR_ARG(report->key),
                        S1_THREAT_TYPE_MAX - 1, S1_THREAT_KEY_MAX - 1);
    }
    uint32_t at = book->list.count;
    while (at > 0 && book->episodes[at - 1].order > who->order) {
        at--;
    }
    move_episodes(book, at, at + 1, book->list.count - at);
    book->list.count++;
    s1_threat_episode *const episode = &book->episodes[at];
    *episode = (s1_threat_episode){
        .view = {.size = sizeof episode->view,
                 .severity = report->severity,
                 .threat_id.uid = s1_ids_next(book->ids, S1_ID_THREAT, who->order + 1),
                 .threat_type.len = report->threat_type.len,
                 .category = who->category,
                 .worker = who->worker,
                 .key.len = report->key.len,
                 .raised_at = book->context->now,
                 .updated_at = book->context->now,
                 .is_new = 1},
        .order = who->order,
        .raised_row = book->context->primary->rows,
    };
    memcpy(episode->threat_type, report->threat_type.ptr, report->threat_type.len);
    if (report->key.len > 0) {
        memcpy(episode->key, report->key.ptr, report->key.len);
    }
    point_at_texts(episode);
    book->total++;
    *ret_episode = episode;
    return s1_decision_journal_threat(book->journal, S1_JOURNAL_THREAT_DETECTED, book->context,
                                      &episode->view, report, err);
}

static s1_rc take_report(s1_threat_book *book, const reporter *who, const s1_threat_report *report,
                         s1_threat_id *ret_id, s1_err *err)
{
    if (report->severity < S1_SEVERITY_LOW || report->severity > S1_SEVERITY_CRITICAL) {
        return S1_RAISE(err, S1_E_INVALID, "severity %d, expected S1_SEVERITY_LOW to _CRITICAL",
                        report->severity);
    }
    if (report->detail_count > S1_FIELDS_MAX) {
        return S1_RAISE(err, S1_E_INVALID, "%u details of a threat, expected at most %u",
                        report->detail_count, S1_FIELDS_MAX);
    }
    s1_threat_episode *episode = find_episode(book, who->order, report->threat_type, report->key);
    if (episode == NULL) {
        S1_TRY(err, raise_episode(book, who, report, &episode, err));
    } else if (episode->view.severity != report->severity) {
        episode->view.severity = report->severity;
        S1_TRY(err, s1_decision_journal_threat(book->journal, S1_JOURNAL_THREAT_UPDATED,
                                               book->context, &episode->view, report, err));
    }
    episode->view.updated_at = book->context->now;
    episode->is_reported = true;
    episode->is_held_over = book->is_closed;
    if (ret_id != NULL) {
        *ret_id = episode->view.threat_id;
    }
    return S1_OK;
}

/* PORTFOLIO_RISK, MARKET_RISK, ...: the worker's subtype, as SPEC D07 writes it. */
static s1_str category_of(int32_t subtype)
{
    static const s1_str names[S1_SUBTYPE_COUNT] = {
#define X(name, text, type) [S1_SUBTYPE_##name] = {#name, sizeof(#name) - 1},
        S1_SUBTYPE_MAP(X)
#undef X
    };
    return names[subtype];
}

static s1_rc report(void *self, const s1_threat_report *report, s1_threat_id *ret_id, s1_err *err)
{
    s1_threat_book *const book = self;
    const reporter who = {
        .order = book->order,
        .worker = book->worker->instance_id,
        .category = category_of(book->worker->subtype),
    };
    return take_report(book, &who, report, ret_id, err);
}

s1_rc s1_threat_book_report_platform(s1_threat_book *book, s1_str threat_type, s1_str key,
                                     s1_str message, s1_err *err)
{
    const reporter who = {
        .order = UINT32_MAX, .worker = S1_STR("platform"), .category = S1_STR("SYSTEM_HEALTH")};
    const s1_field field = S1_FIELD_TEXT("message", message);
    const s1_threat_report health = {.size = sizeof health,
                                     .severity = S1_SEVERITY_HIGH,
                                     .key = key,
                                     .threat_type = threat_type,
                                     .details = &field,
                                     .detail_count = 1};
    return take_report(book, &who, &health, NULL, err);
}

s1_rc s1_threat_book_report_portfolio(s1_threat_book *book, const s1_threat_report *report,
                                      s1_threat_id *ret_id, s1_err *err)
{
    const reporter who = {
        .order = UINT32_MAX, .worker = S1_STR("platform"), .category = S1_STR("PORTFOLIO_RISK")};
    return take_report(book, &who, report, ret_id, err);
}

void s1_threat_book_unmark(s1_threat_book *book)
{
    for (uint32_t i = 0; i < book->list.count; i++) {
        s1_threat_episode *const episode = &book->episodes[i];
        episode->is_reported = episode->is_held_over;
        episode->is_held_over = false;
        episode->view.is_new = 0;
    }
}

s1_rc s1_threat_book_clear_silent(s1_threat_book *book, s1_err *err)
{
    for (uint32_t i = 0; i < book->list.count;) {
        s1_threat_episode *const episode = &book->episodes[i];
        if (episode->is_reported) {
            i++;
            continue;
        }
        S1_TRY(err, s1_decision_journal_cleared(book->journal, book->context, &episode->view,
                                                book->context->primary->rows - episode->raised_row,
                                                err));
        book->list.count--;
        move_episodes(book, i + 1, i, book->list.count - i);
    }
    return S1_OK;
}

void s1_threat_book_init(s1_threat_book *book, s1_threat_episode *episodes, uint32_t capacity,
                         const s1_context *context, s1_journal *journal, const s1_id_source *ids)
{
    *book = (s1_threat_book){
        .list = {.size = sizeof book->list, .items = &episodes->view, .stride = sizeof *episodes},
        .episodes = episodes,
        .capacity = capacity,
        .context = context,
        .journal = journal,
        .ids = ids,
        .sink = {.size = sizeof book->sink, .self = book, .report = report},
    };
}
