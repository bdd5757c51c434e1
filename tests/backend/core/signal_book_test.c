/* The mint of opportunities: stamped, kept in order, journaled, bounded. */
#include "backend/core/signal_book.h"

#include "backend/dtos/enums.h"
#include "backend/utils/uid.h"
#include "tests/backend/operators/kernel_fixture.h"

#include <math.h>

static const s1_worker_ops ops = {.size = sizeof ops, .type = S1_WORKER_OPPORTUNITY};

static s1_signal draft_of(const char *type, int32_t direction)
{
    return (s1_signal){.size = sizeof(s1_signal),
                       .direction = direction,
                       .signal_type = {type, strlen(type)},
                       .score = (double)NAN,
                       .price = 1.25};
}

static s1_rc emit(kernel *k, const s1_signal *draft, s1_opportunity_id *ret_id, s1_err *err)
{
    return k->signals.sink.emit(k->signals.sink.self, draft, ret_id, err);
}

static void test_stamps_and_journals(void **state)
{
    (void)state;
    kernel *const k = kernel_new();
    s1_worker worker = kernel_worker(k, &ops, NULL, "fvg", S1_SUBTYPE_TECHNICAL_PATTERN);
    s1_worker_condition condition = {
        .name = S1_STR("gap_size"),
        .condition = {.tick = 1, .value = 0.5, .threshold = 0.25, .op = S1_GT, .held = 1}};
    worker.conditions = &condition;
    worker.condition_count = 1;
    const s1_worker_input input = {.name = S1_STR("close"),
                                   .series = &k->context->view.primary->close};
    worker.inputs = &input;
    worker.input_count = 1;
    kernel_tick(k, 12345);
    k->signals.worker = &worker;
    const s1_field metadata[] = {S1_FIELD_NUMBER("size", 0.5)};
    s1_signal draft = draft_of("fvg_entry", S1_SHORT);
    draft.score = 0.75;
    draft.metadata = metadata;
    draft.metadata_count = 1;
    s1_opportunity_id id = {0};
    MUST(emit(k, &draft, &id, err));
    assert_false(s1_uid_is_none(id.uid));
    assert_int_equal(k->signals.list.count, 1);
    assert_int_equal(k->signals.total, 1);
    const s1_signal *const signal = s1_signal_list_at(&k->signals.list, 0);
    assert_int_equal(signal->timestamp, KERNEL_HOUR);
    assert_memory_equal(signal->asset_pair.ptr, "EUR/USD", 7);
    assert_ptr_not_equal(signal->signal_type.ptr, draft.signal_type.ptr);
    assert_ptr_not_equal(signal->metadata, metadata);
    char uid[S1_UID_TEXT_MAX + 1] = "";
    uid[s1_uid_print(id.uid, uid)] = '\0';
    const char *const line = tape_only(&k->tape, "OPPORTUNITY_DETECTED");
    ASSERT_HOLDS(line, uid);
    ASSERT_HOLDS(line, "\"time\":\"1970-01-01T01:00:00.000000000Z\"");
    ASSERT_HOLDS(line, "\"worker\":\"fvg\"");
    ASSERT_HOLDS(line, "\"details\":{\"signal_type\":\"fvg_entry\",\"direction\":\"short\","
                       "\"price\":1.25,\"score\":0.75,"
                       "\"metadata\":{\"size\":0.5},\"conditions\":[{\"name\":\"gap_size\","
                       "\"value\":0.5,\"op\":\">\",\"threshold\":0.25,\"held\":true}],"
                       "\"context\":{\"close\":123.45}}");
    kernel_free(k);
}

/* A condition of an older tick is not this decision's. */
static void test_stale_conditions_are_left_out(void **state)
{
    (void)state;
    kernel *const k = kernel_new();
    s1_worker worker = kernel_worker(k, &ops, NULL, "fvg", S1_SUBTYPE_TECHNICAL_PATTERN);
    s1_worker_condition condition = {.name = S1_STR("gap_size"), .condition = {.tick = 1}};
    worker.conditions = &condition;
    worker.condition_count = 1;
    kernel_tick(k, 100);
    kernel_tick(k, 100);
    k->signals.worker = &worker;
    const s1_signal draft = draft_of("x", S1_LONG);
    MUST(emit(k, &draft, NULL, err));
    ASSERT_HOLDS(tape_only(&k->tape, "OPPORTUNITY_DETECTED"), "\"conditions\":[]");
    kernel_free(k);
}

static void test_refuses_what_is_no_signal(void **state)
{
    (void)state;
    kernel *const k = kernel_new();
    s1_worker worker = kernel_worker(k, &ops, NULL, "w", S1_SUBTYPE_TECHNICAL_PATTERN);
    kernel_tick(k, 100);
    k->signals.worker = &worker;
    s1_signal draft = draft_of("x", 3);
    FAILS(emit(k, &draft, NULL, err), S1_E_INVALID,
          "signal direction 3, expected S1_LONG or S1_SHORT");
    draft = draft_of("", S1_LONG);
    FAILS(emit(k, &draft, NULL, err), S1_E_INVALID, "a signal without signal_type");
    draft = draft_of("x", S1_LONG);
    draft.metadata_count = S1_FIELDS_MAX + 1;
    FAILS(emit(k, &draft, NULL, err), S1_E_INVALID, "17 fields");
    assert_int_equal(k->signals.list.count, 0);
    assert_int_equal(k->tape.count, 0);
    kernel_free(k);
}

static void test_limit_of_a_tick(void **state)
{
    (void)state;
    kernel *const k = kernel_new();
    s1_worker worker = kernel_worker(k, &ops, NULL, "w", S1_SUBTYPE_TECHNICAL_PATTERN);
    const s1_signal draft = draft_of("x", S1_LONG);
    k->signals.worker = &worker;
    kernel_tick(k, 100);
    for (uint32_t i = 0; i < KERNEL_CAPACITY; i++) {
        MUST(emit(k, &draft, NULL, err));
    }
    FAILS(emit(k, &draft, NULL, err), S1_E_NO_MEMORY,
          "more than 8 signals in one tick (limits.signals_per_tick_max)");
    kernel_tick(k, 100);
    assert_int_equal(k->signals.list.count, 0);
    MUST(emit(k, &draft, NULL, err));
    assert_int_equal(k->signals.total, KERNEL_CAPACITY + 1);
    kernel_free(k);
}

/* Ids: none equals another, and a second run mints the same. */
static void test_ids_are_distinct_and_repeatable(void **state)
{
    (void)state;
    s1_uid first[12];
    for (int run = 0; run < 2; run++) {
        kernel *const k = kernel_new();
        s1_worker worker = kernel_worker(k, &ops, NULL, "w", S1_SUBTYPE_TECHNICAL_PATTERN);
        const s1_signal draft = draft_of("x", S1_LONG);
        size_t count = 0;
        k->signals.worker = &worker;
        for (int tick = 0; tick < 3; tick++) {
            kernel_tick(k, 100);
            for (uint32_t order = 0; order < 2; order++) {
                for (int i = 0; i < 2; i++) {
                    s1_opportunity_id id;
                    k->signals.order = order;
                    MUST(emit(k, &draft, &id, err));
                    for (size_t o = 0; run == 0 && o < count; o++) {
                        assert_false(s1_uid_eq(first[o], id.uid));
                    }
                    if (run == 0) {
                        first[count] = id.uid;
                    }
                    assert_true(s1_uid_eq(first[count++], id.uid));
                }
            }
        }
        kernel_free(k);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stamps_and_journals),
        cmocka_unit_test(test_stale_conditions_are_left_out),
        cmocka_unit_test(test_refuses_what_is_no_signal),
        cmocka_unit_test(test_limit_of_a_tick),
        cmocka_unit_test(test_ids_are_distinct_and_repeatable),
    };
    return cmocka_run_group_tests_name("signal_book", tests, NULL, NULL);
}
