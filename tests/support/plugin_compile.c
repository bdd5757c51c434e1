#include "tests/support/plugin_compile.h"

#include "tests/support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *variable(const char *name, const char *fallback)
{
    const char *const value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : fallback;
}

void s1_test_compile_plugin(const char *source, const char *library, const char *flags)
{
    const char *const root = variable("S1_SOURCE_DIR", ".");
    char command[4096];
    (void)snprintf(command, sizeof command,
                   "%s -std=gnu17 -O1 -fPIC -fvisibility=hidden -ffp-contract=off -I'%s/include' "
                   "-shared -o '%s' '%s/%s' -Wl,-z,defs %s -lm",
                   variable("CC", "cc"), root, library, root, source, flags);
    if (system(command) != 0) {
        fail_msg("failed: %s", command);
    }
}

char *s1_test_folder(void)
{
    char pattern[1024];
    (void)snprintf(pattern, sizeof pattern, "%s/s1_XXXXXX", variable("S1_TEST_TMP", "/tmp"));
    char *const folder = strdup(pattern);
    assert_non_null(folder);
    assert_non_null(mkdtemp(folder));
    return folder;
}

void s1_test_write(const char *path, const char *text)
{
    char folder[4096];
    (void)snprintf(folder, sizeof folder, "%s", path);
    for (char *slash = strchr(folder + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(folder, 0755);
        *slash = '/';
    }
    FILE *const file = fopen(path, "w");
    if (file == NULL) {
        fail_msg("cannot write %s", path);
    }
    (void)fputs(text, file);
    assert_int_equal(fclose(file), 0);
}
