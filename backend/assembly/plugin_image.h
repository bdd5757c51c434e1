/* backend/assembly/plugin_image.h - what a shared object is, known before it is opened.
 *
 * dlopen runs code: constructors, IFUNC resolvers, those of every library it pulls in. So the bytes
 * are read here first, by an ELF64 reader of our own that trusts nothing in them, and judged
 * against plugin_imports.def. This keeps honest plugins within the contract (no clock, no chance,
 * no I/O); it is not a sandbox: a native plugin is trusted code.
 */
#ifndef S1_BACKEND_ASSEMBLY_PLUGIN_IMAGE_H
#define S1_BACKEND_ASSEMBLY_PLUGIN_IMAGE_H

#include "s1mple/error.h"

#define S1_PLUGIN_IMAGE_BYTES_MAX ((size_t)64 << 20)

/* One reason for a refusal, as text without a path in front; borrowed for the call. */
typedef struct s1_refusals {
    void *self;
    void (*put)(void *self, const char *reason);
} s1_refusals;

/* The dynamic section in our words. Texts are borrowed from the bytes. */
typedef struct s1_plugin_image {
    s1_str *exports; /* [export_count] in order of the symbol table */
    s1_str *imports; /* [import_count] */
    s1_str *needed;  /* [needed_count] */
    uint32_t export_count, import_count, needed_count;
    uint32_t machine;           /* e_machine; 62 is x86-64 */
    uint32_t constructor_count; /* entries of .preinit_array and .init_array */
    uint32_t has_start_files;   /* DT_INIT: crti and crtbegin, which bring one constructor */
    uint32_t has_ifunc;         /* resolvers that run at load */
    uint32_t has_search_path;   /* DT_RPATH, DT_RUNPATH */
    uint32_t has_filter;        /* DT_FILTER, DT_AUXILIARY, DT_AUDIT: loads libraries unnamed */
    uint32_t has_text_relocations;
    uint32_t has_executable_stack;
    uint32_t reserved;
} s1_plugin_image;

/* Reads the dynamic symbols of an ELF64 little-endian shared object. Heap; free with
 * s1_plugin_image_free; `bytes` must outlive it. Errors: S1_E_DATA saying what is wrong with the
 * file and where; S1_E_NO_MEMORY. Never reads outside `bytes`. */
S1_WARN_UNUSED s1_rc s1_plugin_image_read(s1_str bytes, s1_plugin_image **ret_image, s1_err *err);
void s1_plugin_image_free(s1_plugin_image *image); /* accepts NULL */

/* Puts every reason why the platform does not open this image into `refusals`; returns how many.
 * A host built with sanitizers lets their runtime and constructors pass. */
uint32_t s1_plugin_image_judge(const s1_plugin_image *image, const s1_refusals *refusals);

#endif /* S1_BACKEND_ASSEMBLY_PLUGIN_IMAGE_H */
