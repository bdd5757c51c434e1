#include "frontends/cli/options.h"

#include "backend/utils/text.h"

#include <string.h>

#define HELP_COLUMN 26u

const s1_cli_option s1_cli_common_options[] = {
    {"json", 0, S1_CLI_FLAG, NULL, "print one JSON document instead of text", NULL},
    {"verbose", 'v', S1_CLI_FLAG, NULL, "show where an error came from", NULL},
    {"help", 'h', S1_CLI_FLAG, NULL, "show this help", NULL},
    {NULL, 0, 0, NULL, NULL, NULL},
};

/* --- The table. --------------------------------------------------------------------------- */

const s1_cli_option *s1_cli_option_at(const s1_cli_command *command, size_t index)
{
    size_t own = 0;
    while (command->options != NULL && command->options[own].name != NULL) {
        own++;
    }
    if (index < own) {
        return &command->options[index];
    }
    const size_t common = sizeof s1_cli_common_options / sizeof s1_cli_common_options[0] - 1;
    return index - own < common ? &s1_cli_common_options[index - own] : NULL;
}

static const s1_cli_option *find_name(const s1_cli_command *command, const char *name,
                                      size_t length, size_t *ret_index)
{
    const s1_cli_option *option;
    for (size_t i = 0; (option = s1_cli_option_at(command, i)) != NULL; i++) {
        if (strlen(option->name) == length && strncmp(option->name, name, length) == 0) {
            *ret_index = i;
            return option;
        }
    }
    return NULL;
}

static const s1_cli_option *find_letter(const s1_cli_command *command, char letter,
                                        size_t *ret_index)
{
    const s1_cli_option *option;
    for (size_t i = 0; (option = s1_cli_option_at(command, i)) != NULL; i++) {
        if (option->letter != 0 && option->letter == letter) {
            *ret_index = i;
            return option;
        }
    }
    return NULL;
}

const s1_cli_option *s1_cli_option_find(const s1_cli_command *command, const char *word)
{
    size_t index = 0;
    if (word[0] != '-' || word[1] == '\0') {
        return NULL;
    }
    return word[1] == '-' ? find_name(command, word + 2, strcspn(word + 2, "="), &index)
                          : find_letter(command, word[1], &index);
}

static s1_rc refuse_unknown(const s1_cli_command *command, const char *found, s1_err *err)
{
    s1_str names[S1_CLI_OPTIONS_MAX];
    size_t count = 0;
    const s1_cli_option *option;
    while (count < S1_CLI_OPTIONS_MAX && (option = s1_cli_option_at(command, count)) != NULL) {
        names[count++] = s1_str_of(option->name);
    }
    const size_t dashes = strspn(found, "-");
    const s1_str bare = {found + dashes, strcspn(found + dashes, "=")};
    const ptrdiff_t nearest = s1_str_nearest(bare, names, count);
    return nearest >= 0
               ? S1_RAISE(err, S1_E_INVALID, "unknown option '%s', did you mean '--%.*s'?", found,
                          S1_STR_ARG(names[nearest]))
               : S1_RAISE(err, S1_E_INVALID, "unknown option '%s'; see 's1mpletrader %s --help'",
                          found, command->name);
}

/* --- Values. ------------------------------------------------------------------------------ */

static bool is_choice(const char *choices, const char *value)
{
    const size_t length = strlen(value);
    const char *at = choices;
    while (*at != '\0') {
        const size_t width = strcspn(at, "|");
        if (width == length && strncmp(at, value, width) == 0) {
            return true;
        }
        at += width + (at[width] == '|');
    }
    return false;
}

static bool is_number(const char *value)
{
    uint64_t number = 0;
    return s1_str_parse_u64(s1_str_of(value), &number, NULL) == S1_OK;
}

static s1_rc store(s1_cli_args *args, const s1_cli_option *option, size_t index, const char *value,
                   s1_err *err)
{
    if (option->kind == S1_CLI_NUMBER && !is_number(value)) {
        return S1_RAISE(err, S1_E_INVALID, "--%s: found '%s', expected a whole number",
                        option->name, value);
    }
    if (option->choices != NULL && !is_choice(option->choices, value)) {
        return S1_RAISE(err, S1_E_INVALID, "--%s: found '%s', expected one of %s", option->name,
                        value, option->choices);
    }
    if (option->kind == S1_CLI_LIST) {
        if (args->list_count == S1_CLI_LIST_MAX) {
            return S1_RAISE(err, S1_E_INVALID, "--%s: more than %u repeated options", option->name,
                            S1_CLI_LIST_MAX);
        }
        args->list_names[args->list_count] = option->name;
        args->lists[args->list_count++] = value;
        return S1_OK;
    }
    if (args->values[index] != NULL && option->kind != S1_CLI_FLAG) {
        return S1_RAISE(err, S1_E_INVALID, "--%s given twice: '%s' and '%s'", option->name,
                        args->values[index], value);
    }
    args->values[index] = value;
    return S1_OK;
}

/* Takes argv[*at], an option, and its value, moving *at to the last word taken. */
static s1_rc take_option(s1_cli_args *args, int argc, char *const argv[], int *at, s1_err *err)
{
    const char *const word = argv[*at];
    const bool is_long = word[1] == '-';
    const char *const name = word + (is_long ? 2 : 1);
    const size_t length = is_long ? strcspn(name, "=") : 1;
    size_t index = 0;
    const s1_cli_option *const option = is_long ? find_name(args->command, name, length, &index)
                                                : find_letter(args->command, name[0], &index);
    const char *inline_value = NULL;
    if (name[length] != '\0') {
        inline_value = name + length + (is_long ? 1 : 0);
    }
    if (option == NULL || (!is_long && option->kind == S1_CLI_FLAG && inline_value != NULL)) {
        return refuse_unknown(args->command, word, err);
    }
    if (option->kind == S1_CLI_FLAG) {
        return inline_value == NULL ? store(args, option, index, "", err)
                                    : S1_RAISE(err, S1_E_INVALID, "--%s takes no value, found '%s'",
                                               option->name, inline_value);
    }
    if (inline_value == NULL) {
        if (*at + 1 >= argc) {
            return S1_RAISE(err, S1_E_INVALID, "--%s needs a value: --%s %s", option->name,
                            option->name, option->value);
        }
        *at += 1;
        inline_value = argv[*at];
    }
    return store(args, option, index, inline_value, err);
}

s1_rc s1_cli_parse(const s1_cli_command *command, int argc, char *const argv[],
                   s1_cli_args *ret_args, s1_err *err)
{
    s1_cli_args args = {.command = command};
    bool is_ended = false;
    for (int i = 0; i < argc; i++) {
        const char *const word = argv[i];
        if (!is_ended && strcmp(word, "--") == 0) {
            is_ended = true;
        } else if (!is_ended && word[0] == '-' && word[1] != '\0') {
            S1_TRY(err, take_option(&args, argc, argv, &i, err));
        } else if (args.positional_count == command->positionals_max) {
            return S1_RAISE(err, S1_E_INVALID, "unexpected '%s'; usage: s1mpletrader %s %s", word,
                            command->name, command->usage);
        } else {
            args.positionals[args.positional_count++] = word;
        }
    }
    if (args.positional_count < command->positionals_min && !s1_cli_flag(&args, "help")) {
        return S1_RAISE(err, S1_E_INVALID, "missing argument; usage: s1mpletrader %s %s",
                        command->name, command->usage);
    }
    *ret_args = args;
    return S1_OK;
}

const char *s1_cli_text(const s1_cli_args *args, const char *name)
{
    size_t index = 0;
    return find_name(args->command, name, strlen(name), &index) != NULL ? args->values[index]
                                                                        : NULL;
}

void s1_cli_set_text(s1_cli_args *args, const char *name, const char *value)
{
    size_t index = 0;
    if (find_name(args->command, name, strlen(name), &index) != NULL) {
        args->values[index] = value;
    }
}

bool s1_cli_flag(const s1_cli_args *args, const char *name)
{
    return s1_cli_text(args, name) != NULL;
}

size_t s1_cli_list(const s1_cli_args *args, const char *name,
                   const char *ret_values[static S1_CLI_LIST_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < args->list_count; i++) {
        if (strcmp(args->list_names[i], name) == 0) {
            ret_values[count++] = args->lists[i];
        }
    }
    return count;
}

uint64_t s1_cli_number(const s1_cli_args *args, const char *name, uint64_t otherwise)
{
    const char *const text = s1_cli_text(args, name);
    uint64_t value = otherwise;
    return text != NULL && s1_str_parse_u64(s1_str_of(text), &value, NULL) == S1_OK ? value
                                                                                    : otherwise;
}

/* --- Help. -------------------------------------------------------------------------------- */

static void pad(FILE *out, uint32_t count)
{
    (void)fprintf(out, "%*s", (int)count, "");
}

void s1_cli_print_wrapped(FILE *out, const char *text, uint32_t indent, uint32_t at,
                          uint32_t columns)
{
    if (at < indent) {
        pad(out, indent - at);
        at = indent;
    }
    bool is_first = true;
    while (*text != '\0') {
        const size_t word = strcspn(text, " \n");
        if (!is_first && at + 1 + word > columns) {
            (void)fputc('\n', out);
            pad(out, indent);
            at = indent;
            is_first = true;
        }
        if (!is_first) {
            (void)fputc(' ', out);
            at++;
        }
        (void)fwrite(text, 1, word, out);
        at += (uint32_t)word;
        is_first = false;
        text += word;
        if (*text == '\n') {
            (void)fputc('\n', out);
            if (text[1] != '\0' && text[1] != '\n') {
                pad(out, indent);
            }
            at = indent;
            is_first = true;
        }
        text += *text != '\0';
    }
    (void)fputc('\n', out);
}

/* "  -v, --verbose" or "      --results DIR"; returns its width. */
static uint32_t format_option(const s1_cli_option *option, char *buffer, size_t size)
{
    char letter[5] = "    ";
    if (option->letter != 0) {
        (void)snprintf(letter, sizeof letter, "-%c, ", option->letter);
    }
    const int width =
        snprintf(buffer, size, "  %s--%s%s%s", letter, option->name,
                 option->value != NULL ? " " : "", option->value != NULL ? option->value : "");
    return width > 0 ? (uint32_t)width : 0;
}

static void print_option_help(FILE *out, const s1_cli_option *option, uint32_t columns)
{
    char head[64];
    uint32_t at = format_option(option, head, sizeof head);
    (void)fputs(head, out);
    if (at + 2 > HELP_COLUMN) {
        (void)fputc('\n', out);
        at = 0;
    }
    char text[320];
    (void)snprintf(
        text, sizeof text, "%s%s%s%s%s", option->help, option->choices != NULL ? " (" : "",
        option->choices != NULL ? option->choices : "", option->choices != NULL ? ")" : "",
        option->kind == S1_CLI_LIST ? "; may be repeated" : "");
    s1_cli_print_wrapped(out, text, HELP_COLUMN, at, columns);
}

void s1_cli_print_help(FILE *out, const s1_cli_command *command, uint32_t columns)
{
    char usage[256];
    (void)snprintf(usage, sizeof usage, "s1mpletrader %s%s%s [options]", command->name,
                   command->usage[0] != '\0' ? " " : "", command->usage);
    (void)fputs("Usage: ", out);
    s1_cli_print_wrapped(out, usage, 7, 7, columns);
    (void)fputc('\n', out);
    s1_cli_print_wrapped(out, command->summary, 0, 0, columns);
    if (command->detail != NULL) {
        (void)fputc('\n', out);
        s1_cli_print_wrapped(out, command->detail, 0, 0, columns);
    }
    (void)fputs("\nOptions:\n", out);
    const s1_cli_option *option;
    for (size_t i = 0; (option = s1_cli_option_at(command, i)) != NULL; i++) {
        print_option_help(out, option, columns);
    }
    if (command->examples == NULL) {
        return;
    }
    (void)fputs("\nExamples:\n", out);
    for (const s1_cli_example *example = command->examples; example->command != NULL; example++) {
        (void)fprintf(out, "  s1mpletrader %s\n", example->command);
        s1_cli_print_wrapped(out, example->meaning, 6, 0, columns);
    }
}

void s1_cli_print_markdown(FILE *out, const s1_cli_command *command)
{
    (void)fprintf(out, "## s1mpletrader %s\n\n%s.\n\n```\ns1mpletrader %s%s%s [options]\n```\n",
                  command->name, command->summary, command->name,
                  command->usage[0] != '\0' ? " " : "", command->usage);
    if (command->detail != NULL) {
        (void)fprintf(out, "\n%s\n", command->detail);
    }
    (void)fputs("\n| option | meaning |\n|---|---|\n", out);
    const s1_cli_option *option;
    for (size_t i = 0; (option = s1_cli_option_at(command, i)) != NULL; i++) {
        (void)fputs("| `", out);
        if (option->letter != 0) {
            (void)fprintf(out, "-%c`, `", option->letter);
        }
        (void)fprintf(out, "--%s%s%s` | %s", option->name, option->value != NULL ? " " : "",
                      option->value != NULL ? option->value : "", option->help);
        if (option->choices != NULL) {
            (void)fputs(": ", out);
            for (const char *at = option->choices; *at != '\0';) {
                const size_t width = strcspn(at, "|");
                (void)fprintf(out, "`%.*s`%s", (int)width, at, at[width] == '|' ? ", " : "");
                at += width + (at[width] == '|');
            }
        }
        (void)fprintf(out, "%s |\n", option->kind == S1_CLI_LIST ? "; may be repeated" : "");
    }
    if (command->examples != NULL) {
        (void)fputs("\n```sh\n", out);
        for (const s1_cli_example *e = command->examples; e->command != NULL; e++) {
            (void)fprintf(out, "s1mpletrader %s   # %s\n", e->command, e->meaning);
        }
        (void)fputs("```\n", out);
    }
    (void)fputc('\n', out);
}
