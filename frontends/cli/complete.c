#include "frontends/cli/complete.h"

#include "backend/utils/fs.h"
#include "services/api/plugin_new.h"
#include "services/api/plugins.h"
#include "services/api/results.h"

/* What stands before the word that is begun. */
typedef struct position {
    const s1_cli_command *command;
    const s1_cli_option *awaiting; /* the option whose value is begun; NULL: none */
    bool is_ended;                 /* behind "--" */
    uint32_t positional;           /* number of the one that is begun */
    const char *config, *type;     /* values other completions depend on; NULL: not given */
    const char *const *words;
    int count;
} position;

static void offer(s1_strbuf *lines, s1_str begun, s1_str prefix, const char *word,
                  const char *meaning)
{
    if (s1_str_starts_with(s1_str_of(word), begun)) {
        s1_strbuf_printf(lines, "%.*s%s\t%s\n", S1_STR_ARG(prefix), word, meaning);
    }
}

/* "full|trades|off" */
static void offer_choices(s1_strbuf *lines, s1_str begun, s1_str prefix, const char *choices)
{
    s1_str rest = s1_str_of(choices);
    s1_str choice;
    for (bool is_done = false; s1_str_split(&rest, '|', &choice, &is_done);) {
        if (s1_str_starts_with(choice, begun)) {
            s1_strbuf_printf(lines, "%.*s%.*s\t\n", S1_STR_ARG(prefix), S1_STR_ARG(choice));
        }
    }
}

static void offer_plugins(s1_strbuf *lines, s1_str begun, const char *folder)
{
    s1_plugin_catalog *catalog = NULL;
    size_t count = 0;
    if (s1_api_plugins(folder, &catalog, NULL) == S1_OK) {
        const s1_plugin_info *const items = s1_plugin_catalog_items(catalog, &count);
        for (size_t i = 0; i < count; i++) {
            offer(lines, begun, (s1_str){NULL, 0}, items[i].name, items[i].description);
        }
    }
    s1_plugin_catalog_free(catalog);
}

/* Folders of runs, those below the folder that is begun. */
static void offer_results(s1_strbuf *lines, s1_str begun)
{
    char root[S1_PATH_MAX];
    const size_t slash = s1_str_rfind_byte(begun, '/');
    const s1_str folder =
        slash == S1_STR_NPOS ? S1_STR(".") : s1_str_slice(begun, 0, slash > 0 ? slash : 1);
    s1_results_list list = {NULL, 0, 0};
    if (folder.len < sizeof root) {
        (void)snprintf(root, sizeof root, "%.*s", S1_STR_ARG(folder));
        if (s1_api_results_list(root, &list, NULL) == S1_OK) {
            for (size_t i = 0; i < list.count; i++) {
                const s1_results_view *const view = s1_results_view_borrow(list.items[i]);
                const bool is_here = slash == S1_STR_NPOS && strncmp(view->dir, "./", 2) == 0;
                offer(lines, begun, (s1_str){NULL, 0}, view->dir + (is_here ? 2 : 0),
                      view->strategy);
            }
            s1_results_list_free(&list);
        }
    }
    s1_strbuf_cstr_add(lines, ":dirs\n");
}

/* Files NAME.yaml of a folder of the configuration, without the ending. */
static void offer_yaml(s1_strbuf *lines, s1_str begun, const char *config, const char *folder,
                       const char *meaning)
{
    char path[S1_PATH_MAX];
    s1_fs_list names = {NULL, 0};
    const int length = snprintf(path, sizeof path, "%s/%s", config, folder);
    if (length <= 0 || (size_t)length >= sizeof path ||
        s1_fs_list_names(s1_fs_real(), path, &names, NULL) != S1_OK) {
        return;
    }
    for (size_t i = 0; i < names.count; i++) {
        const size_t size = strlen(names.names[i]);
        if (size > 5 && strcmp(names.names[i] + size - 5, ".yaml") == 0) {
            names.names[i][size - 5] = '\0';
            offer(lines, begun, (s1_str){NULL, 0}, names.names[i], meaning);
        }
    }
    s1_fs_list_done(&names);
}

static void offer_targets(s1_strbuf *lines, s1_str begun, const char *config)
{
    char path[S1_PATH_MAX];
    offer_yaml(lines, begun, config, "runs", "strategy");
    offer_yaml(lines, begun, config, "operations", "operation");
    const int length = snprintf(path, sizeof path, "%s/operation.yaml", config);
    if (length > 0 && (size_t)length < sizeof path && s1_fs_is_file(s1_fs_real(), path)) {
        offer(lines, begun, (s1_str){NULL, 0}, "operation", "operation.yaml");
    }
}

/* What stands for a value or a positional in the help says what it is. */
static void offer_kind(const position *at, s1_strbuf *lines, s1_str begun, s1_str kind)
{
    if (s1_str_eq_cstr(kind, "DIR")) {
        s1_strbuf_cstr_add(lines, ":dirs\n");
    } else if (s1_str_eq_cstr(kind, "FILE")) {
        s1_strbuf_cstr_add(lines, ":files\n");
    } else if (s1_str_eq_cstr(kind, "RESULTS") || s1_str_eq_cstr(kind, "A") ||
               s1_str_eq_cstr(kind, "B")) {
        offer_results(lines, begun);
    } else if (s1_str_starts_with(kind, S1_STR("BLUEPRINT"))) {
        offer_targets(lines, begun, at->config != NULL ? at->config : "config");
    } else if (s1_str_eq_cstr(kind, "PLUGIN")) {
        offer_plugins(lines, begun, NULL);
    } else if (kind.len > 0 && kind.ptr[0] >= 'a' && kind.ptr[0] <= 'z') {
        char choices[128];
        (void)snprintf(choices, sizeof choices, "%.*s", S1_STR_ARG(kind));
        offer_choices(lines, begun, (s1_str){NULL, 0}, choices);
    }
}

static void offer_value(const position *at, s1_strbuf *lines, s1_str begun, s1_str prefix)
{
    const s1_cli_option *const option = at->awaiting;
    if (option->choices != NULL) {
        offer_choices(lines, begun, prefix, option->choices);
    } else if (strcmp(option->name, "subtype") == 0) {
        const char *name;
        for (size_t i = 0; (name = s1_plugin_new_subtype(at->type, i)) != NULL; i++) {
            offer(lines, begun, prefix, name, "");
        }
    } else if (option->value != NULL) {
        offer_kind(at, lines, begun, s1_str_of(option->value));
    }
}

static void offer_options(const position *at, s1_strbuf *lines, s1_str begun)
{
    const s1_cli_option *option;
    for (size_t i = 0; (option = s1_cli_option_at(at->command, i)) != NULL; i++) {
        char word[64];
        bool is_given = false;
        (void)snprintf(word, sizeof word, "--%s", option->name);
        for (int k = 0; k < at->count; k++) {
            is_given |= strcmp(at->words[k], word) == 0;
        }
        if (!is_given || option->kind == S1_CLI_LIST) {
            offer(lines, begun, (s1_str){NULL, 0}, word, option->help);
        }
    }
}

/* The usage's word number `index`, without brackets and dots; empty past the end. */
static s1_str usage_word(const s1_cli_command *command, uint32_t index)
{
    s1_str rest = s1_str_of(command->usage);
    s1_str word;
    s1_str last = {NULL, 0};
    for (bool is_done = false; s1_str_split(&rest, ' ', &word, &is_done);) {
        while (word.len > 0 && strchr("[]. ", word.ptr[word.len - 1]) != NULL) {
            word.len--;
        }
        word = word.len > 0 && word.ptr[0] == '[' ? s1_str_slice(word, 1, word.len) : word;
        if (word.len == 0 || word.ptr[0] == '-') {
            break;
        }
        last = word;
        if (index-- == 0) {
            return word;
        }
    }
    return s1_str_find(s1_str_of(command->usage), S1_STR("..."), 0) != S1_STR_NPOS
               ? last
               : (s1_str){NULL, 0};
}

static void offer_positional(const position *at, s1_strbuf *lines, s1_str begun)
{
    const s1_str kind = usage_word(at->command, at->positional);
    const bool names_plugin =
        s1_str_eq_cstr(kind, "NAME") &&
        (at->command == &s1_cmd_plugins_show || at->command == &s1_cmd_plugins_check);
    if (at->positional < at->command->positionals_max) {
        offer_kind(at, lines, begun, names_plugin ? S1_STR("PLUGIN") : kind);
    }
}

/* Words of commands that may come next. */
static void offer_commands(s1_strbuf *lines, int count, const char *const words[], s1_str begun)
{
    const char *last = "";
    for (size_t i = 0; s1_cli_commands[i] != NULL; i++) {
        const char *const name = s1_cli_commands[i]->name;
        const size_t first = strcspn(name, " ");
        char word[64];
        if (count == 0) {
            (void)snprintf(word, sizeof word, "%.*s", (int)first, name);
            if (strncmp(last, name, first) != 0 || (last[first] != ' ' && last[first] != '\0')) {
                offer(lines, begun, (s1_str){NULL, 0}, word,
                      name[first] == '\0' ? s1_cli_commands[i]->summary : "");
            }
            last = name;
        } else if (strlen(words[0]) == first && strncmp(words[0], name, first) == 0 &&
                   name[first] != '\0') {
            offer(lines, begun, (s1_str){NULL, 0}, name + first + 1, s1_cli_commands[i]->summary);
        }
    }
    if (count == 0) {
        offer(lines, begun, (s1_str){NULL, 0}, "help", "what a command does");
        offer(lines, begun, (s1_str){NULL, 0}, "--help", "the commands");
        offer(lines, begun, (s1_str){NULL, 0}, "--version", "which version this is");
    }
}

/* Takes one word that stands before the one begun. */
static void pass_word(position *at, const char *word)
{
    if (at->awaiting != NULL) {
        if (strcmp(word, "=") == 0) { /* bash splits at it */
            return;
        }
        at->config = strcmp(at->awaiting->name, "config") == 0 ? word : at->config;
        at->type = strcmp(at->awaiting->name, "type") == 0 ? word : at->type;
        at->awaiting = NULL;
    } else if (!at->is_ended && strcmp(word, "--") == 0) {
        at->is_ended = true;
    } else if (!at->is_ended && word[0] == '-' && word[1] != '\0') {
        const s1_cli_option *const option = s1_cli_option_find(at->command, word);
        const bool has_value = strchr(word, '=') != NULL || (word[1] != '-' && word[2] != '\0');
        at->awaiting = option != NULL && option->kind != S1_CLI_FLAG && !has_value ? option : NULL;
    } else {
        at->positional++;
    }
}

static void complete_command(position *at, int skip, s1_str begun, s1_strbuf *lines)
{
    for (int i = skip; i < at->count; i++) {
        pass_word(at, at->words[i]);
    }
    const size_t equals = s1_str_find_byte(begun, '=', 0);
    if (at->awaiting != NULL) {
        begun = s1_str_eq_cstr(begun, "=") ? S1_STR("") : begun;
        offer_value(at, lines, begun, (s1_str){NULL, 0});
    } else if (!at->is_ended && s1_str_starts_with(begun, S1_STR("--")) && equals != S1_STR_NPOS) {
        char word[64];
        (void)snprintf(word, sizeof word, "%.*s", (int)equals, begun.ptr);
        at->awaiting = s1_cli_option_find(at->command, word);
        if (at->awaiting != NULL && at->awaiting->choices != NULL) {
            offer_value(at, lines, s1_str_slice(begun, equals + 1, begun.len),
                        s1_str_slice(begun, 0, equals + 1));
        }
    } else if (!at->is_ended && s1_str_starts_with(begun, S1_STR("-"))) {
        offer_options(at, lines, begun);
    } else {
        offer_positional(at, lines, begun);
    }
}

void s1_cli_complete(int count, char *const words[], s1_strbuf *ret_lines)
{
    if (count == 0) {
        return;
    }
    const s1_str begun = s1_str_of(words[count - 1]);
    const char *const *before = (const char *const *)words;
    int left = count - 1;
    if (left > 0 && strcmp(before[0], "help") == 0) {
        before++;
        left--;
        offer_commands(ret_lines, left, before, begun);
        return;
    }
    int taken = 0;
    position at = {
        .command = s1_cli_find_command(left, before, &taken), .words = before, .count = left};
    if (at.command == NULL || (taken == 1 && left == 1)) {
        offer_commands(ret_lines, left, before, begun);
    }
    if (at.command != NULL) {
        complete_command(&at, taken, begun, ret_lines);
    }
}
