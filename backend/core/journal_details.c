#include "backend/core/journal_internal.h"
#include "backend/core/journal_reader.h"
#include "backend/utils/json_memory.h"
#include "backend/utils/text.h"
#include "backend/utils/timefmt.h"
#include "backend/utils/uid.h"
#include "s1mple/decimal.h"
#include "s1mple/error.h"

#include <math.h>
#include <string.h>

json_t *s1_journal_json_load(s1_str text, json_error_t *ret_fault)
{
    json_t *root = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, ret_fault);
    return root != NULL ? root
                        : json_loadb(text.ptr, text.len,
                                     JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, ret_fault);
}

s1_rc s1_journal_details_init(s1_journal_details_view *ret_view, const s1_journal_entry *entry,
                              s1_err *err)
{
    json_error_t fault;
    const uint64_t before = s1_json_memory_failures();
    json_t *root = s1_journal_json_load(entry->details, &fault);
    s1_rc rc = S1_OK;
    if (!json_is_object(root)) {
        rc = S1_RAISE(err, S1_E_DATA, "journal entry %llu: details is not a JSON object: %s",
                      (unsigned long long)entry->seq, root == NULL ? fault.text : "another value");
    }
    rc = s1_json_memory_judge(before, rc, err);
    if (rc != S1_OK) {
        json_decref(root);
        return rc;
    }
    ret_view->root = root;
    return S1_OK;
}

void s1_journal_details_done(s1_journal_details_view *view)
{
    json_decref(view->root);
    view->root = NULL;
}

const json_t *s1_journal_details_at(const s1_journal_details_view *view, const char *path)
{
    const json_t *at = view->root;
    while (at != NULL && *path != '\0') {
        const size_t length = strcspn(path, ".");
        at = json_object_getn(at, path, length);
        path += length + (path[length] == '.' ? 1 : 0);
    }
    return at;
}

const char *s1_journal_details_text(const s1_journal_details_view *view, const char *path)
{
    return json_string_value(s1_journal_details_at(view, path));
}

double s1_journal_details_number(const s1_journal_details_view *view, const char *path)
{
    const json_t *at = s1_journal_details_at(view, path);
    return json_is_number(at) ? json_number_value(at) : (double)NAN;
}

int64_t s1_journal_details_integer(const s1_journal_details_view *view, const char *path,
                                   int64_t fallback)
{
    const json_t *at = s1_journal_details_at(view, path);
    return json_is_integer(at) ? json_integer_value(at) : fallback;
}

static bool is_of_type(const json_t *value, int32_t type)
{
    const s1_str text = s1_str_of(json_string_value(value));
    s1_dec decimal;
    s1_nanos time;
    s1_uid uid;
    switch (type) {
    case S1_JOURNAL_TEXT:
        return json_is_string(value);
    case S1_JOURNAL_DECIMAL:
        return json_is_string(value) && s1_dec_parse(text, &decimal, NULL) == S1_OK;
    case S1_JOURNAL_NUMBER:
        return json_is_number(value) || json_is_null(value);
    case S1_JOURNAL_INTEGER:
        return json_is_integer(value) ||
               (json_is_real(value) && json_real_value(value) == trunc(json_real_value(value)));
    case S1_JOURNAL_BOOLEAN:
        return json_is_boolean(value);
    case S1_JOURNAL_TIME:
        return json_is_string(value) && s1_time_parse(text, &time, NULL) == S1_OK;
    case S1_JOURNAL_UUID:
        return json_is_string(value) && s1_uid_parse(text, &uid, NULL) == S1_OK;
    case S1_JOURNAL_OBJECT:
        return json_is_object(value);
    case S1_JOURNAL_LIST:
        return json_is_array(value);
    default:
        return false;
    }
}

static s1_rc check_ids(const s1_journal_entry *entry, const s1_journal_kind_info *info, s1_err *err)
{
    for (int32_t id = 0; id < S1_JOURNAL_ID_COUNT; id++) {
        const uint32_t bit = 1u << id;
        const bool is_there = (entry->ids_present & bit) != 0;
        if (!is_there && (info->ids_required & bit) != 0) {
            return S1_RAISE(err, S1_E_DATA, "journal entry %llu %s: no %s, it must have one",
                            (unsigned long long)entry->seq, info->name, s1_journal_id_key(id));
        }
        if (is_there && (info->ids_allowed & bit) == 0) {
            return S1_RAISE(err, S1_E_DATA, "journal entry %llu %s: has a %s, it may not",
                            (unsigned long long)entry->seq, info->name, s1_journal_id_key(id));
        }
    }
    return S1_OK;
}

s1_rc s1_journal_entry_check(const s1_journal_entry *entry, s1_err *err)
{
    const s1_journal_kind_info *info = s1_journal_kind_info_borrow(entry->kind);
    if (info == NULL) {
        return S1_RAISE(err, S1_E_DATA, "journal entry %llu: kind %d is none",
                        (unsigned long long)entry->seq, (int)entry->kind);
    }
    S1_TRY(err, check_ids(entry, info, err));
    s1_journal_details_view details;
    S1_TRY(err, s1_journal_details_init(&details, entry, err));
    s1_rc rc = S1_OK;
    for (uint32_t i = 0; i < info->field_count && rc == S1_OK; i++) {
        const s1_journal_field *field = &info->fields[i];
        const json_t *value = json_object_get(details.root, field->name);
        if (value == NULL && field->is_required != 0) {
            rc = S1_RAISE(err, S1_E_DATA, "journal entry %llu %s: details.%s is missing",
                          (unsigned long long)entry->seq, info->name, field->name);
        } else if (value != NULL && !is_of_type(value, field->type)) {
            rc = S1_RAISE(err, S1_E_DATA, "journal entry %llu %s: details.%s: expected %s",
                          (unsigned long long)entry->seq, info->name, field->name,
                          s1_journal_field_type_name(field->type));
        }
    }
    s1_journal_details_done(&details);
    return rc;
}
