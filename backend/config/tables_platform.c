#include "backend/config/internal.h"
#include "backend/config/tables.h"
#include "backend/utils/locale.h"
#include "backend/utils/timefmt.h"

/* --- Checks of texts. --- */

static bool is_word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || s1_config_is_digit(c) || c == '_';
}

static bool is_made_of(s1_str text, const char *more, size_t max)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is_word_char(text.ptr[i]) && strchr(more, text.ptr[i]) == NULL) {
            return false;
        }
    }
    return text.len != 0 && text.len <= max;
}

bool s1_is_currency(s1_str text)
{
    return is_made_of(text, ".-", 16);
}

bool s1_is_pair(s1_str text)
{
    const size_t slash = s1_str_find_byte(text, '/', 0);
    return slash != S1_STR_NPOS && s1_is_currency(s1_str_slice(text, 0, slash)) &&
           s1_is_currency(s1_str_slice(text, slash + 1, text.len));
}

bool s1_is_id(s1_str text)
{
    return is_made_of(text, "-", 64);
}

bool s1_is_link_id(s1_str text)
{
    return is_made_of(text, "-@", 130);
}

bool s1_is_plugin_name(s1_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] >= 'A' && text.ptr[i] <= 'Z') {
            return false;
        }
    }
    return is_made_of(text, "", 64);
}

bool s1_is_semver(s1_str text)
{
    size_t numbers = 0;
    s1_str part;
    for (bool is_done = false; s1_str_split(&text, '.', &part, &is_done); numbers++) {
        uint64_t number;
        if (part.len > 9 || s1_str_parse_u64(part, &number, NULL) != S1_OK) {
            return false;
        }
    }
    return numbers == 3;
}

bool s1_is_stream(s1_str text)
{
    const size_t at = s1_str_find_byte(text, '@', 0);
    s1_nanos timeframe;
    return at != S1_STR_NPOS && s1_is_pair(s1_str_slice(text, 0, at)) &&
           s1_timeframe_parse(s1_str_slice(text, at + 1, text.len), &timeframe, NULL) == S1_OK;
}

bool s1_is_file_name(s1_str text)
{
    return text.len != 0 && text.len < 256 && text.ptr[0] != '.' &&
           s1_str_find_byte(text, '/', 0) == S1_STR_NPOS;
}

/* --- platform.yaml --- */

static const s1_enum_name language_names[] = {
#define X(name, value, code) {code, value},
    S1_LANGUAGE_MAP(X)
#undef X
        {NULL, 0}};
enum archive_format { ARCHIVE_PARQUET = 1 };
static const s1_enum_name archive_names[] = {{"parquet", ARCHIVE_PARQUET}, {NULL, 0}};

static const s1_schema_field profile_fields[] = {
    S1_FIELD(s1_logging_profile, name, S1_KIND_STRING, .flags = S1_FIELD_KEY, .accepts = s1_is_id,
             .pattern_doc = S1_ID_DOC),
    S1_FIELD(s1_logging_profile, levels, S1_KIND_LIST, .item_kind = S1_KIND_ENUM,
             .names = s1_config_log_level_names, .doc = "levels the profile writes"),
    S1_FIELD_END};
static const s1_schema profile_schema = {"profile", "", profile_fields, sizeof(s1_logging_profile),
                                         .is_inline = true};

static const s1_schema_field logging_fields[] = {
    S1_FIELD(struct s1_logging_config, profile, S1_KIND_NAME, .default_text = "developer",
             .doc = "developer (how the program runs), analysis (also how the strategy decides) or "
                    "one of `profiles`"),
    S1_FIELD(struct s1_logging_config, console, S1_KIND_BOOL, .default_text = "false",
             .doc = "also prints the log on stderr, a line each"),
    S1_FIELD(struct s1_logging_config, profiles, S1_KIND_MAP, .schema = &profile_schema,
             .doc = "further log profiles by name; RESULT is in every one"),
    S1_FIELD_END};
static const s1_schema logging_schema = {"logging", "", logging_fields,
                                         sizeof(struct s1_logging_config), false};

static const s1_schema_field core_fields[] = {
    S1_FIELD(s1_core_config, language, S1_KIND_ENUM, .names = language_names, .default_text = "en",
             .refusal = "others are not in this version",
             .doc = "language of the log's texts, of reports and of kinds of errors"),
    S1_FIELD(s1_core_config, plugins_root_path, S1_KIND_PATH, .default_text = "plugins",
             .doc = "folder of plugins, beside those that came with the program"),
    S1_FIELD(s1_core_config, logging, S1_KIND_OBJECT, .schema = &logging_schema,
             .doc = "what the log of a run holds"),
    S1_FIELD_END};
static const s1_schema core_schema = {"core", "", core_fields, sizeof(s1_core_config), false};

static const s1_schema_field collection_limits_fields[] = {
    S1_FIELD(struct s1_collection_limits, max_history_days, S1_KIND_INT, .default_text = "1825",
             .min = "1", .max = "36500", .doc = "longest history one task fetches"),
    S1_FIELD(struct s1_collection_limits, warn_history_days, S1_KIND_INT, .default_text = "365",
             .min = "1", .max = "36500", .doc = "over this a task warns"),
    S1_FIELD_END};
static const s1_schema collection_limits_schema = {"limits", "", collection_limits_fields,
                                                   sizeof(struct s1_collection_limits), false};
static const s1_schema_field collection_fields[] = {
    S1_FIELD(struct s1_data_collection_config, limits, S1_KIND_OBJECT,
             .schema = &collection_limits_schema, .doc = "how much history may be fetched"),
    S1_FIELD_END};
static const s1_schema collection_schema = {"data_collection", "", collection_fields,
                                            sizeof(struct s1_data_collection_config), false};

static const s1_schema_field historical_fields[] = {
    S1_FIELD(s1_ingestion_task, max_records, S1_KIND_INT, .default_text = "500000", .min = "1",
             .max = "1000000000", .doc = "a batch is stored at so many records ..."),
    S1_FIELD(s1_ingestion_task, max_seconds, S1_KIND_INT, .default_text = "3600", .min = "1",
             .max = "604800", .doc = "... or after so many seconds"),
    S1_FIELD_END};
static const s1_schema historical_schema = {"historical_task", "", historical_fields,
                                            sizeof(s1_ingestion_task), false};
static const s1_schema_field live_fields[] = {
    S1_FIELD(s1_ingestion_task, max_records, S1_KIND_INT, .default_text = "10000", .min = "1",
             .max = "1000000000", .doc = "a batch is stored at so many records ..."),
    S1_FIELD(s1_ingestion_task, max_seconds, S1_KIND_INT, .default_text = "300", .min = "1",
             .max = "604800", .doc = "... or after so many seconds"),
    S1_FIELD_END};
static const s1_schema live_schema = {"live_task", "", live_fields, sizeof(s1_ingestion_task),
                                      false};
static const s1_schema_field task_fields[] = {
    S1_FIELD(s1_ingestion_task, name, S1_KIND_STRING, .flags = S1_FIELD_KEY, .accepts = s1_is_id,
             .pattern_doc = S1_ID_DOC),
    S1_FIELD(s1_ingestion_task, max_records, S1_KIND_INT, .flags = S1_FIELD_REQUIRED, .min = "1",
             .max = "1000000000", .doc = "a batch is stored at so many records ..."),
    S1_FIELD(s1_ingestion_task, max_seconds, S1_KIND_INT, .flags = S1_FIELD_REQUIRED, .min = "1",
             .max = "604800", .doc = "... or after so many seconds"),
    S1_FIELD_END};
static const s1_schema task_schema = {"profile", "", task_fields, sizeof(s1_ingestion_task), false};

static const s1_schema_field ingestion_defaults_fields[] = {
    S1_FIELD(struct s1_ingestion_defaults, historical_task, S1_KIND_OBJECT,
             .schema = &historical_schema, .doc = "downloads of history (`data fetch`)"),
    S1_FIELD(struct s1_ingestion_defaults, live_task, S1_KIND_OBJECT, .schema = &live_schema,
             .doc = "recording of live streams"),
    S1_FIELD_END};
static const s1_schema ingestion_defaults_schema = {"defaults", "", ingestion_defaults_fields,
                                                    sizeof(struct s1_ingestion_defaults), false};
static const s1_schema_field ingestion_fields[] = {
    S1_FIELD(struct s1_data_ingestion_config, defaults, S1_KIND_OBJECT,
             .schema = &ingestion_defaults_schema, .doc = "buffers where no profile is named"),
    S1_FIELD(struct s1_data_ingestion_config, profiles, S1_KIND_MAP, .schema = &task_schema,
             .doc = "buffers by name"),
    S1_FIELD_END};
static const s1_schema ingestion_schema = {"data_ingestion", "", ingestion_fields,
                                           sizeof(struct s1_data_ingestion_config), false};
static const s1_schema_field services_fields[] = {
    S1_FIELD(s1_services_config, data_collection, S1_KIND_OBJECT, .schema = &collection_schema,
             .doc = "fetching of history"),
    S1_FIELD(s1_services_config, data_ingestion, S1_KIND_OBJECT, .schema = &ingestion_schema,
             .doc = "buffers between a source and the archive"),
    S1_FIELD_END};
static const s1_schema services_schema = {"services", "", services_fields,
                                          sizeof(s1_services_config), false};

static const s1_schema_field data_fields[] = {
    S1_FIELD(struct s1_data_config, source_dir, S1_KIND_PATH, .default_text = "source_data",
             .doc = "the archive of the `data` commands, where --archive names no other; relative "
                    "to the folder that holds the configuration folder"),
    S1_FIELD_END};
static const s1_schema data_schema = {"data", "", data_fields, sizeof(struct s1_data_config),
                                      false};

static const s1_schema_field portfolio_defaults_fields[] = {
    S1_FIELD(struct s1_portfolio_defaults, initial_capital, S1_KIND_DECIMAL,
             .default_text = "10000", .min = "0", .flags = S1_FIELD_ABOVE_MIN,
             .doc = "of an environment that names none, in the quote currency"),
    S1_FIELD(struct s1_portfolio_defaults, fee_rate, S1_KIND_DECIMAL, .default_text = "0.001",
             .min = "0", .max = "1",
             .doc = "maker and taker fee of an environment that names none, as a fraction"),
    {.name = "fees_pct",
     .kind = S1_KIND_VALUE,
     .flags = S1_FIELD_REFUSED | S1_FIELD_HIDDEN,
     .refusal = "the key fee_rate, a fraction (0.001 is 0.1 percent)",
     .doc = "write fee_rate, a fraction"},
    S1_FIELD_END};
static const s1_schema portfolio_defaults_schema = {"defaults", "", portfolio_defaults_fields,
                                                    sizeof(struct s1_portfolio_defaults), false};
static const s1_schema_field portfolio_fields[] = {
    S1_FIELD(struct s1_portfolio_config, defaults, S1_KIND_OBJECT,
             .schema = &portfolio_defaults_schema, .doc = "capital and fees"),
    S1_FIELD_END};
static const s1_schema portfolio_schema = {"portfolio", "", portfolio_fields,
                                           sizeof(struct s1_portfolio_config), false};

static const s1_schema_field archiving_fields[] = {
    S1_FIELD(struct s1_archiving_config, format, S1_KIND_ENUM, .names = archive_names,
             .default_text = "parquet", .refusal = "others are not in this version",
             .doc = "how market data is stored"),
    S1_FIELD_END};
static const s1_schema archiving_schema = {"archiving", "", archiving_fields,
                                           sizeof(struct s1_archiving_config), false};

static const s1_schema_field paths_fields[] = {
    S1_FIELD(struct s1_paths_config, state_directory, S1_KIND_PATH, .default_text = "state",
             .doc = "state of workers in paper and live runs"),
    S1_FIELD(struct s1_paths_config, journal_directory, S1_KIND_PATH, .default_text = "journals",
             .doc = "journals of paper and live runs"),
    S1_FIELD(struct s1_paths_config, market_data_directory, S1_KIND_PATH,
             .default_text = "source_data", .doc = "recorded market data"),
    S1_FIELD(struct s1_paths_config, results_directory, S1_KIND_PATH, .default_text = "results",
             .doc = "results folders of backtests that name none"),
    S1_FIELD_END};
static const s1_schema paths_schema = {"paths", "", paths_fields, sizeof(struct s1_paths_config),
                                       false};

static const s1_schema_field journal_fields[] = {
    S1_FIELD(s1_journal_config, level, S1_KIND_ENUM, .names = s1_config_journal_names,
             .default_text = "full",
             .doc = "full: every decision; trades: runs and trades; off: no journal"),
    S1_FIELD_END};
static const s1_schema journal_schema = {"journal", "", journal_fields, sizeof(s1_journal_config),
                                         false};

static const s1_schema_field recording_fields[] = {
    S1_FIELD(s1_recording_config, context, S1_KIND_BOOL, .default_text = "false",
             .doc = "context.parquet: every column at every decision"),
    S1_FIELD_END};
static const s1_schema recording_schema = {"recording", "", recording_fields,
                                           sizeof(s1_recording_config), false};

#define LIMIT(member, default_, max_, doc_)                                                        \
    S1_FIELD(s1_limits_config, member, S1_KIND_INT, .default_text = default_, .min = "1",          \
             .max = max_, .doc = doc_)
static const s1_schema_field limits_fields[] = {
    LIMIT(open_trades_max, "64", "65536", "trades a run has pending or open at the same time"),
    LIMIT(working_orders_max, "256", "65536", "orders a run has working at the same time"),
    LIMIT(signals_per_tick_max, "256", "65536", "signals of one tick"),
    LIMIT(active_threats_max, "256", "65536", "threats active at the same time"),
    LIMIT(queued_events_max, "4096", "1048576", "events waiting in a run's bus"),
    LIMIT(context_memory_mib, "8192", "1048576", "columns of one run, in MiB"),
    LIMIT(context_record_mib, "256", "1048576", "what a run records of its context, in MiB"),
    LIMIT(feed_memory_mib, "512", "1048576", "one feed of a run: its file, its rows, in MiB"),
    LIMIT(journal_segment_mib, "1024", "1048576",
          "a journal's file, in MiB; the next block then starts a new one and nothing stops"),
    S1_FIELD_END};
#undef LIMIT
static const s1_schema limits_schema = {"limits", "", limits_fields, sizeof(s1_limits_config),
                                        false};

static const s1_schema_field platform_fields[] = {
    S1_FIELD_SCHEMA_VERSION(s1_platform_config),
    S1_FIELD(s1_platform_config, core, S1_KIND_OBJECT, .schema = &core_schema,
             .doc = "the program"),
    S1_FIELD(s1_platform_config, services, S1_KIND_OBJECT, .schema = &services_schema,
             .doc = "collection and ingestion of data"),
    S1_FIELD(s1_platform_config, data, S1_KIND_OBJECT, .schema = &data_schema, .doc = "archives"),
    S1_FIELD(s1_platform_config, portfolio, S1_KIND_OBJECT, .schema = &portfolio_schema,
             .doc = "what environments start from"),
    S1_FIELD(s1_platform_config, archiving, S1_KIND_OBJECT, .schema = &archiving_schema,
             .doc = "storage of market data"),
    S1_FIELD(s1_platform_config, paths, S1_KIND_OBJECT, .schema = &paths_schema,
             .doc = "where things lie; relative to the folder that holds the configuration folder"),
    S1_FIELD(s1_platform_config, journal, S1_KIND_OBJECT, .schema = &journal_schema,
             .doc = "the decision journal of a run"),
    S1_FIELD(s1_platform_config, recording, S1_KIND_OBJECT, .schema = &recording_schema,
             .doc = "what a run records beside its journal"),
    S1_FIELD(s1_platform_config, limits, S1_KIND_OBJECT, .schema = &limits_schema,
             .doc = "what may grow; reaching a limit stops the run and names it"),
    S1_FIELD_END};
const s1_schema s1_platform_schema = {
    "platform",
    "Settings of the whole platform that are no strategy's. Optional: everything has a default.",
    platform_fields, sizeof(s1_platform_config), false};

/* --- operators.yaml --- */

static const s1_schema_field operator_fields[] = {
    S1_FIELD(s1_operator_config, operator_id, S1_KIND_NAME, .flags = S1_FIELD_REQUIRED,
             .accepts = s1_is_id, .pattern_doc = S1_ID_DOC, .doc = "unique; wirings name it"),
    S1_FIELD(s1_operator_config, manages_worker_type, S1_KIND_ENUM, .flags = S1_FIELD_REQUIRED,
             .names = s1_worker_class_names, .doc = "whose workers it runs"),
    S1_FIELD(s1_operator_config, execution_strategy, S1_KIND_ENUM, .flags = S1_FIELD_REQUIRED,
             .names = s1_execution_strategy_names,
             .doc = "one after the other, isolated from each other, or on events"),
    S1_FIELD(s1_operator_config, aggregation_strategy, S1_KIND_ENUM, .flags = S1_FIELD_REQUIRED,
             .names = s1_aggregation_strategy_names,
             .doc = "all results in a list, each result the next one's input, or none"),
    S1_FIELD(s1_operator_config, on_worker_failure, S1_KIND_ENUM, .names = s1_failure_policy_names,
             .default_text = "stop",
             .doc = "stop the run, or skip the worker's result and raise a SYSTEM_HEALTH threat"),
    S1_FIELD(s1_operator_config, rationale, S1_KIND_STRING, .doc = "why it is so"),
    S1_FIELD_END};
static const s1_schema operator_schema = {"operator", "", operator_fields,
                                          sizeof(s1_operator_config), false};
static const s1_schema_field operators_fields[] = {
    S1_FIELD_SCHEMA_VERSION(s1_operators_config),
    S1_FIELD(s1_operators_config, operators, S1_KIND_LIST, .item_kind = S1_KIND_OBJECT,
             .flags = S1_FIELD_REQUIRED | S1_FIELD_NOT_EMPTY, .schema = &operator_schema,
             .doc = "one for each of the five worker types"),
    S1_FIELD_END};
const s1_schema s1_operators_schema = {
    "operators", "How the workers of each type are run and their results put together.",
    operators_fields, sizeof(s1_operators_config), false};

/* --- schedule.yaml --- */

static const s1_enum_name schedule_type_names[] = {{"interval", 1}, {"cron", 2}, {NULL, 0}};
static const s1_schema_field schedule_item_fields[] = {
    S1_FIELD(s1_schedule_item, name, S1_KIND_NAME, .flags = S1_FIELD_REQUIRED, .accepts = s1_is_id,
             .pattern_doc = S1_ID_DOC, .doc = "unique"),
    S1_FIELD(s1_schedule_item, event, S1_KIND_NAME, .flags = S1_FIELD_REQUIRED,
             .doc = "event of event_map.yaml with category schedule"),
    S1_FIELD(s1_schedule_item, cron, S1_KIND_STRING,
             .doc = "five fields; short for type and value"),
    S1_FIELD(s1_schedule_item, type, S1_KIND_ENUM, .names = schedule_type_names,
             .doc = "what `value` is"),
    S1_FIELD(s1_schedule_item, value, S1_KIND_STRING, .doc = "5m, or five cron fields"),
    S1_FIELD(s1_schedule_item, timezone, S1_KIND_STRING, .default_text = "UTC",
             .doc = "time zone of cron fields"),
    S1_FIELD_END};
static const s1_schema schedule_item_schema = {"schedule", "", schedule_item_fields,
                                               sizeof(s1_schedule_item), false};
static const s1_schema_field schedule_fields[] = {
    S1_FIELD_SCHEMA_VERSION(s1_schedule_config),
    S1_FIELD(s1_schedule_config, schedules, S1_KIND_LIST, .item_kind = S1_KIND_OBJECT,
             .schema = &schedule_item_schema, .doc = "events by the clock"),
    S1_FIELD_END};
const s1_schema s1_schedule_schema = {"schedule",
                                      "Events by the clock. This version reads and checks the "
                                      "file; an active strategy that listens to "
                                      "one of its events is refused.",
                                      schedule_fields, sizeof(s1_schedule_config), false};

/* --- connectors.yaml --- */

static const s1_enum_name connector_type_names[] = {{"kraken_public", S1_CONNECTOR_KRAKEN_PUBLIC},
                                                    {"kraken_private", S1_CONNECTOR_KRAKEN_PRIVATE},
                                                    {NULL, 0}};
static const s1_schema_field retries_fields[] = {
    S1_FIELD(struct s1_retries_config, max_attempts, S1_KIND_INT, .default_text = "3", .min = "1",
             .max = "100", .doc = "attempts of one request, in a row"),
    S1_FIELD(struct s1_retries_config, delay_seconds, S1_KIND_INT, .default_text = "2", .min = "1",
             .max = "3600", .doc = "wait after the first, doubling to a minute"),
    S1_FIELD_END};
static const s1_schema retries_schema = {"retries", "", retries_fields,
                                         sizeof(struct s1_retries_config), false};
static const s1_schema_field connector_fields[] = {
    S1_FIELD(s1_connector_config, connector_id, S1_KIND_STRING, .flags = S1_FIELD_KEY,
             .accepts = s1_is_id, .pattern_doc = S1_ID_DOC),
    S1_FIELD(s1_connector_config, type, S1_KIND_ENUM, .flags = S1_FIELD_REQUIRED,
             .names = connector_type_names, .refusal = "others are not in this version",
             .doc = "which exchange, which access"),
    S1_FIELD(s1_connector_config, base_url, S1_KIND_STRING,
             .doc = "another address of its API: https, or http on this machine"),
    S1_FIELD(s1_connector_config, api_key, S1_KIND_STRING, .flags = S1_FIELD_SECRET,
             .doc = "of a private connector: `\"${NAME}\"`"),
    S1_FIELD(s1_connector_config, api_secret, S1_KIND_STRING, .flags = S1_FIELD_SECRET,
             .doc = "of a private connector: `\"${NAME}\"`"),
    S1_FIELD(s1_connector_config, retries, S1_KIND_OBJECT, .schema = &retries_schema,
             .doc = "of requests that may be repeated"),
    S1_FIELD_END};
static const s1_schema connector_schema = {"connector", "", connector_fields,
                                           sizeof(s1_connector_config), false};
static const s1_schema_field connectors_fields[] = {S1_FIELD_SCHEMA_VERSION(s1_connectors_config),
                                                    S1_FIELD(s1_connectors_config, connectors,
                                                             S1_KIND_MAP, .flags = S1_FIELD_REST,
                                                             .schema = &connector_schema),
                                                    S1_FIELD_END};
const s1_schema s1_connectors_schema = {
    "connectors",
    "Connections to exchanges, by connector_id. `data fetch` asks public ones for history; a "
    "strategy "
    "that would use one (a paper or live environment) is refused in this version.",
    connectors_fields, sizeof(s1_connectors_config), false};

/* --- index.yaml --- */

#define FILE_FIELD(member, file_)                                                                  \
    S1_FIELD(struct s1_index_files, member, S1_KIND_PATH, .default_text = file_,                   \
             .doc = "relative to the configuration folder")
static const s1_schema_field files_fields[] = {
    FILE_FIELD(platform, "platform.yaml"),         FILE_FIELD(operators, "operators.yaml"),
    FILE_FIELD(schedule, "schedule.yaml"),         FILE_FIELD(connectors, "connectors.yaml"),
    FILE_FIELD(data_sources, "data_sources.yaml"), FILE_FIELD(instruments, "instruments.yaml"),
    FILE_FIELD(environments, "environments.yaml"), FILE_FIELD(event_map, "event_map.yaml"),
    FILE_FIELD(wiring_map, "wiring_map.yaml"),     S1_FIELD_END};
#undef FILE_FIELD
static const s1_schema files_schema = {"files", "", files_fields, sizeof(struct s1_index_files),
                                       false};
static const s1_schema_field index_fields[] = {
    S1_FIELD_SCHEMA_VERSION(s1_index_config),
    S1_FIELD(s1_index_config, files, S1_KIND_OBJECT, .schema = &files_schema,
             .doc = "files that are not found by their name"),
    S1_FIELD(s1_index_config, runs, S1_KIND_LIST, .item_kind = S1_KIND_PATH,
             .default_doc = "`runs/*.yaml`", .doc = "blueprints"),
    S1_FIELD(s1_index_config, operations, S1_KIND_LIST, .item_kind = S1_KIND_PATH,
             .default_doc = "`operation.yaml`, `operations/*.yaml`", .doc = "operations"),
    S1_FIELD_END};
const s1_schema s1_index_schema = {
    "index", "Where the other files are. Optional: without it they are found by their names.",
    index_fields, sizeof(s1_index_config), false};
