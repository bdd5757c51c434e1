#include "backend/config/sessions.h"

#include "backend/config/config.h"
#include "backend/config/tables.h"
#include "backend/utils/fs.h"
#include "backend/utils/proc.h"

#include <stdlib.h>

#define FILE_BYTES_MAX  (1u << 20)
#define ARENA_BYTES_MAX ((size_t)64 << 20)

struct s1_instrument_sessions {
    s1_arena arena;
    s1_faults faults;
    s1_instruments_config file;
};

static s1_rc read_file(s1_instrument_sessions *sessions, const char *config_dir, s1_err *err)
{
    char path[S1_PATH_MAX];
    s1_yaml_node *root = NULL;
    S1_TRY(err,
           s1_path_join(path, sizeof path, s1_str_of(config_dir), S1_STR("instruments.yaml"), err));
    if (!s1_fs_exists(s1_fs_real(), path)) {
        return S1_OK;
    }
    const s1_yaml_options options = {.file = s1_str_of(path), .read_variable = s1_proc_getenv};
    s1_strbuf text;
    s1_strbuf_init(&text, FILE_BYTES_MAX);
    const s1_rc rc = s1_fs_read_all(s1_fs_real(), path, FILE_BYTES_MAX, &text, err);
    if (rc == S1_OK) {
        s1_yaml_parse(s1_strbuf_view(&text), &options, &sessions->arena, &sessions->faults, &root);
    }
    s1_strbuf_done(&text);
    S1_TRY(err, rc);
    s1_schema_read(&s1_instruments_schema, root, &sessions->file, &sessions->arena,
                   &sessions->faults);
    return s1_faults_check(&sessions->faults, err);
}

s1_rc s1_instrument_sessions_load(const char *config_dir, s1_instrument_sessions **ret_sessions,
                                  s1_err *err)
{
    s1_instrument_sessions *sessions = calloc(1, sizeof *sessions);
    if (sessions == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "no memory for sessions");
    }
    s1_arena_init(&sessions->arena, ARENA_BYTES_MAX, 0);
    s1_faults_init(&sessions->faults, &sessions->arena, 0);
    const s1_rc rc = config_dir != NULL ? read_file(sessions, config_dir, err) : S1_OK;
    if (rc != S1_OK) {
        s1_instrument_sessions_free(sessions);
        return rc;
    }
    *ret_sessions = sessions;
    return S1_OK;
}

void s1_instrument_sessions_free(s1_instrument_sessions *sessions)
{
    if (sessions != NULL) {
        s1_arena_done(&sessions->arena);
        free(sessions);
    }
}

static const s1_session_config *find(const s1_instrument_sessions *sessions, s1_str asset_pair)
{
    for (uint32_t i = 0; i < sessions->file.instruments.count; i++) {
        const s1_instrument_config *const item = &sessions->file.instruments.items[i];
        if (s1_str_eq(item->asset_pair, asset_pair)) {
            return item->has_session ? &item->session : NULL;
        }
    }
    return NULL;
}

bool s1_instrument_sessions_has(const s1_instrument_sessions *sessions, s1_str asset_pair)
{
    return find(sessions, asset_pair) != NULL;
}

/* Hours: `hours`, or those of the configuration, or those of the pair's kind. */
static s1_rc add_config(const s1_session_config *config, s1_str asset_pair, const char *hours,
                        s1_session *session, const char **ret_hours, s1_err *err)
{
    const char *name = s1_session_name_for(asset_pair);
    if (hours != NULL) {
        name = hours;
    } else if (config != NULL && config->hours.len > 0) {
        name = config->hours.ptr;
    }
    S1_TRY(err, s1_session_add_named(session, s1_str_of(name), err));
    for (uint32_t i = 0; config != NULL && i < config->closed.count; i++) {
        S1_TRY(err, s1_session_add_closure(session, config->closed.items[i], err));
    }
    for (uint32_t i = 0; config != NULL && i < config->outages.count; i++) {
        S1_TRY(err, s1_session_add_outage(session, config->outages.items[i], err));
    }
    *ret_hours = name;
    return S1_OK;
}

s1_rc s1_instrument_sessions_add(const s1_instrument_sessions *sessions, s1_str asset_pair,
                                 const char *hours, s1_session *session, const char **ret_hours,
                                 s1_err *err)
{
    const char *name = NULL;
    S1_TRY(err, add_config(find(sessions, asset_pair), asset_pair, hours, session, &name, err));
    if (ret_hours != NULL) {
        *ret_hours = name;
    }
    return S1_OK;
}

s1_rc s1_instrument_session(const s1_instrument_config *instrument, s1_str asset_pair,
                            s1_session *ret_session, s1_err *err)
{
    const char *name = NULL;
    s1_session session = {0};
    const bool has_own = instrument != NULL && instrument->has_session;
    S1_TRY(err, add_config(has_own ? &instrument->session : NULL, asset_pair, NULL, &session, &name,
                           err));
    *ret_session = session;
    return S1_OK;
}
