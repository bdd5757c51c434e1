#!/usr/bin/env python3
"""docs/plugin-guide.md as a new user would try it: every command, in a clean folder, against an
installed tree and nothing of the sources; every answer compared. UPDATE=1 writes the answers."""

import difflib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import harness

GUIDE = harness.SOURCE / "docs/plugin-guide.md"
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.M | re.S)


def install(prefix):
    """The build under test at `prefix`; the build's own list of installed files stays as it was."""
    manifest = harness.BUILD / "install_manifest.txt"
    before = manifest.read_bytes() if manifest.exists() else None
    done = subprocess.run(["cmake", "--install", harness.BUILD, "--prefix", prefix], text=True,
                          capture_output=True, check=False)
    if before is not None:
        manifest.write_bytes(before)
    elif manifest.exists():
        manifest.unlink()
    assert done.returncode == 0, done.stderr


def environment(prefix, home):
    """Nothing of this tree but the installed files."""
    kept = {k: v for k, v in os.environ.items()
            if not k.startswith(("S1_", "MAKE", "MFLAGS")) and k not in ("CFLAGS", "COLUMNS", "DESTDIR")}
    return {**kept, "PATH": f"{prefix}/bin:{os.environ['PATH']}", "HOME": str(home), "NO_COLOR": "1",
            "LC_ALL": "C", "PKG_CONFIG_PATH": f"{prefix}/lib/pkgconfig", "COLUMNS": "100"}


def run(work, env, here, commands):
    """One block of commands in one shell; returns what it said and where it ended."""
    script = f"set -e\ncd '{here}'\n{commands}\npwd > '{work}/.here'\n"
    done = subprocess.run(["bash", "--norc", "-c", script], env=env, text=True, timeout=110,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        sys.exit(f"the guide's commands\n{commands}\nended with {done.returncode}:\n{done.stdout}")
    return done.stdout, pathlib.Path((work / ".here").read_text().strip())


def follow(text, work, prefix):
    """Does what the page says; returns the page as it should be and the differences."""
    env = environment(prefix, work)
    here, said, place, fresh, differences, counts = work, "", 0, [], [], {"sh": 0, "text": 0, "file": 0}
    for block in BLOCK.finditer(text):
        kind, name, body = block.groups()
        fresh.append(text[place:block.start(3)])
        place = block.start(3)
        if kind == "sh":
            said, here = run(work, env, here, body)
            counts["sh"] += 1
        elif kind == "text":
            if said != body:
                differences += difflib.unified_diff(body.splitlines(), said.splitlines(),
                                                    "in the guide", "said", lineterm="")
            fresh.append(said)
            place = block.end(3)
            counts["text"] += 1
        elif name is not None:
            (here / name).parent.mkdir(parents=True, exist_ok=True)
            (here / name).write_text(body)
            counts["file"] += 1
    assert counts["sh"] >= 10 and counts["text"] >= 7 and counts["file"] == 5, counts
    return "".join(fresh) + text[place:], differences


def builds_by_cmake(work, prefix):
    """The same folder by find_package, as the page says it can be."""
    env = environment(prefix, work)
    run(work, env, work / "engulfing_detector",
        f"cmake -S . -B '{work}/by-cmake' -DCMAKE_PREFIX_PATH='{prefix}' > cmake.txt 2>&1\n"
        f"cmake --build '{work}/by-cmake' >> cmake.txt 2>&1\n"
        f"ctest --test-dir '{work}/by-cmake' >> cmake.txt 2>&1")


def main():
    build = json.loads(harness.call(".", "version", "--json").out)["build"]
    if "+" in build or build == "Cover":
        print(f"skipped: a build with {build} installs what only runs with its runtime")
        return
    with tempfile.TemporaryDirectory(dir=os.environ.get("S1_TEST_TMP")) as folder:
        prefix, work = pathlib.Path(folder) / "installed", pathlib.Path(folder) / "clean"
        work.mkdir()
        install(prefix)
        text = GUIDE.read_text()
        fresh, differences = follow(text, work, prefix)
        if os.environ.get("UPDATE") == "1":
            GUIDE.write_text(fresh)
            return
        if differences:
            sys.exit("\n".join(differences))
        builds_by_cmake(work, prefix)
        assert shutil.which("s1mpletrader", path=f"{prefix}/bin")


if __name__ == "__main__":
    main()
