/* CSV files of every layout. */
#include "tests/fuzz/import_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const profiles[] = {
        "generic", "kraken",   "kraken-trades", "binance", "binance-trades", "bitfinex",
        "cdd",     "cdd-date", "yahoo",         "lean-fx", "backtesting",    "w1"};
    fuzz_import(data, size, "20200101_quote.csv", profiles, sizeof profiles / sizeof profiles[0]);
    return 0;
}
