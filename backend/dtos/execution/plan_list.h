/* backend/dtos/execution/plan_list.h - List[RoutedTradePlan] and List[ExecutionDirective].
 *
 * The payloads of PlanReady and ExecutionApproved: plans of one tick, in signal order. The memory
 * belongs to whoever fills it and stands until the next tick.
 */
#ifndef S1_BACKEND_DTOS_EXECUTION_PLAN_LIST_H
#define S1_BACKEND_DTOS_EXECUTION_PLAN_LIST_H

#include "s1mple/pipeline.h"

typedef struct s1_plan_list {
    s1_plan *items; /* [capacity] */
    uint32_t count, capacity;
} s1_plan_list;

#endif /* S1_BACKEND_DTOS_EXECUTION_PLAN_LIST_H */
