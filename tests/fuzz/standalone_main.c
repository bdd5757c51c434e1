/* Replays a fuzz corpus without libFuzzer: every argument is a file or a folder of files, taken in
 * name order. Used where clang is not there, and as the regression test of inputs once found.
 * Exit 0 when every input came through; a crash is the failure. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return 1;
    }
    uint8_t *data = NULL;
    size_t size = 0, room = 0;
    for (;;) {
        if (size == room) {
            room = room == 0 ? 4096 : room * 2;
            uint8_t *grown = realloc(data, room);
            if (grown == NULL) {
                fprintf(stderr, "%s: no memory for %zu bytes\n", path, room);
                free(data);
                (void)fclose(file);
                return 1;
            }
            data = grown;
        }
        const size_t got = fread(data + size, 1, room - size, file);
        if (got == 0) {
            break;
        }
        size += got;
    }
    (void)fclose(file);
    /* An exact-size copy, so that a sanitizer sees a read past the end. */
    uint8_t *exact = malloc(size > 0 ? size : 1);
    if (exact != NULL) {
        memcpy(exact, data, size);
        (void)LLVMFuzzerTestOneInput(exact, size);
    }
    const int failed = exact == NULL;
    free(exact);
    free(data);
    return failed;
}

static int replay_folder(const char *path, size_t *count)
{
    struct dirent **names = NULL;
    const int found = scandir(path, &names, NULL, alphasort);
    if (found < 0) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return 1;
    }
    int failed = 0;
    for (int i = 0; i < found; i++) {
        char file[PATH_MAX];
        struct stat info;
        const int length = snprintf(file, sizeof file, "%s/%s", path, names[i]->d_name);
        if (length > 0 && (size_t)length < sizeof file && stat(file, &info) == 0 &&
            S_ISREG(info.st_mode)) {
            failed |= replay_file(file);
            (*count)++;
        }
        free(names[i]);
    }
    free(names);
    return failed;
}

int main(int argc, char **argv)
{
    int failed = 0;
    size_t count = 0;
    for (int i = 1; i < argc; i++) {
        struct stat info;
        if (stat(argv[i], &info) == 0 && S_ISDIR(info.st_mode)) {
            failed |= replay_folder(argv[i], &count);
        } else {
            failed |= replay_file(argv[i]);
            count++;
        }
    }
    printf("%zu inputs replayed\n", count);
    return failed != 0 || count == 0;
}
