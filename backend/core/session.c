#include "backend/core/session.h"

#include "backend/utils/text.h"
#include "backend/utils/timefmt.h"
#include "s1mple/decimal.h"
#include "s1mple/error.h"

#include <string.h>

#define WEEK         (7 * S1_NANOS_PER_DAY)
#define FIRST_MONDAY (4 * S1_NANOS_PER_DAY) /* 1970-01-05 */

/* --- Names ------------------------------------------------------------------------------------ */

static bool is_currency(s1_str code)
{
    static const char *const codes[] = {"USD", "EUR", "GBP", "JPY", "CHF", "AUD", "NZD", "CAD",
                                        "SEK", "NOK", "DKK", "SGD", "HKD", "CNH", "PLN", "CZK",
                                        "HUF", "ZAR", "MXN", "TRY", "XAU", "XAG", "XPT", "XPD"};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (s1_str_eq_cstr(code, codes[i])) {
            return true;
        }
    }
    return false;
}

const char *s1_session_name_for(s1_str asset_pair)
{
    const char *const slash =
        asset_pair.len > 0 ? memchr(asset_pair.ptr, '/', asset_pair.len) : NULL;
    if (slash == NULL) {
        return "always";
    }
    const size_t left = (size_t)(slash - asset_pair.ptr);
    const s1_str base = {asset_pair.ptr, left};
    const s1_str quote = {slash + 1, asset_pair.len - left - 1};
    return is_currency(base) && is_currency(quote) ? "fx" : "always";
}

s1_rc s1_session_add_named(s1_session *session, s1_str name, s1_err *err)
{
    if (s1_str_eq_cstr(name, "always")) {
        return S1_OK;
    }
    if (s1_str_eq_cstr(name, "fx")) {
        return s1_session_add_closure(session, S1_STR("Fri 21:00..Sun 22:00"), err);
    }
    if (s1_str_eq_cstr(name, "weekdays")) {
        return s1_session_add_closure(session, S1_STR("Sat 00:00..Mon 00:00"), err);
    }
    return S1_RAISE(err, S1_E_INVALID, "session: found '%.*s', expected always, fx or weekdays",
                    S1_STR_ARG(name));
}

/* --- Texts ------------------------------------------------------------------------------------ */

/* "a..b" */
static bool split_range(s1_str text, s1_str *ret_from, s1_str *ret_to)
{
    for (size_t i = 0; i + 1 < text.len; i++) {
        if (text.ptr[i] == '.' && text.ptr[i + 1] == '.') {
            *ret_from = (s1_str){text.ptr, i};
            *ret_to = (s1_str){text.ptr + i + 2, text.len - i - 2};
            return true;
        }
    }
    return false;
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* "Fri 21:00" */
static bool parse_week_time(s1_str text, s1_nanos *ret_time)
{
    static const char days[7][4] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    if (text.len != 9 || text.ptr[3] != ' ' || text.ptr[6] != ':' || !is_digit(text.ptr[4]) ||
        !is_digit(text.ptr[5]) || !is_digit(text.ptr[7]) || !is_digit(text.ptr[8])) {
        return false;
    }
    const int hour = (text.ptr[4] - '0') * 10 + (text.ptr[5] - '0');
    const int minute = (text.ptr[7] - '0') * 10 + (text.ptr[8] - '0');
    for (int day = 0; day < 7; day++) {
        if (memcmp(text.ptr, days[day], 3) == 0 && hour < 24 && minute < 60) {
            *ret_time =
                day * S1_NANOS_PER_DAY + hour * S1_NANOS_PER_HOUR + minute * S1_NANOS_PER_MINUTE;
            return true;
        }
    }
    return false;
}

s1_rc s1_session_add_closure(s1_session *session, s1_str text, s1_err *err)
{
    s1_str from, to;
    s1_weekly_closure closure;
    if (!split_range(text, &from, &to) || !parse_week_time(from, &closure.from) ||
        !parse_week_time(to, &closure.to)) {
        return S1_RAISE(err, S1_E_INVALID,
                        "closed: found '%.*s', expected a weekly time in UTC like 'Fri 21:00..Sun "
                        "22:00'",
                        S1_STR_ARG(text));
    }
    if (session->closure_count == S1_SESSION_CLOSURES_MAX) {
        return S1_RAISE(err, S1_E_INVALID, "closed: found more than %u, expected at most that",
                        S1_SESSION_CLOSURES_MAX);
    }
    session->closures[session->closure_count++] = closure;
    return S1_OK;
}

s1_rc s1_session_add_outage(s1_session *session, s1_str text, s1_err *err)
{
    s1_str from, to;
    s1_time_range outage;
    if (!split_range(text, &from, &to) || s1_time_parse(from, &outage.from, NULL) != S1_OK ||
        s1_time_parse(to, &outage.to, NULL) != S1_OK || outage.from >= outage.to) {
        return S1_RAISE(err, S1_E_INVALID,
                        "outage: found '%.*s', expected FROM..TO in UTC with TO later, like "
                        "'2018-02-08T00:00..2018-02-09T10:00'",
                        S1_STR_ARG(text));
    }
    if (session->outage_count == S1_SESSION_OUTAGES_MAX) {
        return S1_RAISE(err, S1_E_INVALID, "outage: found more than %u, expected at most that",
                        S1_SESSION_OUTAGES_MAX);
    }
    session->outages[session->outage_count++] = outage;
    return S1_OK;
}

/* --- Slots ------------------------------------------------------------------------------------ */

typedef struct change {
    bool is_closed; /* now */
    s1_i128 until;  /* at least so long; beyond any time: for good */
} change;

/* A closed span [from, to) seen from `now`. */
static void see(change *state, s1_i128 now, s1_i128 from, s1_i128 to)
{
    if (from <= now && now < to) {
        if (!state->is_closed || state->until < to) {
            state->until = to;
        }
        state->is_closed = true;
    } else if (!state->is_closed && from > now && from < state->until) {
        state->until = from;
    }
}

static change look(const s1_session *session, s1_i128 now)
{
    change state = {false, (s1_i128)INT64_MAX * 2};
    const s1_i128 since = now - FIRST_MONDAY;
    s1_i128 week = since / WEEK * WEEK;
    if (week > since) {
        week -= WEEK;
    }
    for (size_t i = 0; i < session->closure_count; i++) {
        const s1_weekly_closure *const closure = &session->closures[i];
        s1_nanos length = closure->to - closure->from;
        if (length <= 0) {
            length += WEEK;
        }
        for (int k = -1; k <= 1; k++) {
            const s1_i128 from = week + FIRST_MONDAY + (s1_i128)k * WEEK + closure->from;
            see(&state, now, from, from + length);
        }
    }
    for (size_t i = 0; i < session->outage_count; i++) {
        see(&state, now, session->outages[i].from, session->outages[i].to);
    }
    return state;
}

s1_open_slots s1_session_open_slots(const s1_session *session, s1_nanos after, s1_nanos before,
                                    s1_nanos step)
{
    s1_open_slots slots = {0};
    s1_i128 now = (s1_i128)after + step;
    while (now < before) {
        const change state = look(session, now);
        const s1_i128 end = state.until < before ? state.until : before;
        const s1_i128 here = (end - now + step - 1) / step; /* slots below `end`, at least one */
        if (!state.is_closed) {
            if (slots.count == 0) {
                slots.first = (s1_nanos)now;
            }
            slots.count += (uint64_t)here;
            slots.last = (s1_nanos)(now + (here - 1) * step);
        }
        now += here * step;
    }
    return slots;
}
