/* Feed files: whatever the bytes are, reading ends with faults or with a table whose rows are in
 * order, and a window on it shows each row exactly when it was published. */
#include "backend/data/ingest/feed_reader.h"
#include "backend/utils/assert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const s1_feed_want wants[] = {
    {{"importance", 10}, S1_FEED_NUMBER, false},
    {{"currency", 8}, S1_FEED_TEXT, false},
    {{"actual", 6}, S1_FEED_NUMBER, true},
    {{"title", 5}, S1_FEED_TEXT, true},
};

static void check_window(const s1_feed_table *table)
{
    s1_feed_window *window = NULL;
    s1_err err = S1_ERR_INIT;
    S1_ASSERT(s1_feed_window_new(table, &window, &err) == S1_OK);
    S1_ASSERT(window->view.rows == 0);
    for (uint64_t i = 0; i < table->row_count; i++) {
        const s1_nanos now = table->published_at[i];
        if (now > INT64_MIN && (i == 0 || table->published_at[i - 1] < now)) {
            s1_feed_window_advance(window, now - 1);
            S1_ASSERT(window->view.rows <= i);
        }
        s1_feed_window_advance(window, now);
        S1_ASSERT(window->view.rows > i && window->view.published_at[i] == now);
        for (uint64_t k = 1; k < window->view.rows; k++) {
            S1_ASSERT(window->view.time[window->view.by_time[k - 1]] <=
                      window->view.time[window->view.by_time[k]]);
        }
        S1_ASSERT(window->view.rows == table->row_count ||
                  table->published_at[window->view.rows] > now);
    }
    S1_ASSERT(window->view.rows == table->row_count);
    s1_feed_window_free(window);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    s1_arena arena;
    s1_faults faults;
    s1_feed_table *table = NULL;
    s1_err err = S1_ERR_INIT;
    if (size > 1u << 13) {
        return 0;
    }
    s1_arena_init(&arena, 16u << 20, 0);
    s1_faults_init(&faults, &arena, 0);
    const s1_feed_read_options options = {.file = S1_STR("feed.csv"),
                                          .wants = wants,
                                          .want_count = sizeof wants / sizeof wants[0],
                                          .memory_max_bytes = 1u << 20};
    const s1_rc rc =
        s1_feed_parse((s1_str){(const char *)data, size}, &options, &faults, &table, &err);
    S1_ASSERT((rc == S1_OK) == (table != NULL));
    S1_ASSERT((rc == S1_E_DATA) == (faults.errors > 0));
    if (rc == S1_OK) {
        check_window(table);
    }
    s1_feed_table_free(table);
    s1_arena_done(&arena);
    return 0;
}
