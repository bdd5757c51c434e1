/* s1mple/detect.h - what opportunity and threat workers do with what they found, in one call.
 */
#ifndef S1MPLE_DETECT_H
#define S1MPLE_DETECT_H

#include "s1mple/params.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Emits a signal without a score. `fields` is its metadata, copied before the call returns. Errors:
 * those of the sink. */
S1_WARN_UNUSED
static inline s1_rc s1_detect_signal(const s1_opportunity_sink *out, s1_str signal_type,
                                     int32_t direction, double price, const s1_field *fields,
                                     uint32_t field_count, s1_err *err)
{
    s1_signal draft;
    memset(&draft, 0, sizeof draft);
    draft.size = sizeof draft;
    draft.direction = direction;
    draft.signal_type = signal_type;
    draft.score = (double)NAN;
    draft.price = price;
    draft.metadata = fields;
    draft.metadata_count = field_count;
    s1_opportunity_id id;
    S1_TRY(err, out->emit(out->self, &draft, &id, err));
    return S1_OK;
}

/* Reports a threat that holds now. `key` tells episodes of one worker apart and may be empty;
 * `fields` are its details, copied before the call returns. Errors: those of the sink. */
S1_WARN_UNUSED
static inline s1_rc s1_detect_threat(const s1_threat_sink *out, s1_str threat_type, s1_str key,
                                     int32_t severity, const s1_field *fields, uint32_t field_count,
                                     s1_err *err)
{
    s1_threat_report report;
    memset(&report, 0, sizeof report);
    report.size = sizeof report;
    report.severity = severity;
    report.key = key;
    report.threat_type = threat_type;
    report.details = fields;
    report.detail_count = field_count;
    s1_threat_id id;
    S1_TRY(err, out->report(out->self, &report, &id, err));
    return S1_OK;
}

#ifdef __cplusplus
}
#endif
#endif /* S1MPLE_DETECT_H */
