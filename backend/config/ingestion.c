#include "backend/config/ingestion.h"

#include "backend/config/config.h"
#include "backend/config/tables.h"
#include "backend/utils/fs.h"
#include "backend/utils/proc.h"

#define PLATFORM_BYTES_MAX (1u << 20)
#define ARENA_BYTES_MAX    ((size_t)64 << 20)
#define NAMES_MAX          400u

static void copy_profile(const s1_ingestion_task *task, s1_str name,
                         s1_ingestion_profile *ret_profile)
{
    s1_ingestion_profile made = {.max_records = (uint64_t)task->max_records,
                                 .max_age = task->max_seconds * S1_NANOS_PER_SECOND};
    const size_t length = name.len < sizeof made.name - 1 ? name.len : sizeof made.name - 1;
    memcpy(made.name, name.ptr, length);
    *ret_profile = made;
}

s1_rc s1_ingestion_profile_find(const s1_platform_config *platform, s1_str name,
                                s1_ingestion_profile *ret_profile, s1_err *err)
{
    const struct s1_data_ingestion_config *const ingestion = &platform->services.data_ingestion;
    for (uint32_t i = 0; i < ingestion->profiles.count; i++) {
        if (s1_str_eq(ingestion->profiles.items[i].name, name)) {
            copy_profile(&ingestion->profiles.items[i], name, ret_profile);
            return S1_OK;
        }
    }
    if (s1_str_eq_cstr(name, S1_INGESTION_HISTORICAL)) {
        copy_profile(&ingestion->defaults.historical_task, name, ret_profile);
        return S1_OK;
    }
    if (s1_str_eq_cstr(name, S1_INGESTION_LIVE)) {
        copy_profile(&ingestion->defaults.live_task, name, ret_profile);
        return S1_OK;
    }
    s1_strbuf names;
    s1_strbuf_init(&names, NAMES_MAX);
    for (uint32_t i = 0; i < ingestion->profiles.count; i++) {
        s1_strbuf_str(&names, S1_STR(", "));
        s1_strbuf_str(&names, ingestion->profiles.items[i].name);
    }
    const s1_rc rc = S1_RAISE(err, S1_E_NOT_FOUND,
                              "ingestion profile '%.*s': not there, expected " S1_INGESTION_LIVE
                              ", " S1_INGESTION_HISTORICAL "%.*s",
                              S1_STR_ARG(name), S1_STR_ARG(s1_strbuf_view(&names)));
    s1_strbuf_done(&names);
    return rc;
}

static s1_rc read_platform(const char *config_dir, s1_arena *arena, s1_faults *faults,
                           s1_platform_config *ret_platform, s1_err *err)
{
    char path[S1_PATH_MAX];
    s1_yaml_node *root = NULL;
    S1_TRY(err,
           s1_path_join(path, sizeof path, s1_str_of(config_dir), S1_STR("platform.yaml"), err));
    if (s1_fs_exists(s1_fs_real(), path)) {
        const s1_yaml_options options = {.file = s1_str_of(path), .read_variable = s1_proc_getenv};
        s1_strbuf text;
        s1_strbuf_init(&text, PLATFORM_BYTES_MAX);
        const s1_rc rc = s1_fs_read_all(s1_fs_real(), path, PLATFORM_BYTES_MAX, &text, err);
        if (rc == S1_OK) {
            s1_yaml_parse(s1_strbuf_view(&text), &options, arena, faults, &root);
        }
        s1_strbuf_done(&text);
        S1_TRY(err, rc);
    }
    s1_schema_read(&s1_platform_schema, root, ret_platform, arena, faults);
    return s1_faults_check(faults, err);
}

s1_rc s1_ingestion_profile_load(const char *config_dir, s1_str name,
                                s1_ingestion_profile *ret_profile, s1_err *err)
{
    s1_arena arena;
    s1_faults faults;
    s1_platform_config platform;
    s1_arena_init(&arena, ARENA_BYTES_MAX, 0);
    s1_faults_init(&faults, &arena, 0);
    s1_rc rc = read_platform(config_dir, &arena, &faults, &platform, err);
    if (rc == S1_OK) {
        rc = s1_ingestion_profile_find(&platform, name, ret_profile, err);
    }
    s1_arena_done(&arena);
    return rc;
}
