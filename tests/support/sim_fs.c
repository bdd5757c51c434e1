/* A file system in memory that can lose power (sim_fs.h). */
#include "tests/support/sim_fs.h"

#include "backend/utils/sys_error.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR        512u
#define NAME_SIZE     96u
#define INODES_MAX    4096u
#define INODE_NONE    0u /* the root is number 1 */
#define ROOT          1u
#define FILE_SIZE_MAX (256u << 20)

typedef struct content {
    uint8_t *data;
    size_t size, capacity;
} content;

/* A write (data) or a new size (data NULL) that no fsync has covered. */
typedef struct change {
    uint64_t offset;
    size_t length;
    uint8_t *data;
    uint64_t size_after;
} change;

typedef struct entry {
    char name[NAME_SIZE];
    uint32_t inode;
} entry;

typedef struct names {
    entry *items;
    size_t count, capacity;
} names;

/* A name set to an inode, taken away (INODE_NONE), or moved within its folder. */
typedef struct name_change {
    char name[NAME_SIZE], from[NAME_SIZE]; /* from "": nothing else goes */
    uint32_t inode;
} name_change;

typedef struct inode {
    bool is_folder;
    content now, durable;
    change *changes;
    size_t change_count, change_capacity;
    names entries, durable_entries;
    name_change *moves;
    size_t move_count, move_capacity;
    const s1_file *locked_by;
} inode;

struct s1_file {
    uint32_t inode, flags;
    uint64_t position, epoch;
};

struct s1_sim_fs {
    s1_fs table;
    inode *inodes[INODES_MAX];
    uint32_t inode_count; /* numbers given out */
    uint64_t changes, crash_at, cut, epoch;
    uint64_t fsyncs, fsync_fails_at;
    bool is_off, is_fsync_failure_permanent, ignores_folder_fsync;
};

/* --- Memory --------------------------------------------------------------------------------- */

static void *must(void *memory)
{
    if (memory == NULL) {
        (void)fputs("sim_fs: out of memory\n", stderr);
        abort();
    }
    return memory;
}

static void *grow(void *items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity) {
        return items;
    }
    *capacity = *capacity == 0 ? 8 : *capacity * 2;
    return must(realloc(items, *capacity * size));
}

/* Bytes that come into being are zero. */
static void resize(content *bytes, size_t size)
{
    if (size > bytes->capacity) {
        bytes->capacity = size * 2;
        bytes->data = must(realloc(bytes->data, bytes->capacity));
    }
    if (size > bytes->size) {
        memset(bytes->data + bytes->size, 0, size - bytes->size);
    }
    bytes->size = size;
}

static void copy_content(content *to, const content *from)
{
    to->size = 0;
    resize(to, from->size);
    if (from->size > 0) {
        memcpy(to->data, from->data, from->size);
    }
}

static void copy_names(names *to, const names *from)
{
    to->count = 0;
    for (size_t i = 0; i < from->count; i++) {
        to->items = grow(to->items, to->count, &to->capacity, sizeof *to->items);
        to->items[to->count++] = from->items[i];
    }
}

static uint32_t add_inode(s1_sim_fs *sim, bool is_folder)
{
    if (sim->inode_count + 1 >= INODES_MAX) {
        must(NULL);
    }
    sim->inode_count++;
    sim->inodes[sim->inode_count] = must(calloc(1, sizeof(inode)));
    sim->inodes[sim->inode_count]->is_folder = is_folder;
    return sim->inode_count;
}

static void drop_changes(inode *node)
{
    for (size_t i = 0; i < node->change_count; i++) {
        free(node->changes[i].data);
    }
    node->change_count = 0;
}

static void free_inode(inode *node)
{
    drop_changes(node);
    free(node->changes);
    free(node->now.data);
    free(node->durable.data);
    free(node->entries.items);
    free(node->durable_entries.items);
    free(node->moves);
    free(node);
}

/* --- Names ---------------------------------------------------------------------------------- */

static size_t name_at(const names *where, const char *name)
{
    size_t i = 0;
    while (i < where->count && strcmp(where->items[i].name, name) != 0) {
        i++;
    }
    return i;
}

static void remove_name(names *where, const char *name)
{
    const size_t at = name_at(where, name);
    if (at < where->count) {
        where->items[at] = where->items[--where->count];
    }
}

static void apply_move(names *where, const name_change *move)
{
    if (move->from[0] != '\0') {
        const size_t from = name_at(where, move->from);
        if (from < where->count && where->items[from].inode == move->inode) {
            remove_name(where, move->from);
        }
    }
    remove_name(where, move->name);
    if (move->inode != INODE_NONE) {
        where->items = grow(where->items, where->count, &where->capacity, sizeof *where->items);
        (void)snprintf(where->items[where->count].name, NAME_SIZE, "%s", move->name);
        where->items[where->count++].inode = move->inode;
    }
}

/* Does it now; durable with the folder's next fsync. */
static void move_name(s1_sim_fs *sim, uint32_t folder, const char *name, const char *from,
                      uint32_t to)
{
    inode *node = sim->inodes[folder];
    name_change move = {.inode = to};
    (void)snprintf(move.name, NAME_SIZE, "%s", name);
    (void)snprintf(move.from, NAME_SIZE, "%s", from);
    apply_move(&node->entries, &move);
    node->moves = grow(node->moves, node->move_count, &node->move_capacity, sizeof *node->moves);
    node->moves[node->move_count++] = move;
}

/* Where a path leads. *ret_inode is INODE_NONE if the last name is not there. */
static s1_rc look_up(const s1_sim_fs *sim, const char *path, uint32_t *ret_folder,
                     char ret_name[NAME_SIZE], uint32_t *ret_inode, s1_err *err)
{
    uint32_t folder = ROOT, found = ROOT;
    ret_name[0] = '\0';
    for (const char *rest = path; *rest != '\0';) {
        const size_t length = strcspn(rest, "/");
        if (length == 0 || (length == 1 && *rest == '.')) {
            rest += length + (rest[length] == '/');
            continue;
        }
        if (found == INODE_NONE || !sim->inodes[found]->is_folder || length >= NAME_SIZE) {
            return S1_RAISE_SYS(err, found == INODE_NONE ? ENOENT : ENOTDIR, "'%s'", path);
        }
        folder = found;
        memcpy(ret_name, rest, length);
        ret_name[length] = '\0';
        const names *in = &sim->inodes[folder]->entries;
        const size_t at = name_at(in, ret_name);
        found = at < in->count ? in->items[at].inode : INODE_NONE;
        rest += length + (rest[length] == '/');
    }
    *ret_folder = folder;
    *ret_inode = found;
    return S1_OK;
}

/* --- Changes -------------------------------------------------------------------------------- */

static s1_rc check_power(const s1_sim_fs *sim, const s1_file *file, s1_err *err)
{
    if (sim->is_off || (file != NULL && file->epoch != sim->epoch)) {
        return S1_RAISE_SYS(err, EIO, "the machine is off");
    }
    return S1_OK;
}

/* Counts a change; S1_E_IO if the machine is off or stops here. */
static s1_rc step(s1_sim_fs *sim, const s1_file *file, s1_err *err)
{
    S1_TRY(err, check_power(sim, file, err));
    sim->changes++;
    sim->is_off = sim->crash_at != 0 && sim->changes == sim->crash_at;
    return check_power(sim, NULL, err);
}

static void apply_change(content *to, const change *what)
{
    if (what->data == NULL) {
        resize(to, (size_t)what->size_after);
        return;
    }
    if (what->offset + what->length > to->size) {
        resize(to, (size_t)what->offset + what->length);
    }
    memcpy(to->data + what->offset, what->data, what->length);
}

static void add_change(inode *node, uint64_t offset, const void *data, size_t length, uint64_t size)
{
    change made = {.offset = offset, .length = length, .size_after = size};
    if (data != NULL) {
        made.data = must(malloc(length + 1));
        memcpy(made.data, data, length);
        made.size_after = offset + length > node->now.size ? offset + length : node->now.size;
    }
    apply_change(&node->now, &made);
    node->changes =
        grow(node->changes, node->change_count, &node->change_capacity, sizeof *node->changes);
    node->changes[node->change_count++] = made;
}

static void make_durable(inode *node)
{
    for (size_t i = 0; i < node->change_count; i++) {
        apply_change(&node->durable, &node->changes[i]);
        if (node->changes[i].size_after > node->durable.size) {
            resize(&node->durable, (size_t)node->changes[i].size_after);
        }
    }
    drop_changes(node);
    for (size_t i = 0; i < node->move_count; i++) {
        apply_move(&node->durable_entries, &node->moves[i]);
    }
    node->move_count = 0;
}

/* The pages count as clean; what they hold never comes to the disk. Sizes still do. */
static void forget_dirty(inode *node)
{
    for (size_t i = 0; i < node->change_count; i++) {
        free(node->changes[i].data);
        node->changes[i].data = NULL;
    }
}

/* --- The table ------------------------------------------------------------------------------ */

static s1_rc sim_open(void *self, const char *path, uint32_t flags, s1_file **ret_file, s1_err *err)
{
    s1_sim_fs *const sim = self;
    uint32_t folder, found;
    char name[NAME_SIZE];
    S1_TRY(err, check_power(sim, NULL, err));
    S1_TRY(err, look_up(sim, path, &folder, name, &found, err));
    if (found == INODE_NONE && (flags & S1_FS_CREATE) == 0) {
        return S1_RAISE_SYS(err, ENOENT, "open '%s'", path);
    }
    if (found != INODE_NONE && (flags & S1_FS_EXCLUSIVE) != 0) {
        return S1_RAISE_SYS(err, EEXIST, "open '%s'", path);
    }
    if (found != INODE_NONE && sim->inodes[found]->is_folder != ((flags & S1_FS_FOLDER) != 0)) {
        return S1_RAISE_SYS(err, (flags & S1_FS_FOLDER) != 0 ? ENOTDIR : EISDIR, "open '%s'", path);
    }
    if (found == INODE_NONE) {
        S1_TRY(err, step(sim, NULL, err));
        found = add_inode(sim, false);
        move_name(sim, folder, name, "", found);
    } else if ((flags & S1_FS_TRUNCATE) != 0 && sim->inodes[found]->now.size > 0) {
        S1_TRY(err, step(sim, NULL, err));
        add_change(sim->inodes[found], 0, NULL, 0, 0);
    }
    s1_file *file = must(calloc(1, sizeof *file));
    file->inode = found;
    file->flags = flags;
    file->epoch = sim->epoch;
    *ret_file = file;
    return S1_OK;
}

static s1_rc sim_close(void *self, s1_file *file, s1_err *err)
{
    s1_sim_fs *const sim = self;
    const s1_rc rc = check_power(sim, file, err);
    if (sim->inodes[file->inode]->locked_by == file) {
        sim->inodes[file->inode]->locked_by = NULL;
    }
    free(file);
    return rc;
}

static s1_rc sim_pread(void *self, s1_file *file, uint64_t offset, void *to, size_t len,
                       size_t *ret_len, s1_err *err)
{
    const s1_sim_fs *const sim = self;
    S1_TRY(err, check_power(sim, file, err));
    const content *bytes = &sim->inodes[file->inode]->now;
    const size_t left = offset < bytes->size ? bytes->size - (size_t)offset : 0;
    *ret_len = left < len ? left : len;
    if (*ret_len > 0) {
        memcpy(to, bytes->data + offset, *ret_len);
    }
    return S1_OK;
}

static s1_rc sim_read(void *self, s1_file *file, void *to, size_t len, size_t *ret_len, s1_err *err)
{
    S1_TRY(err, sim_pread(self, file, file->position, to, len, ret_len, err));
    file->position += *ret_len;
    return S1_OK;
}

static s1_rc sim_pwrite(void *self, s1_file *file, uint64_t offset, const void *from, size_t len,
                        size_t *ret_len, s1_err *err)
{
    s1_sim_fs *const sim = self;
    inode *node = sim->inodes[file->inode];
    if ((file->flags & S1_FS_WRITE) == 0 || offset + len > FILE_SIZE_MAX) {
        return S1_RAISE_SYS(err, (file->flags & S1_FS_WRITE) == 0 ? EBADF : EFBIG, "write");
    }
    const bool was_on = !sim->is_off && file->epoch == sim->epoch;
    const s1_rc rc = step(sim, file, err);
    if (rc != S1_OK) {
        const uint64_t end = (offset + sim->cut) / SECTOR * SECTOR;
        if (was_on && end > offset) {
            add_change(node, offset, from,
                       (size_t)(end - offset) < len ? (size_t)(end - offset) : len, 0);
        }
        return rc;
    }
    add_change(node, offset, from, len, 0);
    *ret_len = len;
    return S1_OK;
}

static s1_rc sim_write(void *self, s1_file *file, const void *from, size_t len, size_t *ret_len,
                       s1_err *err)
{
    const s1_sim_fs *const sim = self;
    if ((file->flags & S1_FS_APPEND) != 0) {
        file->position = sim->inodes[file->inode]->now.size;
    }
    S1_TRY(err, sim_pwrite(self, file, file->position, from, len, ret_len, err));
    file->position += *ret_len;
    return S1_OK;
}

static s1_rc sim_fsync(void *self, s1_file *file, s1_err *err)
{
    s1_sim_fs *const sim = self;
    S1_TRY(err, step(sim, file, err));
    inode *node = sim->inodes[file->inode];
    sim->fsyncs++;
    if (sim->fsync_fails_at != 0 &&
        (sim->fsyncs == sim->fsync_fails_at ||
         (sim->is_fsync_failure_permanent && sim->fsyncs > sim->fsync_fails_at))) {
        forget_dirty(node);
        return S1_RAISE_SYS(err, EIO, "injected fault: fsync %llu",
                            (unsigned long long)sim->fsyncs);
    }
    if (!node->is_folder || !sim->ignores_folder_fsync) {
        make_durable(node);
    }
    return S1_OK;
}

static s1_rc sim_truncate(void *self, s1_file *file, uint64_t size, s1_err *err)
{
    s1_sim_fs *const sim = self;
    S1_TRY(err, step(sim, file, err));
    add_change(sim->inodes[file->inode], 0, NULL, 0, size);
    return S1_OK;
}

static s1_rc sim_lock(void *self, s1_file *file, s1_err *err)
{
    s1_sim_fs *const sim = self;
    S1_TRY(err, check_power(sim, file, err));
    inode *node = sim->inodes[file->inode];
    if (node->locked_by != NULL && node->locked_by != file) {
        return S1_RAISE_SYS(err, EAGAIN, "lock: another one has it");
    }
    node->locked_by = file;
    return S1_OK;
}

static s1_fs_info info_of(const s1_sim_fs *sim, uint32_t number)
{
    const inode *node = sim->inodes[number];
    return (s1_fs_info){.type = node->is_folder ? S1_FS_DIRECTORY : S1_FS_FILE,
                        .mode = 0644,
                        .size = node->now.size,
                        .inode = number,
                        .device = 1};
}

static s1_rc sim_stat_file(void *self, s1_file *file, s1_fs_info *ret_info, s1_err *err)
{
    const s1_sim_fs *const sim = self;
    S1_TRY(err, check_power(sim, file, err));
    *ret_info = info_of(sim, file->inode);
    return S1_OK;
}

static s1_rc sim_rename(void *self, const char *from, const char *to, s1_err *err)
{
    s1_sim_fs *const sim = self;
    uint32_t from_folder, to_folder, moved, replaced;
    char from_name[NAME_SIZE], to_name[NAME_SIZE];
    S1_TRY(err, check_power(sim, NULL, err));
    S1_TRY(err, look_up(sim, from, &from_folder, from_name, &moved, err));
    S1_TRY(err, look_up(sim, to, &to_folder, to_name, &replaced, err));
    if (moved == INODE_NONE) {
        return S1_RAISE_SYS(err, ENOENT, "rename '%s' to '%s'", from, to);
    }
    S1_TRY(err, step(sim, NULL, err));
    if (from_folder == to_folder) {
        move_name(sim, to_folder, to_name, from_name, moved);
    } else {
        move_name(sim, to_folder, to_name, "", moved);
        move_name(sim, from_folder, from_name, "", INODE_NONE);
    }
    return S1_OK;
}

/* In two folders the halves of an exchange become durable each with its own folder. */
static s1_rc sim_exchange(void *self, const char *a, const char *b, s1_err *err)
{
    s1_sim_fs *const sim = self;
    uint32_t a_folder, b_folder, a_found, b_found;
    char a_name[NAME_SIZE], b_name[NAME_SIZE];
    S1_TRY(err, check_power(sim, NULL, err));
    S1_TRY(err, look_up(sim, a, &a_folder, a_name, &a_found, err));
    S1_TRY(err, look_up(sim, b, &b_folder, b_name, &b_found, err));
    if (a_found == INODE_NONE || b_found == INODE_NONE) {
        return S1_RAISE_SYS(err, ENOENT, "exchange '%s' and '%s'", a, b);
    }
    S1_TRY(err, step(sim, NULL, err));
    move_name(sim, a_folder, a_name, "", b_found);
    move_name(sim, b_folder, b_name, "", a_found);
    return S1_OK;
}

static s1_rc sim_link(void *self, const char *from, const char *to, s1_err *err)
{
    s1_sim_fs *const sim = self;
    uint32_t from_folder, to_folder, linked, found;
    char from_name[NAME_SIZE], to_name[NAME_SIZE];
    S1_TRY(err, check_power(sim, NULL, err));
    S1_TRY(err, look_up(sim, from, &from_folder, from_name, &linked, err));
    S1_TRY(err, look_up(sim, to, &to_folder, to_name, &found, err));
    if (linked == INODE_NONE || found != INODE_NONE) {
        return S1_RAISE_SYS(err, linked == INODE_NONE ? ENOENT : EEXIST, "link '%s' to '%s'", from,
                            to);
    }
    S1_TRY(err, step(sim, NULL, err));
    move_name(sim, to_folder, to_name, "", linked);
    return S1_OK;
}

static s1_rc remove_entry(s1_sim_fs *sim, const char *path, bool is_folder, s1_err *err)
{
    uint32_t folder, found;
    char name[NAME_SIZE];
    S1_TRY(err, check_power(sim, NULL, err));
    S1_TRY(err, look_up(sim, path, &folder, name, &found, err));
    if (found == INODE_NONE || sim->inodes[found]->is_folder != is_folder) {
        return S1_RAISE_SYS(err,
                            found == INODE_NONE ? ENOENT
                            : is_folder         ? ENOTDIR
                                                : EISDIR,
                            "remove '%s'", path);
    }
    if (is_folder && sim->inodes[found]->entries.count > 0) {
        return S1_RAISE_SYS(err, ENOTEMPTY, "remove '%s'", path);
    }
    S1_TRY(err, step(sim, NULL, err));
    move_name(sim, folder, name, "", INODE_NONE);
    return S1_OK;
}

static s1_rc sim_unlink(void *self, const char *path, s1_err *err)
{
    return remove_entry(self, path, false, err);
}

static s1_rc sim_rmdir(void *self, const char *path, s1_err *err)
{
    return remove_entry(self, path, true, err);
}

static s1_rc sim_mkdir(void *self, const char *path, uint32_t mode, s1_err *err)
{
    s1_sim_fs *const sim = self;
    uint32_t folder, found;
    char name[NAME_SIZE];
    (void)mode;
    S1_TRY(err, check_power(sim, NULL, err));
    S1_TRY(err, look_up(sim, path, &folder, name, &found, err));
    if (found != INODE_NONE) {
        return S1_RAISE_SYS(err, EEXIST, "mkdir '%s'", path);
    }
    S1_TRY(err, step(sim, NULL, err));
    move_name(sim, folder, name, "", add_inode(sim, true));
    return S1_OK;
}

static s1_rc sim_stat(void *self, const char *path, s1_fs_info *ret_info, s1_err *err)
{
    const s1_sim_fs *const sim = self;
    uint32_t folder, found;
    char name[NAME_SIZE];
    S1_TRY(err, check_power(sim, NULL, err));
    S1_TRY(err, look_up(sim, path, &folder, name, &found, err));
    if (found == INODE_NONE) {
        return S1_RAISE_SYS(err, ENOENT, "stat '%s'", path);
    }
    *ret_info = info_of(sim, found);
    return S1_OK;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static s1_rc sim_list(void *self, const char *path, s1_fs_list *ret_list, s1_err *err)
{
    const s1_sim_fs *const sim = self;
    uint32_t folder, found;
    char name[NAME_SIZE];
    S1_TRY(err, check_power(sim, NULL, err));
    S1_TRY(err, look_up(sim, path, &folder, name, &found, err));
    if (found == INODE_NONE || !sim->inodes[found]->is_folder) {
        return S1_RAISE_SYS(err, found == INODE_NONE ? ENOENT : ENOTDIR, "list '%s'", path);
    }
    const names *in = &sim->inodes[found]->entries;
    *ret_list = (s1_fs_list){must(malloc((in->count + 1) * sizeof(char *))), in->count};
    for (size_t i = 0; i < in->count; i++) {
        ret_list->names[i] = must(strdup(in->items[i].name));
    }
    qsort(ret_list->names, in->count, sizeof(char *), compare_names);
    return S1_OK;
}

/* --- What is left --------------------------------------------------------------------------- */

/* How an image was drawn: chance in 100 that something unsynced made it. */
typedef struct luck {
    uint64_t block, zero, size, name;
} luck;

static luck draw_luck(s1_rng *rng)
{
    static const uint64_t chances[] = {50, 8, 92, 0, 100};
    return (luck){.block = chances[s1_rng_below(rng, 5)],
                  .zero = chances[s1_rng_below(rng, 5)],
                  .size = chances[s1_rng_below(rng, 5)],
                  .name = chances[s1_rng_below(rng, 5)]};
}

static bool happens(s1_rng *rng, uint64_t chance)
{
    return s1_rng_below(rng, 100) < chance;
}

/* One sector as it was after `count` of the changes. */
static void draw_version(const inode *node, uint64_t start, size_t count, uint8_t to[SECTOR])
{
    for (size_t i = 0; i < count; i++) {
        const change *what = &node->changes[i];
        if (what->data == NULL) {
            const uint64_t from = what->size_after < start ? 0 : what->size_after - start;
            if (from < SECTOR) {
                memset(to + from, 0, SECTOR - (size_t)from);
            }
            continue;
        }
        const uint64_t low = what->offset > start ? what->offset : start;
        const uint64_t end = what->offset + what->length;
        const uint64_t high = end < start + SECTOR ? end : start + SECTOR;
        if (low < high) {
            memcpy(to + (low - start), what->data + (low - what->offset), (size_t)(high - low));
        }
    }
}

static void draw_sector(const inode *node, uint64_t start, uint64_t low_size, luck chance,
                        s1_rng *rng, uint8_t to[SECTOR])
{
    memset(to, 0, SECTOR);
    if (start < node->durable.size) {
        const size_t left = node->durable.size - (size_t)start;
        memcpy(to, node->durable.data + start, left < SECTOR ? left : SECTOR);
    }
    if (happens(rng, chance.block)) {
        const size_t count = happens(rng, 67) ? node->change_count
                                              : (size_t)s1_rng_below(rng, node->change_count + 1);
        draw_version(node, start, count, to);
    } else if (happens(rng, chance.zero) && low_size < start + SECTOR) {
        const size_t from = low_size > start ? (size_t)(low_size - start) : 0;
        memset(to + from, 0, SECTOR - from); /* synced bytes stay */
    }
}

static uint64_t draw_size(const inode *node, luck chance, s1_rng *rng, uint64_t high_size)
{
    if (!happens(rng, chance.size)) {
        return node->durable.size;
    }
    if (happens(rng, 60)) {
        return node->now.size;
    }
    if (happens(rng, 50)) {
        return node->changes[s1_rng_below(rng, node->change_count)].size_after;
    }
    const uint64_t low = node->durable.size < node->now.size ? node->durable.size : node->now.size;
    const uint64_t any = low + s1_rng_below(rng, high_size - low + 1);
    const uint64_t sector = any / SECTOR * SECTOR;
    return sector > low ? sector : low;
}

static void lose_file(inode *node, luck chance, s1_rng *rng)
{
    if (node->change_count == 0) {
        copy_content(&node->now, &node->durable);
        return;
    }
    uint64_t low = node->durable.size, high = node->durable.size;
    for (size_t i = 0; i < node->change_count; i++) {
        const uint64_t size = node->changes[i].size_after;
        low = size < low ? size : low;
        high = size > high ? size : high;
    }
    content image = {0};
    resize(&image, (size_t)((high + SECTOR - 1) / SECTOR * SECTOR));
    for (uint64_t start = 0; start < image.size; start += SECTOR) {
        draw_sector(node, start, low, chance, rng, image.data + start);
    }
    resize(&image, (size_t)draw_size(node, chance, rng, high));
    free(node->now.data);
    node->now = image;
    copy_content(&node->durable, &node->now);
    drop_changes(node);
}

static void lose_names(inode *node, luck chance, s1_rng *rng)
{
    for (size_t i = 0; i < node->move_count; i++) {
        if (happens(rng, chance.name)) {
            apply_move(&node->durable_entries, &node->moves[i]);
        }
    }
    node->move_count = 0;
    copy_names(&node->entries, &node->durable_entries);
}

void s1_sim_fs_restart_kill(s1_sim_fs *sim)
{
    sim->is_off = false;
    sim->crash_at = 0;
    sim->epoch++;
    for (uint32_t i = ROOT; i <= sim->inode_count; i++) {
        sim->inodes[i]->locked_by = NULL;
    }
}

void s1_sim_fs_restart_power(s1_sim_fs *sim, s1_rng *rng)
{
    s1_sim_fs_restart_kill(sim);
    const luck chance = draw_luck(rng);
    for (uint32_t i = ROOT; i <= sim->inode_count; i++) {
        if (sim->inodes[i]->is_folder) {
            lose_names(sim->inodes[i], chance, rng);
        } else {
            lose_file(sim->inodes[i], chance, rng);
        }
    }
}

/* --- Lifetime and knobs --------------------------------------------------------------------- */

s1_sim_fs *s1_sim_fs_new(void)
{
    s1_sim_fs *sim = must(calloc(1, sizeof *sim));
    sim->table = (s1_fs){.self = sim,
                         .open = sim_open,
                         .close = sim_close,
                         .read = sim_read,
                         .write = sim_write,
                         .pread = sim_pread,
                         .pwrite = sim_pwrite,
                         .fsync = sim_fsync,
                         .truncate = sim_truncate,
                         .lock = sim_lock,
                         .stat_file = sim_stat_file,
                         .rename = sim_rename,
                         .exchange = sim_exchange,
                         .link = sim_link,
                         .unlink = sim_unlink,
                         .mkdir = sim_mkdir,
                         .rmdir = sim_rmdir,
                         .stat = sim_stat,
                         .list = sim_list};
    (void)add_inode(sim, true);
    return sim;
}

void s1_sim_fs_free(s1_sim_fs *sim)
{
    if (sim == NULL) {
        return;
    }
    for (uint32_t i = ROOT; i <= sim->inode_count; i++) {
        free_inode(sim->inodes[i]);
    }
    free(sim);
}

const s1_fs *s1_sim_fs_table(const s1_sim_fs *sim)
{
    return &sim->table;
}

uint64_t s1_sim_fs_changes(const s1_sim_fs *sim)
{
    return sim->changes;
}

void s1_sim_fs_crash_at(s1_sim_fs *sim, uint64_t number, uint64_t cut)
{
    sim->crash_at = number != 0 ? sim->changes + number : 0;
    sim->cut = cut;
}

bool s1_sim_fs_is_off(const s1_sim_fs *sim)
{
    return sim->is_off;
}

void s1_sim_fs_sync_all(s1_sim_fs *sim)
{
    for (uint32_t i = ROOT; i <= sim->inode_count; i++) {
        make_durable(sim->inodes[i]);
    }
}

void s1_sim_fs_fail_fsync(s1_sim_fs *sim, uint64_t number, bool is_permanent)
{
    sim->fsync_fails_at = number != 0 ? sim->fsyncs + number : 0;
    sim->is_fsync_failure_permanent = is_permanent;
}

uint64_t s1_sim_fs_fsyncs(const s1_sim_fs *sim)
{
    return sim->fsyncs;
}

void s1_sim_fs_ignore_folder_fsync(s1_sim_fs *sim, bool is_ignored)
{
    sim->ignores_folder_fsync = is_ignored;
}

bool s1_sim_fs_peek(const s1_sim_fs *sim, const char *path, s1_str *ret_bytes)
{
    uint32_t folder, found;
    char name[NAME_SIZE];
    if (look_up(sim, path, &folder, name, &found, NULL) != S1_OK || found == INODE_NONE ||
        sim->inodes[found]->is_folder) {
        return false;
    }
    const content *bytes = &sim->inodes[found]->now;
    *ret_bytes = s1_str_make((const char *)bytes->data, bytes->size);
    return true;
}

void s1_sim_fs_poke(s1_sim_fs *sim, const char *path, uint64_t offset, uint8_t byte)
{
    uint32_t folder, found;
    char name[NAME_SIZE];
    if (look_up(sim, path, &folder, name, &found, NULL) == S1_OK && found != INODE_NONE) {
        inode *node = sim->inodes[found];
        if (offset < node->now.size) {
            node->now.data[offset] = byte;
        }
        if (offset < node->durable.size) {
            node->durable.data[offset] = byte;
        }
    }
}
