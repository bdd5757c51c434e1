/* services/api/migrate_internal.h - one file on its way from the old form to the new. */
#ifndef S1_SERVICES_API_MIGRATE_INTERNAL_H
#define S1_SERVICES_API_MIGRATE_INTERNAL_H

#include "backend/assembly/plugin_registry.h"
#include "backend/config/legacy.h"
#include "backend/config/schema.h"
#include "services/api/migrate.h"

#define S1_MIGRATE_ENTRIES_MAX 4096u

typedef struct s1_migration {
    s1_arena *arena;
    s1_plugin_registry *registry; /* NULL: there are no plugins to look at */
    s1_str id;                    /* name of the old file without its ending */
    s1_migrate_entry *entries;    /* [S1_MIGRATE_ENTRIES_MAX] */
    const s1_yaml_node **told;    /* [..]: node an entry is about; NULL: none */
    size_t entry_count;
    bool has_failed; /* no memory, or too many entries */
} s1_migration;

/* --- Telling. --- */

/* An entry about a node and all below it. `to` and `why` may be "". */
void s1_migrate_tell(s1_migration *m, int32_t what, const s1_yaml_node *node, const char *to,
                     const char *why);
/* An entry about nothing of the old file. */
void s1_migrate_add(s1_migration *m, const char *to, const char *why);
/* Tells of everything no entry is about yet. */
void s1_migrate_tell_rest(s1_migration *m, const s1_yaml_node *root);
S1_PRINTF(2, 3) const char *s1_migrate_format(s1_migration *m, const char *format, ...);

/* --- The new tree. --- */

s1_yaml_node *s1_migrate_node(s1_migration *m, int32_t kind);
s1_yaml_node *s1_migrate_text(s1_migration *m, s1_str text, bool is_quoted);
s1_yaml_node *s1_migrate_copy(s1_migration *m, const s1_yaml_node *node);
/* Appends a child; key empty in a list. */
void s1_migrate_put(s1_migration *m, s1_yaml_node *parent, s1_str key, s1_yaml_node *child);
/* Copies a value and tells so. */
void s1_migrate_map(s1_migration *m, const s1_yaml_node *from, s1_yaml_node *to, s1_str key,
                    const char *path);
/* Copies of a map what the schema has, deeper too; tells of the rest why not. */
void s1_migrate_known(s1_migration *m, const s1_yaml_node *from, const s1_schema *schema,
                      s1_yaml_node *to, const char *path);

/* --- The forms. --- */

s1_yaml_node *s1_migrate_portfolio(s1_migration *m, const s1_yaml_node *root);
s1_yaml_node *s1_migrate_blueprint(s1_migration *m, const s1_yaml_node *root);

#endif /* S1_SERVICES_API_MIGRATE_INTERNAL_H */
