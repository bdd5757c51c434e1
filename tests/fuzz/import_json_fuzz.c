/* JSON files: objects, arrays, whatever stands around them. */
#include "tests/fuzz/import_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const profiles[] = {"generic", "coinbase", "binance", "bitfinex", "kraken"};
    fuzz_import(data, size, "in.json", profiles, sizeof profiles / sizeof profiles[0]);
    return 0;
}
