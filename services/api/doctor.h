/* services/api/doctor.h - is this machine fit to run? */
#ifndef S1_SERVICES_API_DOCTOR_H
#define S1_SERVICES_API_DOCTOR_H

#include "s1mple/base.h"

enum s1_doctor_state { S1_DOCTOR_OK = 1, S1_DOCTOR_WARNING, S1_DOCTOR_FAULT };

typedef struct s1_doctor_check {
    const char *name; /* "duckdb", static */
    int32_t state;    /* enum s1_doctor_state */
    char found[256];
    char advice[256]; /* "" when all is well */
} s1_doctor_check;

#define S1_DOCTOR_CHECKS_MAX 16u
typedef struct s1_doctor_report {
    s1_doctor_check checks[S1_DOCTOR_CHECKS_MAX];
    size_t count;
    size_t fault_count;
} s1_doctor_report;

typedef struct s1_doctor_options {
    const char *config_dir;  /* NULL: "config" */
    const char *plugins_dir; /* NULL: likewise */
    const char *write_dir;   /* results would be written here; NULL: the working folder */
} s1_doctor_options;

/* Runs every check. */
void s1_api_doctor(const s1_doctor_options *options, s1_doctor_report *ret_report);

#endif /* S1_SERVICES_API_DOCTOR_H */
