#include "backend/utils/log.h"

#include "backend/utils/assert.h"
#include "backend/utils/json_writer.h"
#include "backend/utils/proc.h"
#include "backend/utils/timefmt.h"
#include "backend/utils/uid.h"

#include <stdlib.h>

#define LOG_BUFFER_BYTES (1u << 20)
#define LOG_FLUSH_BYTES  (32u << 10)
#define LOG_FILE_BYTES   (1ULL << 30)

struct s1_log {
    s1_log_options options; /* strategy_link_id points into `link` */
    char *link;
    s1_file *file;       /* NULL: no file, or it has failed or is full */
    s1_strbuf json;      /* not yet written */
    s1_strbuf human;     /* one line */
    s1_strbuf words;     /* text of one event */
    uint64_t file_bytes; /* in the file and the buffer */
    s1_err failure;      /* the first one of the file; reported by flush */
    s1_rc failure_rc;
};

/* --- Levels and codes ---------------------------------------------------------------------- */

const char *s1_log_level_name(int32_t level)
{
    switch (level) {
#define X(name, value)                                                                             \
    case value:                                                                                    \
        return #name;
        S1_LOG_LEVEL_MAP(X)
#undef X
    default:
        return "UNKNOWN";
    }
}

s1_rc s1_log_level_parse(s1_str name, int32_t *ret_level, s1_err *err)
{
    static const struct {
        const char *name;
        int32_t level;
    } levels[] = {
#define X(name, value) {#name, value},
        S1_LOG_LEVEL_MAP(X)
#undef X
    };
    enum { COUNT = sizeof levels / sizeof levels[0] };
    s1_str names[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        names[i] = s1_str_of(levels[i].name);
        if (s1_str_eq(name, names[i])) {
            *ret_level = levels[i].level;
            return S1_OK;
        }
    }
    const ptrdiff_t nearest = s1_str_nearest(name, names, COUNT);
    return S1_RAISE(err, S1_E_INVALID,
                    "found log level '%.*s', expected DEBUG, SETUP, INFO, MATCH, FILTER, POLICY, "
                    "RESULT, TRADE, WARNING, ERROR or CRITICAL%s%s%s",
                    S1_STR_ARG(s1_str_slice(name, 0, 64)), nearest >= 0 ? " (did you mean " : "",
                    nearest >= 0 ? levels[nearest].name : "", nearest >= 0 ? "?)" : "");
}

const char *s1_error_name(s1_rc code)
{
    switch (code) {
    case S1_OK:
        return "S1_OK";
#define X(name, value, text)                                                                       \
    case value:                                                                                    \
        return #name;
        S1_ERROR_MAP(X)
#undef X
    default:
        return "S1_E_UNKNOWN";
    }
}

const char *s1_error_text(s1_rc code)
{
    switch (code) {
    case S1_OK:
        return "success";
#define X(name, value, text)                                                                       \
    case value:                                                                                    \
        return text;
        S1_ERROR_MAP(X)
#undef X
    default:
        return "unknown error";
    }
}

/* --- Lifetime ------------------------------------------------------------------------------ */

s1_rc s1_log_new(const s1_log_options *options, s1_log **ret_log, s1_err *err)
{
    S1_ASSERT(options->clock != NULL);
    S1_ASSERT(options->json_path == NULL || options->fs != NULL);
    s1_log *const log = calloc(1, sizeof *log);
    char *const link = s1_str_dup(options->strategy_link_id);
    if (log == NULL || link == NULL) {
        free(link);
        free(log);
        return S1_RAISE(err, S1_E_NO_MEMORY, "log: no memory");
    }
    log->options = *options;
    log->link = link;
    log->options.strategy_link_id.ptr = link;
    if (log->options.max_bytes == 0) {
        log->options.max_bytes = LOG_FILE_BYTES;
    }
    s1_strbuf_init(&log->json, LOG_BUFFER_BYTES);
    s1_strbuf_init(&log->human, LOG_BUFFER_BYTES);
    s1_strbuf_init(&log->words, LOG_BUFFER_BYTES);
    if (options->json_path != NULL) {
        s1_fs_info info;
        const s1_fs *const fs = options->fs;
        s1_rc rc = s1_fs_open(fs, options->json_path, S1_FS_WRITE | S1_FS_CREATE | S1_FS_APPEND,
                              &log->file, err);
        if (rc == S1_OK) {
            rc = s1_fs_stat_file(fs, log->file, &info, err);
        }
        if (rc != S1_OK) {
            s1_err_push(err, __FILE__, __func__, __LINE__);
            s1_log_free(log);
            return rc;
        }
        log->file_bytes = info.size;
    }
    *ret_log = log;
    return S1_OK;
}

/* Writes the buffer; the first failure ends the file sink and is kept for s1_log_flush. */
static void write_buffer(s1_log *log)
{
    if (log->file == NULL || log->json.len == 0) {
        return;
    }
    const s1_rc rc =
        s1_fs_write_all(log->options.fs, log->file, log->json.data, log->json.len, &log->failure);
    s1_strbuf_clear(&log->json);
    if (rc != S1_OK) {
        log->failure_rc = rc;
        s1_fs_drop(log->options.fs, log->file);
        log->file = NULL;
    }
}

s1_rc s1_log_flush(s1_log *log, s1_err *err)
{
    if (log == NULL) {
        return S1_OK;
    }
    write_buffer(log);
    if (log->failure_rc != S1_OK) {
        if (err != NULL) {
            *err = log->failure;
        }
        s1_err_push(err, __FILE__, __func__, __LINE__);
        return log->failure_rc;
    }
    return S1_OK;
}

void s1_log_free(s1_log *log)
{
    if (log == NULL) {
        return;
    }
    write_buffer(log);
    s1_fs_drop(log->options.fs, log->file);
    s1_strbuf_done(&log->json);
    s1_strbuf_done(&log->human);
    s1_strbuf_done(&log->words);
    free(log->link);
    free(log);
}

bool s1_log_wants(const s1_log *log, int32_t level)
{
    return log != NULL && level >= 0 && level < 64 && (log->options.profile >> level & 1u) != 0 &&
           (log->file != NULL || log->options.human_fd >= 0);
}

/* --- Events -------------------------------------------------------------------------------- */

static void json_field(s1_json_writer *writer, const s1_log_field *field)
{
    s1_json_key(writer, s1_str_of(field->key));
    switch (field->type) {
    case S1_LOG_STR:
        s1_json_str(writer, field->value.str);
        break;
    case S1_LOG_I64:
        s1_json_i64(writer, field->value.i64);
        break;
    case S1_LOG_U64:
        s1_json_u64(writer, field->value.u64);
        break;
    case S1_LOG_F64:
        s1_json_double(writer, field->value.f64);
        break;
    case S1_LOG_DEC:
        s1_json_dec(writer, field->value.dec);
        break;
    case S1_LOG_UID:
        s1_json_uid(writer, field->value.uid);
        break;
    }
}

/* The value of a field as people read it. */
static void word_value(s1_strbuf *out, const s1_log_field *field)
{
    char uid[S1_UID_TEXT_MAX];
    switch (field->type) {
    case S1_LOG_STR:
        s1_strbuf_str(out, field->value.str);
        break;
    case S1_LOG_I64:
        s1_strbuf_i64(out, field->value.i64);
        break;
    case S1_LOG_U64:
        s1_strbuf_u64(out, field->value.u64);
        break;
    case S1_LOG_F64:
        s1_strbuf_double(out, field->value.f64);
        break;
    case S1_LOG_DEC:
        s1_strbuf_dec(out, field->value.dec);
        break;
    case S1_LOG_UID:
        s1_strbuf_bytes(out, uid, s1_uid_print(field->value.uid, uid));
        break;
    }
}

/* Words an event into log->words; false if the locale has no text for it. */
static bool word_event(s1_log *log, const char *event, const s1_log_field *fields, size_t count)
{
    s1_str rest = s1_locale_text(log->options.locale, s1_str_of(event));
    s1_str before, name;
    s1_strbuf_clear(&log->words);
    while (s1_locale_next(&rest, &before, &name)) {
        s1_strbuf_str(&log->words, before);
        size_t i = 0;
        while (i < count && !s1_str_eq_cstr(name, fields[i].key)) {
            i++;
        }
        if (i < count) {
            word_value(&log->words, &fields[i]);
        } else if (name.len > 0) {
            s1_strbuf_char(&log->words, '-');
        }
    }
    return log->words.len > 0 && !log->words.has_failed;
}

static void json_line(s1_log *log, s1_nanos now, int32_t level, const char *event,
                      const s1_log_field *fields, size_t count)
{
    s1_json_writer writer;
    s1_json_init(&writer, &log->json, 0);
    s1_json_object(&writer);
    s1_json_key_lit(&writer, "ts");
    s1_json_time(&writer, now);
    s1_json_key_lit(&writer, "level");
    s1_json_cstr(&writer, s1_log_level_name(level));
    s1_json_key_lit(&writer, "event");
    s1_json_cstr(&writer, event);
    if (!s1_uid_is_none(log->options.run_id.uid)) {
        s1_json_key_lit(&writer, "run_id");
        s1_json_uid(&writer, log->options.run_id.uid);
    }
    if (log->options.strategy_link_id.len > 0) {
        s1_json_key_lit(&writer, "strategy_link_id");
        s1_json_str(&writer, log->options.strategy_link_id);
    }
    for (size_t i = 0; i < count; i++) {
        json_field(&writer, &fields[i]);
    }
    if (word_event(log, event, fields, count)) {
        s1_json_key_lit(&writer, "text");
        s1_json_str(&writer, s1_strbuf_view(&log->words));
    }
    s1_json_object_end(&writer);
    s1_strbuf_char(&log->json, '\n');
}

static void to_file(s1_log *log, s1_nanos now, int32_t level, const char *event,
                    const s1_log_field *fields, size_t count)
{
    const size_t before = log->json.len;
    json_line(log, now, level, event, fields, count);
    if (log->json.has_failed) { /* one event larger than the buffer: left out, said so */
        log->json.has_failed = false;
        s1_strbuf_truncate(&log->json, before);
        json_line(log, now, S1_LOG_WARNING, "log.event_too_large", NULL, 0);
    }
    if (log->file_bytes + (log->json.len - before) > log->options.max_bytes) {
        s1_strbuf_truncate(&log->json, before);
        json_line(log, now, S1_LOG_WARNING, "log.full", NULL, 0);
        write_buffer(log);
        s1_fs_drop(log->options.fs, log->file);
        log->file = NULL;
        return;
    }
    log->file_bytes += log->json.len - before;
    if (log->json.len >= LOG_FLUSH_BYTES || level >= S1_LOG_WARNING) {
        write_buffer(log);
    }
}

static const char *color_of(int32_t level)
{
    return level >= S1_LOG_ERROR     ? "\x1b[31m"
           : level >= S1_LOG_WARNING ? "\x1b[33m"
           : level == S1_LOG_DEBUG   ? "\x1b[2m"
                                     : "";
}

/* Control characters would let a text redraw the terminal. */
static void human_text(s1_strbuf *line, s1_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        const unsigned char byte = (unsigned char)text.ptr[i];
        s1_strbuf_char(line, byte < 0x20 || byte == 0x7f ? '?' : (char)byte);
    }
}

static void to_people(s1_log *log, s1_nanos now, int32_t level, const char *event,
                      const s1_log_field *fields, size_t count)
{
    s1_strbuf *const line = &log->human;
    char time[S1_TIME_TEXT_MAX];
    const char *const color = log->options.is_colored ? color_of(level) : "";
    const s1_str name = s1_str_of(s1_log_level_name(level));
    s1_strbuf_clear(line);
    (void)s1_time_print_short(now - now % S1_NANOS_PER_SECOND, time);
    s1_strbuf_cstr_add(line, time);
    s1_strbuf_char(line, ' ');
    s1_strbuf_cstr_add(line, color);
    s1_strbuf_str(line, name);
    s1_strbuf_repeat(line, ' ', name.len < 8 ? 8 - name.len : 0);
    s1_strbuf_cstr_add(line, color[0] != '\0' ? "\x1b[0m " : " ");
    if (!word_event(log, event, fields, count)) {
        s1_strbuf_cstr_add(&log->words, event);
        for (size_t i = 0; i < count; i++) {
            s1_strbuf_char(&log->words, ' ');
            s1_strbuf_cstr_add(&log->words, fields[i].key);
            s1_strbuf_char(&log->words, '=');
            word_value(&log->words, &fields[i]);
        }
    }
    human_text(line, s1_strbuf_view(&log->words));
    s1_strbuf_char(line, '\n');
    /* A terminal that is gone is no reason to stop a run: what cannot be written is dropped. */
    if (!line->has_failed) {
        const s1_rc rc = s1_proc_write(log->options.human_fd, line->data, line->len, NULL);
        (void)rc;
    }
}

void s1_log_event(s1_log *log, int32_t level, const char *event, const s1_log_field *fields,
                  size_t count)
{
    if (!s1_log_wants(log, level)) {
        return;
    }
    const s1_nanos now = s1_clock_wall(log->options.clock);
    if (log->file != NULL) {
        to_file(log, now, level, event, fields, count);
    }
    if (log->options.human_fd >= 0) {
        to_people(log, now, level, event, fields, count);
    }
}

void s1_log_err(s1_log *log, int32_t level, const char *event, const s1_err *error)
{
    if (!s1_log_wants(log, level)) {
        return;
    }
    char place[S1_ERR_FRAMES * 128];
    size_t len = 0;
    const uint32_t shown = error->depth < S1_ERR_FRAMES ? error->depth : S1_ERR_FRAMES;
    place[0] = '\0';
    for (uint32_t i = 0; i < shown; i++) {
        const s1_err_frame *const frame = &error->frames[i];
        const int put = snprintf(place + len, sizeof place - len, "%s%s (%s:%u)",
                                 i > 0 ? " < " : "", frame->func != NULL ? frame->func : "?",
                                 frame->file != NULL ? frame->file : "?", frame->line);
        if (put < 0 || (size_t)put >= sizeof place - len) {
            break;
        }
        len += (size_t)put;
    }
    const s1_log_field fields[] = {
        s1_log_str("code", s1_str_of(s1_error_name(error->code))),
        s1_log_str("message", s1_str_of(error->msg)),
        s1_log_i64("errno", error->sys_errno),
        s1_log_str("at", (s1_str){place, len}),
    };
    s1_log_event(log, level, event, fields, sizeof fields / sizeof fields[0]);
}
