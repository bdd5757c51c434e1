/* backend/config/tables.h - the schema tables, one per file of the configuration. */
#ifndef S1_BACKEND_CONFIG_TABLES_H
#define S1_BACKEND_CONFIG_TABLES_H

#include "backend/config/config.h"
#include "backend/config/manifest.h"

/* X(member of s1_config, file name, table, is the file required). In order of reading. */
#define S1_CONFIG_FILE_MAP(X)                                                                      \
    X(platform, "platform.yaml", s1_platform_schema, false)                                        \
    X(operators, "operators.yaml", s1_operators_schema, true)                                      \
    X(schedule, "schedule.yaml", s1_schedule_schema, false)                                        \
    X(connectors, "connectors.yaml", s1_connectors_schema, false)                                  \
    X(data_sources, "data_sources.yaml", s1_data_sources_schema, false)                            \
    X(instruments, "instruments.yaml", s1_instruments_schema, false)                               \
    X(environments, "environments.yaml", s1_environments_schema, true)                             \
    X(event_map, "event_map.yaml", s1_event_map_schema, true)                                      \
    X(wiring_map, "wiring_map.yaml", s1_wiring_map_schema, true)

#define X(member, file, table, is_required) extern const s1_schema table;
S1_CONFIG_FILE_MAP(X)
#undef X
extern const s1_schema s1_index_schema;
extern const s1_schema s1_operation_schema;
extern const s1_schema s1_blueprint_schema;
extern const s1_schema s1_manifest_schema;

/* The first field of every file. */
#define S1_FIELD_SCHEMA_VERSION(type)                                                              \
    S1_FIELD(type, schema_version, S1_KIND_INT, .default_text = "1", .min = "1", .max = "1",       \
             .doc = "version of this file's form")

/* Checks of texts, and how messages call what they want. */
bool s1_is_pair(s1_str text);
#define S1_PAIR_DOC "a pair such as EUR/USD (1 to 16 of A-Z a-z 0-9 . _ - on each side)"
bool s1_is_id(s1_str text);
#define S1_ID_DOC "a name of letters, digits, '_' and '-', at most 64"
bool s1_is_link_id(s1_str text);
#define S1_LINK_ID_DOC "a name of letters, digits, '_', '-' and '@', at most 130"
bool s1_is_plugin_name(s1_str text);
#define S1_PLUGIN_NAME_DOC "a name of a-z, 0-9 and '_', at most 64"
bool s1_is_semver(s1_str text);
#define S1_SEMVER_DOC "a version x.y.z of three numbers"
bool s1_is_stream(s1_str text);
#define S1_STREAM_DOC "a stream such as ETH/USD@1h"
bool s1_is_currency(s1_str text);
#define S1_CURRENCY_DOC "a currency of 1 to 16 of A-Z a-z 0-9 . _ -"
bool s1_is_file_name(s1_str text);
#define S1_FILE_NAME_DOC "a file name without '/'"

#endif /* S1_BACKEND_CONFIG_TABLES_H */
