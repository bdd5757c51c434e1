/* Zip archives, LEAN among them. */
#include "tests/fuzz/import_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const profiles[] = {"lean-fx", "kraken", "generic", "kraken-trades"};
    fuzz_import(data, size, "20200101_quote.zip", profiles, sizeof profiles / sizeof profiles[0]);
    return 0;
}
