/* tests/support/plugin_compile.h - shared objects made on the spot from tests/negative/plugins. */
#ifndef S1_TESTS_SUPPORT_PLUGIN_COMPILE_H
#define S1_TESTS_SUPPORT_PLUGIN_COMPILE_H

/* Compiles `source` (below the source root) as a plugin to `library`, with `flags` (may be "") at
 * the end of the command. Uses $CC or cc. Fails the test if the compiler does. */
void s1_test_compile_plugin(const char *source, const char *library, const char *flags);

/* A fresh folder below S1_TEST_TMP; free() it. */
char *s1_test_folder(void);

/* Writes a text file; makes the folders above it. */
void s1_test_write(const char *path, const char *text);

#endif /* S1_TESTS_SUPPORT_PLUGIN_COMPILE_H */
