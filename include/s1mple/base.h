/* s1mple/base.h - the values every part of S1mpleTrader speaks: result codes, text, time, ids.
 *
 * Everything here is passed and stored by value. Layouts are frozen per S1_ABI_MAJOR; structs that
 * may grow carry `size` first and live in the headers that own them.
 */
#ifndef S1MPLE_BASE_H
#define S1MPLE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define S1_WARN_UNUSED        __attribute__((warn_unused_result))
#define S1_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))

/* True if `ptr` was compiled with `field` and filled it in. */
#define S1_HAS(ptr, type, field)                                                                   \
    (offsetof(type, field) + sizeof((ptr)->field) <= (ptr)->size && (ptr)->field != NULL)

typedef int32_t s1_rc;    /* S1_OK, or a negative S1_E_* */
typedef int64_t s1_nanos; /* nanoseconds since the Unix epoch, UTC */

#define S1_NANOS_PER_SECOND 1000000000LL

/* Borrowed UTF-8, not NUL-terminated. {NULL, 0} is "none" and equals "". */
typedef struct s1_str {
    const char *ptr;
    size_t len;
} s1_str;

/* s1_str of a string literal. */
#define S1_STR(literal) ((s1_str){(literal), sizeof(literal) - 1})
/* Arguments for a "%.*s". */
#define S1_STR_ARG(s) (int)(s).len, ((s).ptr != NULL ? (s).ptr : "")

/* A 128-bit identifier; all-zero is "none". Printed as an RFC 9562 UUID (36 characters). */
typedef struct s1_uid {
    uint8_t bytes[16];
} s1_uid;

/* Causal identifiers are distinct types, so that one cannot be passed for another. */
typedef struct s1_opportunity_id {
    s1_uid uid;
} s1_opportunity_id; /* why a trade was considered; minted by the opportunity sink only */
typedef struct s1_threat_id {
    s1_uid uid;
} s1_threat_id; /* why somebody intervened; minted by the threat sink only */
typedef struct s1_trade_id {
    s1_uid uid;
} s1_trade_id; /* which trade; minted by the host at the first planning step */
typedef struct s1_scheduled_id {
    s1_uid uid;
} s1_scheduled_id; /* why now; minted by the scheduler */
typedef struct s1_order_id {
    s1_uid uid;
} s1_order_id; /* one order at the venue */
typedef struct s1_run_id {
    s1_uid uid;
} s1_run_id; /* one execution of one strategy link */

/* X(name, code, text). One code per way a caller can react, not one per cause. */
#define S1_ERROR_MAP(X)                                                                            \
    X(S1_E_INVALID, -1, "invalid argument or configuration")                                       \
    X(S1_E_RANGE, -2, "arithmetic result out of range")                                            \
    X(S1_E_NOT_FOUND, -3, "not found")                                                             \
    X(S1_E_NO_MEMORY, -4, "memory limit reached")                                                  \
    X(S1_E_IO, -5, "input/output error")                                                           \
    X(S1_E_DENIED, -6, "not permitted")                                                            \
    X(S1_E_ABI, -7, "plugin and host disagree about the binary interface")                         \
    X(S1_E_UNKNOWN_OUTCOME, -8, "request sent, outcome unknown: reconcile first")                  \
    X(S1_E_DATA, -9, "data is malformed or corrupt")                                               \
    X(S1_E_EXISTS, -10, "already exists")                                                          \
    X(S1_E_CANCELED, -11, "stopped on request")                                                    \
    X(S1_E_PLUGIN, -12, "a worker failed")                                                         \
    X(S1_E_UNSUPPORTED, -13, "not in this version")                                                \
    X(S1_E_STORAGE, -14, "the journal or a state failed: stopped, a restart recovers")
enum s1_error_code {
    S1_OK = 0,
#define X(name, code, text) name = (code),
    S1_ERROR_MAP(X)
#undef X
};

#define S1_ERR_FRAMES 8u
typedef struct s1_err_frame {
    const char *file;
    const char *func;
    uint32_t line;
    uint32_t reserved;
} s1_err_frame;

/* Owned by the caller, written only on failure, no heap. Start with S1_ERR_INIT. */
typedef struct s1_err {
    uint32_t size;
    s1_rc code;
    int32_t sys_errno; /* 0 if no system call failed */
    uint32_t depth;    /* frames pushed; may exceed S1_ERR_FRAMES, then the outer ones are lost */
    s1_err_frame frames[S1_ERR_FRAMES]; /* [0] is where it happened */
    char msg[512];                      /* what failed, with the values involved; NUL-terminated */
} s1_err;

#define S1_ERR_INIT ((s1_err){.size = sizeof(s1_err)})

#ifdef __cplusplus
}
#endif
#endif /* S1MPLE_BASE_H */
