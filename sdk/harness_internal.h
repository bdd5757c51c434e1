/* sdk/harness_internal.h - what the parts of the test SDK share beside s1mple/test.h. */
#ifndef S1_SDK_HARNESS_INTERNAL_H
#define S1_SDK_HARNESS_INTERNAL_H

#include "backend/assembly/worker_builder.h"
#include "backend/core/trading_context.h"
#include "s1mple/test.h"

/* 2017-01-02: when the first bar opens. */
#define S1_HARNESS_START (1483315200LL * S1_NANOS_PER_SECOND)

/* The context's store; for tests inside this tree. */
s1_trading_context *s1_harness_store(s1_harness *h);
/* The plugin of a name, or NULL. Borrowed until the harness goes. */
s1_plugin *s1_harness_plugin(s1_harness *h, const char *name);

#endif /* S1_SDK_HARNESS_INTERNAL_H */
