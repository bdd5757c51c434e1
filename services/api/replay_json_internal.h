/* services/api/replay_json_internal.h - a replay as JSON; this folder only. */
#ifndef S1_SERVICES_API_REPLAY_JSON_INTERNAL_H
#define S1_SERVICES_API_REPLAY_JSON_INTERNAL_H

#include "backend/utils/text.h"
#include "services/api/replay.h"

/* Appends the view as one object; the caller checks the buffer. */
void s1_replay_json(const s1_replay_view *view, s1_strbuf *out);

#endif /* S1_SERVICES_API_REPLAY_JSON_INTERNAL_H */
