/* backend/data/ingest/byte_source_internal.h - the bytes of a file, unpacked where it is packed.
 *
 * What a file is, its first bytes tell: gzip (of several members, too), a zip archive (one member
 * of it), or what it is. Nothing is ever held whole; bytes that do not unpack are a fault of the
 * file.
 */
#ifndef S1_BACKEND_DATA_INGEST_BYTE_SOURCE_INTERNAL_H
#define S1_BACKEND_DATA_INGEST_BYTE_SOURCE_INTERNAL_H

#include "backend/utils/fs.h"
#include "s1mple/base.h"

#define S1_MEMBER_NAME_MAX 256u /* NUL included */

typedef struct s1_byte_source s1_byte_source;

/* Is the member of this base name the wanted one? */
typedef bool (*s1_member_match)(void *user, s1_str base_name);

/* Opens a file. Of a zip archive the one member that `match` accepts is read; without `match` the
 * only one. `path` must live as long as the source. Errors: S1_E_NOT_FOUND for the file or for no
 * such member, S1_E_INVALID for a folder or when several members match (the message lists them),
 * S1_E_DATA for what does not unpack, S1_E_NO_MEMORY, S1_E_IO. */
S1_WARN_UNUSED
s1_rc s1_byte_source_open(const s1_fs *fs, const char *path, s1_member_match match, void *user,
                          s1_byte_source **ret_source, s1_err *err);
void s1_byte_source_close(s1_byte_source *source); /* accepts NULL */

/* As many bytes as one step gives, 0 at the end. Errors: S1_E_DATA, S1_E_IO. */
S1_WARN_UNUSED
s1_rc s1_byte_source_read(s1_byte_source *source, void *to, size_t len, size_t *ret_len,
                          s1_err *err);

/* For progress: how much of it is done, and the whole; packed bytes of a gzip file, unpacked ones
 * of a member of a zip. */
uint64_t s1_byte_source_done(const s1_byte_source *source);
uint64_t s1_byte_source_total(const s1_byte_source *source);

bool s1_byte_source_is_packed(const s1_byte_source *source);

/* Name of the zip's member; empty for other files. Borrowed from the source. */
s1_str s1_byte_source_member(const s1_byte_source *source);

#endif /* S1_BACKEND_DATA_INGEST_BYTE_SOURCE_INTERNAL_H */
