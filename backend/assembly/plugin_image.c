#include "backend/assembly/plugin_image.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HOST_HAS_SANITIZERS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HOST_HAS_SANITIZERS 1
#endif
#endif
#ifndef HOST_HAS_SANITIZERS
#define HOST_HAS_SANITIZERS 0
#endif

#define SYMBOLS_MAX  65536u
#define SEGMENTS_MAX 64u
#define DYNAMIC_MAX  4096u

/* Where things are, by virtual address, as the dynamic section says. 0: absent. */
typedef struct dynamic_info {
    uint64_t symtab, strtab, strtab_bytes, hash, gnu_hash;
    uint64_t rela, rela_bytes, jmprel, jmprel_bytes;
    uint64_t init_array_bytes, preinit_array_bytes;
} dynamic_info;

typedef struct reader {
    s1_str bytes;
    Elf64_Phdr segments[SEGMENTS_MAX];
    uint32_t segment_count;
    dynamic_info info;
    s1_err *err;
} reader;

/* --- Bounded reading. --------------------------------------------------------------------- */

static s1_rc read_at(const reader *in, uint64_t offset, void *ret_value, size_t size,
                     const char *what)
{
    if (offset > in->bytes.len || size > in->bytes.len - offset) {
        return S1_RAISE(in->err, S1_E_DATA, "%s at offset %llu ends outside the file of %zu bytes",
                        what, (unsigned long long)offset, in->bytes.len);
    }
    memcpy(ret_value, in->bytes.ptr + offset, size);
    return S1_OK;
}

/* File offset of a virtual address of which `size` bytes are in the file. */
static s1_rc offset_of(const reader *in, uint64_t address, uint64_t size, uint64_t *ret_offset,
                       const char *what)
{
    for (uint32_t i = 0; i < in->segment_count; i++) {
        const Elf64_Phdr *const segment = &in->segments[i];
        if (segment->p_type != PT_LOAD || address < segment->p_vaddr) {
            continue;
        }
        const uint64_t inside = address - segment->p_vaddr;
        if (inside <= segment->p_filesz && size <= segment->p_filesz - inside &&
            segment->p_offset <= UINT64_MAX - inside) {
            *ret_offset = segment->p_offset + inside;
            return S1_OK;
        }
    }
    return S1_RAISE(in->err, S1_E_DATA, "%s: address 0x%llx with %llu bytes is in no segment", what,
                    (unsigned long long)address, (unsigned long long)size);
}

static s1_rc read_address(const reader *in, uint64_t address, void *ret_value, size_t size,
                          const char *what)
{
    uint64_t offset = 0;
    S1_TRY(in->err, offset_of(in, address, size, &offset, what));
    return read_at(in, offset, ret_value, size, what);
}

static s1_rc read_string(const reader *in, uint64_t index, s1_str *ret_text)
{
    uint64_t start = 0;
    S1_TRY(in->err, offset_of(in, in->info.strtab, in->info.strtab_bytes, &start, "string table"));
    if (index >= in->info.strtab_bytes || start > in->bytes.len ||
        in->info.strtab_bytes > in->bytes.len - start) {
        return S1_RAISE(in->err, S1_E_DATA, "string %llu is outside the string table of %llu bytes",
                        (unsigned long long)index, (unsigned long long)in->info.strtab_bytes);
    }
    const char *const text = in->bytes.ptr + start + index;
    const char *const end = memchr(text, '\0', (size_t)(in->info.strtab_bytes - index));
    if (end == NULL) {
        return S1_RAISE(in->err, S1_E_DATA, "string %llu does not end in the string table",
                        (unsigned long long)index);
    }
    *ret_text = (s1_str){text, (size_t)(end - text)};
    return S1_OK;
}

/* --- Headers. ----------------------------------------------------------------------------- */

static s1_rc read_header(reader *in, s1_plugin_image *image)
{
    Elf64_Ehdr header;
    if (in->bytes.len < sizeof header || memcmp(in->bytes.ptr, ELFMAG, SELFMAG) != 0) {
        return S1_RAISE(in->err, S1_E_DATA, "not an ELF file");
    }
    S1_TRY(in->err, read_at(in, 0, &header, sizeof header, "ELF header"));
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB) {
        return S1_RAISE(in->err, S1_E_DATA, "not a 64-bit little-endian ELF file");
    }
    if (header.e_type != ET_DYN) {
        return S1_RAISE(in->err, S1_E_DATA, "ELF type %u, expected a shared object (%u)",
                        header.e_type, ET_DYN);
    }
    image->machine = header.e_machine;
    if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum > SEGMENTS_MAX) {
        return S1_RAISE(in->err, S1_E_DATA, "%u segments of %u bytes, expected at most %u of %zu",
                        header.e_phnum, header.e_phentsize, SEGMENTS_MAX, sizeof(Elf64_Phdr));
    }
    in->segment_count = header.e_phnum;
    for (uint32_t i = 0; i < in->segment_count; i++) {
        const uint64_t place = (uint64_t)i * sizeof(Elf64_Phdr);
        if (header.e_phoff > UINT64_MAX - place) {
            return S1_RAISE(in->err, S1_E_DATA, "segment table at offset %llu",
                            (unsigned long long)header.e_phoff);
        }
        S1_TRY(in->err, read_at(in, header.e_phoff + place, &in->segments[i],
                                sizeof in->segments[i], "segment table"));
        const Elf64_Phdr *const segment = &in->segments[i];
        if (segment->p_type == PT_GNU_STACK && (segment->p_flags & PF_X) != 0) {
            image->has_executable_stack = 1;
        }
    }
    return S1_OK;
}

static void note_dynamic(const Elf64_Dyn *entry, dynamic_info *info, s1_plugin_image *image)
{
    switch (entry->d_tag) {
    case DT_SYMTAB:
        info->symtab = entry->d_un.d_ptr;
        break;
    case DT_STRTAB:
        info->strtab = entry->d_un.d_ptr;
        break;
    case DT_STRSZ:
        info->strtab_bytes = entry->d_un.d_val;
        break;
    case DT_HASH:
        info->hash = entry->d_un.d_ptr;
        break;
    case DT_GNU_HASH:
        info->gnu_hash = entry->d_un.d_ptr;
        break;
    case DT_RELA:
        info->rela = entry->d_un.d_ptr;
        break;
    case DT_RELASZ:
        info->rela_bytes = entry->d_un.d_val;
        break;
    case DT_JMPREL:
        info->jmprel = entry->d_un.d_ptr;
        break;
    case DT_PLTRELSZ:
        info->jmprel_bytes = entry->d_un.d_val;
        break;
    case DT_INIT_ARRAYSZ:
        info->init_array_bytes = entry->d_un.d_val;
        break;
    case DT_PREINIT_ARRAYSZ:
        info->preinit_array_bytes = entry->d_un.d_val;
        break;
    case DT_INIT:
        image->has_start_files = 1;
        break;
    case DT_NEEDED:
        image->needed_count++;
        break;
    case DT_RPATH:
    case DT_RUNPATH:
        image->has_search_path = 1;
        break;
    case DT_FILTER:
    case DT_AUXILIARY:
    case DT_AUDIT:
    case DT_DEPAUDIT:
        image->has_filter = 1;
        break;
    case DT_TEXTREL:
        image->has_text_relocations = 1;
        break;
    case DT_FLAGS:
        if ((entry->d_un.d_val & DF_TEXTREL) != 0) {
            image->has_text_relocations = 1;
        }
        break;
    default:
        break;
    }
}

/* Calls for every entry up to DT_NULL. The first pass gathers, the second names the libraries, as
 * the string table may be told only after they are. */
static s1_rc walk_dynamic(reader *in, const Elf64_Phdr *dynamic, s1_plugin_image *image)
{
    const uint64_t entries = dynamic->p_filesz / sizeof(Elf64_Dyn);
    uint32_t named = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (uint64_t i = 0; i < entries; i++) {
            Elf64_Dyn entry;
            if (i == DYNAMIC_MAX || dynamic->p_offset > UINT64_MAX - i * sizeof entry) {
                return S1_RAISE(in->err, S1_E_DATA, "dynamic section above %u entries",
                                DYNAMIC_MAX);
            }
            S1_TRY(in->err, read_at(in, dynamic->p_offset + i * sizeof entry, &entry, sizeof entry,
                                    "dynamic section"));
            if (entry.d_tag == DT_NULL) {
                break;
            }
            if (pass == 0) {
                note_dynamic(&entry, &in->info, image);
            } else if (entry.d_tag == DT_NEEDED) {
                S1_TRY(in->err, read_string(in, entry.d_un.d_val, &image->needed[named]));
                named++;
            }
        }
        if (pass == 0) {
            image->needed = calloc((size_t)image->needed_count + 1, sizeof *image->needed);
            if (image->needed == NULL) {
                return S1_RAISE(in->err, S1_E_NO_MEMORY, "%u libraries", image->needed_count);
            }
        }
    }
    return S1_OK;
}

static s1_rc read_dynamic(reader *in, s1_plugin_image *image)
{
    const Elf64_Phdr *dynamic = NULL;
    for (uint32_t i = 0; i < in->segment_count; i++) {
        if (in->segments[i].p_type == PT_DYNAMIC) {
            dynamic = &in->segments[i];
        }
    }
    if (dynamic == NULL) {
        return S1_RAISE(in->err, S1_E_DATA, "no dynamic section");
    }
    S1_TRY(in->err, walk_dynamic(in, dynamic, image));
    if (in->info.symtab == 0 || in->info.strtab == 0) {
        return S1_RAISE(in->err, S1_E_DATA, "no dynamic symbols");
    }
    const uint64_t constructors =
        (in->info.init_array_bytes + in->info.preinit_array_bytes) / sizeof(uint64_t);
    image->constructor_count = constructors > UINT32_MAX ? UINT32_MAX : (uint32_t)constructors;
    return S1_OK;
}

/* --- Symbols. ----------------------------------------------------------------------------- */

/* The GNU hash table holds no count: the last chain of the highest bucket ends it. */
static s1_rc count_gnu_hash(const reader *in, uint64_t *ret_count)
{
    uint32_t head[4]; /* buckets, first hashed symbol, bloom words, bloom shift */
    S1_TRY(in->err, read_address(in, in->info.gnu_hash, head, sizeof head, "hash table"));
    const uint64_t buckets = in->info.gnu_hash + sizeof head + (uint64_t)head[2] * sizeof(uint64_t);
    if (head[0] > SYMBOLS_MAX) {
        return S1_RAISE(in->err, S1_E_DATA, "%u hash buckets", head[0]);
    }
    uint32_t last = 0;
    for (uint32_t i = 0; i < head[0]; i++) {
        uint32_t first = 0;
        S1_TRY(in->err, read_address(in, buckets + (uint64_t)i * sizeof first, &first, sizeof first,
                                     "hash buckets"));
        last = first > last ? first : last;
    }
    if (last < head[1]) {
        *ret_count = head[1];
        return S1_OK;
    }
    const uint64_t chains = buckets + (uint64_t)head[0] * sizeof(uint32_t);
    for (uint32_t chain = 0; (chain & 1) == 0; last++) {
        if (last > SYMBOLS_MAX) {
            return S1_RAISE(in->err, S1_E_DATA, "more than %u symbols", SYMBOLS_MAX);
        }
        S1_TRY(in->err, read_address(in, chains + (uint64_t)(last - head[1]) * sizeof chain, &chain,
                                     sizeof chain, "hash chains"));
    }
    *ret_count = last;
    return S1_OK;
}

/* Relocations may name symbols no hash table holds, and may be resolvers. */
static s1_rc scan_relocations(const reader *in, uint64_t table, uint64_t bytes,
                              uint64_t *symbol_count, s1_plugin_image *image)
{
    for (uint64_t i = 0; table != 0 && i < bytes / sizeof(Elf64_Rela); i++) {
        Elf64_Rela relocation;
        S1_TRY(in->err, read_address(in, table + i * sizeof relocation, &relocation,
                                     sizeof relocation, "relocations"));
        const uint64_t symbol = ELF64_R_SYM(relocation.r_info);
        if (symbol >= *symbol_count) {
            *symbol_count = symbol + 1;
        }
        if (ELF64_R_TYPE(relocation.r_info) == R_X86_64_IRELATIVE) {
            image->has_ifunc = 1;
        }
    }
    return S1_OK;
}

static s1_rc count_symbols(const reader *in, s1_plugin_image *image, uint64_t *ret_count)
{
    uint64_t count = 0;
    if (in->info.gnu_hash != 0) {
        S1_TRY(in->err, count_gnu_hash(in, &count));
    }
    if (in->info.hash != 0) {
        uint32_t head[2]; /* buckets, chains */
        S1_TRY(in->err, read_address(in, in->info.hash, head, sizeof head, "hash table"));
        count = head[1] > count ? head[1] : count;
    }
    S1_TRY(in->err, scan_relocations(in, in->info.rela, in->info.rela_bytes, &count, image));
    S1_TRY(in->err, scan_relocations(in, in->info.jmprel, in->info.jmprel_bytes, &count, image));
    if (count > SYMBOLS_MAX) {
        return S1_RAISE(in->err, S1_E_DATA, "%llu symbols, expected at most %u",
                        (unsigned long long)count, SYMBOLS_MAX);
    }
    *ret_count = count;
    return S1_OK;
}

static s1_rc read_symbols(const reader *in, s1_plugin_image *image)
{
    uint64_t count = 0;
    S1_TRY(in->err, count_symbols(in, image, &count));
    image->exports = calloc((size_t)count + 1, sizeof *image->exports);
    image->imports = calloc((size_t)count + 1, sizeof *image->imports);
    if (image->exports == NULL || image->imports == NULL) {
        return S1_RAISE(in->err, S1_E_NO_MEMORY, "%llu symbols", (unsigned long long)count);
    }
    for (uint64_t i = 1; i < count; i++) { /* 0 is the undefined symbol */
        Elf64_Sym symbol;
        S1_TRY(in->err, read_address(in, in->info.symtab + i * sizeof symbol, &symbol,
                                     sizeof symbol, "symbol table"));
        if (ELF64_ST_BIND(symbol.st_info) == STB_LOCAL) {
            continue;
        }
        s1_str name;
        S1_TRY(in->err, read_string(in, symbol.st_name, &name));
        if (ELF64_ST_TYPE(symbol.st_info) == STT_GNU_IFUNC) {
            image->has_ifunc = 1;
        }
        if (symbol.st_shndx == SHN_UNDEF) {
            image->imports[image->import_count++] = name;
        } else if (ELF64_ST_VISIBILITY(symbol.st_other) == STV_DEFAULT ||
                   ELF64_ST_VISIBILITY(symbol.st_other) == STV_PROTECTED) {
            image->exports[image->export_count++] = name;
        }
    }
    return S1_OK;
}

s1_rc s1_plugin_image_read(s1_str bytes, s1_plugin_image **ret_image, s1_err *err)
{
    if (bytes.len > S1_PLUGIN_IMAGE_BYTES_MAX) {
        return S1_RAISE(err, S1_E_DATA, "%zu bytes, expected at most %zu", bytes.len,
                        S1_PLUGIN_IMAGE_BYTES_MAX);
    }
    reader in = {.bytes = bytes, .err = err};
    s1_rc rc = S1_OK;
    s1_plugin_image *const image = calloc(1, sizeof *image);
    if (image == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%zu bytes", sizeof *image);
    }
    S1_TRY_GOTO(err, rc, failed, read_header(&in, image));
    if (image->machine == EM_X86_64) { /* another machine's relocations mean something else */
        S1_TRY_GOTO(err, rc, failed, read_dynamic(&in, image));
        S1_TRY_GOTO(err, rc, failed, read_symbols(&in, image));
    }
    *ret_image = image;
    return S1_OK;
failed:
    s1_plugin_image_free(image);
    return rc;
}

void s1_plugin_image_free(s1_plugin_image *image)
{
    if (image == NULL) {
        return;
    }
    free(image->exports);
    free(image->imports);
    free(image->needed);
    free(image);
}

/* --- Judging. ----------------------------------------------------------------------------- */

/* The list as a table; kind: 'i' import, 'n' needed; upper case: a prefix, for sanitizers. */
static const struct {
    char kind;
    const char *text;
} allowed[] = {
#define S1_IMPORT(name)             {'i', #name},
#define S1_IMPORT_SANITIZER(prefix) {'I', #prefix},
#define S1_NEEDED(soname)           {'n', #soname},
#define S1_NEEDED_SANITIZER(prefix) {'N', #prefix},
#include "backend/assembly/plugin_imports.def"
#undef S1_IMPORT
#undef S1_IMPORT_SANITIZER
#undef S1_NEEDED
#undef S1_NEEDED_SANITIZER
};

static bool is_allowed(char kind, char prefix_kind, s1_str name)
{
    for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++) {
        const size_t len = strlen(allowed[i].text);
        if (allowed[i].kind == kind && len == name.len &&
            memcmp(allowed[i].text, name.ptr, len) == 0) {
            return true;
        }
        if (HOST_HAS_SANITIZERS && allowed[i].kind == prefix_kind && len <= name.len &&
            memcmp(allowed[i].text, name.ptr, len) == 0) {
            return true;
        }
    }
    return false;
}

S1_PRINTF(3, 4)
static void refuse(const s1_refusals *refusals, uint32_t *count, const char *format, ...)
{
    char reason[512];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    refusals->put(refusals->self, reason);
    (*count)++;
}

static void judge_exports(const s1_plugin_image *image, const s1_refusals *refusals,
                          uint32_t *count)
{
    const s1_str entry = S1_STR("s1_plugin_entry");
    bool has_entry = false;
    for (uint32_t i = 0; i < image->export_count; i++) {
        const s1_str name = image->exports[i];
        if (name.len == entry.len && memcmp(name.ptr, entry.ptr, entry.len) == 0) {
            has_entry = true;
        } else {
            refuse(refusals, count,
                   "exports '%.*s'; expected s1_plugin_entry alone (build with "
                   "-fvisibility=hidden)",
                   S1_STR_ARG(name));
        }
    }
    if (!has_entry) {
        refuse(refusals, count, "does not export s1_plugin_entry");
    }
}

uint32_t s1_plugin_image_judge(const s1_plugin_image *image, const s1_refusals *refusals)
{
    uint32_t count = 0;
    if (image->machine != EM_X86_64) {
        refuse(refusals, &count, "is built for ELF machine %u, expected %u (x86-64)",
               image->machine, (unsigned)EM_X86_64);
        return count;
    }
    judge_exports(image, refusals, &count);
    for (uint32_t i = 0; i < image->import_count; i++) {
        if (!is_allowed('i', 'I', image->imports[i])) {
            refuse(refusals, &count,
                   "imports '%.*s'; expected pure functions of libc and libm only",
                   S1_STR_ARG(image->imports[i]));
        }
    }
    for (uint32_t i = 0; i < image->needed_count; i++) {
        if (!is_allowed('n', 'N', image->needed[i])) {
            refuse(refusals, &count, "needs library '%.*s'; expected libc and libm only",
                   S1_STR_ARG(image->needed[i]));
        }
    }
    const uint32_t expected = image->has_start_files != 0 ? 1 : 0;
    if (image->constructor_count > expected && !HOST_HAS_SANITIZERS) {
        refuse(refusals, &count,
               "has %u constructor(s) that run when it is opened; expected none but the compiler's",
               image->constructor_count);
    }
    static const char *const never = "expected none";
    if (image->has_ifunc != 0) {
        refuse(refusals, &count, "has functions resolved at load (IFUNC); %s", never);
    }
    if (image->has_search_path != 0) {
        refuse(refusals, &count, "carries a library search path (RPATH, RUNPATH); %s", never);
    }
    if (image->has_filter != 0) {
        refuse(refusals, &count, "names filter or audit libraries; %s", never);
    }
    if (image->has_text_relocations != 0) {
        refuse(refusals, &count, "has text relocations; build with -fPIC");
    }
    if (image->has_executable_stack != 0) {
        refuse(refusals, &count, "asks for an executable stack; link with -z noexecstack");
    }
    return count;
}
