/* services/api/data_fetch.h - history from an exchange into an archive. */
#ifndef S1_SERVICES_API_DATA_FETCH_H
#define S1_SERVICES_API_DATA_FETCH_H

#include "s1mple/base.h"

#include <stdatomic.h>

enum s1_fetch_command {
    S1_FETCH_PERIOD = 1, /* what is missing of a period */
    S1_FETCH_EXTEND,     /* days before the first row */
    S1_FETCH_FILL_GAPS,  /* holes inside what is stored */
    S1_FETCH_SYNCHRONIZE /* what came since the last row */
};

/* How far it is. Texts are borrowed for the call. */
typedef struct s1_fetch_status {
    uint64_t rows, requests;
    uint64_t seconds_done, seconds_total; /* of the history that was missing */
    const char *waiting; /* why the next request waits; NULL: no reason but the pace */
} s1_fetch_status;

typedef struct s1_fetch_options {
    int32_t command;         /* enum s1_fetch_command */
    const char *archive_dir; /* made where absent */
    const char *config_dir; /* its platform.yaml and connectors.yaml, where they are; may be NULL */
    const char *connector;  /* "kraken", or a connector_id of connectors.yaml */
    const char *url;        /* instead of the connector's; NULL: that */
    const char *asset_pair;
    const char *data_type; /* "trades", "ohlcv" */
    const char *timeframe; /* of ohlcv */
    const char *source;    /* to keep it apart from others of the pair; NULL: the unnamed one */
    const char *from, *to; /* times; NULL: as far back as it goes; now */
    uint64_t extend_days;  /* of S1_FETCH_EXTEND */
    const char *profile;   /* of platform.yaml; NULL: historical_task */
    uint32_t pace_ms;      /* between requests; UINT32_MAX: the connector's */
    uint32_t timeout_ms;   /* of a request; 0: the connector's */
    void (*on_progress)(void *user, const s1_fetch_status *status); /* may be NULL */
    /* What is odd but ends nothing: much history, a catalogue that could not be brought up to date.
     */
    void (*on_warning)(void *user, const char *message); /* may be NULL */
    void *user;
    const atomic_bool *is_stopping; /* may be NULL */
} s1_fetch_options;

typedef struct s1_fetch_report {
    uint64_t requests, faults, limited; /* answered; of them asked again, and why */
    uint64_t received, repeated;        /* rows; those that came twice */
    uint64_t added, rows;               /* rows the stream has more, and has now */
    uint64_t commits;                   /* pieces stored */
    uint64_t parts, empty, unreachable; /* missing parts: all, without any row, too far back */
    s1_nanos first, last;               /* of the stream; 0 without rows */
    s1_nanos asked_from, asked_to;
    char address[256];     /* asked */
    char content_hash[65]; /* of the stream, if something was stored; else "" */
    double seconds;        /* of host time */
} s1_fetch_report;

/* *ret_report is written in any case: what was stored before an error stays. Errors: S1_E_INVALID
 * for an option, S1_E_DENIED over max_history_days, refused by the exchange, or an archive in use;
 * S1_E_UNSUPPORTED what the exchange does not have; S1_E_NOT_FOUND a pair, connector, profile or
 * stream that is not there; S1_E_DATA replies that are no replies; S1_E_IO; S1_E_CANCELED. */
S1_WARN_UNUSED
s1_rc s1_api_data_fetch(const s1_fetch_options *options, s1_fetch_report *ret_report, s1_err *err);

#endif /* S1_SERVICES_API_DATA_FETCH_H */
