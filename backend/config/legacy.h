/* backend/config/legacy.h - the forms configuration files had before this one. They are told from
 * today's, and never read as if they were: `s1mpletrader migrate` writes today's from them. */
#ifndef S1_BACKEND_CONFIG_LEGACY_H
#define S1_BACKEND_CONFIG_LEGACY_H

#include "backend/config/yaml.h"

enum s1_legacy_form {
    S1_LEGACY_NONE = 0,  /* today's form, or none at all */
    S1_LEGACY_PORTFOLIO, /* portfolio.yaml: `strategies` instead of `strategy_links` */
    S1_LEGACY_TASKBOARD, /* V2 run blueprint: a `taskboard` of phases */
    S1_LEGACY_FOUR       /* V2 blueprint of four categories: analysis_workers, monitor_workers */
};

/* The form of a file. Accepts NULL. */
enum s1_legacy_form s1_legacy_form_of(const s1_yaml_node *root);

/* "a portfolio (strategies instead of strategy_links)"; "" for none. Static. */
const char *s1_legacy_form_text(enum s1_legacy_form form);

/* If the file has a form of before, reports it with the command that changes it and returns true.
 * `path` is the file's. */
bool s1_legacy_refuse(const s1_yaml_node *root, s1_str path, s1_faults *faults);

#endif /* S1_BACKEND_CONFIG_LEGACY_H */
