/* backend/dtos/journal/journal_kind.h - what a journal entry can be, as one table.
 *
 * From S1_JOURNAL_KIND_MAP come the enum, the names, the ids an entry must and may carry, the
 * levels that keep it, the members of its details and their JSON Schema, so that they cannot drift
 * apart.
 *
 * Line of the file (key order is fixed, absent ids are left out):
 *   {"v":1,"seq":N,"time":"ISO, 9 digits, Z","type":"KIND","link":"...","worker":"...",
 *    "opportunity_id":"uuid","trade_id":"uuid","threat_id":"uuid","order_id":"uuid",
 *    "scheduled_id":"uuid","details":{...},"crc":"8 hex"}
 * `link` stands in RUN_STARTED, for all that follow it; readers take it anywhere.
 */
#ifndef S1_BACKEND_DTOS_JOURNAL_JOURNAL_KIND_H
#define S1_BACKEND_DTOS_JOURNAL_JOURNAL_KIND_H

#include "s1mple/base.h"

#define S1_JOURNAL_VERSION 1

/* X(name, key): the ids of an entry, in their order in the line. */
#define S1_JOURNAL_ID_MAP(X)                                                                       \
    X(OPPORTUNITY, "opportunity_id")                                                               \
    X(TRADE, "trade_id")                                                                           \
    X(THREAT, "threat_id")                                                                         \
    X(ORDER, "order_id")                                                                           \
    X(SCHEDULED, "scheduled_id")
enum s1_journal_id {
#define X(name, key) S1_JOURNAL_ID_##name,
    S1_JOURNAL_ID_MAP(X)
#undef X
        S1_JOURNAL_ID_COUNT
};

/* Sets of ids, for the table. */
#define S1_JOURNAL_IDS_O   (1u << S1_JOURNAL_ID_OPPORTUNITY)
#define S1_JOURNAL_IDS_T   (1u << S1_JOURNAL_ID_TRADE)
#define S1_JOURNAL_IDS_H   (1u << S1_JOURNAL_ID_THREAT)
#define S1_JOURNAL_IDS_R   (1u << S1_JOURNAL_ID_ORDER)
#define S1_JOURNAL_IDS_S   (1u << S1_JOURNAL_ID_SCHEDULED)
#define S1_JOURNAL_IDS_OT  (S1_JOURNAL_IDS_O | S1_JOURNAL_IDS_T)
#define S1_JOURNAL_IDS_TH  (S1_JOURNAL_IDS_T | S1_JOURNAL_IDS_H)
#define S1_JOURNAL_IDS_TR  (S1_JOURNAL_IDS_T | S1_JOURNAL_IDS_R)
#define S1_JOURNAL_IDS_ANY ((1u << S1_JOURNAL_ID_COUNT) - 1u)

/* Levels that keep a kind; `off` keeps none. */
enum s1_journal_level {
    S1_JOURNAL_LEVEL_FULL = 1,   /* everything */
    S1_JOURNAL_LEVEL_TRADES = 2, /* RUN_*, TRADE_*, POSITION_ADJUSTED */
    S1_JOURNAL_LEVEL_OFF = 3     /* no file */
};
#define S1_JOURNAL_IN_FULL   (1u << S1_JOURNAL_LEVEL_FULL)
#define S1_JOURNAL_IN_TRADES (S1_JOURNAL_IN_FULL | 1u << S1_JOURNAL_LEVEL_TRADES)

/* X(name, levels, ids required, ids allowed, description). */
#define S1_JOURNAL_KIND_MAP(X)                                                                     \
    X(RUN_STARTED, S1_JOURNAL_IN_TRADES, 0u, 0u, "A run began, with what it is a function of")     \
    X(OPPORTUNITY_DETECTED, S1_JOURNAL_IN_FULL, S1_JOURNAL_IDS_O, S1_JOURNAL_IDS_O,                \
      "An OpportunityWorker found a reason to trade")                                              \
    X(THREAT_DETECTED, S1_JOURNAL_IN_FULL, S1_JOURNAL_IDS_H, S1_JOURNAL_IDS_H,                     \
      "A threat was raised; its episode begins")                                                   \
    X(THREAT_UPDATED, S1_JOURNAL_IN_FULL, S1_JOURNAL_IDS_H, S1_JOURNAL_IDS_H,                      \
      "An active threat changed its severity")                                                     \
    X(THREAT_CLEARED, S1_JOURNAL_IN_FULL, S1_JOURNAL_IDS_H, S1_JOURNAL_IDS_H,                      \
      "A threat holds no longer; its episode ends")                                                \
    X(PLAN_CREATED, S1_JOURNAL_IN_FULL, S1_JOURNAL_IDS_OT, S1_JOURNAL_IDS_OT,                      \
      "Planning made a routed trade plan of an opportunity")                                       \
    X(OPPORTUNITY_APPROVED, S1_JOURNAL_IN_FULL, S1_JOURNAL_IDS_OT, S1_JOURNAL_IDS_OT,              \
      "The portfolio gate let a plan pass")                                                        \
    X(OPPORTUNITY_REJECTED, S1_JOURNAL_IN_FULL, S1_JOURNAL_IDS_O,                                  \
      S1_JOURNAL_IDS_OT | S1_JOURNAL_IDS_H, "An opportunity was refused, with the reason")         \
    X(ORDER_SUBMITTED, S1_JOURNAL_IN_FULL, S1_JOURNAL_IDS_TR, S1_JOURNAL_IDS_TR,                   \
      "The intent to send an order")                                                               \
    X(ORDER_ACCEPTED, S1_JOURNAL_IN_FULL, S1_JOURNAL_IDS_TR, S1_JOURNAL_IDS_TR,                    \
      "The venue took an order")                                                                   \
    X(ORDER_TRIGGERED, S1_JOURNAL_IN_FULL, S1_JOURNAL_IDS_TR, S1_JOURNAL_IDS_TR,                   \
      "A stop order's trigger was reached")                                                        \
    X(ORDER_FILLED, S1_JOURNAL_IN_FULL, S1_JOURNAL_IDS_TR, S1_JOURNAL_IDS_TR,                      \
      "An order was filled, wholly or in part")                                                    \
    X(ORDER_REJECTED, S1_JOURNAL_IN_FULL, S1_JOURNAL_IDS_TR, S1_JOURNAL_IDS_TR,                    \
      "The venue refused an order")                                                                \
    X(ORDER_CANCELED, S1_JOURNAL_IN_FULL, S1_JOURNAL_IDS_TR, S1_JOURNAL_IDS_TR,                    \
      "An order was taken back")                                                                   \
    X(ORDER_EXPIRED, S1_JOURNAL_IN_FULL, S1_JOURNAL_IDS_TR, S1_JOURNAL_IDS_TR,                     \
      "An order's time in force ended")                                                            \
    X(ORDER_DENIED, S1_JOURNAL_IN_FULL, S1_JOURNAL_IDS_TR, S1_JOURNAL_IDS_TR,                      \
      "The platform stopped an order before it was sent")                                          \
    X(ORDER_AMENDED, S1_JOURNAL_IN_FULL, S1_JOURNAL_IDS_TR, S1_JOURNAL_IDS_TR,                     \
      "A working entry order was changed, or its trigger followed the price")                      \
    X(TRADE_OPENED, S1_JOURNAL_IN_TRADES, S1_JOURNAL_IDS_OT, S1_JOURNAL_IDS_OT,                    \
      "A position came into being")                                                                \
    X(POSITION_ADJUSTED, S1_JOURNAL_IN_TRADES, S1_JOURNAL_IDS_T, S1_JOURNAL_IDS_TH,                \
      "A stop, a target or the size of a position was changed")                                    \
    X(TRADE_CLOSED, S1_JOURNAL_IN_TRADES, S1_JOURNAL_IDS_OT, S1_JOURNAL_IDS_OT | S1_JOURNAL_IDS_H, \
      "A position ended, with the cause")                                                          \
    X(WORKER_NOTE, S1_JOURNAL_IN_FULL, 0u, S1_JOURNAL_IDS_ANY, "A plugin's own entry")             \
    X(PARAMETERS_CHANGED, S1_JOURNAL_IN_FULL, 0u, S1_JOURNAL_IDS_ANY,                              \
      "Parameters of a running strategy were changed")                                             \
    X(RECONCILED, S1_JOURNAL_IN_FULL, 0u, S1_JOURNAL_IDS_ANY,                                      \
      "Books and venue were compared and brought in line")                                         \
    X(SCHEDULED_TICK, S1_JOURNAL_IN_FULL, S1_JOURNAL_IDS_S, S1_JOURNAL_IDS_S,                      \
      "The scheduler asked for something")                                                         \
    X(RUN_FINISHED, S1_JOURNAL_IN_TRADES, 0u, 0u, "A run ended, with its sums")                    \
    X(FUNDING_PAID, S1_JOURNAL_IN_TRADES, S1_JOURNAL_IDS_T, S1_JOURNAL_IDS_T,                      \
      "Funding of an open position was paid, or received (below zero)")                            \
    X(INTEREST_PAID, S1_JOURNAL_IN_TRADES, S1_JOURNAL_IDS_T, S1_JOURNAL_IDS_T,                     \
      "Interest on what an open position has borrowed was paid")
enum s1_journal_kind {
    S1_JOURNAL_KIND_INVALID,
#define X(name, levels, required, allowed, description) S1_JOURNAL_##name,
    S1_JOURNAL_KIND_MAP(X)
#undef X
        S1_JOURNAL_KIND_COUNT /* one past the last kind; 0 is invalid */
};

/* How a member of details is written. X(name, words). */
#define S1_JOURNAL_FIELD_TYPE_MAP(X)                                                               \
    X(TEXT, "a text")                                                                              \
    X(DECIMAL, "a decimal as text")                                                                \
    X(NUMBER, "a number or null")                                                                  \
    X(INTEGER, "a whole number")                                                                   \
    X(BOOLEAN, "true or false")                                                                    \
    X(TIME, "a time, ISO with 9 digits")                                                           \
    X(UUID, "a UUID")                                                                              \
    X(OBJECT, "an object")                                                                         \
    X(LIST, "a list of objects")
enum s1_journal_field_type {
    S1_JOURNAL_FIELD_INVALID,
#define X(name, words) S1_JOURNAL_##name,
    S1_JOURNAL_FIELD_TYPE_MAP(X)
#undef X
};

/* One member of a kind's details. Members that are not listed are allowed. */
typedef struct s1_journal_field {
    const char *name;
    int32_t type;         /* enum s1_journal_field_type */
    uint32_t is_required; /* 1: every entry of the kind has it */
} s1_journal_field;

/* Everything known of a kind. Static storage. */
typedef struct s1_journal_kind_info {
    const char *name; /* "TRADE_CLOSED" */
    const char *description;
    uint32_t levels; /* bit per enum s1_journal_level */
    uint32_t ids_required, ids_allowed;
    uint32_t field_count;
    const s1_journal_field *fields;
} s1_journal_kind_info;

/* What is known of `kind` (enum s1_journal_kind); NULL if there is no such kind. */
const s1_journal_kind_info *s1_journal_kind_info_borrow(int32_t kind);

/* Name of a kind; "INVALID" if there is no such kind. */
const char *s1_journal_kind_name(int32_t kind);

/* The kind of that name, or S1_JOURNAL_KIND_INVALID. */
int32_t s1_journal_kind_parse(s1_str name);

/* Key of an id in a line ("trade_id"); "invalid" if there is none. */
const char *s1_journal_id_key(int32_t id);

/* What a field type is called in a message; "INVALID" if there is none. */
const char *s1_journal_field_type_name(int32_t type);

/* "full", "trades", "off" and back; 0 for a name that is none of them. */
const char *s1_journal_level_name(int32_t level);
int32_t s1_journal_level_parse(s1_str name);

/* JSON Schema (draft 2020-12) of a line of `kind`, as NUL-terminated text on the heap; free() it.
 * Errors: S1_E_INVALID for no such kind, S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_journal_kind_schema(int32_t kind, char **ret_schema, s1_err *err);

#endif /* S1_BACKEND_DTOS_JOURNAL_JOURNAL_KIND_H */
