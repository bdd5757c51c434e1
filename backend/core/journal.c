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

/* Where in its record an entry is; members only come in this order. */
enum stage {
    STAGE_CLOSED,
    STAGE_HEAD, /* kind and time are there */
    STAGE_WORKER,
    STAGE_ID, /* STAGE_ID + n after id n */
    STAGE_DETAILS = STAGE_ID + S1_JOURNAL_ID_COUNT
};

/* What was said, in front of an entry's name of a worker, its ids and its details. */
typedef struct record {
    s1_nanos time;
    uint32_t length; /* of the record, this head included */
    uint8_t kind;
    uint8_t ids_present;    /* bit per id, S1_UID_SIZE bytes each */
    uint16_t worker_length; /* bytes */
} record;

/* A text that begins every line of a kind, worked out once. */
typedef struct fragment {
    char *text;
    size_t length;
} fragment;

/* What is needed to word records: one for the task, one for this thread. */
typedef struct wording {
    uint64_t seq;         /* of the last entry worded */
    s1_nanos cached_time; /* whose text stands in time_text */
    char time_text[S1_TIME_TEXT_MAX];
} wording;

/* Room for records. Enough in it, and it goes out: worded into lines and blocks by a task. */
typedef struct chunk {
    struct s1_journal *journal;
    uint8_t *records;
    size_t length;
    uint64_t seq;       /* of the last entry before it */
    s1_strbuf lines;    /* its entries, if this thread worded them; else empty */
    bool seals;         /* ends a block with its last entry */
    atomic_bool is_out; /* a task has it */
} chunk;

/* One more than may be pending: the next one to fill is always free. */
#define CHUNKS (S1_EXECUTOR_PENDING_MAX + 1)

/* With so many pending the task falls behind, and this thread words its chunks itself. */
#define CHUNKS_BEHIND 4u

/* A chunk goes out with the records of some blocks in it: few wake-ups, and it stays in the cache.
 * The last of its records may be as long as a block. */
#define CHUNK_BLOCKS 2u
/* Lines take about twice the room of their records; chunks for which that is too little are left
 * to the task. */
#define LINES_RATIO 2u

/* A line but for its details and worker: version, seq, time, kind, link, ids, crc. */
#define LINE_FRAME_MAX (2u * 1024u + S1_TAPE_TEXT_RATIO * S1_JOURNAL_LINK_MAX)

struct s1_journal {
    s1_journal_head head; /* first: s1_journal_enabled reads it */
    int32_t stage;        /* enum stage */
    chunk *open;          /* what is said goes here */
    s1_tape tape;         /* over its memory */
    size_t start;         /* of the record being said, and length of the whole ones */
    size_t chunk_bytes;   /* of records make a chunk go out */
    size_t chunk_capacity;
    record record;      /* being said; put in front of it at its end */
    wording own;        /* this thread's */
    s1_strbuf own_line; /* that a listener hears, or that was worded to measure it */
    uint64_t seq;
    uint32_t block_bytes_max;
    bool is_finished, is_dirty; /* dirty: said since the last commit */
    s1_nanos commit_within;     /* 0: only when asked to */
    s1_nanos dirty_since;       /* monotonic; while is_dirty and commit_within > 0 */
    const s1_clock *clock;
    fragment kinds[S1_JOURNAL_KIND_COUNT]; /* ","type":"KIND" */
    s1_executor executor;                  /* submit NULL: chunks go out on this thread */
    chunk chunks[CHUNKS];
    atomic_uint pending; /* chunks handed out and not done */
    s1_journal_listener listener;
    s1_journal_counts counts;
    /* Touched by the tasks alone while one is pending; has_failed and is_low may be looked at any
     * time. */
    wording out;
    s1_strbuf block;     /* whole entries of the open block, then the line being worded */
    char *spare;         /* of the same size: the next block */
    size_t block_length; /* of the whole entries */
    uint32_t block_entries;
    uint64_t blocks;
    s1_sha256 *digest;
    uint8_t chain[S1_JOURNAL_HASH_SIZE];
    s1_journal_persistor *persistor;
    uint64_t bytes_appended;
    s1_err failure;
    atomic_bool has_failed, is_low;
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

/* ","type":"KIND": what stands between time and worker; the first entry of a journal says whose it
 * is, and no other repeats it. */
static s1_rc make_fragment(int32_t kind, s1_str link, fragment *ret_fragment, s1_err *err)
{
    s1_strbuf buf;
    s1_strbuf_init(&buf, 4096);
    s1_strbuf_lit(&buf, "\",\"type\":\"");
    s1_strbuf_cstr_add(&buf, s1_journal_kind_name(kind));
    s1_strbuf_char(&buf, '"');
    if (kind == S1_JOURNAL_RUN_STARTED) {
        s1_strbuf_lit(&buf, ",\"link\":");
        s1_json_quote(&buf, link);
    }
    const size_t length = buf.len;
    char *taken = s1_strbuf_take(&buf);
    if (taken == NULL) {
        s1_strbuf_done(&buf);
        return S1_RAISE(err, S1_E_NO_MEMORY, "journal: text for '%.*s'", S1_STR_ARG(link));
    }
    *ret_fragment = (fragment){taken, length};
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
    if (options->commit_within < 0 || (options->commit_within > 0 && options->clock == NULL)) {
        return S1_RAISE(err, S1_E_INVALID,
                        "journal commits within %lld ns: expected 0, or more and a clock",
                        (long long)options->commit_within);
    }
    if (options->link.len == 0 || options->link.len > S1_JOURNAL_LINK_MAX) {
        return S1_RAISE(err, S1_E_INVALID, "journal link of %zu bytes: expected 1 to %u",
                        options->link.len, S1_JOURNAL_LINK_MAX);
    }
    return S1_OK;
}

/* The chain starts at the header or goes on at the persistor's tail. */
static s1_rc start_chain(s1_journal *journal, const s1_journal_options *options, s1_err *err)
{
    const s1_journal_tail *tail = s1_journal_persistor_tail_borrow(journal->persistor);
    if (tail->blocks > 0) {
        journal->seq = tail->seq;
        journal->blocks = tail->blocks;
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

static s1_rc make_buffer(s1_strbuf *buf, size_t room, s1_err *err)
{
    s1_strbuf_init(buf, room);
    return s1_strbuf_grow(buf, room)
               ? S1_OK
               : S1_RAISE(err, S1_E_NO_MEMORY, "journal text of %zu bytes", room);
}

static void open_chunk(s1_journal *journal, chunk *next)
{
    journal->open = next;
    next->seq = journal->seq;
    journal->start = 0;
    journal->tape = (s1_tape){.data = next->records, .capacity = journal->chunk_capacity};
}

static s1_rc make_room(s1_journal *journal, s1_err *err)
{
    /* A full block with its seal, and the most that can be worded behind it. */
    const size_t room =
        journal->block_bytes_max + LINE_FRAME_MAX + S1_TAPE_TEXT_RATIO * journal->chunk_capacity;
    S1_TRY(err, make_buffer(&journal->block, room, err));
    S1_TRY(err, make_buffer(&journal->own_line, room, err));
    (void)s1_time_print(0, journal->out.time_text);
    (void)s1_time_print(0, journal->own.time_text);
    journal->spare = malloc(journal->block.capacity);
    if (journal->spare == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "journal block of %zu bytes", room);
    }
    /* Without an executor a chunk is done when it was handed out: one is enough. */
    const bool has_task = journal->executor.submit != NULL;
    for (uint32_t i = 0; i < (has_task ? CHUNKS : 1); i++) {
        journal->chunks[i].journal = journal;
        journal->chunks[i].records = malloc(journal->chunk_capacity);
        if (journal->chunks[i].records == NULL) {
            return S1_RAISE(err, S1_E_NO_MEMORY, "journal chunk of %zu bytes",
                            journal->chunk_capacity);
        }
        if (has_task) {
            S1_TRY(err, make_buffer(&journal->chunks[i].lines,
                                    LINES_RATIO * journal->chunk_capacity, err));
        }
    }
    open_chunk(journal, &journal->chunks[0]);
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
    atomic_store(&journal->is_low, s1_journal_persistor_is_low(persistor));
    journal->listener = options->listener;
    journal->executor = options->executor;
    journal->commit_within = options->commit_within;
    journal->clock = options->clock;
    journal->block_bytes_max =
        options->block_bytes_max != 0 ? options->block_bytes_max : S1_JOURNAL_BLOCK_BYTES_MAX;
    journal->chunk_bytes = (size_t)CHUNK_BLOCKS * journal->block_bytes_max;
    journal->chunk_capacity = journal->chunk_bytes + journal->block_bytes_max;
    for (int32_t kind = 1; kind < S1_JOURNAL_KIND_COUNT; kind++) {
        S1_TRY(err, make_fragment(kind, options->link, &journal->kinds[kind], err));
    }
    S1_TRY(err, s1_sha256_new(&journal->digest, err));
    S1_TRY(err, start_chain(journal, options, err));
    return make_room(journal, err);
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

/* Until every chunk handed out has gone the way it goes. */
static void wait_for_chunks(s1_journal *journal)
{
    if (journal->executor.wait != NULL) {
        journal->executor.wait(journal->executor.self);
    }
    journal->counts.blocks = journal->blocks;
    journal->counts.bytes = journal->bytes_appended;
}

void s1_journal_free(s1_journal *journal)
{
    if (journal == NULL) {
        return;
    }
    wait_for_chunks(journal);
    for (int32_t kind = 1; kind < S1_JOURNAL_KIND_COUNT; kind++) {
        free(journal->kinds[kind].text);
    }
    for (uint32_t i = 0; i < CHUNKS; i++) {
        free(journal->chunks[i].records);
        s1_strbuf_done(&journal->chunks[i].lines);
    }
    free(journal->spare);
    s1_sha256_free(journal->digest);
    s1_strbuf_done(&journal->block);
    s1_strbuf_done(&journal->own_line);
    free(journal);
}

/* --- Lines ---------------------------------------------------------------------------------- */

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

static inline void put_id(s1_strbuf *buf, const char *key, size_t key_length, s1_uid uid)
{
    char *const to = s1_strbuf_reserve(buf, key_length + S1_UID_TEXT_MAX);
    if (to != NULL) {
        memcpy(to, key, key_length);
        (void)s1_uid_print(uid, to + key_length);
        to[key_length + S1_UID_TEXT_LENGTH] = '"';
        s1_strbuf_commit(buf, key_length + S1_UID_TEXT_LENGTH + 1);
    }
}

/* The ids of a record, which stand at `at`; returns what is behind them. */
static const uint8_t *put_ids(s1_strbuf *buf, uint32_t ids_present, const uint8_t *at)
{
    static const struct {
        const char *text;
        size_t length;
    } keys[S1_JOURNAL_ID_COUNT] = {
#define KEY(name, key) [S1_JOURNAL_ID_##name] = {",\"" key "\":\"", sizeof(",\"" key "\":\"") - 1},
        S1_JOURNAL_ID_MAP(KEY)
#undef KEY
    };
    for (int32_t id = 0; id < S1_JOURNAL_ID_COUNT; id++) {
        if ((ids_present >> id & 1u) != 0) {
            s1_uid uid;
            memcpy(&uid, at, sizeof uid);
            at += sizeof uid;
            put_id(buf, keys[id].text, keys[id].length, uid);
        }
    }
    return at;
}

/* Words the record at `at` behind what stands in `buf`, as entry number words->seq + 1. Returns the
 * record's length. */
static size_t put_line(const s1_journal *journal, wording *words, s1_strbuf *buf, const uint8_t *at)
{
    record said;
    memcpy(&said, at, sizeof said);
    if (said.time != words->cached_time) {
        (void)s1_time_print(said.time, words->time_text);
        words->cached_time = said.time;
    }
    const size_t start = buf->len;
    s1_strbuf_lit(buf, "{\"v\":1,\"seq\":");
    s1_strbuf_u64(buf, ++words->seq);
    s1_strbuf_lit(buf, ",\"time\":\"");
    s1_strbuf_bytes(buf, words->time_text, S1_TIME_ISO_LENGTH);
    s1_strbuf_bytes(buf, journal->kinds[said.kind].text, journal->kinds[said.kind].length);
    const uint8_t *part = at + sizeof said;
    if (said.worker_length > 0) {
        s1_strbuf_lit(buf, ",\"worker\":");
        s1_json_quote(buf, s1_str_make((const char *)part, said.worker_length));
        part += said.worker_length;
    }
    part = put_ids(buf, said.ids_present, part);
    s1_strbuf_lit(buf, ",\"details\":{");
    s1_tape_play(part, (size_t)(at + said.length - part), buf);
    s1_strbuf_char(buf, '}');
    put_crc(buf, start);
    return said.length;
}

/* --- Blocks: what the tasks do -------------------------------------------------------------- */

/* Writes the seal line of the open block behind its entries; returns the length of both. */
static size_t put_seal(s1_journal *journal, uint64_t last_seq,
                       const uint8_t hash[static S1_JOURNAL_HASH_SIZE])
{
    char hex[S1_SHA256_HEX];
    s1_hex_print(hash, S1_JOURNAL_HASH_SIZE, hex);
    s1_strbuf seal = {journal->block.data + journal->block_length, 0, S1_JOURNAL_SEAL_MAX,
                      S1_JOURNAL_SEAL_MAX, false};
    s1_strbuf_lit(&seal, "{\"v\":1,\"seq\":");
    s1_strbuf_u64(&seal, last_seq);
    s1_strbuf_lit(&seal, ",\"block\":");
    s1_strbuf_u64(&seal, journal->blocks + 1);
    s1_strbuf_lit(&seal, ",\"entries\":");
    s1_strbuf_u64(&seal, journal->block_entries);
    s1_strbuf_lit(&seal, ",\"sha256\":\"");
    s1_strbuf_bytes(&seal, hex, S1_SHA256_HEX - 1);
    s1_strbuf_char(&seal, '"');
    put_crc(&seal, 0);
    S1_ASSERT(!seal.has_failed);
    return journal->block_length + seal.len;
}

/* Hashes the open block into the chain, seals it and appends it. What stands behind it (a line just
 * worded) becomes the start of the next, in the other buffer. After a failure nothing more goes
 * out. */
static void append_block(s1_journal *journal, uint64_t last_seq)
{
    s1_strbuf *const buf = &journal->block;
    char *const data = buf->data;
    const size_t behind = buf->len - journal->block_length;
    memcpy(journal->spare, data + journal->block_length, behind);
    uint8_t hash[S1_JOURNAL_HASH_SIZE];
    s1_sha256_update(journal->digest, journal->chain, sizeof journal->chain);
    s1_sha256_update(journal->digest, data, journal->block_length);
    s1_sha256_finish(journal->digest, hash);
    const size_t whole = put_seal(journal, last_seq, hash);
    journal->failure = S1_ERR_INIT;
    if (s1_journal_persistor_append(journal->persistor, s1_str_make(data, whole),
                                    &journal->failure) != S1_OK) {
        atomic_store(&journal->has_failed, true);
        return;
    }
    if (s1_journal_persistor_is_low(journal->persistor)) {
        atomic_store(&journal->is_low, true);
    }
    memcpy(journal->chain, hash, sizeof hash);
    journal->bytes_appended += whole;
    journal->blocks++;
    buf->data = journal->spare;
    buf->len = behind;
    journal->spare = data;
    journal->block_length = 0;
    journal->block_entries = 0;
}

/* Takes the line that was just put behind the open block into it, or into the next. */
static void take_line(s1_journal *journal)
{
    s1_strbuf *const buf = &journal->block;
    S1_ASSERT(!buf->has_failed);
    if (buf->len + S1_JOURNAL_SEAL_MAX > journal->block_bytes_max && journal->block_entries > 0) {
        append_block(journal, journal->out.seq - 1);
    }
    journal->block_length = buf->len;
    journal->block_entries++;
}

static void take_chunk(s1_journal *journal, const chunk *said)
{
    wording *const out = &journal->out;
    const s1_str lines = s1_strbuf_view(&said->lines);
    out->seq = said->seq;
    for (size_t at = 0; at < lines.len && !atomic_load(&journal->has_failed);) {
        const size_t end = s1_str_find_byte(lines, '\n', at) + 1;
        s1_strbuf_bytes(&journal->block, lines.ptr + at, end - at);
        out->seq++;
        at = end;
        take_line(journal);
    }
    for (size_t at = 0;
         lines.len == 0 && at < said->length && !atomic_load(&journal->has_failed);) {
        at += put_line(journal, out, &journal->block, said->records + at);
        take_line(journal);
    }
    if (said->seals && journal->block_entries > 0 && !atomic_load(&journal->has_failed)) {
        append_block(journal, out->seq);
    }
}

static void send_chunk(void *argument)
{
    chunk *const said = argument;
    s1_journal *const journal = said->journal;
    take_chunk(journal, said);
    atomic_store_explicit(&said->is_out, false, memory_order_release);
    atomic_fetch_sub_explicit(&journal->pending, 1, memory_order_relaxed);
}

/* --- Chunks --------------------------------------------------------------------------------- */

/* The failure of a task, as an error. Call after waiting. */
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

/* The first chunk that is not on its way: while the task keeps up, always the same few, which are
 * still in the cache. */
static chunk *free_chunk(s1_journal *journal)
{
    uint32_t i = 0;
    while (atomic_load_explicit(&journal->chunks[i].is_out, memory_order_acquire)) {
        i++; /* one more than may be pending: one is free */
    }
    S1_ASSERT(i < CHUNKS);
    return &journal->chunks[i];
}

/* Words the open chunk on this thread. */
static void word_lines(s1_journal *journal, chunk *said)
{
    journal->own.seq = said->seq;
    for (size_t at = 0; at < said->length && !said->lines.has_failed;) {
        at += put_line(journal, &journal->own, &said->lines, said->records + at);
    }
    if (said->lines.has_failed) {
        s1_strbuf_clear(&said->lines);
    }
}

/* Hands out the whole records of the open chunk. */
static void hand_out(s1_journal *journal, bool seals)
{
    chunk *const said = journal->open;
    said->length = journal->start;
    said->seals = seals;
    s1_strbuf_clear(&said->lines);
    if (atomic_load_explicit(&journal->pending, memory_order_relaxed) >= CHUNKS_BEHIND) {
        word_lines(journal, said);
    }
    atomic_store_explicit(&said->is_out, true, memory_order_relaxed);
    atomic_fetch_add_explicit(&journal->pending, 1, memory_order_relaxed);
    if (journal->executor.submit != NULL) {
        journal->executor.submit(journal->executor.self, send_chunk, said);
    } else {
        send_chunk(said);
    }
    open_chunk(journal, free_chunk(journal));
}

/* --- Entries -------------------------------------------------------------------------------- */

s1_tape *s1_journal_begin(s1_journal *journal, int32_t kind, s1_nanos time)
{
    S1_ASSERT(journal->stage == STAGE_CLOSED);
    S1_ASSERT(kind > S1_JOURNAL_KIND_INVALID && kind < S1_JOURNAL_KIND_COUNT);
    S1_ASSERT(s1_journal_enabled(journal, kind));
    S1_ASSERT(!journal->is_finished);
    if (journal->start >= journal->chunk_bytes) {
        hand_out(journal, false);
    }
    (void)s1_tape_room(&journal->tape, sizeof(record));
    journal->record = (record){.time = time, .kind = (uint8_t)kind};
    journal->stage = STAGE_HEAD;
    return &journal->tape;
}

void s1_journal_worker(s1_journal *journal, s1_str instance_id)
{
    S1_ASSERT(journal->stage == STAGE_HEAD && instance_id.len <= S1_JOURNAL_LINK_MAX);
    uint8_t *const to = s1_tape_room(&journal->tape, instance_id.len);
    if (to != NULL && instance_id.len > 0) {
        memcpy(to, instance_id.ptr, instance_id.len);
        journal->record.worker_length = (uint16_t)instance_id.len;
    }
    journal->stage = STAGE_WORKER;
}

static inline void say_id(s1_journal *journal, int32_t id, s1_uid uid)
{
    S1_ASSERT(journal->stage >= STAGE_HEAD && journal->stage < STAGE_ID + id);
    journal->stage = STAGE_ID + id;
    if (s1_uid_is_none(uid)) {
        return;
    }
    uint8_t *const to = s1_tape_room(&journal->tape, sizeof uid);
    if (to != NULL) {
        memcpy(to, &uid, sizeof uid);
        journal->record.ids_present |= (uint8_t)(1u << id);
    }
}

void s1_journal_id_opportunity(s1_journal *journal, s1_opportunity_id id)
{
    say_id(journal, S1_JOURNAL_ID_OPPORTUNITY, id.uid);
}

void s1_journal_id_trade(s1_journal *journal, s1_trade_id id)
{
    say_id(journal, S1_JOURNAL_ID_TRADE, id.uid);
}

void s1_journal_id_threat(s1_journal *journal, s1_threat_id id)
{
    say_id(journal, S1_JOURNAL_ID_THREAT, id.uid);
}

void s1_journal_id_order(s1_journal *journal, s1_order_id id)
{
    say_id(journal, S1_JOURNAL_ID_ORDER, id.uid);
}

void s1_journal_id_scheduled(s1_journal *journal, s1_scheduled_id id)
{
    say_id(journal, S1_JOURNAL_ID_SCHEDULED, id.uid);
}

void s1_journal_details(s1_journal *journal)
{
    S1_ASSERT(journal->stage >= STAGE_HEAD && journal->stage < STAGE_DETAILS);
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
    s1_tape_key(&journal->tape, s1_str_of(name));
    char *const to = s1_tape_raw(&journal->tape, length);
    if (to != NULL) {
        (void)s1_journal_json_compact(json, to);
    }
    return S1_OK;
}

void s1_journal_cancel(s1_journal *journal)
{
    S1_ASSERT(journal->stage != STAGE_CLOSED);
    journal->tape.length = journal->start;
    journal->tape.has_failed = false;
    journal->stage = STAGE_CLOSED;
}

/* Words the open record by itself. */
static s1_str word_own_line(s1_journal *journal)
{
    s1_strbuf_clear(&journal->own_line);
    journal->own.seq = journal->seq;
    (void)put_line(journal, &journal->own, &journal->own_line,
                   journal->open->records + journal->start);
    return s1_strbuf_view(&journal->own_line);
}

/* Closes the record; false if no block can hold its line. */
static bool close_record(s1_journal *journal)
{
    const s1_journal_kind_info *const info = s1_journal_kind_info_borrow(journal->record.kind);
    S1_ASSERT((info->ids_required & ~(uint32_t)journal->record.ids_present) == 0);
    S1_ASSERT((journal->record.ids_present & ~info->ids_allowed) == 0);
    if (journal->tape.has_failed) {
        return false;
    }
    const size_t length = journal->tape.length - journal->start;
    journal->record.length = (uint32_t)length;
    memcpy(journal->open->records + journal->start, &journal->record, sizeof journal->record);
    if (S1_TAPE_TEXT_RATIO * length + LINE_FRAME_MAX + S1_JOURNAL_SEAL_MAX <=
        journal->block_bytes_max) {
        return true;
    }
    const s1_str line = word_own_line(journal);
    return !journal->own_line.has_failed &&
           line.len + S1_JOURNAL_SEAL_MAX <= journal->block_bytes_max;
}

static s1_rc tell_listener(s1_journal *journal, s1_err *err)
{
    const s1_str line = word_own_line(journal);
    const s1_journal_notice notice = {.kind = journal->record.kind,
                                      .seq = journal->seq + 1,
                                      .time = journal->record.time,
                                      .line = s1_str_slice(line, 0, line.len - 1)};
    return journal->listener.on_entry(journal->listener.self, &notice, err);
}

/* An entry was added: its group begins, or may be due. */
static s1_rc group_commit(s1_journal *journal, s1_err *err)
{
    s1_nanos wait;
    if (!journal->is_dirty) {
        journal->dirty_since = s1_clock_monotonic(journal->clock);
        journal->is_dirty = true;
    }
    return s1_journal_poll(journal, &wait, err);
}

s1_rc s1_journal_end(s1_journal *journal, s1_err *err)
{
    S1_ASSERT(journal->stage != STAGE_CLOSED);
    if (!close_record(journal)) {
        s1_journal_cancel(journal);
        return S1_RAISE(err, S1_E_RANGE, "journal entry %s: does not fit a block of %u bytes",
                        s1_journal_kind_name(journal->record.kind), journal->block_bytes_max);
    }
    if (__builtin_expect(atomic_load_explicit(&journal->has_failed, memory_order_acquire), 0)) {
        s1_journal_cancel(journal);
        wait_for_chunks(journal);
        return report_failure(journal, err);
    }
    const s1_rc rc = journal->listener.on_entry != NULL ? tell_listener(journal, err) : S1_OK;
    journal->stage = STAGE_CLOSED;
    journal->start = journal->tape.length;
    journal->seq++;
    journal->counts.entries++;
    journal->counts.by_kind[journal->record.kind]++;
    if (journal->commit_within == 0) {
        journal->is_dirty = true;
        return rc;
    }
    S1_TRY(err, group_commit(journal, err));
    return rc;
}

/* --- Durability ----------------------------------------------------------------------------- */

s1_rc s1_journal_commit(s1_journal *journal, s1_err *err)
{
    S1_ASSERT(journal->stage == STAGE_CLOSED);
    if (!journal->is_dirty && !atomic_load(&journal->has_failed)) {
        return S1_OK;
    }
    hand_out(journal, true);
    wait_for_chunks(journal);
    if (atomic_load(&journal->has_failed)) {
        return report_failure(journal, err);
    }
    const s1_rc rc = s1_journal_persistor_sync(journal->persistor, err);
    if (rc != S1_OK) {
        atomic_store(&journal->has_failed, true); /* never a second sync */
        s1_err_push(err, __FILE__, __func__, __LINE__);
        return rc;
    }
    journal->is_dirty = false;
    return S1_OK;
}

s1_rc s1_journal_poll(s1_journal *journal, s1_nanos *ret_wait, s1_err *err)
{
    *ret_wait = INT64_MAX;
    if (!journal->is_dirty || journal->commit_within == 0) {
        return S1_OK;
    }
    const s1_nanos waited = s1_clock_monotonic(journal->clock) - journal->dirty_since;
    if (waited >= journal->commit_within) {
        return s1_journal_commit(journal, err);
    }
    *ret_wait = journal->commit_within - waited;
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

bool s1_journal_has_failed(const s1_journal *journal)
{
    return atomic_load_explicit(&journal->has_failed, memory_order_acquire);
}

bool s1_journal_is_low(const s1_journal *journal)
{
    return atomic_load_explicit(&journal->is_low, memory_order_acquire);
}

uint64_t s1_journal_seq(const s1_journal *journal)
{
    return journal->seq;
}

const s1_journal_counts *s1_journal_counts_borrow(const s1_journal *journal)
{
    return &journal->counts;
}
