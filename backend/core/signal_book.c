#include "backend/core/signal_book.h"

#include "backend/core/decision_journal.h"

static s1_rc emit(void *self, const s1_signal *draft, s1_opportunity_id *ret_id, s1_err *err)
{
    s1_signal_book *const book = self;
    if (draft->direction != S1_LONG && draft->direction != S1_SHORT) {
        return S1_RAISE(err, S1_E_INVALID, "signal direction %d, expected S1_LONG or S1_SHORT",
                        draft->direction);
    }
    if (draft->signal_type.len == 0) {
        return S1_RAISE(err, S1_E_INVALID, "a signal without signal_type");
    }
    if (book->list.count == book->capacity) {
        return S1_RAISE(err, S1_E_NO_MEMORY,
                        "more than %u signals in one tick (limits.signals_per_tick_max)",
                        book->capacity);
    }
    s1_signal *const signal = &book->items[book->list.count];
    *signal = *draft;
    signal->size = sizeof *signal;
    signal->opportunity_id.uid = s1_ids_next(book->ids, S1_ID_OPPORTUNITY, book->order + 1);
    signal->timestamp = book->context->now;
    signal->asset_pair = book->context->asset_pair;
    S1_TRY(err, s1_text_pool_copy(book->pool, draft->signal_type, &signal->signal_type, err));
    S1_TRY(err, s1_text_pool_copy_fields(book->pool, draft->metadata, draft->metadata_count,
                                         &signal->metadata, err));
    if (__builtin_expect(book->emitters != NULL, 0)) {
        book->emitters[book->list.count] = book->worker;
    }
    book->list.count++;
    book->total++;
    if (ret_id != NULL) {
        *ret_id = signal->opportunity_id;
    }
    return s1_decision_journal_detected(book->journal, book->context, book->worker, signal, err);
}

void s1_signal_book_init(s1_signal_book *book, s1_signal *items, uint32_t capacity,
                         const s1_context *context, s1_journal *journal, const s1_id_source *ids,
                         s1_text_pool *pool)
{
    *book = (s1_signal_book){
        .list = {.size = sizeof book->list, .items = items, .stride = sizeof *items},
        .items = items,
        .capacity = capacity,
        .context = context,
        .journal = journal,
        .ids = ids,
        .pool = pool,
        .sink = {.size = sizeof book->sink, .self = book, .emit = emit},
    };
}
