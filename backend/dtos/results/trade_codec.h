/* backend/dtos/results/trade_codec.h - a trade record as CSV, JSON and JSON Schema, from its one
 * table. Appends to buffers; the caller checks them once, at the end (s1_strbuf_check).
 */
#ifndef S1_BACKEND_DTOS_RESULTS_TRADE_CODEC_H
#define S1_BACKEND_DTOS_RESULTS_TRADE_CODEC_H

#include "backend/dtos/results/trade_record.h"
#include "backend/utils/json_writer.h"
#include "backend/utils/text.h"

/* Appends the header line of result_trades.csv, with its newline. */
void s1_trade_record_csv_header(s1_strbuf *out);

/* Appends the trade as one CSV row with its newline, quoted as RFC 4180 asks. An id that is none
 * is an empty field. */
void s1_trade_record_csv_row(const s1_trade_record *trade, s1_strbuf *out);

/* Writes the trade as one object with every field of the table: decimals as strings, times as ISO,
 * an id that is none as null. */
void s1_trade_record_json(const s1_trade_record *trade, s1_json_writer *writer);

/* Writes the JSON Schema (draft 2020-12) of that object. */
void s1_trade_record_json_schema(s1_json_writer *writer);

/* "long", "short"; "none" for anything else. Static. */
const char *s1_direction_name(int32_t direction);

#endif /* S1_BACKEND_DTOS_RESULTS_TRADE_CODEC_H */
