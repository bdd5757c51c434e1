/* Fuzzes the journal's reader: any bytes are read to an end, in bounded memory, and what is called
 * sound is sound. */
#include "backend/core/journal_reader.h"
#include "backend/data/persistors/json_persistor_memory.h"
#include "backend/utils/assert.h"
#include "backend/utils/hash.h"
#include "backend/utils/text.h"
#include "s1mple/error.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static s1_rc check_entry(void *user, const s1_journal_entry *entry, s1_err *err)
{
    (void)user;
    s1_journal_details_view details;
    if (s1_journal_details_init(&details, entry, NULL) == S1_OK) {
        (void)s1_journal_details_text(&details, "rejection_reason.code");
        s1_journal_details_done(&details);
    }
    (void)(s1_journal_entry_check(entry, err) == S1_OK);
    return S1_OK;
}

/* Reads everything; the number of sealed entries. */
static uint64_t read_through(s1_journal_reader *reader, s1_rc *ret_rc)
{
    uint64_t sealed = 0;
    const s1_journal_entry *entry = NULL;
    s1_err err = S1_ERR_INIT;
    while ((*ret_rc = s1_journal_reader_next(reader, &entry, &err)) == S1_OK && entry != NULL) {
        sealed += entry->is_sealed;
        S1_ASSERT(check_entry(NULL, entry, &err) == S1_OK);
    }
    return sealed;
}

/* The first line with a checksum that fits, so that what stands behind the checksum is reached. */
static void parse_signed_line(s1_str bytes)
{
    char text[4096];
    const size_t end = s1_str_find_byte(bytes, '\n', 0);
    const s1_str line = s1_str_slice(bytes, 0, end != S1_STR_NPOS ? end : bytes.len);
    const size_t crc = s1_str_find(line, S1_STR(",\"crc\":"), 0);
    const s1_str body = s1_str_slice(line, 0, crc != S1_STR_NPOS ? crc : line.len);
    if (body.len + 32 > sizeof text) {
        return;
    }
    const int length = snprintf(text, sizeof text, "%.*s,\"crc\":\"%08x\"}", (int)body.len,
                                body.len > 0 ? body.ptr : "", s1_crc32c(0, body.ptr, body.len));
    s1_journal_entry entry;
    if (s1_journal_entry_parse(s1_str_make(text, (size_t)length), &entry) ==
        S1_JOURNAL_FAULT_NONE) {
        S1_ASSERT(entry.kind > 0 && entry.details.len >= 2 && entry.time_text.len == 30);
        S1_ASSERT(check_entry(NULL, &entry, NULL) == S1_OK);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const s1_str bytes = {(const char *)data, size};
    parse_signed_line(bytes);
    const s1_journal_source source = s1_journal_source_bytes(&bytes);
    s1_journal_reader *reader = NULL;
    s1_err err = S1_ERR_INIT;
    if (s1_journal_reader_new(&source, &reader, &err) != S1_OK) {
        return 0;
    }
    s1_journal_verdict verdict;
    S1_ASSERT(s1_journal_verify(reader, &verdict, &err) == S1_OK);
    s1_rc rc = S1_OK;
    const uint64_t sealed = read_through(reader, &rc);
    if (verdict.fault == S1_JOURNAL_FAULT_NONE) { /* reading checks less than verifying */
        S1_ASSERT(rc == S1_OK && sealed == verdict.entries);
        S1_ASSERT(verdict.bytes + verdict.torn_bytes == size);
    } else {
        S1_ASSERT(verdict.fault_line > 0 && verdict.fault_offset <= size);
        S1_ASSERT(verdict.reason[0] != '\0');
    }
    const s1_uid uid = {{0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
    (void)(s1_journal_find_trade(reader, (s1_trade_id){uid}, check_entry, NULL, NULL, &err) ==
           S1_OK);
    s1_journal_reader_free(reader);

    s1_journal_persistor *persistor = NULL;
    if (s1_memory_journal_persistor_new(bytes, &persistor, &err) == S1_OK) {
        S1_ASSERT(verdict.fault == S1_JOURNAL_FAULT_NONE);
        S1_ASSERT(s1_journal_persistor_tail_borrow(persistor)->bytes == verdict.bytes);
        s1_journal_persistor_free(persistor);
    }
    return 0;
}
