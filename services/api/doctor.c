#include "services/api/doctor.h"

#include "backend/data/persistors/duckdb_library.h"
#include "backend/utils/clock.h"
#include "backend/utils/fs.h"
#include "backend/utils/proc.h"
#include "backend/utils/timefmt.h"
#include "services/api/plugins.h"
#include "services/api/validate.h"

#define YEAR_MIN  2024
#define DISK_NAME ".s1mpletrader-doctor"

static s1_doctor_check *add(s1_doctor_report *report, const char *name, int32_t state)
{
    s1_doctor_check *const check = &report->checks[report->count++];
    check->name = name;
    check->state = state;
    report->fault_count += state == S1_DOCTOR_FAULT;
    return check;
}

#define FOUND(check, ...)  (void)snprintf((check)->found, sizeof(check)->found, __VA_ARGS__)
#define ADVICE(check, ...) (void)snprintf((check)->advice, sizeof(check)->advice, __VA_ARGS__)

static void check_duckdb(s1_doctor_report *report)
{
    s1_err err = S1_ERR_INIT;
    s1_duckdb *duckdb = NULL;
    s1_rc rc = s1_duckdb_new(NULL, &duckdb, &err);
    if (rc == S1_OK) {
        rc = s1_duckdb_open(duckdb, &err);
    }
    s1_duckdb_free(duckdb);
    s1_doctor_check *const check =
        add(report, "duckdb", rc == S1_OK ? S1_DOCTOR_OK : S1_DOCTOR_FAULT);
    if (rc == S1_OK) {
        FOUND(check, "libduckdb %s loads", S1_DUCKDB_VERSION);
    } else {
        FOUND(check, "%.200s", err.msg);
        ADVICE(check, "run 'make setup', or point S1_DUCKDB at libduckdb.so " S1_DUCKDB_VERSION);
    }
}

static void check_plugins(s1_doctor_report *report, const char *plugins_dir)
{
    s1_err err = S1_ERR_INIT;
    s1_plugin_catalog *catalog = NULL;
    if (s1_api_plugins(plugins_dir, &catalog, &err) != S1_OK) {
        s1_doctor_check *const check = add(report, "plugins", S1_DOCTOR_FAULT);
        FOUND(check, "%.200s", err.msg);
        ADVICE(check, "run 'make build', or give --plugins DIR");
        return;
    }
    size_t count = 0;
    size_t refused = 0;
    const s1_plugin_info *const items = s1_plugin_catalog_items(catalog, &count);
    for (size_t i = 0; i < count; i++) {
        refused += items[i].fault != NULL;
    }
    const bool is_fit = count > 0 && refused == 0;
    s1_doctor_check *const check = add(report, "plugins", is_fit ? S1_DOCTOR_OK : S1_DOCTOR_FAULT);
    FOUND(check, "%zu usable, %zu refused in %.200s", count - refused, refused,
          s1_plugin_catalog_root(catalog));
    if (!is_fit) {
        ADVICE(check, "s1mpletrader plugins list shows why");
    }
    s1_plugin_catalog_free(catalog);
}

static void check_config(s1_doctor_report *report, const char *config_dir)
{
    s1_err err = S1_ERR_INIT;
    s1_validation *validation = NULL;
    if (!s1_fs_is_folder(s1_fs_real(), config_dir)) {
        s1_doctor_check *const check = add(report, "configuration", S1_DOCTOR_WARNING);
        FOUND(check, "no folder '%.200s'", config_dir);
        ADVICE(check, "s1mpletrader init %.200s", config_dir);
        return;
    }
    const s1_rc rc =
        s1_api_validate(&(s1_validate_options){.config_dir = config_dir}, &validation, &err);
    const size_t errors = rc == S1_OK ? s1_validation_error_count(validation) : 1;
    s1_doctor_check *const check =
        add(report, "configuration", errors == 0 ? S1_DOCTOR_OK : S1_DOCTOR_FAULT);
    if (rc != S1_OK) {
        FOUND(check, "%.200s", err.msg);
    } else {
        FOUND(check, "%zu files in %.150s, %zu faults", s1_validation_file_count(validation),
              config_dir, errors);
    }
    if (errors > 0) {
        ADVICE(check, "s1mpletrader validate --config %.200s", config_dir);
    }
    s1_validation_free(validation);
}

static void check_writing(s1_doctor_report *report, const char *dir)
{
    const s1_fs *const fs = s1_fs_real();
    s1_err err = S1_ERR_INIT;
    char path[S1_PATH_MAX];
    s1_rc rc = s1_path_join(path, sizeof path, s1_str_of(dir), S1_STR(DISK_NAME), &err);
    if (rc == S1_OK) {
        rc = s1_fs_replace(fs, path, S1_STR("doctor"), &err);
    }
    if (rc == S1_OK) {
        rc = s1_fs_unlink(fs, path, &err);
    }
    s1_doctor_check *const check =
        add(report, "writing", rc == S1_OK ? S1_DOCTOR_OK : S1_DOCTOR_FAULT);
    if (rc == S1_OK) {
        FOUND(check, "files can be written, renamed and removed in '%.200s'", dir);
    } else {
        FOUND(check, "%.200s", err.msg);
        ADVICE(check, "results go where you may write: --results DIR");
    }
}

static void check_cpu(s1_doctor_report *report)
{
    __builtin_cpu_init();
    const bool has_sse42 = __builtin_cpu_supports("sse4.2") != 0;
    const bool has_avx2 = __builtin_cpu_supports("avx2") != 0;
    s1_doctor_check *const check = add(report, "cpu", has_sse42 ? S1_DOCTOR_OK : S1_DOCTOR_FAULT);
    FOUND(check, "%u CPUs, SSE4.2 %s, AVX2 %s", s1_proc_cpu_count(), has_sse42 ? "yes" : "no",
          has_avx2 ? "yes" : "no");
    if (!has_sse42) {
        ADVICE(check, "the program is built for x86-64-v2");
    }
}

static void check_clock(s1_doctor_report *report)
{
    const s1_nanos now = s1_clock_wall(s1_clock_real());
    const s1_nanos before = s1_clock_monotonic(s1_clock_real());
    const bool is_sane =
        s1_civil_from_time(now).year >= YEAR_MIN && s1_clock_monotonic(s1_clock_real()) >= before;
    char text[S1_TIME_TEXT_MAX];
    (void)s1_time_print_short(now, text);
    s1_doctor_check *const check = add(report, "clock", is_sane ? S1_DOCTOR_OK : S1_DOCTOR_WARNING);
    FOUND(check, "%s UTC", text);
    if (!is_sane) {
        ADVICE(check, "set the clock: backtests do not need it, logs and live trading do");
    }
}

void s1_api_doctor(const s1_doctor_options *options, s1_doctor_report *ret_report)
{
    s1_doctor_report report = {.count = 0};
    check_duckdb(&report);
    check_plugins(&report, options->plugins_dir);
    check_config(&report, options->config_dir != NULL ? options->config_dir : "config");
    check_writing(&report, options->write_dir != NULL ? options->write_dir : ".");
    check_cpu(&report);
    check_clock(&report);
    *ret_report = report;
}
