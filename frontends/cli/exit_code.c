#include "frontends/cli/exit_code.h"

int s1_exit_from_rc(s1_rc rc)
{
    switch (rc) {
    case S1_OK:
        return S1_EXIT_OK;
    case S1_E_INVALID:
    case S1_E_UNSUPPORTED:
        return S1_EXIT_CONFIGURATION;
    case S1_E_DATA:
        return S1_EXIT_DATA;
    case S1_E_PLUGIN:
    case S1_E_ABI:
        return S1_EXIT_PLUGIN;
    case S1_E_IO:
    case S1_E_DENIED:
    case S1_E_EXISTS:
        return S1_EXIT_IO;
    case S1_E_STORAGE:
        return S1_EXIT_STORAGE;
    case S1_E_NOT_FOUND:
        return S1_EXIT_NOT_FOUND;
    case S1_E_CANCELED:
        return S1_EXIT_INTERRUPTED;
    default:
        return S1_EXIT_INTERNAL;
    }
}

const char *s1_exit_name(int exit_code)
{
    switch (exit_code) {
#define X(value, code, name, meaning)                                                              \
    case (code):                                                                                   \
        return name;
        S1_EXIT_MAP(X)
#undef X
    default:
        return "unknown";
    }
}

const char *s1_exit_meaning(int exit_code)
{
    switch (exit_code) {
#define X(value, code, name, meaning)                                                              \
    case (code):                                                                                   \
        return meaning;
        S1_EXIT_MAP(X)
#undef X
    default:
        return "unknown";
    }
}
