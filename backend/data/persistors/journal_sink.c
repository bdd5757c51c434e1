#include "backend/data/persistors/journal_sink.h"

#include "s1mple/error.h"

#include <stdlib.h>

typedef struct journal_sink {
    s1_journal_persistor base;
    s1_journal_tail tail;
} journal_sink;

static void sink_free(s1_journal_persistor *self)
{
    free(self);
}

static s1_rc sink_append(s1_journal_persistor *self, s1_str block, s1_err *err)
{
    (void)self;
    if (block.len == 0 || block.ptr[block.len - 1] != '\n') {
        return S1_RAISE(err, S1_E_INVALID, "journal block: expected whole lines");
    }
    return S1_OK;
}

static s1_rc sink_sync(s1_journal_persistor *self, s1_err *err)
{
    (void)self;
    (void)err;
    return S1_OK;
}

static s1_rc sink_read_at(s1_journal_persistor *self, uint64_t offset, void *buffer,
                          size_t capacity, size_t *ret_length, s1_err *err)
{
    (void)self;
    (void)offset;
    (void)buffer;
    (void)capacity;
    (void)err;
    *ret_length = 0;
    return S1_OK;
}

static s1_rc sink_read_all(s1_journal_persistor *self, s1_journal_line_fn visit, void *user,
                           s1_err *err)
{
    (void)self;
    (void)visit;
    (void)user;
    (void)err;
    return S1_OK;
}

static s1_rc sink_read_range(s1_journal_persistor *self, s1_nanos start, s1_nanos end,
                             s1_journal_line_fn visit, void *user, s1_err *err)
{
    (void)start;
    (void)end;
    return sink_read_all(self, visit, user, err);
}

static const s1_journal_tail *sink_tail_borrow(const s1_journal_persistor *self)
{
    return &((const journal_sink *)(const void *)self)->tail;
}

static bool sink_is_poisoned(const s1_journal_persistor *self)
{
    (void)self;
    return false;
}

static bool sink_is_low(const s1_journal_persistor *self)
{
    (void)self;
    return false;
}

static const s1_journal_persistor_ops sink_ops = {
    .size = sizeof sink_ops,
    .free = sink_free,
    .append = sink_append,
    .sync = sink_sync,
    .read_at = sink_read_at,
    .read_all = sink_read_all,
    .read_range = sink_read_range,
    .tail_borrow = sink_tail_borrow,
    .is_poisoned = sink_is_poisoned,
    .is_low = sink_is_low,
};

s1_rc s1_journal_sink_new(s1_journal_persistor **ret_persistor, s1_err *err)
{
    journal_sink *const sink = calloc(1, sizeof *sink);
    if (sink == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "a journal sink");
    }
    sink->base.ops = &sink_ops;
    *ret_persistor = &sink->base;
    return S1_OK;
}
