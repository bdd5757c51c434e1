/* Gzip files. */
#include "tests/fuzz/import_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const profiles[] = {"generic", "kraken", "coinbase"};
    fuzz_import(data, size, "in.csv.gz", profiles, sizeof profiles / sizeof profiles[0]);
    return 0;
}
