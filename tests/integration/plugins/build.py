"""Builds a test plugin as a third party would: one C source, the SDK headers, a manifest."""

import pathlib
import shutil
import subprocess

HERE = pathlib.Path(__file__).parent
FLAGS = ["-std=gnu17", "-O1", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared",
         "-fvisibility=hidden", "-Wl,-z,defs", "-Wl,-z,relro", "-Wl,-z,now"]


def build(root, name, source, manifest=None, defines=()):
    """Leaves root/name/{manifest.yaml,name.so}. The manifest is NAME.yaml here unless given."""
    folder = root / name
    folder.mkdir(parents=True)
    text = manifest or (HERE / f"{name}.yaml").read_text()
    (folder / "manifest.yaml").write_text(text)
    compiler = shutil.which("gcc") or shutil.which("cc") or "clang"
    include = HERE.parents[2] / "include"
    subprocess.run([compiler, *FLAGS, *(f"-D{d}" for d in defines), f"-I{include}",
                    str(HERE / source), "-o", str(folder / f"{name}.so"), "-lm"], check=True)
    return folder
