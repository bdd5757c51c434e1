#include "services/api/version.h"

#include "s1_build.h"
#include "s1mple/plugin.h"

const s1_version_info *s1_api_version(void)
{
    static const s1_version_info info = {
        .version = S1_VERSION,
        .compiler = S1_COMPILER,
        .build = sizeof S1_BUILD_SANITIZE > 1 ? S1_BUILD_TYPE "+" S1_BUILD_SANITIZE : S1_BUILD_TYPE,
        .abi_major = S1_ABI_MAJOR,
        .abi_minor = S1_ABI_MINOR,
    };
    return &info;
}
