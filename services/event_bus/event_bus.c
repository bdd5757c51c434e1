#include "services/event_bus/event_bus.h"

#include <stdlib.h>
#include <string.h>

struct s1_bus {
    struct s1_bus_head head; /* first: the inline half reads it */
    const s1_str *events;
    uint32_t event_count;
    s1_bus_subscription *subscriptions; /* in order of subscription, until sealed */
    uint32_t subscription_count, subscription_room;
    bool is_sealed;
};

s1_rc s1_bus_new(const s1_str *events, uint32_t event_count, uint32_t queue_max, s1_bus **ret_bus,
                 s1_err *err)
{
    S1_ASSERT(queue_max > 0 && (queue_max & (queue_max - 1)) == 0);
    s1_bus *const bus = calloc(1, sizeof *bus);
    if (bus == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "an event bus");
    }
    bus->events = events;
    bus->event_count = event_count;
    bus->head.mask = queue_max - 1;
    bus->head.ring = calloc(queue_max, sizeof *bus->head.ring);
    bus->head.deferred = calloc(queue_max, sizeof *bus->head.deferred);
    bus->head.routes = calloc((size_t)event_count + 1, sizeof *bus->head.routes);
    if (bus->head.ring == NULL || bus->head.deferred == NULL || bus->head.routes == NULL) {
        s1_bus_free(bus);
        return S1_RAISE(err, S1_E_NO_MEMORY, "an event bus of %u events", event_count);
    }
    *ret_bus = bus;
    return S1_OK;
}

void s1_bus_free(s1_bus *bus)
{
    if (bus != NULL) {
        free(bus->head.ring);
        free(bus->head.deferred);
        free(bus->head.routes);
        free(bus->head.targets);
        free(bus->subscriptions);
        free(bus);
    }
}

uint32_t s1_bus_event(const s1_bus *bus, s1_str name)
{
    for (uint32_t i = 0; i < bus->event_count; i++) {
        if (bus->events[i].len == name.len && memcmp(bus->events[i].ptr, name.ptr, name.len) == 0) {
            return i;
        }
    }
    return S1_EVENT_NONE;
}

s1_str s1_bus_event_name(const s1_bus *bus, uint32_t event)
{
    return event < bus->event_count ? bus->events[event] : (s1_str){NULL, 0};
}

uint64_t s1_bus_published(const s1_bus *bus, uint32_t event)
{
    return bus->head.routes[event].published;
}

s1_rc s1_bus_subscribe(s1_bus *bus, const s1_bus_subscription *subscription, s1_err *err)
{
    S1_ASSERT(!bus->is_sealed);
    if (subscription->event >= bus->event_count) {
        return S1_RAISE(err, S1_E_NOT_FOUND, "no event of number %u", subscription->event);
    }
    if (bus->subscription_count == bus->subscription_room) {
        const uint32_t room = bus->subscription_room * 2 + 16;
        s1_bus_subscription *const grown =
            realloc(bus->subscriptions, room * sizeof *bus->subscriptions);
        if (grown == NULL) {
            return S1_RAISE(err, S1_E_NO_MEMORY, "%u subscriptions", room);
        }
        bus->subscriptions = grown;
        bus->subscription_room = room;
    }
    bus->subscriptions[bus->subscription_count++] = *subscription;
    return S1_OK;
}

/* Stable, by priority; a handful of entries. */
static void sort_by_priority(s1_bus_subscription *items, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        const s1_bus_subscription moved = items[i];
        uint32_t at = i;
        for (; at > 0 && items[at - 1].priority > moved.priority; at--) {
            items[at] = items[at - 1];
        }
        items[at] = moved;
    }
}

s1_rc s1_bus_seal(s1_bus *bus, s1_err *err)
{
    S1_ASSERT(!bus->is_sealed);
    bus->head.targets = calloc((size_t)bus->subscription_count + 1, sizeof *bus->head.targets);
    if (bus->head.targets == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%u subscriptions", bus->subscription_count);
    }
    sort_by_priority(bus->subscriptions, bus->subscription_count);
    uint32_t next = 0;
    for (uint32_t event = 0; event < bus->event_count; event++) {
        struct s1_bus_route *const route = &bus->head.routes[event];
        for (int deferred = 0; deferred <= 1; deferred++) {
            const uint32_t first = next;
            for (uint32_t i = 0; i < bus->subscription_count; i++) {
                const s1_bus_subscription *const item = &bus->subscriptions[i];
                if (item->event == event && item->is_deferred == (deferred == 1)) {
                    bus->head.targets[next++] = (struct s1_bus_target){
                        item->handler, item->self, item->call, item->bit, item->place};
                }
            }
            if (deferred == 1) {
                route->deferred = bus->head.targets + first;
                route->deferred_count = next - first;
            } else {
                route->targets = bus->head.targets + first;
                route->count = next - first;
            }
        }
        route->event = event;
    }
    bus->is_sealed = true;
    return S1_OK;
}

void s1_bus_clear(s1_bus *bus)
{
    bus->head.head = bus->head.tail;
    bus->head.deferred_count = 0;
}

s1_rc s1_bus_defer(s1_bus *bus, struct s1_bus_route *route, const void *payload, s1_err *err)
{
    struct s1_bus_head *const head = &bus->head;
    if (head->deferred_count > head->mask) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "more than %u events are deferred to one tick",
                        head->mask + 1);
    }
    head->deferred[head->deferred_count++] = (struct s1_bus_item){route, payload};
    return S1_OK;
}

s1_rc s1_bus_refuse(const s1_bus *bus, s1_err *err)
{
    return S1_RAISE(err, S1_E_NO_MEMORY, "the bus holds %u events, its limit", bus->head.mask + 1);
}

/* Notes what came for a call and makes it when all is there. */
static inline s1_rc make_call(s1_bus *bus, const struct s1_bus_target *target, const void *payload,
                              s1_err *err)
{
    s1_bus_call *const call = target->call;
    call->payloads[target->place] = payload;
    if (call->needed != 1) {
        const uint64_t tick = bus->head.tick;
        const uint32_t have = (call->tick == tick ? call->have : 0) | target->bit;
        call->tick = tick;
        call->have = have;
        if (have != call->needed) {
            return S1_OK;
        }
        call->have = 0;
    }
    if (call->only_with != NULL && *call->only_with == 0) {
        return S1_OK;
    }
    const void *result = NULL;
    S1_TRY(err, call->invoke(call->self, call->payloads, &result, err));
    return result == NULL || call->publishes == S1_EVENT_NONE
               ? S1_OK
               : s1_bus_publish(bus, call->publishes, result, err);
}

static inline s1_rc deliver(s1_bus *bus, const struct s1_bus_target *targets, uint32_t count,
                            uint32_t event, const void *payload, s1_err *err)
{
    const struct s1_bus_target *const end = targets + count;
    for (const struct s1_bus_target *target = targets; target != end; target++) {
        if (__builtin_expect(target->handler == NULL, 1)) {
            S1_TRY(err, make_call(bus, target, payload, err));
        } else {
            S1_TRY(err, target->handler(target->self, event, payload, err));
        }
    }
    return S1_OK;
}

s1_rc s1_bus_drain(s1_bus *bus, s1_err *err)
{
    struct s1_bus_head *const head = &bus->head;
    const struct s1_bus_item *const ring = head->ring;
    const uint32_t mask = head->mask;
    while (head->head != head->tail) {
        const struct s1_bus_item item = ring[head->head++ & mask]; /* its slot may be used again */
        S1_TRY(err, deliver(bus, item.route->targets, item.route->count, item.route->event,
                            item.payload, err));
    }
    return S1_OK;
}

s1_rc s1_bus_deliver_deferred(s1_bus *bus, s1_err *err)
{
    struct s1_bus_head *const head = &bus->head;
    const uint32_t count = head->deferred_count; /* what handlers defer now waits for the next */
    for (uint32_t i = 0; i < count; i++) {
        const struct s1_bus_item item = head->deferred[i];
        S1_TRY(err, deliver(bus, item.route->deferred, item.route->deferred_count,
                            item.route->event, item.payload, err));
        S1_TRY(err, s1_bus_drain(bus, err));
    }
    memmove(head->deferred, head->deferred + count,
            (head->deferred_count - count) * sizeof *head->deferred);
    head->deferred_count -= count;
    return S1_OK;
}
