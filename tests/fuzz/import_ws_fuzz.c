/* Recorded web sockets. */
#include "tests/fuzz/import_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const profiles[] = {"binance-ws"};
    fuzz_import(data, size, "in.txt", profiles, sizeof profiles / sizeof profiles[0]);
    return 0;
}
