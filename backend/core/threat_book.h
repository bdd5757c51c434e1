/* backend/core/threat_book.h - active threats: raised, updated, cleared.
 *
 * ThreatWorkers report every tick what holds now; the book keeps the episodes: the first report
 * mints the ThreatID and raises, a changed severity updates, a tick without report clears. The
 * platform's own threats (a worker that fails) come from one named source, "platform", in category
 * SYSTEM_HEALTH. Active threats stand in blueprint order, the platform's last.
 */
#ifndef S1_BACKEND_CORE_THREAT_BOOK_H
#define S1_BACKEND_CORE_THREAT_BOOK_H

#include "backend/core/journal.h"
#include "backend/core/text_pool.h"
#include "backend/core/worker.h"
#include "backend/utils/ids.h"
#include "s1mple/pipeline.h"

#define S1_THREAT_KEY_MAX  64u
#define S1_THREAT_TYPE_MAX 64u

/* An episode. `view` is first: workers stride over this struct. */
typedef struct s1_threat_episode {
    s1_threat view;
    uint32_t order;      /* of the worker in the blueprint; UINT32_MAX for the platform */
    bool is_reported;    /* in this tick */
    bool is_held_over;   /* reported after the tick's list was closed: stands for the next too */
    uint64_t raised_row; /* rows of the primary stream */
    char key[S1_THREAT_KEY_MAX];
    char threat_type[S1_THREAT_TYPE_MAX];
} s1_threat_episode;

typedef struct s1_threat_book {
    s1_threat_list list;
    s1_threat_episode *episodes; /* [capacity], active ones in order */
    uint32_t capacity;
    bool is_closed; /* the list of this tick was handed out */
    uint32_t order; /* of `worker` in the blueprint */
    const s1_context *context;
    const s1_worker *worker; /* whose turn it is; set by the operator */
    s1_journal *journal;
    const s1_id_source *ids;
    s1_threat_sink sink;
    uint64_t total; /* of the run */
} s1_threat_book;

/* Everything is borrowed; `episodes` holds `capacity`. */
void s1_threat_book_init(s1_threat_book *book, s1_threat_episode *episodes, uint32_t capacity,
                         const s1_context *context, s1_journal *journal, const s1_id_source *ids);

/* The slow halves of the two below. */
void s1_threat_book_unmark(s1_threat_book *book);
S1_WARN_UNUSED s1_rc s1_threat_book_clear_silent(s1_threat_book *book, s1_err *err);

/* Opens a tick: nobody has reported yet. */
static inline void s1_threat_book_begin_tick(s1_threat_book *book)
{
    book->is_closed = false;
    if (book->list.count > 0) {
        s1_threat_book_unmark(book);
    }
}

/* Ends the threat workers' turn: what nobody reported is cleared and journaled. */
S1_WARN_UNUSED static inline s1_rc s1_threat_book_close_tick(s1_threat_book *book, s1_err *err)
{
    book->is_closed = true;
    return book->list.count > 0 ? s1_threat_book_clear_silent(book, err) : S1_OK;
}

/* A threat of the platform itself, category SYSTEM_HEALTH. `key` tells what it is about. */
S1_WARN_UNUSED s1_rc s1_threat_book_report_platform(s1_threat_book *book, s1_str threat_type,
                                                    s1_str key, s1_str message, s1_err *err);

/* A threat of the operation a run belongs to, source "platform", category PORTFOLIO_RISK. It may
 * come between two ticks, and stands then in the list of the next. */
S1_WARN_UNUSED s1_rc s1_threat_book_report_portfolio(s1_threat_book *book,
                                                     const s1_threat_report *report,
                                                     s1_threat_id *ret_id, s1_err *err);

#endif /* S1_BACKEND_CORE_THREAT_BOOK_H */
