#include "services/api/validate.h"

#include "services/operators/run_preparer.h"

#include <stdlib.h>

struct s1_validation {
    s1_preparation preparation;
    s1_validation_fault *faults; /* in the preparation's arena */
    size_t fault_count;
};

static const char *cstr(s1_arena *arena, s1_str text)
{
    const char *const copy = s1_arena_copy_cstr(arena, text);
    return copy != NULL ? copy : "";
}

static s1_rc take_faults(s1_validation *validation, s1_err *err)
{
    s1_arena *const arena = &validation->preparation.arena;
    const s1_faults *const faults = &validation->preparation.faults;
    validation->faults = s1_arena_array(arena, s1_validation_fault, faults->count + 1u);
    if (validation->faults == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%u faults", faults->count);
    }
    s1_strbuf text;
    s1_strbuf_init(&text, 1u << 16);
    for (uint32_t i = 0; i < faults->count; i++) {
        const s1_fault *const fault = &faults->items[i];
        s1_strbuf_clear(&text);
        s1_fault_print(fault, &text);
        validation->faults[validation->fault_count++] =
            (s1_validation_fault){.text = cstr(arena, s1_strbuf_view(&text)),
                                  .file = cstr(arena, fault->source.file),
                                  .path = cstr(arena, fault->path),
                                  .code = s1_fault_class_name(fault->fault_class),
                                  .found = cstr(arena, fault->found),
                                  .expected = cstr(arena, fault->expected),
                                  .hint = cstr(arena, fault->hint),
                                  .line = fault->source.line,
                                  .column = fault->source.column,
                                  .is_warning = fault->is_warning};
    }
    s1_strbuf_done(&text);
    return S1_OK;
}

s1_rc s1_api_validate(const s1_validate_options *options, s1_validation **ret_validation,
                      s1_err *err)
{
    s1_validation *const validation = calloc(1, sizeof *validation);
    if (validation == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "validation");
    }
    s1_rc rc = s1_prepare(&(s1_prepare_options){.config_dir = options->config_dir,
                                                .target = options->target,
                                                .overrides = options->overrides,
                                                .override_count = options->override_count,
                                                .fs = s1_fs_real()},
                          &validation->preparation, err);
    if (rc == S1_OK) {
        rc = take_faults(validation, err);
    }
    if (rc != S1_OK) {
        s1_validation_free(validation);
        return rc;
    }
    *ret_validation = validation;
    return S1_OK;
}

const s1_validation_fault *s1_validation_faults(const s1_validation *validation, size_t *ret_count)
{
    *ret_count = validation->fault_count;
    return validation->faults;
}

size_t s1_validation_error_count(const s1_validation *validation)
{
    return validation->preparation.faults.errors;
}

size_t s1_validation_warning_count(const s1_validation *validation)
{
    return validation->preparation.faults.warnings;
}

size_t s1_validation_file_count(const s1_validation *validation)
{
    const s1_config *const config = validation->preparation.config;
    return config != NULL ? config->files.count : 0;
}

void s1_validation_free(s1_validation *validation)
{
    if (validation != NULL) {
        s1_preparation_done(&validation->preparation);
        free(validation);
    }
}
