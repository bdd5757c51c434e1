/* The ELF reader of plugin images: any bytes, no read outside them. */
#include "backend/assembly/plugin_image.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ignore_reason(void *self, const char *reason)
{
    *(size_t *)self += strlen(reason);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    s1_plugin_image *image = NULL;
    s1_err err = S1_ERR_INIT;
    const s1_str bytes = {(const char *)data, size};
    size_t length = 0;
    const s1_refusals refusals = {&length, ignore_reason};
    if (s1_plugin_image_read(bytes, &image, &err) == S1_OK) {
        (void)s1_plugin_image_judge(image, &refusals);
    }
    s1_plugin_image_free(image);
    return 0;
}
