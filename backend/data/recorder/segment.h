/* backend/data/recorder/segment.h - a small append-only file of rows of one stream.
 *
 * Rows lie here from the moment they are taken from the queue until they are part of the archive. A
 * file is a header and frames; each frame has its length, the number of its first row in the file
 * and a CRC-32C, so that what a crash tore off is told from what is whole. What is appended
 * outlives the process at once and the machine from the next s1_segment_sync on.
 *
 * Reading takes every whole frame: a torn tail is cut off and counted; damage in the middle is
 * counted, and reading goes on at the next whole frame. A header that is damaged (a machine that
 * went off while the file was made) costs no frame: what stream it is of, its folder tells.
 */
#ifndef S1_BACKEND_DATA_RECORDER_SEGMENT_H
#define S1_BACKEND_DATA_RECORDER_SEGMENT_H

#include "backend/dtos/market/stream_key.h"
#include "backend/dtos/market/stream_row.h"
#include "backend/utils/fs.h"

#define S1_SEGMENT_FRAME_ROWS_MAX 4096u
#define S1_SEGMENT_BYTES_MAX      ((size_t)256 << 20) /* of a file that is read */

typedef struct s1_segment_writer s1_segment_writer;

/* Makes the file, which must not be there, with its header, durably. Heap; s1_segment_close. `fs`
 * is borrowed. Errors: S1_E_EXISTS, S1_E_IO, S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_segment_create(const s1_fs *fs, const char *path, const s1_stream_key *key,
                                       s1_nanos created, s1_segment_writer **ret_writer,
                                       s1_err *err);

/* Appends rows of any kind, in frames. After an error nothing more is taken (S1_E_STORAGE). */
S1_WARN_UNUSED s1_rc s1_segment_append(s1_segment_writer *writer, const s1_stream_row *rows,
                                       size_t count, s1_err *err);

/* What was appended is durable. An fsync that failed is never tried again (S1_E_STORAGE from then
 * on). */
S1_WARN_UNUSED s1_rc s1_segment_sync(s1_segment_writer *writer, s1_err *err);

/* Releases the writer, without a sync. Accepts NULL. */
void s1_segment_close(s1_segment_writer *writer);

/* What reading found. */
typedef struct s1_segment_info {
    char asset_pair[S1_PAIR_TEXT_MAX + 1];
    char source[S1_SOURCE_TEXT_MAX + 1];
    int32_t data_type;
    s1_nanos created;
    uint64_t rows;          /* of whole frames */
    uint64_t rows_damaged;  /* missing between whole frames, as their numbers tell */
    uint64_t bytes_torn;    /* behind the last whole frame; all of a torn header */
    bool is_header_damaged; /* stream and creation are not known */
} s1_segment_info;

/* Called with the rows of each whole frame, in order. */
typedef s1_rc (*s1_segment_visitor)(void *user, const s1_stream_row *rows, size_t count,
                                    s1_err *err);

/* Reads a file. Errors: S1_E_DATA for a segment of another version or of no stream there can be,
 * those of the visitor. */
S1_WARN_UNUSED s1_rc s1_segment_read(const s1_fs *fs, const char *path, s1_segment_visitor visit,
                                     void *user, s1_segment_info *ret_info, s1_err *err);

/* The same of bytes in memory; `name` stands in messages. */
S1_WARN_UNUSED s1_rc s1_segment_parse(s1_str bytes, const char *name, s1_segment_visitor visit,
                                      void *user, s1_segment_info *ret_info, s1_err *err);

#endif /* S1_BACKEND_DATA_RECORDER_SEGMENT_H */
