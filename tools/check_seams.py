#!/usr/bin/env python3
"""Refuses direct calls that belong behind a seam of backend/utils (fs, net, clock, rng, proc, ids).

    tools/check_seams.py [ROOT]       exit 1 and file:line: error: for every breach
    tools/check_seams.py --self-test  one planted call of every group is found, exceptions are not

Why: files, sockets, time and chance are injected, so that faults can be planted in tests and a run
is a function of its inputs. Tests, tools, benches and examples are free; so are the exceptions below,
each with its reason. DuckDB, SQLite and libfyaml open their own files (ARCHITECTURE 12.16).
"""
import pathlib
import re
import sys
import tempfile

from c_source import ROOT, blank, files

CHECKED = ["include", "backend", "sdk", "services", "frontends", "plugins"]

# group -> (names, seam). A name is refused as a call, name( ... ), of a bare identifier.
BANNED = {
    "time": ("time clock gettimeofday clock_gettime timespec_get localtime localtime_r gmtime gmtime_r "
             "mktime timegm strftime ctime asctime nanosleep clock_nanosleep usleep sleep ftime",
             "clock"),
    "chance": ("rand srand rand_r random srandom drand48 lrand48 arc4random getrandom getentropy "
               "RAND_bytes RAND_priv_bytes", "rng"),
    "ids": ("uuid_generate uuid_generate_random uuid_generate_time", "ids"),
    "files": ("fopen fopen64 freopen fdopen fclose fread fgets fgetc getc fscanf fseek ftell rewind "
              "open open64 openat creat close read write pread pwrite readv writev lseek "
              "ftruncate truncate fsync fdatasync sync syncfs rename renameat renameat2 unlink unlinkat "
              "remove link symlink readlink realpath mkdir mkdirat rmdir mkstemp mkdtemp tmpfile tmpnam "
              "opendir fdopendir readdir closedir scandir nftw ftw glob stat fstat lstat fstatat statx "
              "access faccessat chmod fchmod chown flock lockf mmap munmap msync fcntl ioctl "
              "posix_fallocate fallocate sendfile copy_file_range statvfs", "fs"),
    "printing": ("printf fprintf vprintf vfprintf dprintf puts putchar putc fputs fputc fwrite perror "
                 "fflush err errx warn warnx error syslog", "s1_err or log; edges speak, libraries return"),
    "sockets": ("socket socketpair connect bind listen accept accept4 send sendto sendmsg recv recvfrom "
                "recvmsg getaddrinfo gethostbyname setsockopt poll ppoll select pselect epoll_create1 "
                "epoll_ctl epoll_wait eventfd pipe pipe2", "net"),
    "processes": ("fork vfork clone execv execve execvp execl execlp posix_spawn system popen pclose wait "
                  "waitpid kill raise signal sigaction sigprocmask pthread_sigmask exit _exit _Exit "
                  "quick_exit atexit getpid getppid getuid geteuid gethostname uname sysconf getrusage "
                  "prctl isatty daemon setenv putenv unsetenv getenv secure_getenv", "proc"),
    "locale": ("setlocale uselocale newlocale localeconv strtod strtof strtold atof strtol strtoul strtoll "
               "strtoull atoi atol atoll sscanf vsscanf", "text (backend/utils)"),
    "unsafe": ("strcpy strcat sprintf vsprintf gets strtok strncpy strncat alloca longjmp setjmp "
               "qsort_r", "text or arena (backend/utils)"),
}
# Where groups are allowed. Path prefix -> (groups or names, reason).
EXCEPTIONS = {
    "backend/utils/fs": ("files", "the seam itself"),
    "backend/utils/net": ("sockets files", "the seam itself"),
    "backend/utils/clock": ("time", "the seam itself"),
    "backend/utils/rng": ("chance files", "the seam itself"),
    "backend/utils/ids": ("ids chance", "the seam itself"),
    "backend/utils/proc": ("processes files sockets", "the seam itself"),
    "backend/utils/reserve": ("mmap munmap mprotect madvise sysconf", "address space, not files"),
    "backend/utils/text": ("locale", "the seam itself: fixed locale, whole text, checked"),
    "backend/utils/assert": ("processes printing", "a broken invariant ends the process"),
    "frontends/": ("printing", "an edge speaks"),
    "sdk/harness": ("printing", "says that a file of a test is not there"),
    "sdk/runner": ("printing processes unsafe", "an edge: prints what tests say, leaves one by longjmp"),
    "frontends/cli/terminal": ("isatty ioctl", "asks the terminal about itself"),
    "backend/utils/log": ("printing", "the seam itself"),
    "frontends/cli/main.c": ("exit _exit", "the edge turns an outcome into an exit code"),
    "plugins/": ("strcpy strncpy", "on the import list of plugins, backend/assembly/plugin_imports.def"),
}
NAMES = {name: group for group, (names, _) in BANNED.items() for name in names.split()}
CALL = re.compile(r"(?<![\w.>])(" + "|".join(sorted(NAMES, key=len, reverse=True)) + r")\s*\(")
# A declaration or a member of that name is no call: `int (*open)(...)` never matches, this does.
DECLARED = re.compile(r"\b(?:s1_rc|void|int|bool|char|size_t|ssize_t|long|double|s1_nanos|uint64_t)\s*\**\s*$")


def excused(here, name, group):
    for prefix, (allowed, _) in EXCEPTIONS.items():
        if here.startswith(prefix) and (group in allowed.split() or name in allowed.split()):
            return True
    return False


def local_functions(text):
    """Static functions of that name belong to the file: `static s1_rc accept(...)`."""
    return {match.group(1) for match in re.finditer(r"^static [^;={}()]*?\b(\w+)\s*\(", text, re.M)}


def check(root):
    breaches, count = [], 0
    for path, here in files(root, CHECKED):
        if re.match(r"plugins/[^/]+/[^/]+/[^/]+/tests/", here):
            continue
        count += 1
        text = blank(path.read_text(encoding="utf-8"))
        own = local_functions(text)
        for number, line in enumerate(text.splitlines(), 1):
            for match in CALL.finditer(line):
                name = match.group(1)
                before = line[: match.start()]
                if name in own or DECLARED.search(before) or before.lstrip().startswith("#"):
                    continue
                if before.endswith("->") or excused(here, name, NAMES[name]):
                    continue
                breaches.append((here, number, name, BANNED[NAMES[name]][1]))
    return breaches, count


def self_test():
    planted, failures = {}, 0
    for group, (names, _) in BANNED.items():
        name = names.split()[0]
        planted[f"backend/core/{group}.c"] = (f"int f(void)\n{{\n    return (int){name}(0);\n}}\n", 3)
    planted["plugins/t_workers/s/p/worker.c"] = ("double f(void) { return (double)time(0); }\n", 1)
    planted["frontends/cli/x.c"] = ("void f(void) { exit(1); }\n", 1)
    clean = {
        "backend/utils/fs_posix.c": "int f(void) { return open(0) + fsync(1); }\n",
        "backend/core/member.c": "int f(struct v *v) { return v->open(0) + v->fs.rename(1) + s1_open(2); }\n",
        "backend/core/text.c": '/* calls time() */ const char *f(void) { return "open(x)"; } // rand()\n',
        "backend/core/own.c": "static int accept(int a) { return a; }\nint f(void) { return accept(1); }\n",
        "backend/core/decl.h": "struct v { int (*open)(int); };\ns1_rc open(int);\n",
        "tests/backend/core/a_test.c": "int f(void) { return time(0); }\n",
        "frontends/cli/main.c": "void f(void) { exit(1); }\n",
    }
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, text in {**{n: t for n, (t, _) in planted.items()}, **clean}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
        found = {(here, number) for here, number, _, _ in check(root)[0]}
    wanted = {(name, number) for name, (_, number) in planted.items()}
    for here, number in sorted(wanted - found):
        failures += 1
        print(f"self-test: {here}:{number}: the planted call was not found")
    for here, number in sorted(found - wanted):
        failures += 1
        print(f"self-test: {here}:{number}: a breach was reported where there is none")
    print(f"check_seams self-test: {len(wanted)} planted calls, {failures} failures")
    return failures


def main(arguments):
    if arguments[:1] == ["--self-test"]:
        return 1 if self_test() else 0
    breaches, count = check(pathlib.Path(arguments[0]).resolve() if arguments else ROOT)
    for here, number, name, seam in breaches:
        print(f"{here}:{number}: error: direct call of {name}(); use the seam: {seam}")
    print(f"check_seams: {count} files, {len(breaches)} breaches")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
