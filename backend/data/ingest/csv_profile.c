#include "backend/data/ingest/csv_profile.h"

#include "s1mple/error.h"

#include <stdio.h>
#include <string.h>

#define TIME_NAMES                                                                                 \
    "timestamp|time|datetime|date|unix|unix timestamp|open_time|ts|ts_ms|timestamp_ms|unix_ms"

static const s1_csv_profile profiles[] = {
    {.name = "backtesting",
     .about = "samples of PyPI backtesting: ,Open,High,Low,Close,Volume with UTC times",
     .time_form = S1_CSV_TIME_ISO,
     .order = S1_CSV_RISING,
     .has_header = true,
     .names = {"", "open", "high", "low", "close", "volume"}},
    {.name = "generic",
     .about = "a header naming timestamp, open, high, low, close, volume; ISO or epoch times",
     .time_form = S1_CSV_TIME_ANY,
     .order = S1_CSV_RISING,
     .has_header = true,
     .names = {TIME_NAMES, "open", "high", "low", "close", "volume"}},
    {.name = "kraken",
     .about = "Kraken OHLCVT archive: no header; unix seconds, o, h, l, c, volume, trades",
     .time_form = S1_CSV_TIME_SECONDS,
     .order = S1_CSV_RISING,
     .column_count = 7,
     .position = {0, 1, 2, 3, 4, 5}},
    {.name = "cdd",
     .about = "CryptoDataDownload: comment line, newest row first, unix column",
     .time_form = S1_CSV_TIME_EPOCH,
     .order = S1_CSV_FALLING,
     .has_header = true,
     .comment_lines_max = 1,
     .names = {"unix|unix timestamp", "open", "high", "low", "close", "volume {base}|volume"}},
    {.name = "w1",
     .about = "benchmark W1: ts_ms,open,high,low,close,volume",
     .time_form = S1_CSV_TIME_MILLIS,
     .order = S1_CSV_RISING,
     .has_header = true,
     .names = {"ts_ms", "open", "high", "low", "close", "volume"}},
};
static const size_t profile_count = sizeof profiles / sizeof profiles[0];

const s1_csv_profile *s1_csv_profiles(size_t *ret_count)
{
    *ret_count = profile_count;
    return profiles;
}

s1_rc s1_csv_profile_find(s1_str name, const s1_csv_profile **ret_profile, s1_err *err)
{
    char known[128] = "";
    size_t used = 0;
    for (size_t i = 0; i < profile_count; i++) {
        const size_t len = strlen(profiles[i].name);
        if (name.len == len && memcmp(name.ptr, profiles[i].name, len) == 0) {
            *ret_profile = &profiles[i];
            return S1_OK;
        }
        used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", i == 0 ? "" : ", ",
                                 profiles[i].name);
    }
    return S1_RAISE(err, S1_E_NOT_FOUND, "profile: found '%.*s', expected one of %s",
                    S1_STR_ARG(name), known);
}
