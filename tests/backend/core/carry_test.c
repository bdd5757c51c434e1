/* The verbs of a wrapped environment. What is paid and liquidated: tests/integration/carry_test.py.
 */
#include "backend/core/carry.h"

#include "tests/support/cmocka.h"

typedef struct venue {
    int submitted, canceled, modified, amended;
} venue;

static s1_rc on_submit(void *self, const s1_order *order, s1_err *err)
{
    (void)order, (void)err;
    ((venue *)self)->submitted++;
    return S1_OK;
}

static s1_rc on_cancel(void *self, s1_order_id order_id, s1_str reason, s1_nanos time, s1_err *err)
{
    (void)order_id, (void)reason, (void)time, (void)err;
    ((venue *)self)->canceled++;
    return S1_OK;
}

static s1_rc on_modify(void *self, s1_order_id order_id, s1_dec price, s1_dec quantity, s1_err *err)
{
    (void)order_id, (void)price, (void)quantity, (void)err;
    ((venue *)self)->modified++;
    return S1_OK;
}

static s1_rc on_amend(void *self, const s1_order_change *change, s1_err *err)
{
    (void)change, (void)err;
    ((venue *)self)->amended++;
    return S1_OK;
}

/* A run with funding has every verb of one without. An amendment ended it once: the verb was NULL.
 */
static void test_every_verb_is_handed_on(void **state)
{
    (void)state;
    s1_err err = S1_ERR_INIT;
    venue v = {0};
    const s1_environment inner = {.self = &v,
                                  .submit = on_submit,
                                  .cancel = on_cancel,
                                  .modify = on_modify,
                                  .amend = on_amend};
    s1_carry *carry;
    assert_int_equal(s1_carry_new(&(s1_carry_options){.has_funding = true}, &carry, &err), S1_OK);
    const s1_environment outer = s1_carry_wrap(carry, &inner);
    assert_non_null(outer.next);
    assert_non_null(outer.match);
    assert_non_null(outer.amend);
    assert_int_equal(outer.submit(outer.self, &(s1_order){0}, &err), S1_OK);
    assert_int_equal(outer.cancel(outer.self, (s1_order_id){0}, S1_STR("TEST"), 1, &err), S1_OK);
    assert_int_equal(outer.modify(outer.self, (s1_order_id){0}, S1_DEC_ONE, S1_DEC_ONE, &err),
                     S1_OK);
    assert_int_equal(outer.amend(outer.self, &(s1_order_change){0}, &err), S1_OK);
    assert_int_equal(v.submitted, 1);
    assert_int_equal(v.canceled, 1);
    assert_int_equal(v.modified, 1);
    assert_int_equal(v.amended, 1);
    s1_carry_free(carry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_verb_is_handed_on),
    };
    return cmocka_run_group_tests_name("carry", tests, NULL, NULL);
}
