#include "backend/core/journal.h"

#include "backend/core/journal_internal.h"
#include "backend/core/journal_json.h"
#include "backend/utils/assert.h"
#include "backend/utils/hash.h"
#include "backend/utils/text.h"
#include "backend/utils/timefmt.h"
#include "backend/utils/uid.h"
#include "s1mple/error.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where in its line an entry is; members only come in this order. */
enum stage {
    STAGE_CLOSED,
    STAGE_HEAD, /* version, seq, time, type, link are there */
    STAGE_WORKER,
    STAGE_ID, /* STAGE_ID + n after id n */
    STAGE_DETAILS = STAGE_ID + S1_JOURNAL_ID_COUNT
};

typedef struct fragment { /* text worked out once */
    char *text;
    size_t length;
} fragment;

/* A block on its way out: filled by the writer, then sealed and appended by a task. */
typedef struct block {
    struct s1_journal *journal;
    char *bytes;
    size_t length; /* of the entries */
    uint64_t seq;  /* of the last of them */
    uint64_t number;
    uint32_t entries;
    atomic_bool is_out; /* a task has it */
} block;

/* One more than may be pending: the next one to fill is always free. */
#define BLOCKS (S1_EXECUTOR_PENDING_MAX + 1)

struct s1_journal {
    s1_journal_head head; /* first: s1_journal_enabled reads it */
    int32_t stage;        /* enum stage */
    s1_nanos cached_time; /* whose text stands in time_text */
    char time_text[S1_TIME_TEXT_MAX];
    s1_strbuf buf;       /* whole entries of the open block, then the line being written */
    size_t block_length; /* of the whole entries */
    s1_json_writer writer;
    uint64_t seq;
    uint32_t block_entries;
    uint32_t block_bytes_max;
    s1_journal_notice notice; /* of the entry being written */
    uint32_t ids_present;
    bool is_finished, is_dirty, leaves_sync; /* dirty: appended since the last sync */
    fragment kinds[S1_JOURNAL_KIND_COUNT];   /* ","type":"KIND","link":"..." */
    fragment *workers;                       /* ,"worker":"..." */
    uint32_t worker_count;
    s1_executor executor; /* submit NULL: blocks go out at once, on this thread */
    block blocks[BLOCKS];
    s1_journal_listener listener;
    s1_journal_counts counts;
    /* Touched by the tasks alone while one is pending; has_failed may be looked at any time. */
    s1_sha256 *digest;
    uint8_t chain[S1_JOURNAL_HASH_SIZE];
    s1_journal_persistor *persistor;
    uint64_t bytes_appended;
    s1_err failure;
    atomic_bool has_failed;
};

/* --- Making one ----------------------------------------------------------------------------- */

s1_rc s1_journal_header(s1_str link, s1_str run_id, char ret_text[static S1_JOURNAL_HEADER_SIZE],
                        s1_err *err)
{
    if (link.len > S1_JOURNAL_LINK_MAX || run_id.len > 64) {
        return S1_RAISE(
            err, S1_E_RANGE,
            "journal header: link of %zu bytes (at most %u), run id of %zu (at most 64)", link.len,
            S1_JOURNAL_LINK_MAX, run_id.len);
    }
    (void)snprintf(ret_text, S1_JOURNAL_HEADER_SIZE, "s1mpletrader journal 1\n%.*s\n%.*s\n",
                   S1_STR_ARG(link), S1_STR_ARG(run_id));
    return S1_OK;
}

/* Keeps `before` + quoted `text` + `after` as a fragment. */
static s1_rc make_fragment(const char *before, s1_str text, fragment *ret_fragment, s1_err *err)
{
    s1_strbuf buf;
    s1_strbuf_init(&buf, 4096);
    s1_strbuf_cstr_add(&buf, before);
    s1_json_quote(&buf, text);
    const size_t length = buf.len;
    char *taken = s1_strbuf_take(&buf);
    if (taken == NULL) {
        s1_strbuf_done(&buf);
        return S1_RAISE(err, S1_E_NO_MEMORY, "journal: text for %s'%.*s'", before,
                        S1_STR_ARG(text));
    }
    *ret_fragment = (fragment){taken, length};
    return S1_OK;
}

static s1_rc make_fragments(s1_journal *journal, const s1_journal_options *options, s1_err *err)
{
    for (int32_t kind = 1; kind < S1_JOURNAL_KIND_COUNT; kind++) {
        char before[96];
        (void)snprintf(before, sizeof before,
                       "\",\"type\":\"%s\",\"link\":", s1_journal_kind_name(kind));
        S1_TRY(err, make_fragment(before, options->link, &journal->kinds[kind], err));
    }
    if (options->worker_count == 0) {
        return S1_OK;
    }
    journal->workers = calloc(options->worker_count, sizeof *journal->workers);
    if (journal->workers == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "journal: %u workers", options->worker_count);
    }
    journal->worker_count = options->worker_count;
    for (uint32_t i = 0; i < options->worker_count; i++) {
        S1_TRY(err, make_fragment(",\"worker\":", options->workers[i], &journal->workers[i], err));
    }
    return S1_OK;
}

static s1_rc check_options(const s1_journal_options *options, s1_err *err)
{
    if (s1_journal_level_parse(s1_str_of(s1_journal_level_name(options->level))) == 0) {
        return S1_RAISE(err, S1_E_INVALID, "journal level %d: expected full, trades or off",
                        (int)options->level);
    }
    if (options->block_bytes_max != 0 && (options->block_bytes_max < 1024 ||
                                          options->block_bytes_max > S1_JOURNAL_BLOCK_BYTES_MAX)) {
        return S1_RAISE(err, S1_E_INVALID, "journal block of %u bytes: expected 1024 to %u",
                        options->block_bytes_max, S1_JOURNAL_BLOCK_BYTES_MAX);
    }
    if (options->link.len == 0 || options->link.len > S1_JOURNAL_LINK_MAX) {
        return S1_RAISE(err, S1_E_INVALID, "journal link of %zu bytes: expected 1 to %u",
                        options->link.len, S1_JOURNAL_LINK_MAX);
    }
    for (uint32_t i = 0; i < options->worker_count; i++) {
        if (options->workers[i].len > S1_JOURNAL_LINK_MAX) {
            return S1_RAISE(err, S1_E_INVALID, "journal worker %u: name of %zu bytes, at most %u",
                            i, options->workers[i].len, S1_JOURNAL_LINK_MAX);
        }
    }
    return S1_OK;
}

/* The chain starts at the header or goes on at the persistor's tail. */
static s1_rc start_chain(s1_journal *journal, const s1_journal_options *options, s1_err *err)
{
    const s1_journal_tail *tail = s1_journal_persistor_tail_borrow(journal->persistor);
    if (tail->blocks > 0) {
        journal->seq = tail->seq;
        journal->counts.blocks = tail->blocks;
        journal->counts.bytes = tail->bytes;
        journal->bytes_appended = tail->bytes;
        memcpy(journal->chain, tail->head, sizeof journal->chain);
        return S1_OK;
    }
    char header[S1_JOURNAL_HEADER_SIZE];
    S1_TRY(err, s1_journal_header(options->link, options->run_id, header, err));
    s1_sha256_of(header, strlen(header), journal->chain);
    return S1_OK;
}

static s1_rc prepare(s1_journal *journal, const s1_journal_options *options,
                     s1_journal_persistor *persistor, s1_err *err)
{
    const uint32_t level = (uint32_t)options->level;
    for (int32_t kind = 1; kind < S1_JOURNAL_KIND_COUNT; kind++) {
        const uint32_t is_kept = s1_journal_kind_info_borrow(kind)->levels >> level & 1u;
        journal->head.kinds_enabled |= is_kept << kind;
    }
    if (options->level == S1_JOURNAL_LEVEL_OFF) {
        return S1_OK;
    }
    if (persistor == NULL) {
        return S1_RAISE(err, S1_E_INVALID, "journal level %s: expected a persistor, found none",
                        s1_journal_level_name(options->level));
    }
    journal->persistor = persistor;
    journal->listener = options->listener;
    journal->executor = options->executor;
    journal->leaves_sync = options->leaves_sync;
    journal->block_bytes_max =
        options->block_bytes_max != 0 ? options->block_bytes_max : S1_JOURNAL_BLOCK_BYTES_MAX;
    S1_TRY(err, make_fragments(journal, options, err));
    S1_TRY(err, s1_sha256_new(&journal->digest, err));
    S1_TRY(err, start_chain(journal, options, err));
    /* A full block, a line that is refused if it is longer than a block, and a seal moved between.
     */
    const size_t room = 2u * (size_t)journal->block_bytes_max + S1_JOURNAL_SEAL_MAX;
    s1_strbuf_init(&journal->buf, room);
    if (!s1_strbuf_grow(&journal->buf, room)) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "journal block of %zu bytes", room);
    }
    for (uint32_t i = 0; i < BLOCKS; i++) {
        journal->blocks[i].journal = journal;
        journal->blocks[i].bytes = malloc(journal->buf.capacity); /* they change places with buf */
        if (journal->blocks[i].bytes == NULL) {
            return S1_RAISE(err, S1_E_NO_MEMORY, "journal block of %zu bytes", room);
        }
    }
    journal->cached_time = 0;
    (void)s1_time_print(0, journal->time_text);
    return S1_OK;
}

s1_rc s1_journal_new(const s1_journal_options *options, s1_journal_persistor *persistor,
                     s1_journal **ret_journal, s1_err *err)
{
    S1_TRY(err, check_options(options, err));
    s1_journal *journal = calloc(1, sizeof *journal);
    if (journal == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "journal of %.*s", S1_STR_ARG(options->link));
    }
    const s1_rc rc = prepare(journal, options, persistor, err);
    if (rc != S1_OK) {
        s1_err_push(err, __FILE__, __func__, __LINE__);
        s1_journal_free(journal);
        return rc;
    }
    *ret_journal = journal;
    return S1_OK;
}

/* Until every block handed out has gone the way it goes. */
static void wait_for_blocks(s1_journal *journal)
{
    if (journal->executor.wait != NULL) {
        journal->executor.wait(journal->executor.self);
    }
    journal->counts.bytes = journal->bytes_appended;
}

void s1_journal_free(s1_journal *journal)
{
    if (journal == NULL) {
        return;
    }
    for (int32_t kind = 1; kind < S1_JOURNAL_KIND_COUNT; kind++) {
        free(journal->kinds[kind].text);
    }
    for (uint32_t i = 0; i < journal->worker_count; i++) {
        free(journal->workers[i].text);
    }
    free(journal->workers);
    wait_for_blocks(journal);
    for (uint32_t i = 0; i < BLOCKS; i++) {
        free(journal->blocks[i].bytes);
    }
    s1_sha256_free(journal->digest);
    s1_strbuf_done(&journal->buf);
    free(journal);
}

/* --- Blocks --------------------------------------------------------------------------------- */

/* ,"crc":"xxxxxxxx"} and a newline over what stands from `start` on. */
static void put_crc(s1_strbuf *buf, size_t start)
{
    static const char digits[] = "0123456789abcdef";
    uint32_t crc = s1_crc32c(0, buf->data + start, buf->len - start);
    char *to = s1_strbuf_reserve(buf, S1_JOURNAL_CRC_LENGTH + 1);
    if (to == NULL) {
        return;
    }
    memcpy(to, ",\"crc\":\"", 8);
    for (int i = 7; i >= 0; i--) {
        to[8 + i] = digits[crc & 15u];
        crc >>= 4;
    }
    memcpy(to + 16, "\"}\n", 3);
    s1_strbuf_commit(buf, S1_JOURNAL_CRC_LENGTH + 1);
}

/* Writes the seal line of a block behind its entries; returns the length of both. */
static size_t put_seal(const block *out, const uint8_t hash[static S1_JOURNAL_HASH_SIZE])
{
    char hex[S1_SHA256_HEX];
    s1_hex_print(hash, S1_JOURNAL_HASH_SIZE, hex);
    s1_strbuf seal = {out->bytes + out->length, 0, S1_JOURNAL_SEAL_MAX, S1_JOURNAL_SEAL_MAX, false};
    s1_strbuf_lit(&seal, "{\"v\":1,\"seq\":");
    s1_strbuf_u64(&seal, out->seq);
    s1_strbuf_lit(&seal, ",\"block\":");
    s1_strbuf_u64(&seal, out->number);
    s1_strbuf_lit(&seal, ",\"entries\":");
    s1_strbuf_u64(&seal, out->entries);
    s1_strbuf_lit(&seal, ",\"sha256\":\"");
    s1_strbuf_bytes(&seal, hex, S1_SHA256_HEX - 1);
    s1_strbuf_char(&seal, '"');
    put_crc(&seal, 0);
    S1_ASSERT(!seal.has_failed);
    return out->length + seal.len;
}

/* The task: hashes a block into the chain, seals it and appends it. After a failure nothing more
 * goes out. */
static void append_block(s1_journal *journal, const block *out)
{
    if (atomic_load(&journal->has_failed)) {
        return;
    }
    uint8_t hash[S1_JOURNAL_HASH_SIZE];
    s1_sha256_update(journal->digest, journal->chain, sizeof journal->chain);
    s1_sha256_update(journal->digest, out->bytes, out->length);
    s1_sha256_finish(journal->digest, hash);
    const size_t whole = put_seal(out, hash);
    journal->failure = S1_ERR_INIT;
    if (s1_journal_persistor_append(journal->persistor, s1_str_make(out->bytes, whole),
                                    &journal->failure) != S1_OK) {
        atomic_store(&journal->has_failed, true);
        return;
    }
    memcpy(journal->chain, hash, sizeof hash);
    journal->bytes_appended += whole;
}

static void send_block(void *argument)
{
    block *const out = argument;
    append_block(out->journal, out);
    atomic_store_explicit(&out->is_out, false, memory_order_release);
}

/* The failure of a task, as an error. Call after waiting, or from where tasks run at once. */
static s1_rc report_failure(s1_journal *journal, s1_err *err)
{
    if (journal->failure.code == S1_OK) {
        return S1_RAISE(err, S1_E_IO, "journal: an earlier write failed, nothing more is taken");
    }
    const s1_rc rc = journal->failure.code;
    if (err != NULL) {
        *err = journal->failure;
        s1_err_push(err, __FILE__, __func__, __LINE__);
    }
    journal->failure.code = S1_OK; /* told once */
    return rc;
}

/* The first block that is not on its way: while the writer keeps up, always the same few, which are
 * still in the cache. */
static block *free_block(s1_journal *journal)
{
    uint32_t i = 0;
    while (atomic_load_explicit(&journal->blocks[i].is_out, memory_order_acquire)) {
        i++; /* one more than may be pending: one is free */
    }
    S1_ASSERT(i < BLOCKS);
    return &journal->blocks[i];
}

/* Hands out the whole entries of the open block; what stands behind them (a line just written)
 * becomes the start of the next. */
static s1_rc seal_block(s1_journal *journal, s1_err *err)
{
    char *const data = journal->buf.data;
    const size_t behind = journal->buf.len - journal->block_length;
    block *const out = free_block(journal);
    out->length = journal->block_length;
    out->seq = journal->seq;
    out->entries = journal->block_entries;
    out->number = ++journal->counts.blocks;
    journal->buf.data = out->bytes;
    out->bytes = data;
    memcpy(journal->buf.data, data + journal->block_length, behind);
    journal->buf.len = behind;
    journal->block_length = 0;
    journal->block_entries = 0;
    journal->is_dirty = true;
    atomic_store_explicit(&out->is_out, true, memory_order_relaxed);
    if (journal->executor.submit != NULL) {
        journal->executor.submit(journal->executor.self, send_block, out);
    } else {
        send_block(out);
        journal->counts.bytes = journal->bytes_appended;
        if (atomic_load(&journal->has_failed)) {
            return report_failure(journal, err);
        }
    }
    return S1_OK;
}

/* --- Entries -------------------------------------------------------------------------------- */

s1_json_writer *s1_journal_begin(s1_journal *journal, int32_t kind, s1_nanos time)
{
    S1_ASSERT(journal->stage == STAGE_CLOSED);
    S1_ASSERT(kind > S1_JOURNAL_KIND_INVALID && kind < S1_JOURNAL_KIND_COUNT);
    S1_ASSERT(s1_journal_enabled(journal, kind));
    S1_ASSERT(!journal->is_finished);
    if (time != journal->cached_time) {
        (void)s1_time_print(time, journal->time_text);
        journal->cached_time = time;
    }
    s1_strbuf *buf = &journal->buf;
    s1_strbuf_lit(buf, "{\"v\":1,\"seq\":");
    s1_strbuf_u64(buf, journal->seq + 1);
    s1_strbuf_lit(buf, ",\"time\":\"");
    s1_strbuf_bytes(buf, journal->time_text, S1_TIME_ISO_LENGTH);
    s1_strbuf_bytes(buf, journal->kinds[kind].text, journal->kinds[kind].length);
    journal->notice = (s1_journal_notice){.kind = kind, .seq = journal->seq + 1, .time = time};
    journal->ids_present = 0;
    journal->stage = STAGE_HEAD;
    return &journal->writer;
}

void s1_journal_worker(s1_journal *journal, s1_str instance_id)
{
    S1_ASSERT(journal->stage == STAGE_HEAD);
    if (instance_id.len > 0) {
        s1_strbuf_lit(&journal->buf, ",\"worker\":");
        s1_json_quote(&journal->buf, instance_id);
    }
    journal->stage = STAGE_WORKER;
}

void s1_journal_worker_at(s1_journal *journal, uint32_t index)
{
    S1_ASSERT(journal->stage == STAGE_HEAD);
    S1_ASSERT(index < journal->worker_count);
    s1_strbuf_bytes(&journal->buf, journal->workers[index].text, journal->workers[index].length);
    journal->stage = STAGE_WORKER;
}

/* `key` is the text before the id's digits, of `key_length` bytes. */
static inline void put_id(s1_journal *journal, int32_t id, const char *key, size_t key_length,
                          s1_uid uid)
{
    S1_ASSERT(journal->stage >= STAGE_HEAD && journal->stage < STAGE_ID + id);
    journal->stage = STAGE_ID + id;
    if (s1_uid_is_none(uid)) {
        return;
    }
    char *to = s1_strbuf_reserve(&journal->buf, key_length + S1_UID_TEXT_MAX);
    if (to == NULL) {
        return;
    }
    memcpy(to, key, key_length);
    (void)s1_uid_print(uid, to + key_length);
    to[key_length + S1_UID_TEXT_LENGTH] = '"';
    s1_strbuf_commit(&journal->buf, key_length + S1_UID_TEXT_LENGTH + 1);
    journal->ids_present |= 1u << id;
}

#define PUT_ID(journal, name, key, uid)                                                            \
    put_id((journal), S1_JOURNAL_ID_##name, ",\"" key "\":\"", sizeof(",\"" key "\":\"") - 1, (uid))

void s1_journal_id_opportunity(s1_journal *journal, s1_opportunity_id id)
{
    PUT_ID(journal, OPPORTUNITY, "opportunity_id", id.uid);
}

void s1_journal_id_trade(s1_journal *journal, s1_trade_id id)
{
    PUT_ID(journal, TRADE, "trade_id", id.uid);
}

void s1_journal_id_threat(s1_journal *journal, s1_threat_id id)
{
    PUT_ID(journal, THREAT, "threat_id", id.uid);
}

void s1_journal_id_order(s1_journal *journal, s1_order_id id)
{
    PUT_ID(journal, ORDER, "order_id", id.uid);
}

void s1_journal_id_scheduled(s1_journal *journal, s1_scheduled_id id)
{
    PUT_ID(journal, SCHEDULED, "scheduled_id", id.uid);
}

void s1_journal_details(s1_journal *journal)
{
    S1_ASSERT(journal->stage >= STAGE_HEAD && journal->stage < STAGE_DETAILS);
    s1_strbuf_lit(&journal->buf, ",\"details\":");
    s1_json_init(&journal->writer, &journal->buf, 0);
    s1_json_object(&journal->writer);
    journal->stage = STAGE_DETAILS;
}

s1_rc s1_journal_member_json(s1_journal *journal, const char *name, s1_str json, s1_err *err)
{
    S1_ASSERT(journal->stage == STAGE_DETAILS);
    size_t first = 0;
    while (first < json.len && memchr(" \t\r\n", json.ptr[first], 4) != NULL) {
        first++;
    }
    const size_t length = s1_journal_json_compact(json, NULL);
    if (length == 0 || json.ptr[first] != '{') {
        return S1_RAISE(err, S1_E_INVALID, "%s: expected a JSON object, found '%.*s'", name,
                        (int)(json.len < 80 ? json.len : 80), json.ptr != NULL ? json.ptr : "");
    }
    s1_json_key(&journal->writer, s1_str_of(name));
    s1_json_raw(&journal->writer, S1_STR("")); /* takes the value's place */
    char *to = s1_strbuf_reserve(&journal->buf, length);
    if (to != NULL) {
        s1_strbuf_commit(&journal->buf, s1_journal_json_compact(json, to));
    }
    return S1_OK;
}

void s1_journal_cancel(s1_journal *journal)
{
    S1_ASSERT(journal->stage != STAGE_CLOSED);
    journal->buf.has_failed = false;
    s1_strbuf_truncate(&journal->buf, journal->block_length);
    journal->stage = STAGE_CLOSED;
}

/* Closes the line's text; false if it does not fit a block. */
static bool close_line(s1_journal *journal)
{
    const s1_journal_kind_info *info = s1_journal_kind_info_borrow(journal->notice.kind);
    S1_ASSERT((info->ids_required & ~journal->ids_present) == 0);
    S1_ASSERT((journal->ids_present & ~info->ids_allowed) == 0);
    if (journal->stage != STAGE_DETAILS) {
        s1_strbuf_lit(&journal->buf, ",\"details\":{}");
    } else {
        s1_json_object_end(&journal->writer);
    }
    put_crc(&journal->buf, journal->block_length);
    return !journal->buf.has_failed &&
           journal->buf.len - journal->block_length + S1_JOURNAL_SEAL_MAX <=
               journal->block_bytes_max;
}

s1_rc s1_journal_end(s1_journal *journal, s1_err *err)
{
    S1_ASSERT(journal->stage != STAGE_CLOSED);
    S1_ASSERT(journal->stage != STAGE_DETAILS || journal->writer.depth == 1);
    if (!close_line(journal)) {
        s1_journal_cancel(journal);
        return S1_RAISE(err, S1_E_RANGE, "journal entry %s: does not fit a block of %u bytes",
                        s1_journal_kind_name(journal->notice.kind), journal->block_bytes_max);
    }
    if (atomic_load_explicit(&journal->has_failed, memory_order_acquire)) {
        s1_journal_cancel(journal);
        wait_for_blocks(journal);
        return report_failure(journal, err);
    }
    if (journal->buf.len + S1_JOURNAL_SEAL_MAX > journal->block_bytes_max &&
        journal->block_entries > 0) {
        const s1_rc rc = seal_block(journal, err);
        if (rc != S1_OK) {
            s1_journal_cancel(journal);
            return rc;
        }
    }
    const size_t start = journal->block_length;
    journal->stage = STAGE_CLOSED;
    journal->block_length = journal->buf.len;
    journal->block_entries++;
    journal->seq++;
    journal->counts.entries++;
    journal->counts.by_kind[journal->notice.kind]++;
    if (journal->listener.on_entry != NULL) {
        journal->notice.line = s1_str_make(journal->buf.data + start, journal->buf.len - start - 1);
        S1_TRY(err, journal->listener.on_entry(journal->listener.self, &journal->notice, err));
    }
    return S1_OK;
}

/* --- Durability ----------------------------------------------------------------------------- */

s1_rc s1_journal_commit(s1_journal *journal, s1_err *err)
{
    S1_ASSERT(journal->stage == STAGE_CLOSED);
    if (atomic_load(&journal->has_failed)) {
        wait_for_blocks(journal);
        return report_failure(journal, err);
    }
    if (journal->block_entries > 0) {
        S1_TRY(err, seal_block(journal, err));
    }
    wait_for_blocks(journal);
    if (atomic_load(&journal->has_failed)) {
        return report_failure(journal, err);
    }
    if (journal->is_dirty && !journal->leaves_sync) {
        const s1_rc rc = s1_journal_persistor_sync(journal->persistor, err);
        if (rc != S1_OK) {
            atomic_store(&journal->has_failed, true); /* never a second sync */
            s1_err_push(err, __FILE__, __func__, __LINE__);
            return rc;
        }
        journal->is_dirty = false;
    }
    return S1_OK;
}

s1_rc s1_journal_finish(s1_journal *journal, uint8_t ret_head[static S1_JOURNAL_HASH_SIZE],
                        s1_err *err)
{
    S1_TRY(err, s1_journal_commit(journal, err));
    journal->is_finished = true;
    memcpy(ret_head, journal->chain, S1_JOURNAL_HASH_SIZE);
    return S1_OK;
}

uint64_t s1_journal_seq(const s1_journal *journal)
{
    return journal->seq;
}

const s1_journal_counts *s1_journal_counts_borrow(const s1_journal *journal)
{
    return &journal->counts;
}
