/* backend/utils/json_writer.h - JSON written straight into an s1_strbuf: no tree, no locale, fixed
 * key order (the order of the calls). Fast enough for the journal; with an indent for people.
 *
 *   s1_json_writer w;
 *   s1_json_init(&w, &buf, 0);
 *   s1_json_object(&w);
 *     s1_json_key_lit(&w, "seq");   s1_json_u64(&w, 7);
 *     s1_json_key_lit(&w, "price"); s1_json_dec(&w, price);      // "1.0712": decimals are strings
 *   s1_json_object_end(&w);
 *   S1_TRY(err, s1_strbuf_check(&buf, err));                     // once, at the end
 *
 * Misuse (a value without a key in an object, an end without a begin) is S1_ASSERTed.
 */
#ifndef S1_UTILS_JSON_WRITER_H
#define S1_UTILS_JSON_WRITER_H

#include "backend/utils/text.h"

#define S1_JSON_DEPTH_MAX 62u

/* In the caller's memory, fields private. */
typedef struct s1_json_writer {
    s1_strbuf *buf;      /* borrowed */
    uint32_t indent;     /* spaces per level; 0: compact */
    uint32_t depth;      /* open objects and arrays */
    uint64_t in_object;  /* bit d: level d is an object */
    uint64_t has_member; /* bit d: level d has one already */
    bool after_key;
} s1_json_writer;

/* Appends to `buf`. `indent` 0 writes one line without spaces. */
void s1_json_init(s1_json_writer *writer, s1_strbuf *buf, uint32_t indent);

void s1_json_object(s1_json_writer *writer); /* { */
void s1_json_object_end(s1_json_writer *writer);
void s1_json_array(s1_json_writer *writer); /* [ */
void s1_json_array_end(s1_json_writer *writer);

/* A key; escaped where needed. */
void s1_json_key(s1_json_writer *writer, s1_str name);
/* A key that is a literal without characters that need an escape: copied as it is. */
void s1_json_key_raw(s1_json_writer *writer, const char *name, size_t len);
#define s1_json_key_lit(writer, literal) s1_json_key_raw((writer), (literal), sizeof(literal) - 1)

/* Values. A string that is not UTF-8 has its bad bytes replaced by U+FFFD. */
void s1_json_str(s1_json_writer *writer, s1_str text);
void s1_json_cstr(s1_json_writer *writer, const char *text); /* NULL: null */
void s1_json_i64(s1_json_writer *writer, int64_t value);
void s1_json_u64(s1_json_writer *writer, uint64_t value);
void s1_json_bool(s1_json_writer *writer, bool value);
void s1_json_null(s1_json_writer *writer);
void s1_json_double(s1_json_writer *writer, double value); /* shortest; null if not finite */
void s1_json_dec(s1_json_writer *writer, s1_dec value);    /* a string, exact */
void s1_json_uid(s1_json_writer *writer, s1_uid uid);      /* a string; null if none */
void s1_json_time(s1_json_writer *writer, s1_nanos time);  /* ISO-8601 with 9 digits */
/* A value that is JSON already, copied as it is. */
void s1_json_raw(s1_json_writer *writer, s1_str json);

/* Appends `text` with quotes and escapes to a buffer, without a writer. */
void s1_json_quote(s1_strbuf *buf, s1_str text);

#endif /* S1_UTILS_JSON_WRITER_H */
