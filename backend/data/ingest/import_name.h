/* backend/data/ingest/import_name.h - what names of files and symbols say.
 *
 * A name is taken whole, from its first byte: the symbol of AIXBTUSD_5.csv is AIXBTUSD, never
 * XBTUSD. Kraken's XBT and XDG are BTC and DOGE everywhere.
 */
#ifndef S1_BACKEND_DATA_INGEST_IMPORT_NAME_H
#define S1_BACKEND_DATA_INGEST_IMPORT_NAME_H

#include "backend/dtos/market/stream_key.h"
#include "backend/utils/text.h"
#include "s1mple/base.h"

typedef struct s1_import_name {
    s1_str symbol;      /* "XBTUSD", part of the name; empty if it does not say */
    s1_nanos timeframe; /* 0 if it does not say, or for trades */
    int32_t data_type;  /* 0 if it does not say */
    bool has_date;
    s1_nanos date; /* midnight of the day in the name */
} s1_import_name;

/* Reads a base name ("XBTUSD_60.csv") by a convention (enum s1_naming). False if it is not of that
 * form: then it says nothing. */
bool s1_import_name_read(int32_t naming, s1_str base_name, s1_import_name *ret_name);

/* "XBT/EUR" -> "BTC/EUR": the names that venues give to one thing, as one. False if the pair is too
 * long or has no slash. */
bool s1_pair_normalise(s1_str pair, char ret_pair[static S1_PAIR_TEXT_MAX + 1]);

/* Is a venue's symbol ("XBTUSD", "ADA/EUR", "btc-usd") the pair? */
bool s1_symbol_is_pair(s1_str symbol, s1_str pair);

#endif /* S1_BACKEND_DATA_INGEST_IMPORT_NAME_H */
