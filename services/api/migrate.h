/* services/api/migrate.h - configuration files of before, in the form of this version. */
#ifndef S1_SERVICES_API_MIGRATE_H
#define S1_SERVICES_API_MIGRATE_H

#include "s1mple/base.h"

enum s1_migrate_what {
    S1_MIGRATE_MAPPED = 1, /* stands in the new file */
    S1_MIGRATE_ADDED,      /* the new form needs it, the old file did not say it */
    S1_MIGRATE_LEFT_OUT,   /* has no place in the new form; kept there as a comment */
    S1_MIGRATE_FAULT       /* what the validator says of the new file */
};

/* One thing of the old file, or about the new one. Texts are borrowed until the report goes. */
typedef struct s1_migrate_entry {
    int32_t what;          /* enum s1_migrate_what */
    uint32_t line;         /* in the old file, of a fault in the new one; 0: none */
    const char *from, *to; /* paths: "taskboard.signal_generator[0]"; "" where there is none */
    const char *why;       /* "" where nothing needs saying */
} s1_migrate_entry;

typedef struct s1_migrate_file {
    const char *from, *to;           /* paths of the files */
    const char *form;                /* what the old file is */
    const s1_migrate_entry *entries; /* [entry_count], of the old file by line, then the faults */
    size_t entry_count;
    size_t left_out_count, fault_count;
} s1_migrate_file;

typedef struct s1_migrate_report s1_migrate_report; /* opaque, heap */

typedef struct s1_migrate_options {
    const char *const *files; /* [file_count] */
    size_t file_count;
    const char *output_dir;  /* gets operation.yaml and runs/NAME.yaml */
    const char *plugins_dir; /* plugins the blueprints are checked with; NULL: the program's own */
} s1_migrate_options;

/* Reads every file, then writes all new ones or none. A new file that is not valid yet is written:
 * its faults stand in the report. Errors: S1_E_NOT_FOUND, S1_E_IO; S1_E_DATA for a file that is no
 * YAML; S1_E_INVALID for one that has no form of before; S1_E_EXISTS where a new file is there, or
 * two would be one. Free with s1_migrate_report_free. */
S1_WARN_UNUSED s1_rc s1_api_migrate(const s1_migrate_options *options,
                                    s1_migrate_report **ret_report, s1_err *err);
const s1_migrate_file *s1_migrate_files(const s1_migrate_report *report, size_t *ret_count);
void s1_migrate_report_free(s1_migrate_report *report); /* accepts NULL */

/* "mapped", "added", "left out", "fault". Static. */
const char *s1_migrate_what_text(int32_t what);

#endif /* S1_SERVICES_API_MIGRATE_H */
