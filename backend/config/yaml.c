#include "backend/config/yaml.h"

#include "backend/config/internal.h"
#include "backend/utils/assert.h"

#include <libfyaml.h>

#define ANCHORS_MAX 256u
#define SHOW_MAX    60u

/* What is known between two events of the parser. */
typedef struct builder {
    s1_arena *arena;
    s1_faults *faults;
    const s1_yaml_options *options;
    s1_yaml_limits limits;
    s1_str file, text;
    s1_yaml_node *root;
    s1_yaml_node *open; /* the container being filled; NULL at the top */
    uint32_t depth, nodes, anchor_count;
    bool has_key;
    s1_str key;
    uint32_t key_line, key_column;
    bool is_stopped; /* the rest of the file cannot be read */
    char *scratch;   /* one scalar's text; escapes can make it longer than it was written */
    size_t scratch_size;
    struct {
        s1_str name;
        s1_yaml_node *node;
    } anchors[ANCHORS_MAX];
} builder;

static s1_source place(const builder *b, uint32_t line, uint32_t column)
{
    return (s1_source){.file = b->file, .line = line, .column = column};
}

/* Reports a fault of the text itself and gives the file up. */
static void stop(builder *b, const s1_source *source, s1_str found, const char *expected)
{
    s1_faults_add(b->faults, S1_FAULT_SCHEMA, source, S1_STR("yaml"), found, s1_str_of(expected),
                  (s1_str){NULL, 0});
    b->is_stopped = true;
}

static s1_yaml_node *new_node(builder *b, int32_t kind, uint32_t line, uint32_t column)
{
    if (++b->nodes > b->limits.nodes_max) {
        const s1_source source = place(b, line, column);
        stop(b, &source, s1_config_format(b->arena, "more than %u values", b->limits.nodes_max),
             "fewer (aliases count where they stand)");
        return NULL;
    }
    s1_yaml_node *const node = S1_CONFIG_NEW(b->arena, s1_yaml_node);
    node->kind = kind;
    node->file = b->file;
    node->line = line;
    node->column = column;
    return node;
}

static void append_child(s1_yaml_node *parent, s1_yaml_node *node)
{
    node->parent = parent;
    node->next = NULL;
    node->index = parent->count++;
    if (parent->last == NULL) {
        parent->first = node;
    } else {
        parent->last->next = node;
    }
    parent->last = node;
}

/* Hangs a node in where the parser stands. A key written twice is reported and its second value
 * left out of the tree. */
static void attach(builder *b, s1_yaml_node *node)
{
    if (b->open == NULL) {
        b->root = node;
        return;
    }
    if (b->open->kind == S1_YAML_MAP) {
        node->key = b->key;
        node->key_line = b->key_line;
        node->key_column = b->key_column;
        b->has_key = false;
        const s1_yaml_node *const twin = s1_yaml_get(b->open, b->key);
        if (twin != NULL) {
            s1_source source = place(b, b->key_line, b->key_column);
            node->parent = b->open;
            source.node = node;
            s1_faults_add(b->faults, S1_FAULT_SCHEMA, &source, (s1_str){NULL, 0},
                          S1_STR("the key a second time"),
                          s1_config_format(b->arena, "it once (first on line %u)", twin->key_line),
                          (s1_str){NULL, 0});
            return;
        }
        if (b->open->count >= b->limits.keys_max) {
            const s1_source source = place(b, b->key_line, b->key_column);
            stop(b, &source, s1_config_format(b->arena, "more than %u keys", b->limits.keys_max),
                 "fewer keys in one map");
            return;
        }
    }
    append_child(b->open, node);
}

static void remember_anchor(builder *b, struct fy_token *anchor, s1_yaml_node *node)
{
    if (anchor == NULL || b->is_stopped) {
        return;
    }
    size_t len = 0;
    const char *const text = fy_token_get_text(anchor, &len);
    if (b->anchor_count == ANCHORS_MAX) {
        const s1_source source = place(b, node->line, node->column);
        stop(b, &source, s1_config_format(b->arena, "more than %u anchors", ANCHORS_MAX), "fewer");
        return;
    }
    b->anchors[b->anchor_count].name = s1_config_copy(b->arena, (s1_str){text, len});
    b->anchors[b->anchor_count++].node = node;
}

static void refuse_tag(builder *b, struct fy_token *tag, uint32_t line, uint32_t column)
{
    if (tag == NULL) {
        return;
    }
    size_t len = 0;
    const char *const text = fy_token_get_text(tag, &len);
    const s1_source source = place(b, line, column);
    stop(b, &source, s1_config_format(b->arena, "the tag '%.*s'", (int)len, text), "no tags");
}

static bool is_null_text(s1_str text)
{
    return text.len == 0 || s1_str_eq(text, S1_STR("~")) || s1_str_eq(text, S1_STR("null")) ||
           s1_str_eq(text, S1_STR("Null")) || s1_str_eq(text, S1_STR("NULL"));
}

static bool is_variable_char(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || s1_config_is_digit(c) || c == '_';
}

/* The value of the variable whose name starts at `text`; advances past "}". */
static s1_str variable(builder *b, s1_yaml_node *node, s1_str text, size_t *ret_used)
{
    size_t end = 0;
    while (end < text.len && is_variable_char(text.ptr[end])) {
        end++;
    }
    const s1_source source = s1_yaml_source(node);
    if (end == 0 || end == text.len || text.ptr[end] != '}') {
        *ret_used = end;
        node->is_faulty = true;
        s1_faults_add(
            b->faults, S1_FAULT_SCHEMA, &source, (s1_str){NULL, 0}, s1_yaml_show(node, b->arena),
            S1_STR("${NAME} of letters, digits and '_' ($${ for a plain ${)"), (s1_str){NULL, 0});
        return (s1_str){NULL, 0};
    }
    *ret_used = end + 1;
    const s1_str name = s1_config_copy(b->arena, s1_str_slice(text, 0, end));
    const char *const value = b->options->read_variable(name.ptr);
    if (value == NULL) {
        node->is_faulty = true;
        s1_faults_add(b->faults, S1_FAULT_SCHEMA, &source, (s1_str){NULL, 0},
                      s1_config_format(b->arena, "${%s}", name.ptr),
                      s1_config_format(b->arena, "the environment variable %s to be set", name.ptr),
                      (s1_str){NULL, 0});
        return (s1_str){NULL, 0};
    }
    return s1_config_copy(b->arena, s1_str_of(value));
}

/* Replaces each ${NAME} of a scalar. The result is bounded by the limits of one file. */
static void substitute(builder *b, s1_yaml_node *node)
{
    const s1_str text = node->text;
    s1_str done = {NULL, 0};
    size_t start = 0;
    bool is_changed = false;
    for (size_t i = 0; i + 1 < text.len; i++) {
        if (text.ptr[i] != '$') {
            continue;
        }
        s1_str value = S1_STR("${");
        size_t used = 0;
        if (text.ptr[i + 1] == '{') {
            value = variable(b, node, s1_str_slice(text, i + 2, text.len), &used);
            used += 2;
        } else if (text.ptr[i + 1] == '$' && i + 2 < text.len && text.ptr[i + 2] == '{') {
            used = 3;
        } else {
            continue;
        }
        is_changed = true;
        if (done.len + value.len > b->limits.bytes_max) {
            const s1_source source = s1_yaml_source(node);
            stop(b, &source, S1_STR("a value that grows beyond the limit of a file"), "less");
            return;
        }
        done = s1_config_format(b->arena, "%.*s%.*s%.*s", S1_STR_ARG(done),
                                S1_STR_ARG(s1_str_slice(text, start, i)), S1_STR_ARG(value));
        i += used - 1;
        start = i + 1;
    }
    if (is_changed) {
        node->text = s1_config_format(b->arena, "%.*s%.*s", S1_STR_ARG(done),
                                      S1_STR_ARG(s1_str_slice(text, start, text.len)));
    }
}

static void on_key(builder *b, s1_str text, uint32_t line, uint32_t column, bool is_quoted)
{
    b->has_key = true;
    b->key = s1_config_copy(b->arena, text);
    b->key_line = line;
    b->key_column = column;
    if (!is_quoted && s1_str_eq(text, S1_STR("<<"))) {
        const s1_source source = place(b, line, column);
        stop(b, &source, S1_STR("a merge key '<<'"), "the keys written out, or a plain alias");
    }
}

/* Appends a code point. */
static size_t put_utf8(char *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    const size_t more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const uint8_t heads[] = {0, 0xc0, 0xe0, 0xf0};
    out[0] = (char)(uint8_t)(heads[more] | c >> (6 * more));
    for (size_t i = 1; i <= more; i++) {
        out[i] = (char)(uint8_t)(0x80u | (c >> (6 * (more - i)) & 0x3fu));
    }
    return more + 1;
}

/* The text of a token, borrowed until the next one. By an iterator and character by character,
 * because in libfyaml 0.7.12 fy_token_get_text() loses memory on texts of many pieces (found by
 * fuzzing) and fy_token_iter_read() gives only their last piece. */
static s1_str token_text(builder *b, struct fy_token *token)
{
    struct fy_token_iter *const iter = fy_token_iter_create(token);
    S1_ASSERT(iter != NULL);
    size_t len = 0;
    for (int c = fy_token_iter_utf8_get(iter); c >= 0; c = fy_token_iter_utf8_get(iter)) {
        S1_ASSERT(len + 4 <= b->scratch_size);
        len += put_utf8(b->scratch + len, (uint32_t)c);
    }
    fy_token_iter_destroy(iter);
    return (s1_str){b->scratch, len};
}

/* libfyaml 0.7.12 reads a run of escaped quotes in a single-quoted text wrongly ('x''''y' gives
 * one quote too many), whichever of its readers is asked. Refused is better than altered. */
static void refuse_quote_run(builder *b, const struct fy_event *event, const s1_source *source)
{
    const struct fy_mark *const first = fy_event_start_mark((struct fy_event *)(uintptr_t)event);
    const struct fy_mark *const end = fy_event_end_mark((struct fy_event *)(uintptr_t)event);
    if (fy_token_scalar_style(event->scalar.value) != FYSS_SINGLE_QUOTED || first == NULL ||
        end == NULL) {
        return;
    }
    const s1_str raw = s1_str_slice(b->text, first->input_pos, end->input_pos);
    if (s1_str_find(raw, S1_STR("''''"), 0) != S1_STR_NPOS) {
        stop(b, source, S1_STR("several quotes in a row in a single-quoted text"),
             "a double-quoted text");
    }
}

static void on_scalar(builder *b, const struct fy_event *event, uint32_t line, uint32_t column)
{
    const s1_str text =
        event->scalar.value != NULL ? token_text(b, event->scalar.value) : (s1_str){"", 0};
    if (event->scalar.value != NULL) {
        const s1_source source = place(b, line, column);
        refuse_quote_run(b, event, &source);
        if (b->is_stopped) {
            return;
        }
    }
    const bool is_quoted =
        event->scalar.value != NULL && fy_token_scalar_style(event->scalar.value) != FYSS_PLAIN;
    if (text.len != 0 && memchr(text.ptr, '\0', text.len) != NULL) {
        const s1_source source = place(b, line, column);
        stop(b, &source, S1_STR("a NUL character"), "text");
        return;
    }
    if (b->open != NULL && b->open->kind == S1_YAML_MAP && !b->has_key) {
        on_key(b, text, line, column, is_quoted);
        return;
    }
    const bool is_null = !is_quoted && is_null_text(text);
    s1_yaml_node *const node = new_node(b, is_null ? S1_YAML_NULL : S1_YAML_SCALAR, line, column);
    if (node == NULL) {
        return;
    }
    node->text = is_null ? (s1_str){NULL, 0} : s1_config_copy(b->arena, text);
    node->is_quoted = is_quoted;
    attach(b, node);
    remember_anchor(b, event->scalar.anchor, node);
    if (b->options->read_variable != NULL) {
        substitute(b, node);
    }
}

static void on_open(builder *b, int32_t kind, struct fy_token *anchor, uint32_t line,
                    uint32_t column)
{
    const s1_source source = place(b, line, column);
    if (b->open != NULL && b->open->kind == S1_YAML_MAP && !b->has_key) {
        stop(b, &source, S1_STR("a list or map as a key"), "a name");
        return;
    }
    if (++b->depth > b->limits.depth_max) {
        stop(b, &source, s1_config_format(b->arena, "more than %u levels", b->limits.depth_max),
             "less nesting");
        return;
    }
    s1_yaml_node *const node = new_node(b, kind, line, column);
    if (node == NULL) {
        return;
    }
    attach(b, node);
    remember_anchor(b, anchor, node);
    if (node->parent == NULL) {
        node->parent = b->open; /* a key written twice: read on beside the tree */
    }
    b->open = node;
    b->has_key = false;
}

static s1_yaml_node *copy_node(builder *b, const s1_yaml_node *from, uint32_t depth)
{
    if (depth > b->limits.depth_max) {
        const s1_source source = s1_yaml_source(from);
        stop(b, &source, s1_config_format(b->arena, "more than %u levels", b->limits.depth_max),
             "less nesting");
        return NULL;
    }
    s1_yaml_node *const node = new_node(b, from->kind, from->line, from->column);
    if (node == NULL) {
        return NULL;
    }
    node->is_quoted = from->is_quoted;
    node->text = from->text;
    for (const s1_yaml_node *child = from->first; child != NULL; child = child->next) {
        s1_yaml_node *const copy = copy_node(b, child, depth + 1);
        if (copy == NULL) {
            return NULL;
        }
        copy->key = child->key;
        copy->key_line = child->key_line;
        copy->key_column = child->key_column;
        append_child(node, copy);
    }
    return node;
}

static void on_alias(builder *b, const struct fy_event *event, uint32_t line, uint32_t column)
{
    size_t len = 0;
    const char *const text = fy_token_get_text(event->alias.anchor, &len);
    const s1_str name = {text != NULL ? text : "", text != NULL ? len : 0};
    const s1_source source = place(b, line, column);
    const s1_yaml_node *target = NULL;
    for (uint32_t i = b->anchor_count; i-- > 0 && target == NULL;) {
        if (s1_str_eq(b->anchors[i].name, name)) {
            target = b->anchors[i].node;
        }
    }
    const s1_str shown = s1_config_format(b->arena, "the alias '*%.*s'", S1_STR_ARG(name));
    if (target == NULL) {
        stop(b, &source, shown, "an anchor of that name before it");
        return;
    }
    for (const s1_yaml_node *up = b->open; up != NULL; up = up->parent) {
        if (up == target) {
            stop(b, &source, shown, "an alias outside of what it stands for");
            return;
        }
    }
    if (b->open != NULL && b->open->kind == S1_YAML_MAP && !b->has_key) {
        stop(b, &source, S1_STR("an alias as a key"), "a name");
        return;
    }
    s1_yaml_node *const node = copy_node(b, target, b->depth);
    if (node != NULL) {
        attach(b, node);
    }
}

static void on_close(builder *b)
{
    S1_ASSERT(b->open != NULL);
    b->open = b->open->parent;
    b->depth--;
    b->has_key = false;
}

/* One event of the parser. */
static void on_event(builder *b, const struct fy_event *event)
{
    const struct fy_mark *const mark = fy_event_start_mark((struct fy_event *)(uintptr_t)event);
    const uint32_t line = mark != NULL ? (uint32_t)mark->line + 1 : b->key_line;
    const uint32_t column = mark != NULL ? (uint32_t)mark->column + 1 : b->key_column;
    const s1_source source = place(b, line, column);
    switch ((int)event->type) {
    case FYET_DOCUMENT_START:
        if (b->root != NULL) {
            stop(b, &source, S1_STR("a second document"), "one document in a file");
        }
        break;
    case FYET_SCALAR:
        refuse_tag(b, event->scalar.tag, line, column);
        on_scalar(b, event, line, column);
        break;
    case FYET_SEQUENCE_START:
        refuse_tag(b, event->sequence_start.tag, line, column);
        on_open(b, S1_YAML_LIST, event->sequence_start.anchor, line, column);
        break;
    case FYET_MAPPING_START:
        refuse_tag(b, event->mapping_start.tag, line, column);
        on_open(b, S1_YAML_MAP, event->mapping_start.anchor, line, column);
        break;
    case FYET_SEQUENCE_END:
    case FYET_MAPPING_END:
        on_close(b);
        break;
    case FYET_ALIAS:
        on_alias(b, event, line, column > 1 ? column - 1 : 1); /* the mark is behind the '*' */
        break;
    default:
        break;
    }
}

static void report_syntax(builder *b, struct fy_diag *diag)
{
    void *iterator = NULL;
    const struct fy_diag_error *error = fy_diag_errors_iterate(diag, &iterator);
    s1_source source = {.file = b->file, .line = 1, .column = 1};
    s1_str found = S1_STR("text that is no YAML");
    if (error != NULL) {
        source.line = error->line > 0 ? (uint32_t)error->line : 1;
        source.column = error->column > 0 ? (uint32_t)error->column : 1;
        found = s1_config_copy(b->arena, s1_str_of(error->msg));
    }
    stop(b, &source, found, "YAML");
}

static void run_parser(builder *b, s1_str text)
{
    struct fy_diag_cfg diag_cfg;
    fy_diag_cfg_default(&diag_cfg);
    diag_cfg.fp = NULL;
    struct fy_diag *const diag = fy_diag_create(&diag_cfg);
    S1_ASSERT(diag != NULL);
    fy_diag_set_collect_errors(diag, true);
    const struct fy_parse_cfg cfg = {.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG, .diag = diag};
    struct fy_parser *const parser = fy_parser_create(&cfg);
    S1_ASSERT(parser != NULL);
    if (fy_parser_set_string(parser, text.ptr, text.len) != 0) {
        report_syntax(b, diag);
    }
    bool is_done = b->is_stopped;
    while (!is_done) {
        struct fy_event *const event = fy_parser_parse(parser);
        if (event == NULL) {
            report_syntax(b, diag);
            break;
        }
        on_event(b, event);
        is_done = event->type == FYET_STREAM_END || b->is_stopped;
        fy_parser_event_free(parser, event);
    }
    fy_parser_destroy(parser);
    fy_diag_destroy(diag);
}

/* Is `at` the first byte behind a byte order mark at the start? */
static bool is_after_mark(s1_str text, size_t at)
{
    return at == 3 && memcmp(text.ptr, "\xef\xbb\xbf", 3) == 0;
}

/* libfyaml 0.7.12 does not end on some broken directives ("%", found by fuzzing), and a
 * configuration needs none. */
static void refuse_directives(builder *b, s1_str text)
{
    uint32_t line = 1;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '%' && (i == 0 || text.ptr[i - 1] == '\n' || text.ptr[i - 1] == '\r' ||
                                   is_after_mark(text, i))) {
            const s1_source source = place(b, line, 1);
            stop(b, &source, S1_STR("a directive '%'"), "no directives");
            return;
        }
        line += text.ptr[i] == '\n';
    }
}

void s1_yaml_parse(s1_str text, const s1_yaml_options *options, s1_arena *arena, s1_faults *faults,
                   s1_yaml_node **ret_root)
{
    builder *const b = S1_CONFIG_NEW(arena, builder);
    b->arena = arena;
    b->faults = faults;
    b->options = options;
    b->limits = options->limits != NULL ? *options->limits : S1_YAML_LIMITS_DEFAULT;
    b->file = s1_config_copy(arena, options->file);
    if (text.len > b->limits.bytes_max) {
        const s1_source source = place(b, 0, 0);
        stop(b, &source, s1_config_format(arena, "%zu bytes", text.len),
             s1_config_format(arena, "at most %zu", b->limits.bytes_max).ptr);
    } else if (text.len != 0) {
        b->text = text;
        refuse_directives(b, text);
        if (!b->is_stopped) {
            b->scratch_size = 2 * text.len + 64; /* "\\L", two bytes, is a character of three */
            b->scratch = s1_config_alloc(arena, b->scratch_size);
            run_parser(b, text);
        }
    }
    if (b->root == NULL && !b->is_stopped) {
        b->root = new_node(b, S1_YAML_MAP, 1, 1);
    }
    *ret_root = b->is_stopped ? NULL : b->root;
}

s1_yaml_node *s1_yaml_get(const s1_yaml_node *map, s1_str key)
{
    if (map == NULL || map->kind != S1_YAML_MAP) {
        return NULL;
    }
    for (s1_yaml_node *child = map->first; child != NULL; child = child->next) {
        if (s1_str_eq(child->key, key)) {
            return child;
        }
    }
    return NULL;
}

s1_str s1_yaml_path(const s1_yaml_node *node, s1_arena *arena)
{
    s1_str path = {NULL, 0};
    for (; node != NULL && node->parent != NULL; node = node->parent) {
        const bool is_tight = path.len == 0 || path.ptr[0] == '[';
        path = node->parent->kind == S1_YAML_LIST
                   ? s1_config_format(arena, "[%u]%s%.*s", node->index, is_tight ? "" : ".",
                                      S1_STR_ARG(path))
                   : s1_config_format(arena, "%.*s%s%.*s", S1_STR_ARG(node->key),
                                      is_tight ? "" : ".", S1_STR_ARG(path));
    }
    return path;
}

s1_source s1_yaml_source(const s1_yaml_node *node)
{
    return node != NULL ? (s1_source){node->file, node->line, node->column, node}
                        : (s1_source){.file = {NULL, 0}};
}

s1_source s1_source_field(const s1_source *source, s1_str field)
{
    const s1_yaml_node *const node = s1_yaml_get(source->node, field);
    return node != NULL ? s1_yaml_source(node) : *source;
}

s1_str s1_yaml_show(const s1_yaml_node *node, s1_arena *arena)
{
    if (node == NULL || node->kind == S1_YAML_NULL) {
        return S1_STR("nothing");
    }
    if (node->kind != S1_YAML_SCALAR) {
        return node->kind == S1_YAML_LIST ? S1_STR("a list") : S1_STR("a map");
    }
    const bool is_long = node->text.len > SHOW_MAX;
    const s1_str text = s1_str_slice(node->text, 0, is_long ? SHOW_MAX : node->text.len);
    return s1_config_format(arena, "'%.*s%s'", S1_STR_ARG(text), is_long ? "..." : "");
}

/* --- Setting a value at a path. --- */

typedef struct segment {
    bool is_item; /* of a list: by its name, or by its index if the name is empty */
    uint32_t index;
    s1_str key; /* of a map, or the item's name */
} segment;

/* Cuts the next segment off; false if the path cannot be read. */
static bool next_segment(s1_str *path, segment *ret_segment)
{
    s1_str rest = *path;
    size_t end = 0;
    if (rest.ptr[0] == '[') {
        uint32_t index = 0;
        for (end = 1; end < rest.len && s1_config_is_digit(rest.ptr[end]) && end < 7; end++) {
            index = index * 10 + (uint32_t)(rest.ptr[end] - '0');
        }
        const bool is_name = end < rest.len && rest.ptr[end] != ']';
        while (end < rest.len && rest.ptr[end] != ']') {
            end++;
        }
        if (end == 1 || end == rest.len) {
            return false;
        }
        *ret_segment = (segment){.is_item = true, .index = index};
        if (is_name) {
            ret_segment->key = s1_str_slice(rest, 1, end);
        }
        end++;
    } else {
        while (end < rest.len && rest.ptr[end] != '.' && rest.ptr[end] != '[') {
            end++;
        }
        if (end == 0) {
            return false;
        }
        *ret_segment = (segment){.key = s1_str_slice(rest, 0, end)};
    }
    if (end < rest.len && rest.ptr[end] == '.') {
        end++;
        if (end == rest.len) {
            return false;
        }
    } else if (end < rest.len && rest.ptr[end] != '[') {
        return false;
    }
    *path = s1_str_slice(rest, end, rest.len);
    return true;
}

const char *const s1_config_item_keys[] = {
    "id",           "name",       "operator_id", "plugin",         "environment_id",
    "blueprint_id", "adapter_id", "event_name",  "data_source_id", "schedule_id",
    "connector_id", "asset_pair", NULL};

static bool is_called(const s1_yaml_node *item, s1_str name)
{
    const s1_yaml_node *called = NULL;
    for (size_t i = 0; s1_config_item_keys[i] != NULL && called == NULL; i++) {
        called =
            item->kind == S1_YAML_MAP ? s1_yaml_get(item, s1_str_of(s1_config_item_keys[i])) : NULL;
    }
    return called != NULL && called->kind == S1_YAML_SCALAR && s1_str_eq(called->text, name);
}

static s1_rc step_item(s1_yaml_node *node, const segment *seg, s1_str path, s1_yaml_node **ret_node,
                       s1_err *err)
{
    const bool is_list = node->kind == S1_YAML_LIST;
    s1_yaml_node *found = NULL;
    uint32_t hits = 0;
    for (s1_yaml_node *child = is_list ? node->first : NULL; child != NULL; child = child->next) {
        if (seg->key.len == 0 ? child->index == seg->index : is_called(child, seg->key)) {
            found = child;
            hits++;
        }
    }
    if (seg->key.len == 0 && hits != 1) {
        return S1_RAISE(err, S1_E_INVALID, "--set %.*s: found index %u, expected %s of %u items",
                        S1_STR_ARG(path), seg->index, is_list ? "one of a list" : "a list",
                        is_list ? node->count : 0);
    }
    if (hits != 1) {
        return S1_RAISE(err, S1_E_INVALID,
                        "--set %.*s: found %u items called '%.*s', expected one (its name or its "
                        "index)",
                        S1_STR_ARG(path), hits, S1_STR_ARG(seg->key));
    }
    *ret_node = found;
    return S1_OK;
}

static s1_rc step(s1_yaml_node *node, const segment *seg, s1_str path, s1_str file, s1_arena *arena,
                  s1_yaml_node **ret_node, s1_err *err)
{
    if (seg->is_item) {
        return step_item(node, seg, path, ret_node, err);
    }
    if (node->kind == S1_YAML_NULL) {
        node->kind = S1_YAML_MAP;
    }
    if (node->kind != S1_YAML_MAP) {
        return S1_RAISE(err, S1_E_INVALID, "--set %.*s: found '%.*s' below %s, expected a map",
                        S1_STR_ARG(path), S1_STR_ARG(seg->key), s1_yaml_show(node, arena).ptr);
    }
    s1_yaml_node *child = s1_yaml_get(node, seg->key);
    if (child == NULL) {
        child = S1_CONFIG_NEW(arena, s1_yaml_node);
        child->kind = S1_YAML_NULL;
        child->file = file;
        child->key = s1_config_copy(arena, seg->key);
        append_child(node, child);
    }
    *ret_node = child;
    return S1_OK;
}

/* Marks a tree as coming from an argument: no line to point at. */
static void forget_lines(s1_yaml_node *node, s1_str file)
{
    node->file = file;
    node->line = node->column = node->key_line = node->key_column = 0;
    for (s1_yaml_node *child = node->first; child != NULL; child = child->next) {
        forget_lines(child, file);
    }
}

s1_rc s1_yaml_set(s1_yaml_node *root, s1_str path, s1_str value, const s1_yaml_options *options,
                  s1_arena *arena, s1_err *err)
{
    S1_ASSERT(root != NULL);
    const s1_str file = s1_config_copy(arena, options->file);
    s1_faults faults;
    s1_faults_init(&faults, arena, 1);
    s1_yaml_node *parsed = NULL;
    s1_yaml_parse(value, options, arena, &faults, &parsed);
    if (parsed == NULL || faults.errors != 0) {
        const s1_fault *const fault = &faults.items[0];
        return S1_RAISE(err, S1_E_INVALID, "%.*s: found %.*s, expected %.*s", S1_STR_ARG(file),
                        S1_STR_ARG(fault->found), S1_STR_ARG(fault->expected));
    }
    if (value.len == 0) {
        parsed->kind = S1_YAML_NULL;
    }
    s1_yaml_node *node = root;
    s1_str rest = path;
    while (rest.len != 0) {
        segment seg;
        if (!next_segment(&rest, &seg)) {
            return S1_RAISE(
                err, S1_E_INVALID,
                "--set: found path '%.*s', expected names and [index] or [name] joined by '.'",
                S1_STR_ARG(path));
        }
        S1_TRY(err, step(node, &seg, path, file, arena, &node, err));
    }
    forget_lines(parsed, file);
    node->kind = parsed->kind;
    node->text = parsed->text;
    node->is_quoted = parsed->is_quoted;
    node->file = file;
    node->line = node->column = 0;
    node->count = parsed->count;
    node->first = parsed->first;
    node->last = parsed->last;
    for (s1_yaml_node *child = node->first; child != NULL; child = child->next) {
        child->parent = node;
    }
    return S1_OK;
}
