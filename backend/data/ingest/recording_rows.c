/* The rows of a recorded web socket of Binance: a line is the receiver's clock in nanoseconds, a
 * space and the message. Book rows come from depth differences and REST snapshots; trades and
 * quotes (bookTicker) from theirs, other messages are passed over.
 *
 * Differences wait for their snapshot, which a recorder asks for after it subscribed: they are
 * held, at most HELD_MAX bytes, and follow it as far as they are newer, at its time. Without a
 * snapshot (the file goes on where another ended) they are rows as they stand. Where differences do
 * not follow on each other (book_sequence.h) a row says so, a snapshot's with quantity 0, and what
 * comes then is held in the same way. */
#include "backend/data/ingest/row_reader_internal.h"
#include "backend/dtos/market/book_sequence.h"
#include "backend/dtos/market/market_layout.h"
#include "backend/dtos/market/stream_key.h"
#include "backend/utils/json_pull.h"
#include "s1mple/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HELD_MAX      (4u << 20)
#define TIME_TEXT_MAX 24u

enum message_kind {
    MESSAGE_OTHER,
    MESSAGE_DIFFERENCE,
    MESSAGE_SNAPSHOT,
    MESSAGE_TRADE,
    MESSAGE_QUOTE
};

/* A message by the members that count; texts as they stand in it. */
typedef struct message {
    enum message_kind kind;
    s1_str line, time, symbol, stream, event;
    s1_str id, price, quantity;                  /* trades: t or a, p, q */
    s1_str bid, bid_quantity, ask, ask_quantity; /* quotes: b, B, a, A */
    s1_str first_text, last_text;                /* U; u or lastUpdateId */
    int64_t first, last;
    s1_json_pull bids, asks; /* before the array's first token */
    bool has_bids, has_asks, is_snapshot, is_buyer_maker;
    uint64_t line_number;
} message;

struct s1_recording {
    int32_t data_type;
    s1_book_sequence sequence;
    bool waits;   /* differences are held for a snapshot */
    bool is_lost; /* messages were missing, and no snapshot came since */
    char *held;   /* owned, HELD_MAX: line number, length, bytes, again and again */
    size_t held_from, held_to;
    bool is_emptying;       /* the held ones are taken */
    bool has_next;          /* `next` comes behind them */
    message next, current;  /* current: whose rows are handed out */
    bool has_rows;          /* ... and there may be more of them */
    bool has_mark, is_mark; /* the row that says that messages are missing comes first, or alone */
    int32_t side;           /* of `levels`; 0: none yet */
    s1_json_pull levels;
    char floor[TIME_TEXT_MAX]; /* time of held ones: that of their snapshot; "": their own */
    s1_recording_counts counts;
};

s1_rc s1_row_reader_record(s1_row_reader *reader, int32_t data_type, s1_err *err)
{
    s1_recording *const recording = calloc(1, sizeof *recording);
    char *const held = malloc(HELD_MAX);
    if (recording == NULL || held == NULL) {
        free(recording);
        free(held);
        return S1_RAISE(err, S1_E_NO_MEMORY, "no memory for a recording");
    }
    recording->data_type = data_type;
    recording->held = held;
    recording->waits = true;
    reader->recording = recording;
    return S1_OK;
}

void s1_recording_free(s1_recording *recording)
{
    if (recording != NULL) {
        free(recording->held);
        free(recording);
    }
}

s1_recording_counts s1_row_reader_counts(const s1_row_reader *reader)
{
    return reader->recording != NULL ? reader->recording->counts : (s1_recording_counts){0};
}

/* --- A message. --------------------------------------------------------------------------- */

static s1_rc bad_message(const s1_row_reader *reader, s1_str found, s1_err *err,
                         const char *expected)
{
    return s1_row_fault(reader, "message", found, err, "%s", expected);
}

static void take_member(message *m, s1_str name, enum s1_json_token token, s1_str text,
                        s1_json_pull before)
{
    const struct {
        const char *name;
        s1_str *to;
    } texts[] = {{"e", &m->event},        {"s", &m->symbol},    {"stream", &m->stream},
                 {"t", &m->id},           {"p", &m->price},     {"q", &m->quantity},
                 {"U", &m->first_text},   {"u", &m->last_text}, {"B", &m->bid_quantity},
                 {"A", &m->ask_quantity}, {"b", &m->bid},       {"a", &m->ask}};
    if (token == S1_JSON_ARRAY) {
        if (s1_str_eq_cstr(name, "b") || s1_str_eq_cstr(name, "bids")) {
            m->bids = before;
            m->has_bids = true;
        } else if (s1_str_eq_cstr(name, "a") || s1_str_eq_cstr(name, "asks")) {
            m->asks = before;
            m->has_asks = true;
        }
        return;
    }
    if (s1_str_eq_cstr(name, "lastUpdateId")) {
        m->last_text = text;
        m->is_snapshot = true;
    } else if (s1_str_eq_cstr(name, "m")) {
        m->is_buyer_maker = token == S1_JSON_TRUE;
    }
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (s1_str_eq_cstr(name, texts[i].name)) {
            *texts[i].to = text;
        }
    }
}

/* Members of the message, and of the "data" in it. */
static s1_rc read_members(const s1_row_reader *reader, s1_str json, message *m, s1_err *err)
{
    s1_json_pull pull;
    s1_str name, text;
    s1_json_pull_init(&pull, json);
    if (s1_json_pull_next(&pull, &name) != S1_JSON_OBJECT) {
        return bad_message(reader, json, err, "a message of JSON behind the time");
    }
    uint32_t depth = 1;
    while (depth > 0) {
        const enum s1_json_token token = s1_json_pull_next(&pull, &name);
        if (token == S1_JSON_OBJECT_END) {
            depth--;
            continue;
        }
        s1_json_pull before = pull;
        const enum s1_json_token value =
            token == S1_JSON_KEY ? s1_json_pull_next(&pull, &text) : S1_JSON_BAD;
        if (value == S1_JSON_OBJECT && depth == 1 && s1_str_eq_cstr(name, "data")) {
            depth++;
            continue;
        }
        if (value == S1_JSON_BAD) {
            break;
        }
        take_member(m, name, value, text, before);
        pull = before;
        if (!s1_json_pull_skip(&pull)) {
            break;
        }
    }
    return depth == 0 && s1_json_pull_next(&pull, &text) == S1_JSON_END
               ? S1_OK
               : bad_message(reader, json, err, "a message of JSON behind the time");
}

static s1_rc read_id(const s1_row_reader *reader, s1_str text, int64_t *ret_id, s1_err *err)
{
    return s1_str_parse_i64(text, ret_id, NULL) == S1_OK && *ret_id >= 0
               ? S1_OK
               : s1_row_fault(reader, "update_id", text, err, "a whole number at or above 0");
}

static enum message_kind kind_of(const message *m)
{
    if (m->is_snapshot) {
        return MESSAGE_SNAPSHOT;
    }
    if (s1_str_eq_cstr(m->event, "depthUpdate")) {
        return MESSAGE_DIFFERENCE;
    }
    if (s1_str_eq_cstr(m->event, "trade") || s1_str_eq_cstr(m->event, "aggTrade")) {
        return MESSAGE_TRADE;
    }
    return s1_str_eq_cstr(m->event, "bookTicker") ||
                   s1_str_ends_with(m->stream, S1_STR("@bookTicker"))
               ? MESSAGE_QUOTE
               : MESSAGE_OTHER;
}

/* The message of a line. */
static s1_rc read_message(const s1_row_reader *reader, s1_str line, message *ret_message,
                          s1_err *err)
{
    const size_t space = s1_str_find_byte(line, ' ', 0);
    message m = {.line = line, .line_number = reader->line_number};
    if (space == S1_STR_NPOS || space >= TIME_TEXT_MAX) {
        return bad_message(reader, line, err, "a time in nanoseconds, a space and a message");
    }
    m.time = s1_str_slice(line, 0, space);
    S1_TRY(err,
           read_members(reader, s1_str_trim(s1_str_slice(line, space + 1, line.len)), &m, err));
    m.kind = kind_of(&m);
    if (m.kind == MESSAGE_DIFFERENCE || m.kind == MESSAGE_SNAPSHOT) {
        S1_TRY(err, read_id(reader, m.last_text, &m.last, err));
        m.first = m.last;
        if (m.kind == MESSAGE_DIFFERENCE) {
            S1_TRY(err, read_id(reader, m.first_text, &m.first, err));
        }
    } else if (m.kind == MESSAGE_TRADE && s1_str_eq_cstr(m.event, "aggTrade")) {
        m.id = m.ask; /* "a" */
    }
    *ret_message = m;
    return S1_OK;
}

/* --- What waits for a snapshot. ----------------------------------------------------------- */

/* Keeps the line; false if there is no room. */
static bool hold(s1_recording *r, const message *m)
{
    const uint64_t head[2] = {m->line_number, m->line.len};
    if (m->line.len + sizeof head > HELD_MAX - r->held_to) {
        return false;
    }
    memcpy(r->held + r->held_to, head, sizeof head);
    memcpy(r->held + r->held_to + sizeof head, m->line.ptr, m->line.len);
    r->held_to += sizeof head + m->line.len;
    return true;
}

/* The next of them as the reader's line. */
static bool take_held(s1_row_reader *reader)
{
    s1_recording *const r = reader->recording;
    uint64_t head[2];
    if (r->held_from == r->held_to) {
        r->held_from = 0;
        r->held_to = 0;
        r->is_emptying = false;
        return false;
    }
    memcpy(head, r->held + r->held_from, sizeof head);
    reader->line = (s1_str){r->held + r->held_from + sizeof head, (size_t)head[1]};
    reader->line_number = head[0];
    r->held_from += sizeof head + (size_t)head[1];
    return true;
}

/* --- Which messages become rows. ---------------------------------------------------------- */

static void begin_rows(s1_recording *r, const message *m)
{
    r->current = *m;
    r->has_rows = true;
    r->is_mark = false;
    r->side = 0;
    r->counts.messages++;
}

static void take_snapshot(s1_recording *r, const message *m)
{
    if (!r->waits && !r->is_lost && r->sequence.has_last && m->last < r->sequence.last) {
        r->counts.old++; /* the book is newer */
        return;
    }
    s1_book_sequence_snapshot(&r->sequence, m->last);
    r->waits = false;
    r->is_lost = false;
    r->is_emptying = true;
    (void)snprintf(r->floor, sizeof r->floor, "%.*s", S1_STR_ARG(m->time));
    begin_rows(r, m);
    r->counts.snapshots++;
}

/* There is no snapshot: what waits for one is taken as it stands. */
static void give_up_waiting(s1_recording *r)
{
    r->waits = false;
    r->is_emptying = true;
    r->floor[0] = '\0';
}

static void take_difference(s1_recording *r, const message *m)
{
    if (r->waits && hold(r, m)) {
        return;
    }
    if (r->waits) {
        give_up_waiting(r);
        r->next = *m;
        r->has_next = true;
        return;
    }
    const enum s1_book_step step = s1_book_sequence_take(&r->sequence, m->first, m->last);
    if (step == S1_BOOK_STEP_OLD) {
        r->counts.old++;
        return;
    }
    begin_rows(r, m);
    if (step == S1_BOOK_STEP_GAP) {
        r->counts.gaps++;
        r->is_lost = true;
        r->has_mark = true;
        r->is_mark = !r->is_emptying && hold(r, m);
        r->waits = r->is_mark;
        r->counts.messages -= r->is_mark ? 1 : 0; /* it comes again */
        r->sequence.has_last = r->sequence.has_last && !r->waits;
    }
}

/* The next message that counts: one that was held, or of the next line. */
static s1_rc next_message(s1_row_reader *reader, message *ret_message, bool *ret_has_message,
                          s1_err *err)
{
    s1_recording *const r = reader->recording;
    *ret_has_message = true;
    for (;;) {
        if (r->is_emptying && take_held(reader)) {
            S1_TRY(err, read_message(reader, reader->line, ret_message, err));
            ret_message->time = r->floor[0] != '\0' ? s1_str_of(r->floor) : ret_message->time;
            return S1_OK;
        }
        if (r->has_next) {
            r->has_next = false;
            *ret_message = r->next;
            reader->line = r->next.line;
            reader->line_number = r->next.line_number;
            return S1_OK;
        }
        bool has_line;
        S1_TRY(err, s1_row_reader_next_line(reader, &has_line, err));
        if (!has_line && r->held_from < r->held_to) {
            give_up_waiting(r);
            continue;
        }
        if (!has_line) {
            *ret_has_message = false;
            return S1_OK;
        }
        if (reader->line.len > 0) {
            return read_message(reader, reader->line, ret_message, err);
        }
    }
}

static void take_message(s1_recording *r, const message *m)
{
    const bool is_book = r->data_type == S1_DATA_BOOK;
    if (is_book && m->kind == MESSAGE_SNAPSHOT) {
        take_snapshot(r, m);
    } else if (is_book && m->kind == MESSAGE_DIFFERENCE) {
        take_difference(r, m);
    } else if ((m->kind == MESSAGE_TRADE && r->data_type == S1_DATA_TRADES) ||
               (m->kind == MESSAGE_QUOTE && r->data_type == S1_DATA_QUOTES)) {
        begin_rows(r, m);
    }
}

/* --- Rows. -------------------------------------------------------------------------------- */

static void put_fields(s1_row_reader *reader, const s1_str *fields, size_t count)
{
    memcpy(reader->fields, fields, count * sizeof *fields);
    reader->field_count = count;
}

static void put_level(s1_row_reader *reader, bool is_mark, int32_t side, s1_str price,
                      s1_str quantity)
{
    const message *const m = &reader->recording->current;
    const bool is_snapshot = is_mark || m->is_snapshot;
    const s1_str fields[] = {m->time,
                             m->symbol,
                             m->last_text,
                             is_snapshot ? S1_STR("snapshot") : S1_STR("update"),
                             side == S1_BOOK_BID ? S1_STR("bid") : S1_STR("ask"),
                             price,
                             quantity};
    put_fields(reader, fields, sizeof fields / sizeof fields[0]);
}

/* Price and quantity of the next level of the side; false behind the last. */
static s1_rc next_level(s1_row_reader *reader, bool *ret_has_level, s1_str *ret_price,
                        s1_str *ret_quantity, s1_err *err)
{
    s1_recording *const r = reader->recording;
    s1_str text;
    const enum s1_json_token token = s1_json_pull_next(&r->levels, &text);
    *ret_has_level = token == S1_JSON_ARRAY;
    if (token == S1_JSON_ARRAY_END) {
        return S1_OK;
    }
    return token == S1_JSON_ARRAY && s1_json_pull_next(&r->levels, ret_price) == S1_JSON_STRING &&
                   s1_json_pull_next(&r->levels, ret_quantity) == S1_JSON_STRING &&
                   s1_json_pull_next(&r->levels, &text) == S1_JSON_ARRAY_END
               ? S1_OK
               : bad_message(reader, r->current.line, err, "levels of two texts each");
}

/* Goes on to the first or next side; false behind the asks. */
static bool next_side(s1_recording *r)
{
    s1_str text;
    for (r->side++; r->side <= S1_BOOK_ASK; r->side++) {
        if (r->side == S1_BOOK_BID ? r->current.has_bids : r->current.has_asks) {
            r->levels = r->side == S1_BOOK_BID ? r->current.bids : r->current.asks;
            (void)s1_json_pull_next(&r->levels, &text); /* the [ that was seen */
            return true;
        }
    }
    return false;
}

/* The next row of a message of levels; none behind its last. */
static s1_rc next_book_row(s1_row_reader *reader, bool *ret_has_row, s1_err *err)
{
    s1_recording *const r = reader->recording;
    *ret_has_row = false;
    while (r->has_rows) {
        s1_str price, quantity;
        bool has_level = false;
        if (r->side != 0) {
            S1_TRY(err, next_level(reader, &has_level, &price, &quantity, err));
        }
        if (!has_level) {
            r->has_rows = next_side(r);
            continue;
        }
        *ret_has_row = true;
        put_level(reader, r->has_mark, r->side, price, r->has_mark ? S1_STR("0") : quantity);
        if (r->has_mark) {
            r->has_mark = false;
            r->side = 0; /* from the start */
            r->has_rows = !r->is_mark;
        }
        return S1_OK;
    }
    return S1_OK;
}

static void put_tick(s1_row_reader *reader)
{
    s1_recording *const r = reader->recording;
    const message *const m = &r->current;
    r->has_rows = false;
    if (m->kind == MESSAGE_TRADE) {
        const s1_str fields[] = {m->time,     m->symbol,
                                 m->id,       m->price,
                                 m->quantity, m->is_buyer_maker ? S1_STR("true") : S1_STR("false")};
        put_fields(reader, fields, sizeof fields / sizeof fields[0]);
    } else {
        const s1_str fields[] = {m->time,         m->symbol, m->bid,
                                 m->bid_quantity, m->ask,    m->ask_quantity};
        put_fields(reader, fields, sizeof fields / sizeof fields[0]);
    }
}

s1_rc s1_recording_rows_next(s1_row_reader *reader, bool *ret_has_row, s1_err *err)
{
    s1_recording *const r = reader->recording;
    reader->blank_line = 0;
    *ret_has_row = true;
    for (;;) {
        if (r->has_rows && r->data_type != S1_DATA_BOOK) {
            put_tick(reader);
            return S1_OK;
        }
        if (r->has_rows) {
            bool has_row;
            S1_TRY(err, next_book_row(reader, &has_row, err));
            if (has_row) {
                return S1_OK;
            }
        }
        message m;
        bool has_message;
        const s1_rc rc = next_message(reader, &m, &has_message, err);
        if (rc != S1_OK) {
            return rc;
        }
        if (!has_message) {
            *ret_has_row = false;
            return S1_OK;
        }
        take_message(r, &m);
    }
}
