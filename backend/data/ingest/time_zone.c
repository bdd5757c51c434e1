#include "backend/data/ingest/time_zone.h"

#include "backend/utils/timefmt.h"
#include "s1mple/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX (256u << 10)
#define TIMES_MAX      4096u
#define HEADER_BYTES   44u
#define TYPE_BYTES     6u

struct s1_time_zone {
    size_t count;
    int64_t *times; /* owned: seconds since 1970 from which ... */
    int32_t
        *offsets; /* owned, [count + 1]: ... offsets[i + 1] holds; before the first offsets[0] */
    size_t last;  /* where the last search ended */
};

/* Big-endian. */
static uint32_t read_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static int64_t read_i64(const uint8_t *at)
{
    return (int64_t)((uint64_t)read_u32(at) << 32 | read_u32(at + 4));
}

/* The counts of a block of a zone file. */
typedef struct zone_header {
    uint32_t utc_count, standard_count, leap_count, time_count, type_count, char_count;
} zone_header;

static bool read_header(s1_str bytes, size_t at, zone_header *ret_header)
{
    if (bytes.len < at + HEADER_BYTES || memcmp(bytes.ptr + at, "TZif", 4) != 0) {
        return false;
    }
    const uint8_t *const from = (const uint8_t *)bytes.ptr + at + 20;
    *ret_header = (zone_header){read_u32(from),      read_u32(from + 4),  read_u32(from + 8),
                                read_u32(from + 12), read_u32(from + 16), read_u32(from + 20)};
    return ret_header->time_count <= TIMES_MAX && ret_header->type_count <= 256 &&
           ret_header->leap_count <= TIMES_MAX && ret_header->char_count <= TIMES_MAX &&
           ret_header->utc_count <= 256 && ret_header->standard_count <= 256;
}

static size_t block_bytes(const zone_header *header, size_t time_bytes)
{
    return header->time_count * (time_bytes + 1) + header->type_count * TYPE_BYTES +
           header->char_count + header->leap_count * (time_bytes + 4) + header->standard_count +
           header->utc_count;
}

static s1_time_zone *new_zone(size_t count)
{
    s1_time_zone *const zone = calloc(1, sizeof *zone);
    if (zone != NULL) {
        zone->times = calloc(count + 1, sizeof *zone->times);
        zone->offsets = calloc(count + 1, sizeof *zone->offsets);
        zone->count = count;
    }
    if (zone != NULL && (zone->times == NULL || zone->offsets == NULL)) {
        s1_time_zone_free(zone);
        return NULL;
    }
    return zone;
}

/* The 64-bit block at `at`; false where it does not make sense. */
static bool fill_zone(s1_time_zone *zone, const zone_header *header, const uint8_t *at)
{
    const uint8_t *const indices = at + header->time_count * 8;
    const uint8_t *const types = indices + header->time_count;
    zone->offsets[0] = (int32_t)read_u32(types);
    for (size_t i = 0; i < header->time_count; i++) {
        if (indices[i] >= header->type_count) {
            return false;
        }
        zone->times[i] = read_i64(at + i * 8);
        zone->offsets[i + 1] = (int32_t)read_u32(types + indices[i] * TYPE_BYTES);
        if ((i > 0 && zone->times[i] <= zone->times[i - 1])) {
            return false;
        }
    }
    for (size_t i = 0; i <= header->time_count; i++) {
        if (zone->offsets[i] < -26 * 3600 || zone->offsets[i] > 26 * 3600) {
            return false;
        }
    }
    return true;
}

s1_rc s1_time_zone_parse(s1_str name, s1_str bytes, s1_time_zone **ret_zone, s1_err *err)
{
    zone_header first = {0};
    zone_header header = {0};
    const bool has_first = read_header(bytes, 0, &first);
    const size_t at = HEADER_BYTES + block_bytes(&first, 4);
    if (!has_first || !read_header(bytes, at, &header) || header.type_count == 0 ||
        bytes.len - at - HEADER_BYTES < block_bytes(&header, 8)) {
        return S1_RAISE(err, S1_E_DATA, "time zone '%.*s': its file is damaged", S1_STR_ARG(name));
    }
    s1_time_zone *const zone = new_zone(header.time_count);
    if (zone == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "a time zone");
    }
    if (!fill_zone(zone, &header, (const uint8_t *)bytes.ptr + at + HEADER_BYTES)) {
        s1_time_zone_free(zone);
        return S1_RAISE(err, S1_E_DATA, "time zone '%.*s': its file is damaged", S1_STR_ARG(name));
    }
    *ret_zone = zone;
    return S1_OK;
}

/* "+03:00". */
static s1_rc fixed_zone(s1_str name, s1_time_zone **ret_zone, s1_err *err)
{
    s1_nanos time = 0;
    char text[32];
    const int len =
        snprintf(text, sizeof text, "1970-01-02T00:00%.*s", S1_STR_ARG(s1_str_slice(name, 0, 10)));
    if (name.len > 6 || s1_time_parse((s1_str){text, (size_t)len}, &time, NULL) != S1_OK) {
        return S1_RAISE(err, S1_E_INVALID, "time zone: found '%.*s', expected one like +03:00",
                        S1_STR_ARG(s1_str_slice(name, 0, 60)));
    }
    s1_time_zone *const zone = new_zone(0);
    if (zone == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "a time zone");
    }
    zone->offsets[0] = (int32_t)((S1_NANOS_PER_DAY - time) / S1_NANOS_PER_SECOND);
    *ret_zone = zone;
    return S1_OK;
}

static bool is_zone_name(s1_str name)
{
    for (size_t i = 0; i < name.len; i++) {
        const char c = name.ptr[i];
        const bool is_letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!is_letter && !(i > 0 && ((c >= '0' && c <= '9') || strchr("/_+-", c) != NULL))) {
            return false;
        }
    }
    return name.len > 0 && name.len <= 60;
}

s1_rc s1_time_zone_load(const s1_fs *fs, s1_str name, s1_time_zone **ret_zone, s1_err *err)
{
    if (name.len > 0 && (name.ptr[0] == '+' || name.ptr[0] == '-')) {
        return fixed_zone(name, ret_zone, err);
    }
    if (!is_zone_name(name)) {
        return S1_RAISE(err, S1_E_INVALID,
                        "time zone: found '%.*s', expected a name like America/New_York or an "
                        "offset like +03:00",
                        S1_STR_ARG(s1_str_slice(name, 0, 60)));
    }
    char path[128];
    (void)snprintf(path, sizeof path, S1_ZONE_FOLDER "/%.*s", S1_STR_ARG(name));
    if (!s1_fs_is_file(fs, path)) {
        return S1_RAISE(err, S1_E_NOT_FOUND,
                        "time zone: found no '%.*s' in " S1_ZONE_FOLDER
                        " (Debian's tzdata), expected a name like America/New_York",
                        S1_STR_ARG(name));
    }
    s1_strbuf bytes;
    s1_strbuf_init(&bytes, FILE_BYTES_MAX);
    s1_rc rc = s1_fs_read_all(fs, path, FILE_BYTES_MAX - 1, &bytes, err);
    if (rc == S1_OK) {
        rc = s1_time_zone_parse(name, s1_strbuf_view(&bytes), ret_zone, err);
    }
    s1_strbuf_done(&bytes);
    return rc;
}

void s1_time_zone_free(s1_time_zone *zone)
{
    if (zone != NULL) {
        free(zone->times);
        free(zone->offsets);
        free(zone);
    }
}

/* Number of changes at or before a moment. */
static size_t changes_before(s1_time_zone *zone, int64_t seconds)
{
    size_t low = 0, high = zone->count;
    const size_t guess = zone->last;
    if (guess <= zone->count && (guess == 0 || zone->times[guess - 1] <= seconds) &&
        (guess == zone->count || zone->times[guess] > seconds)) {
        return guess;
    }
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (zone->times[middle] <= seconds) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    zone->last = low;
    return low;
}

const char *s1_time_zone_to_utc(s1_time_zone *zone, s1_nanos local, s1_nanos *ret_time)
{
    const int64_t seconds = local / S1_NANOS_PER_SECOND - (local % S1_NANOS_PER_SECOND < 0 ? 1 : 0);
    /* The offset holds around here; a change within two days either side may be meant. */
    const size_t first = changes_before(zone, seconds - 2 * 86400);
    size_t found = 0;
    s1_nanos time = 0;
    for (size_t i = first; i <= zone->count; i++) {
        if (i > first && zone->times[i - 1] > seconds + 2 * 86400) {
            break;
        }
        const int64_t utc = seconds - zone->offsets[i];
        const bool is_behind = i == 0 || utc >= zone->times[i - 1];
        const bool is_before = i == zone->count || utc < zone->times[i];
        s1_nanos shifted;
        if (is_behind && is_before &&
            !__builtin_sub_overflow(local, zone->offsets[i] * S1_NANOS_PER_SECOND, &shifted)) {
            time = shifted;
            found++;
        }
    }
    if (found != 1) {
        return found == 0 ? "a time that the clocks of the zone showed"
                          : "a time that the clocks of the zone showed once";
    }
    *ret_time = time;
    return NULL;
}
