/* manual_executor - sends an approved directive only where a person has approved it too.
 *
 * The host takes an order for a directive in the tick that approves it, not later: what is not
 * approved by then is noted in the journal and never sent.
 */
#include "s1mple/params.h"
#include "s1mple/uid_text.h"

#include <stdlib.h>
#include <string.h>

enum approval { APPROVE_NONE = 1, APPROVE_LISTED, APPROVE_ALL };

typedef struct manual_executor {
    const s1_host *host;
    enum approval approve;
    size_t count;
    s1_uid approved[]; /* [count], ascending */
} manual_executor;

static int compare_ids(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(s1_uid));
}

static bool is_listed(const manual_executor *me, s1_uid id)
{
    return me->count > 0 &&
           bsearch(&id, me->approved, me->count, sizeof me->approved[0], compare_ids) != NULL;
}

/* What a person needs to know of a directive that is held. */
static s1_rc note(const manual_executor *me, s1_str event, const s1_plan *plan, s1_err *err)
{
    char opportunity_id[S1_UID_WRITTEN];
    char trade_id[S1_UID_WRITTEN];
    char quantity[S1_DEC_TEXT_MAX];
    char entry[S1_DEC_TEXT_MAX];
    char stop[S1_DEC_TEXT_MAX];
    char target[S1_DEC_TEXT_MAX];
    s1_uid_write(opportunity_id, plan->opportunity_id.uid);
    s1_uid_write(trade_id, plan->trade_id.uid);
    (void)s1_dec_print(plan->quantity, quantity);
    (void)s1_dec_print(plan->entry_price, entry);
    (void)s1_dec_print(plan->stop_loss, stop);
    (void)s1_dec_print(plan->take_profit, target);
    char json[256 + 2 * S1_UID_WRITTEN + 4 * S1_DEC_TEXT_MAX];
    const int length =
        snprintf(json, sizeof json,
                 "{\"opportunity_id\":\"%.*s\",\"trade_id\":\"%.*s\",\"direction\":\"%s\","
                 "\"quantity\":\"%s\","
                 "\"entry_price\":\"%s\",\"stop_loss\":\"%s\",\"take_profit\":\"%s\"}",
                 (int)sizeof opportunity_id, opportunity_id, (int)sizeof trade_id, trade_id,
                 plan->direction == S1_LONG ? "LONG" : "SHORT", quantity, entry, stop, target);
    S1_TRY(err,
           me->host->journal->append(me->host->ctx, event, (s1_str){json, (size_t)length}, err));
    return S1_OK;
}

static s1_rc executor_execute(void *self, const s1_context *context,
                              const s1_execution_input *input, const s1_order_api *orders,
                              s1_err *err)
{
    (void)context;
    const manual_executor *const me = self;
    const s1_plan *const directive = input->directive;
    if (input->trigger != S1_ON_PLAN_APPROVED || directive == NULL) {
        return S1_OK;
    }
    const bool is_approved =
        me->approve == APPROVE_ALL ||
        (me->approve == APPROVE_LISTED &&
         (is_listed(me, directive->opportunity_id.uid) || is_listed(me, directive->trade_id.uid)));
    if (!is_approved) {
        return note(me, S1_STR("MANUAL_APPROVAL_MISSING"), directive, err);
    }
    if (me->approve == APPROVE_LISTED) {
        S1_TRY(err, note(me, S1_STR("MANUAL_APPROVAL_USED"), directive, err));
    }
    S1_TRY(err, orders->submit(orders->self, directive, err));
    return S1_OK;
}

/* Reads the ids into `me`, which has room for them. */
static s1_rc read_ids(manual_executor *me, const s1_str *items, size_t count, s1_err *err)
{
    for (size_t i = 0; i < count; i++) {
        if (!s1_uid_read(items[i], &me->approved[i])) {
            return S1_RAISE(
                err, S1_E_INVALID,
                "manual_executor: approved '%.*s', expected the id of an opportunity or "
                "a trade: 36 characters in lower case, as the journal prints it",
                S1_STR_ARG(items[i]));
        }
    }
    me->count = count;
    if (count > 0) {
        qsort(me->approved, count, sizeof me->approved[0], compare_ids);
    }
    return S1_OK;
}

static void executor_destroy(void *self)
{
    free(self);
}

static s1_rc executor_create(const s1_host *host, const s1_binder *binder, void **ret_self,
                             s1_err *err)
{
    if (host->journal == NULL) {
        return S1_RAISE(err, S1_E_INVALID, "manual_executor: the host grants no journal");
    }
    s1_str approve;
    const s1_str *items;
    size_t count;
    S1_TRY(err, binder->param_text(binder->self, S1_STR("approve"), &approve, err));
    S1_TRY(err, binder->param_text_list(binder->self, S1_STR("approved"), &items, &count, err));
    const bool is_by_list = s1_text_equal(approve, S1_STR("listed"));
    if (is_by_list != (count > 0)) {
        return S1_RAISE(err, S1_E_INVALID,
                        "manual_executor: approve %.*s with %zu ids in approved, expected ids "
                        "beside listed and beside nothing else",
                        S1_STR_ARG(approve), count);
    }
    const size_t bytes = sizeof(manual_executor) + count * sizeof(s1_uid);
    manual_executor *const me = malloc(bytes);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "manual_executor: %zu bytes", bytes);
    }
    me->host = host;
    me->approve = is_by_list                              ? APPROVE_LISTED
                  : s1_text_equal(approve, S1_STR("all")) ? APPROVE_ALL
                                                          : APPROVE_NONE;
    s1_rc rc = S1_OK;
    S1_TRY_GOTO(err, rc, failed, read_ids(me, items, count, err));
    *ret_self = me;
    return S1_OK;
failed:
    free(me);
    return rc;
}

static const s1_worker_ops executor_ops = {
    .size = sizeof executor_ops,
    .type = S1_WORKER_EXECUTION,
    .create = executor_create,
    .destroy = executor_destroy,
    .execute = executor_execute,
};

S1_PLUGIN("manual_executor", "1.0.0", &executor_ops, S1_CAP_JOURNAL)
