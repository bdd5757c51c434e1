/* backend/data/ingest/time_zone.h - times of a place on earth to UTC, by the machine's zone files.
 *
 * A clock that is set back shows some times twice, one that is set forward leaves some out: such
 * times are refused, never guessed.
 */
#ifndef S1_BACKEND_DATA_INGEST_TIME_ZONE_H
#define S1_BACKEND_DATA_INGEST_TIME_ZONE_H

#include "backend/utils/fs.h"
#include "s1mple/base.h"

#define S1_ZONE_FOLDER "/usr/share/zoneinfo"

typedef struct s1_time_zone s1_time_zone;

/* The zone of a name ("America/New_York", "UTC") or of a fixed offset ("+03:00", "-05:30"). Errors:
 * S1_E_NOT_FOUND for a name that is in no file, S1_E_INVALID for a malformed name or offset,
 * S1_E_DATA for a damaged file. */
S1_WARN_UNUSED
s1_rc s1_time_zone_load(const s1_fs *fs, s1_str name, s1_time_zone **ret_zone, s1_err *err);

/* The same out of the bytes of a zone file (RFC 8536). */
S1_WARN_UNUSED
s1_rc s1_time_zone_parse(s1_str name, s1_str bytes, s1_time_zone **ret_zone, s1_err *err);

void s1_time_zone_free(s1_time_zone *zone); /* accepts NULL */

/* What the zone's clocks show, as if it were UTC, to UTC. NULL on success, else what was expected:
 * the clock showed `local` twice, or never. */
const char *s1_time_zone_to_utc(s1_time_zone *zone, s1_nanos local, s1_nanos *ret_time);

#endif /* S1_BACKEND_DATA_INGEST_TIME_ZONE_H */
