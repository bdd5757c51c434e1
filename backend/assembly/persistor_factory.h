/* backend/assembly/persistor_factory.h - where every persistor comes from, and where its files lie.
 *
 * A consumer asks for an interface and never learns a path or a class. Layout (ARCHITECTURE
 * §12.11):
 *
 *   run folder (backtest)  RUN/journal.jsonl   RUN/state/<link>/<instance>/state.json
 *   root (paper, live)     ROOT/journals/<link>/<run_id>/journal.jsonl
 *                          ROOT/state/<link>/<instance>/state.json
 *
 * State is keyed by strategy link and worker instance, so that two strategies using one plugin
 * never share a file. Names that are not plain file names (letters, digits, '.', '_', '-', '@', not
 * starting with '.') are written with '%XX' escapes: one name, one folder, none outside.
 */
#ifndef S1_BACKEND_ASSEMBLY_PERSISTOR_FACTORY_H
#define S1_BACKEND_ASSEMBLY_PERSISTOR_FACTORY_H

#include "backend/core/interfaces/data_persistor.h"
#include "backend/core/interfaces/journal_persistor.h"
#include "backend/core/interfaces/state_persistor.h"
#include "backend/data/persistors/duckdb_library.h"
#include "backend/utils/fs.h"

typedef struct s1_persistor_factory s1_persistor_factory;

typedef struct s1_persistor_factory_options {
    const s1_fs *fs;                /* outlives the factory and all it made */
    const char *run_folder;         /* backtest: everything of the run; NULL in paper and live */
    const char *root;               /* paper, live: data root; NULL in a backtest */
    const char *archive;            /* root of the Parquet archive; NULL: no data persistor */
    s1_duckdb *duckdb;              /* with archive; outlives the factory and all it made */
    uint64_t journal_segment_bytes; /* of a journal's file before the next; 0: one file */
} s1_persistor_factory_options;

/* Exactly one of run_folder and root is given. Makes no folder yet. Heap; free with
 * s1_persistor_factory_free. Errors: S1_E_INVALID, S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_persistor_factory_new(const s1_persistor_factory_options *options,
                                              s1_persistor_factory **ret_factory, s1_err *err);
void s1_persistor_factory_free(s1_persistor_factory *factory); /* accepts NULL */

/* The archive of options.archive. Errors: S1_E_INVALID if none was given, and the archive's own. */
S1_WARN_UNUSED s1_rc s1_create_data_persistor(s1_persistor_factory *factory,
                                              s1_data_persistor **ret_persistor, s1_err *err);

/* The state of one worker of one link; folders are made. Errors: S1_E_INVALID for an empty name,
 * S1_E_IO, S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_create_state_persistor(s1_persistor_factory *factory, s1_str link,
                                               s1_str instance, s1_state_persistor **ret_persistor,
                                               s1_err *err);

/* The journal of one run of one link; folders are made. Errors: as above, and S1_E_DATA for a
 * damaged journal that is already there. */
S1_WARN_UNUSED s1_rc s1_create_journal_persistor(s1_persistor_factory *factory, s1_str link,
                                                 s1_str run_id,
                                                 s1_journal_persistor **ret_persistor, s1_err *err);

#endif /* S1_BACKEND_ASSEMBLY_PERSISTOR_FACTORY_H */
