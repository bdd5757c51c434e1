/* services/event_bus/event_bus.h - the bus of one run: FIFO, run-to-completion, nanoseconds.
 *
 * Event names are closed by event_map.yaml and become dense numbers at assembly; subscriptions are
 * compiled into flat arrays by s1_bus_seal. Publishing appends to a ring; s1_bus_drain handles the
 * ring until it is empty, so a market event is finished before the next is taken. Order is (time,
 * priority, sequence): time by the run loop, priority among the subscribers of an event, sequence
 * by the ring.
 *
 * A payload is borrowed: it must stay valid until the tick ends; one that reaches a deferred
 * subscriber must be memory of the run, and shows what it holds at delivery. One bus, one thread.
 */
#ifndef S1_SERVICES_EVENT_BUS_EVENT_BUS_H
#define S1_SERVICES_EVENT_BUS_EVENT_BUS_H

#include "backend/utils/assert.h"
#include "s1mple/error.h"

#define S1_EVENT_NONE UINT32_MAX

typedef struct s1_bus s1_bus;

/* Handles one event. A failure stops the drain and travels to whoever drains: a critical handler is
 * never silenced. Handlers may publish. */
typedef s1_rc (*s1_bus_handler)(void *self, uint32_t event, const void *payload, s1_err *err);

#define S1_BUS_JOIN_MAX 4u

/* A call that one event, or the last of several of one tick, sets off, and whose result is
 * published in turn. The bus makes it itself: no frame lies between it and the callee. */
typedef struct s1_bus_call {
    /* *ret_result = NULL publishes nothing. */
    s1_rc (*invoke)(void *self, const void *const *payloads, const void **ret_result, s1_err *err);
    void *self;
    const uint32_t *only_with; /* no call while this is 0; NULL: always */
    uint32_t publishes;        /* event; S1_EVENT_NONE for none */
    uint32_t needed, have;     /* bit per event that is joined; needed is 1 where nothing is */
    uint32_t reserved;
    uint64_t tick; /* of `have` */
    const void *payloads[S1_BUS_JOIN_MAX];
} s1_bus_call;

typedef struct s1_bus_subscription {
    uint32_t event;
    int32_t priority;       /* lower goes first; equal ones in order of subscription */
    bool is_deferred;       /* delivered at the begin of the next tick */
    s1_bus_handler handler; /* NULL: `call` is made */
    void *self;             /* of handler */
    s1_bus_call *call;      /* borrowed until the bus is freed */
    uint32_t bit;           /* of this event in call->needed */
    uint32_t place;         /* of its payload in call->payloads */
} s1_bus_subscription;

/* A bus for events[0..event_count); the names are borrowed. `queue_max` (a power of two) bounds the
 * ring: a full ring is S1_E_NO_MEMORY, never a lost event. */
S1_WARN_UNUSED s1_rc s1_bus_new(const s1_str *events, uint32_t event_count, uint32_t queue_max,
                                s1_bus **ret_bus, s1_err *err);
void s1_bus_free(s1_bus *bus); /* accepts NULL */

/* The number of an event, or S1_EVENT_NONE. */
uint32_t s1_bus_event(const s1_bus *bus, s1_str name);
s1_str s1_bus_event_name(const s1_bus *bus, uint32_t event);

/* Before s1_bus_seal only. */
S1_WARN_UNUSED s1_rc s1_bus_subscribe(s1_bus *bus, const s1_bus_subscription *subscription,
                                      s1_err *err);
S1_WARN_UNUSED s1_rc s1_bus_seal(s1_bus *bus, s1_err *err);

/* Drops every event that waits, deferred ones too: of a run that goes no further. */
void s1_bus_clear(s1_bus *bus);

/* How often an event was published. */
uint64_t s1_bus_published(const s1_bus *bus, uint32_t event);

/* --- The hot half; the fields are private. ------------------------------------------------- */

struct s1_bus_route;
struct s1_bus_item {
    struct s1_bus_route *route;
    const void *payload;
};
struct s1_bus_target { /* as in the subscription */
    s1_bus_handler handler;
    void *self;
    s1_bus_call *call;
    uint32_t bit, place;
};
struct s1_bus_route {                    /* of one event */
    const struct s1_bus_target *targets; /* [count], called in this tick */
    uint32_t count;
    uint32_t event;
    const struct s1_bus_target *deferred; /* [deferred_count], called in the next */
    uint32_t deferred_count;
    uint32_t reserved;
    uint64_t published;
};
struct s1_bus_head {
    struct s1_bus_item *ring;
    struct s1_bus_item *deferred; /* [queue_max] */
    struct s1_bus_route *routes;  /* by event */
    struct s1_bus_target *targets;
    uint32_t mask; /* queue_max - 1 */
    uint32_t head, tail;
    uint32_t deferred_count;
    uint64_t tick;
};

static inline struct s1_bus_head *s1_bus_head_of(s1_bus *bus)
{
    return (struct s1_bus_head *)(void *)bus;
}

/* Keeps an event for the next tick. */
S1_WARN_UNUSED s1_rc s1_bus_defer(s1_bus *bus, struct s1_bus_route *route, const void *payload,
                                  s1_err *err);

/* The ring is full: S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_bus_refuse(const s1_bus *bus, s1_err *err);

/* Appends an event. One that nobody listens to is counted and goes no further. */
S1_WARN_UNUSED static inline s1_rc s1_bus_publish(s1_bus *bus, uint32_t event, const void *payload,
                                                  s1_err *err)
{
    struct s1_bus_head *const head = s1_bus_head_of(bus);
    struct s1_bus_route *const route = &head->routes[event];
    route->published++;
    if (__builtin_expect(route->deferred_count > 0, 0)) {
        S1_TRY(err, s1_bus_defer(bus, route, payload, err));
    }
    if (route->count == 0) {
        return S1_OK;
    }
    if (__builtin_expect(head->tail - head->head > head->mask, 0)) {
        return s1_bus_refuse(bus, err);
    }
    struct s1_bus_item *const item = &head->ring[head->tail++ & head->mask];
    item->route = route;
    item->payload = payload;
    return S1_OK;
}

/* Handles events until none is left. */
S1_WARN_UNUSED s1_rc s1_bus_drain(s1_bus *bus, s1_err *err);

/* The slow half of s1_bus_begin_tick. */
S1_WARN_UNUSED s1_rc s1_bus_deliver_deferred(s1_bus *bus, s1_err *err);

/* Starts tick `tick`: first what the last one deferred is delivered and drained. */
S1_WARN_UNUSED static inline s1_rc s1_bus_begin_tick(s1_bus *bus, uint64_t tick, s1_err *err)
{
    struct s1_bus_head *const head = s1_bus_head_of(bus);
    S1_ASSERT(head->head == head->tail);
    head->tick = tick;
    return head->deferred_count == 0 ? S1_OK : s1_bus_deliver_deferred(bus, err);
}

#endif /* S1_SERVICES_EVENT_BUS_EVENT_BUS_H */
