/* backend/config/default_tree.h - the files of config/ as they were when this was built. */
#ifndef S1_BACKEND_CONFIG_DEFAULT_TREE_H
#define S1_BACKEND_CONFIG_DEFAULT_TREE_H

#include <stddef.h>

typedef struct s1_default_file {
    const char *name; /* "runs/demo.yaml" */
    const unsigned char *bytes;
    size_t len;
} s1_default_file;

extern const s1_default_file s1_default_files[]; /* ends with a NULL name */

#endif /* S1_BACKEND_CONFIG_DEFAULT_TREE_H */
