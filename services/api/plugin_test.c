#include "services/api/plugin_test.h"

#include "backend/config/manifest.h"
#include "backend/utils/fs.h"
#include "backend/utils/proc.h"
#include "backend/utils/proc_run.h"
#include "s1mple/test.h"
#include "services/api/plugins.h"

#include <stdarg.h>
#include <stdlib.h>

#define ARENA_BYTES_MAX ((size_t)64 << 20)
#define WORDS_MAX       96u
#define NAME_MAX_LENGTH 128u
#define TESTS_MAX       64u
#define BUILD_TIMEOUT   (300 * S1_NANOS_PER_SECOND)
#define TEST_TIMEOUT    (300 * S1_NANOS_PER_SECOND)

enum { STEP_BUILD, STEP_CHECK, STEP_TESTS, STEP_GATE };

struct s1_plugin_test_report {
    s1_arena arena;
    s1_plugin_test_step steps[S1_PLUGIN_TEST_STEPS];
    int32_t cause;
    s1_plugin_test_options options;
    char name[NAME_MAX_LENGTH]; /* of the manifest */
    const char *library;        /* as the manifest calls it */
    char compiler[S1_PATH_MAX], sdk[S1_PATH_MAX];
    char build[S1_PATH_MAX]; /* what the plugin lies below: dir/build, or dir where it is built */
    const char *sources[TESTS_MAX], *tests[TESTS_MAX]; /* paths */
    size_t source_count, test_count;
};

static const char *keep(s1_plugin_test_report *r, s1_str text)
{
    const char *const copy = s1_arena_copy_cstr(&r->arena, text);
    return copy != NULL ? copy : "";
}

static bool end_step(s1_plugin_test_report *r, int step, int32_t cause, s1_str text)
{
    r->steps[step].state =
        cause == S1_PLUGIN_TEST_NONE ? S1_PLUGIN_TEST_PASSED : S1_PLUGIN_TEST_FAILED;
    r->steps[step].text = keep(r, s1_str_trim(text));
    if (r->cause == S1_PLUGIN_TEST_NONE) {
        r->cause = cause;
    }
    return cause == S1_PLUGIN_TEST_NONE;
}

/* --- What there is. --------------------------------------------------------------------------- */

static s1_rc read_name(s1_plugin_test_report *r, s1_err *err)
{
    char path[S1_PATH_MAX];
    s1_strbuf text;
    s1_faults faults;
    const s1_manifest *manifest = NULL;
    S1_TRY(err, s1_path_join(path, sizeof path, s1_str_of(r->options.dir), S1_STR("manifest.yaml"),
                             err));
    if (!s1_fs_is_file(s1_fs_real(), path)) {
        return S1_RAISE(err, S1_E_NOT_FOUND, "no '%s': expected the folder of a plugin", path);
    }
    s1_strbuf_init(&text, S1_MANIFEST_BYTES_MAX);
    s1_faults_init(&faults, &r->arena, 0);
    s1_rc rc = s1_fs_read_all(s1_fs_real(), path, S1_MANIFEST_BYTES_MAX, &text, err);
    if (rc == S1_OK) {
        s1_manifest_read(s1_strbuf_view(&text), s1_str_of(path), s1_str_of(r->options.dir),
                         &r->arena, &faults, &manifest);
        rc = s1_faults_check(&faults, err);
    }
    s1_strbuf_done(&text);
    S1_TRY(err, rc);
    const s1_str name = manifest->identification.name;
    if (name.len >= sizeof r->name) {
        return S1_RAISE(err, S1_E_INVALID, "a name of %zu bytes", name.len);
    }
    memcpy(r->name, name.ptr, name.len);
    r->library = keep(r, manifest->library);
    return S1_OK;
}

/* The files of `folder` whose names end so, in order. */
static s1_rc list_files(s1_plugin_test_report *r, const char *folder, const char *suffix,
                        const char **paths, size_t *ret_count, s1_err *err)
{
    s1_fs_list names = {NULL, 0};
    char path[S1_PATH_MAX];
    if (!s1_fs_is_folder(s1_fs_real(), folder)) {
        *ret_count = 0;
        return S1_OK;
    }
    S1_TRY(err, s1_fs_list_names(s1_fs_real(), folder, &names, err));
    size_t count = 0;
    for (size_t i = 0; i < names.count && count < TESTS_MAX; i++) {
        if (s1_str_ends_with(s1_str_of(names.names[i]), s1_str_of(suffix)) &&
            s1_path_join(path, sizeof path, s1_str_of(folder), s1_str_of(names.names[i]), NULL) ==
                S1_OK) {
            paths[count++] = keep(r, s1_str_of(path));
        }
    }
    s1_fs_list_done(&names);
    *ret_count = count;
    return S1_OK;
}

static bool is_sdk(const char *folder)
{
    char path[S1_PATH_MAX];
    const int length = snprintf(path, sizeof path, "%s/include/s1mple/plugin.h", folder);
    return length > 0 && (size_t)length < sizeof path && s1_fs_is_file(s1_fs_real(), path);
}

/* Installed: the prefix of the program. In a build tree: sdk/ beside the program. */
static s1_rc find_sdk(s1_plugin_test_report *r, s1_err *err)
{
    if (r->options.sdk_dir != NULL) {
        (void)snprintf(r->sdk, sizeof r->sdk, "%s", r->options.sdk_dir);
        return is_sdk(r->sdk)
                   ? S1_OK
                   : S1_RAISE(err, S1_E_NOT_FOUND, "no include/s1mple/plugin.h in '%s'", r->sdk);
    }
    static const char *const ways[] = {"/sdk", "/..", "/../sdk"};
    char exe[S1_PATH_MAX];
    S1_TRY(err, s1_proc_exe_path(exe, sizeof exe, err));
    const s1_str folder = s1_str_dirname(s1_str_of(exe));
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        const int length = snprintf(r->sdk, sizeof r->sdk, "%.*s%s", S1_STR_ARG(folder), ways[i]);
        if (length > 0 && (size_t)length < sizeof r->sdk && is_sdk(r->sdk)) {
            return S1_OK;
        }
    }
    return S1_RAISE(err, S1_E_NOT_FOUND,
                    "no include/s1mple/plugin.h in %.*s/sdk or %.*s/..: is S1mpleTrader installed "
                    "with its headers? --sdk DIR names another place",
                    S1_STR_ARG(folder), S1_STR_ARG(folder));
}

static bool find_compiler(s1_plugin_test_report *r)
{
    static const char *const names[] = {"cc", "gcc", "clang"};
    const char *const stated = s1_proc_getenv("CC");
    if (stated != NULL && stated[0] != '\0') {
        return s1_proc_find(stated, r->compiler, sizeof r->compiler);
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (s1_proc_find(names[i], r->compiler, sizeof r->compiler)) {
            return true;
        }
    }
    return false;
}

/* --- Building. -------------------------------------------------------------------------------- */

typedef struct command_line {
    s1_plugin_test_report *report;
    const char *words[WORDS_MAX + 1];
    size_t count;
} command_line;

S1_PRINTF(2, 3) static void add_word(command_line *line, const char *format, ...)
{
    char text[S1_PATH_MAX + 64];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (line->count < WORDS_MAX) {
        line->words[line->count++] = keep(line->report, s1_str_of(text));
        line->words[line->count] = NULL;
    }
}

static void begin_compile(command_line *line, s1_plugin_test_report *r, const char *to)
{
    static const char *const flags[] = {
        "-std=gnu17",       "-O2", "-g", "-Wall", "-Wextra", "-fPIC", "-fvisibility=hidden",
        "-ffp-contract=off"};
    const char *const more = s1_proc_getenv("CFLAGS");
    *line = (command_line){.report = r};
    add_word(line, "%s", r->compiler);
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        add_word(line, "%s", flags[i]);
    }
    s1_str rest = s1_str_of(more);
    s1_str word;
    for (bool is_done = false; rest.len > 0 && s1_str_split(&rest, ' ', &word, &is_done);) {
        if (word.len > 0) {
            add_word(line, "%.*s", S1_STR_ARG(word));
        }
    }
    add_word(line, "-I%s/include", r->sdk);
    add_word(line, "-o");
    add_word(line, "%s", to);
}

/* Runs the compiler; its output is appended. */
static s1_rc compile(command_line *line, s1_strbuf *output, bool *ret_is_built, s1_err *err)
{
    s1_proc_end end;
    const s1_proc_command command = {.argv = line->words, .timeout = BUILD_TIMEOUT};
    S1_TRY(err, s1_proc_run(&command, output, &end, err));
    if (end.has_timed_out) {
        s1_strbuf_cstr_add(output, "the compiler did not end in 300 s\n");
    }
    *ret_is_built = !end.has_timed_out && end.signal == 0 && end.exit_code == 0;
    return S1_OK;
}

static s1_rc copy_manifest(const s1_plugin_test_report *r, s1_err *err)
{
    char path[S1_PATH_MAX];
    s1_strbuf text;
    S1_TRY(err, s1_path_join(path, sizeof path, s1_str_of(r->options.dir), S1_STR("manifest.yaml"),
                             err));
    s1_strbuf_init(&text, S1_MANIFEST_BYTES_MAX);
    s1_rc rc = s1_fs_read_all(s1_fs_real(), path, S1_MANIFEST_BYTES_MAX, &text, err);
    if (rc == S1_OK) {
        (void)snprintf(path, sizeof path, "%s/%s/manifest.yaml", r->build, r->name);
        rc = s1_fs_write_file(s1_fs_real(), path, s1_strbuf_view(&text), err);
    }
    s1_strbuf_done(&text);
    return rc;
}

static s1_rc build_plugin(s1_plugin_test_report *r, s1_strbuf *output, s1_err *err)
{
    char path[S1_PATH_MAX];
    bool is_built = false;
    command_line line;
    (void)snprintf(path, sizeof path, "%s/%s", r->build, r->name);
    S1_TRY(err, s1_fs_mkdir_all(s1_fs_real(), path, err));
    S1_TRY(err, copy_manifest(r, err));
    (void)snprintf(path, sizeof path, "%s/%s/%s", r->build, r->name, r->library);
    begin_compile(&line, r, path);
    add_word(&line, "-shared");
    add_word(&line, "-Wl,-z,defs");
    for (size_t i = 0; i < r->source_count; i++) {
        add_word(&line, "%s", r->sources[i]);
    }
    add_word(&line, "-lm");
    S1_TRY(err, compile(&line, output, &is_built, err));
    (void)end_step(r, STEP_BUILD, is_built ? S1_PLUGIN_TEST_NONE : S1_PLUGIN_TEST_REFUSED,
                   s1_strbuf_view(output));
    return S1_OK;
}

static s1_rc run_build(s1_plugin_test_report *r, s1_err *err)
{
    if (r->source_count == 0) {
        (void)snprintf(r->build, sizeof r->build, "%s", r->options.dir);
        r->steps[STEP_BUILD].text = "no C file: taken as built";
        return S1_OK;
    }
    S1_TRY(err, s1_path_join(r->build, sizeof r->build, s1_str_of(r->options.dir), S1_STR("build"),
                             err));
    if (!find_compiler(r)) {
        const char *const stated = s1_proc_getenv("CC");
        const char *const text =
            stated != NULL && stated[0] != '\0'
                ? "no C compiler: CC names a program that is not there"
                : "no C compiler: found none of cc, gcc and clang in PATH; install one, or name it "
                  "in CC";
        (void)end_step(r, STEP_BUILD, S1_PLUGIN_TEST_NO_COMPILER, s1_str_of(text));
        return S1_OK;
    }
    s1_strbuf output;
    s1_strbuf_init(&output, (size_t)8 << 20);
    const s1_rc rc = build_plugin(r, &output, err);
    s1_strbuf_done(&output);
    return rc;
}

/* --- Check. ----------------------------------------------------------------------------------- */

/* In a copy of this process: opening a library runs its constructors. */
static int check_body(void *user, s1_strbuf *out)
{
    const s1_plugin_test_report *const r = user;
    s1_plugin_catalog *catalog = NULL;
    s1_err reason = S1_ERR_INIT;
    s1_rc rc = s1_api_plugins(r->build, &catalog, &reason);
    if (rc == S1_OK) {
        rc = s1_api_plugin_load(catalog, r->name, &reason);
    }
    s1_strbuf_cstr_add(out, rc == S1_OK ? "" : reason.msg);
    return rc == S1_OK ? 0 : 1;
}

/* Tells of a child that did not come to its own end. True if it did. */
static bool tell_end(const s1_proc_end *end, const char *what, s1_strbuf *output)
{
    if (end->has_timed_out) {
        s1_strbuf_printf(output, "%s did not end in 300 s\n", what);
    } else if (end->signal != 0) {
        s1_strbuf_printf(output, "%s crashed: %s (signal %d)\n", what,
                         s1_proc_signal_name(end->signal), end->signal);
    }
    return !end->has_timed_out && end->signal == 0;
}

static s1_rc run_check(s1_plugin_test_report *r, s1_err *err)
{
    s1_strbuf output;
    s1_proc_end end;
    s1_strbuf_init(&output, (size_t)8 << 20);
    const s1_rc rc = s1_proc_isolate(check_body, r, TEST_TIMEOUT, &output, &end, err);
    if (rc == S1_OK) {
        const bool is_good = tell_end(&end, "opening it", &output) && end.exit_code == 0;
        (void)end_step(r, STEP_CHECK, is_good ? S1_PLUGIN_TEST_NONE : S1_PLUGIN_TEST_REFUSED,
                       s1_strbuf_view(&output));
    }
    s1_strbuf_done(&output);
    return rc;
}

/* --- Tests. ----------------------------------------------------------------------------------- */

static s1_rc run_test(s1_plugin_test_report *r, const char *source, s1_strbuf *output,
                      int32_t *ret_cause, s1_err *err)
{
    const s1_str base = s1_str_basename(s1_str_of(source));
    char program[S1_PATH_MAX];
    char variable[S1_PATH_MAX + 16];
    bool is_built = false;
    command_line line;
    (void)snprintf(program, sizeof program, "%s/tests/%.*s", r->build, (int)(base.len - 2),
                   base.ptr);
    (void)snprintf(variable, sizeof variable, "S1_PLUGINS=%s", r->build);
    begin_compile(&line, r, program);
    add_word(&line, "-I%s", r->options.dir);
    add_word(&line, "%s", source);
    add_word(&line, "-L%s/lib", r->sdk);
    add_word(&line, "-Wl,-rpath,%s/lib", r->sdk);
    add_word(&line, "-ls1mple_test");
    add_word(&line, "-lm");
    *ret_cause = S1_PLUGIN_TEST_REFUSED;
    S1_TRY(err, compile(&line, output, &is_built, err));
    if (!is_built) {
        return S1_OK;
    }
    const char *const argv[] = {program, NULL};
    const char *const variables[] = {variable, NULL};
    const s1_proc_command command = {.argv = argv, .variables = variables, .timeout = TEST_TIMEOUT};
    s1_proc_end end;
    S1_TRY(err, s1_proc_run(&command, output, &end, err));
    const bool has_ended = tell_end(&end, "the test", output);
    *ret_cause = has_ended && end.exit_code == 0 ? S1_PLUGIN_TEST_NONE : S1_PLUGIN_TEST_DIFFERENT;
    return S1_OK;
}

static s1_rc run_tests(s1_plugin_test_report *r, s1_err *err)
{
    char folder[S1_PATH_MAX];
    s1_strbuf output;
    int32_t cause = S1_PLUGIN_TEST_NONE;
    s1_rc rc = S1_OK;
    if (r->test_count == 0) {
        r->steps[STEP_TESTS].text = "no tests/*_test.c";
        return S1_OK;
    }
    (void)snprintf(folder, sizeof folder, "%s/tests", r->build);
    S1_TRY(err, s1_fs_mkdir_all(s1_fs_real(), folder, err));
    s1_strbuf_init(&output, (size_t)8 << 20);
    for (size_t i = 0; i < r->test_count && rc == S1_OK; i++) {
        int32_t found = S1_PLUGIN_TEST_NONE;
        rc = run_test(r, r->tests[i], &output, &found, err);
        cause = cause == S1_PLUGIN_TEST_NONE ? found : cause;
    }
    if (rc == S1_OK) {
        (void)end_step(r, STEP_TESTS, cause, s1_strbuf_view(&output));
    }
    s1_strbuf_done(&output);
    return rc;
}

/* --- Gate. ------------------------------------------------------------------------------------ */

static int gate_body(void *user, s1_strbuf *out)
{
    const s1_plugin_test_report *const r = user;
    const s1_gate_options options = {.plugin = r->name,
                                     .params = r->options.params,
                                     .plugins_folder = r->build,
                                     .csv = r->options.csv};
    s1_gate_report report;
    s1_err reason = S1_ERR_INIT;
    const s1_rc rc = s1_gate_run(&options, &report, &reason);
    if (rc != S1_OK) {
        s1_strbuf_cstr_add(out, reason.msg);
        return rc == S1_E_DATA ? 2 : rc == S1_E_NOT_FOUND ? 3 : 1;
    }
    s1_strbuf_printf(out, "%llu bars, %llu calls, %llu cuts", (unsigned long long)report.bars,
                     (unsigned long long)report.calls, (unsigned long long)report.cuts);
    const struct {
        uint64_t count;
        const char *what;
    } counts[] = {{report.values, "values"},
                  {report.signals, "signals"},
                  {report.threats, "threat reports"},
                  {report.plans, "plans"},
                  {report.rejections, "rejections"},
                  {report.orders, "orders"},
                  {report.notes, "notes"}};
    uint64_t said = 0;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        said += counts[i].count;
        if (counts[i].count > 0) {
            s1_strbuf_printf(out, ", %llu %s", (unsigned long long)counts[i].count, counts[i].what);
        }
    }
    s1_strbuf_cstr_add(out, said == 0 ? "; it said nothing" : "");
    if (report.silent[0] != '\0') {
        s1_strbuf_printf(out, "; NaN on every bar: %s", report.silent);
    }
    if (report.params[0] != '\0' && strcmp(report.params, "{}") != 0) {
        s1_strbuf_printf(out, "; made with %s", report.params);
    }
    return 0;
}

static s1_rc run_gate(s1_plugin_test_report *r, s1_err *err)
{
    static const int32_t causes[] = {S1_PLUGIN_TEST_NONE, S1_PLUGIN_TEST_REFUSED,
                                     S1_PLUGIN_TEST_DIFFERENT};
    s1_strbuf output;
    s1_proc_end end;
    s1_strbuf_init(&output, (size_t)8 << 20);
    s1_rc rc = s1_proc_isolate(gate_body, r, TEST_TIMEOUT, &output, &end, err);
    if (rc == S1_OK && end.exit_code == 3) {
        rc = S1_RAISE(err, S1_E_NOT_FOUND, "%s", s1_strbuf_cstr(&output));
    } else if (rc == S1_OK) {
        const bool has_ended = tell_end(&end, "the worker", &output);
        const bool is_known = has_ended && end.exit_code >= 0 && end.exit_code <= 2;
        (void)end_step(r, STEP_GATE, is_known ? causes[end.exit_code] : S1_PLUGIN_TEST_REFUSED,
                       s1_strbuf_view(&output));
    }
    s1_strbuf_done(&output);
    return rc;
}

/* --- All of it. ------------------------------------------------------------------------------- */

static s1_rc run_all(s1_plugin_test_report *r, s1_err *err)
{
    char tests[S1_PATH_MAX];
    S1_TRY(err, read_name(r, err));
    S1_TRY(err, list_files(r, r->options.dir, ".c", r->sources, &r->source_count, err));
    S1_TRY(err, s1_path_join(tests, sizeof tests, s1_str_of(r->options.dir), S1_STR("tests"), err));
    S1_TRY(err, list_files(r, tests, "_test.c", r->tests, &r->test_count, err));
    if (r->source_count > 0) {
        S1_TRY(err, find_sdk(r, err));
    } else {
        r->test_count = 0;
    }
    S1_TRY(err, run_build(r, err));
    if (r->cause == S1_PLUGIN_TEST_NONE) {
        S1_TRY(err, run_check(r, err));
    }
    if (r->cause == S1_PLUGIN_TEST_NONE) {
        S1_TRY(err, run_tests(r, err));
        S1_TRY(err, run_gate(r, err)); /* also where a test failed: two answers at once */
    }
    return S1_OK;
}

s1_rc s1_api_plugin_test(const s1_plugin_test_options *options, s1_plugin_test_report **ret_report,
                         s1_err *err)
{
    static const char *const names[] = {"build", "check", "tests", "gate"};
    s1_plugin_test_report *const r = calloc(1, sizeof *r);
    if (r == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "a plugin's tests");
    }
    s1_arena_init(&r->arena, ARENA_BYTES_MAX, 0);
    r->options = *options;
    for (size_t i = 0; i < S1_PLUGIN_TEST_STEPS; i++) {
        r->steps[i] = (s1_plugin_test_step){names[i], S1_PLUGIN_TEST_SKIPPED, ""};
    }
    const s1_rc rc = run_all(r, err);
    if (rc != S1_OK) {
        s1_plugin_test_report_free(r);
        return rc;
    }
    *ret_report = r;
    return S1_OK;
}

const char *s1_plugin_test_name(const s1_plugin_test_report *report)
{
    return report->name;
}

int32_t s1_plugin_test_cause(const s1_plugin_test_report *report)
{
    return report->cause;
}

const s1_plugin_test_step *s1_plugin_test_steps(const s1_plugin_test_report *report)
{
    return report->steps;
}

void s1_plugin_test_report_free(s1_plugin_test_report *report)
{
    if (report != NULL) {
        s1_arena_done(&report->arena);
        free(report);
    }
}
