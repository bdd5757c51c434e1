/* backend/core/signal_book.h - the signals of one tick, and the one mint of OpportunityIDs.
 *
 * OpportunityWorkers reach it through their sink only. Each signal is stamped, kept in the order it
 * came and journaled OPPORTUNITY_DETECTED before the worker goes on.
 */
#ifndef S1_BACKEND_CORE_SIGNAL_BOOK_H
#define S1_BACKEND_CORE_SIGNAL_BOOK_H

#include "backend/core/journal.h"
#include "backend/core/text_pool.h"
#include "backend/core/worker.h"
#include "backend/utils/ids.h"
#include "s1mple/pipeline.h"

typedef struct s1_signal_book {
    s1_signal_list list; /* of this tick */
    s1_signal *items;    /* [capacity] */
    uint32_t capacity;
    uint32_t order; /* of `worker` in the blueprint */
    const s1_context *context;
    const s1_worker *worker; /* whose turn it is; set by the operator */
    s1_journal *journal;
    const s1_id_source *ids;
    s1_text_pool *pool;
    s1_opportunity_sink sink;
    uint64_t total;             /* of the run */
    const s1_worker **emitters; /* [capacity] whose list.items are; NULL unless somebody observes */
} s1_signal_book;

/* Everything is borrowed; `items` holds `capacity` signals. */
void s1_signal_book_init(s1_signal_book *book, s1_signal *items, uint32_t capacity,
                         const s1_context *context, s1_journal *journal, const s1_id_source *ids,
                         s1_text_pool *pool);

/* Forgets the last tick's signals. */
static inline void s1_signal_book_begin_tick(s1_signal_book *book)
{
    book->list.count = 0;
}

#endif /* S1_BACKEND_CORE_SIGNAL_BOOK_H */
