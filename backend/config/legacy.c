#include "backend/config/legacy.h"

#include "backend/config/internal.h"

enum s1_legacy_form s1_legacy_form_of(const s1_yaml_node *root)
{
    const s1_yaml_node *const workforce = s1_yaml_get(root, S1_STR("workforce"));
    if (s1_yaml_get(root, S1_STR("strategies")) != NULL &&
        s1_yaml_get(root, S1_STR("strategy_links")) == NULL) {
        return S1_LEGACY_PORTFOLIO;
    }
    if (s1_yaml_get(root, S1_STR("taskboard")) != NULL) {
        return S1_LEGACY_TASKBOARD;
    }
    return s1_yaml_get(workforce, S1_STR("analysis_workers")) != NULL ||
                   s1_yaml_get(workforce, S1_STR("monitor_workers")) != NULL
               ? S1_LEGACY_FOUR
               : S1_LEGACY_NONE;
}

const char *s1_legacy_form_text(enum s1_legacy_form form)
{
    switch (form) {
    case S1_LEGACY_PORTFOLIO:
        return "a portfolio of the form before operation.yaml (strategies instead of "
               "strategy_links)";
    case S1_LEGACY_TASKBOARD:
        return "a V2 run blueprint (a taskboard of phases)";
    case S1_LEGACY_FOUR:
        return "a V2 blueprint (analysis_workers and monitor_workers)";
    case S1_LEGACY_NONE:
        break;
    }
    return "";
}

bool s1_legacy_refuse(const s1_yaml_node *root, s1_str path, s1_faults *faults)
{
    const enum s1_legacy_form form = s1_legacy_form_of(root);
    if (form == S1_LEGACY_NONE) {
        return false;
    }
    static const char *const keys[] = {"", "strategies", "taskboard", "workforce"};
    const s1_source source = s1_yaml_source(s1_yaml_get(root, s1_str_of(keys[form])));
    s1_faults_add(faults, S1_FAULT_SCHEMA, &source, s1_str_of(keys[form]),
                  s1_str_of(s1_legacy_form_text(form)),
                  s1_config_format(faults->arena,
                                   "the form of this version: `s1mpletrader migrate "
                                   "%.*s` writes it",
                                   S1_STR_ARG(path)),
                  (s1_str){NULL, 0});
    return true;
}
