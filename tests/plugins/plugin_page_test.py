#!/usr/bin/env python3
"""docs/plugin-checks.md is what tools/plugin_page.py writes, every bundled plugin stands in it with a
check and an example strategy, and in docs/plugins.md. A plugin without either is told."""

import os
import pathlib
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(os.environ["S1_SOURCE_DIR"]).resolve()
sys.path.insert(0, str(SOURCE / "tools"))
import plugin_page  # noqa: E402


def faults_of(root):
    plugin_page.ROOT = root
    faults = []
    text = plugin_page.page(faults)
    return text, faults


def what_is_missing_is_told():
    with tempfile.TemporaryDirectory(dir=os.environ.get("S1_TEST_TMP")) as name:
        root = pathlib.Path(name)
        folder = root / "plugins/threat_workers/market_risk/newcomer"
        (folder / "tests").mkdir(parents=True)
        (folder / "manifest.yaml").write_text("schema_version: 1\n")
        (root / "config/runs").mkdir(parents=True)
        (root / "config/runs/demo.yaml").write_text("# plugin: newcomer\n")
        _, faults = faults_of(root)
        assert faults == ["newcomer runs in no example of config/runs", "newcomer has no check"], \
            faults
        (folder / "tests/newcomer_test.c").write_text("")
        (root / "config/runs/demo.yaml").write_text("  - { plugin: newcomer }\n")
        text, faults = faults_of(root)
        assert faults == [] and "| threat | [newcomer]" in text and "[demo]" in text, (text, faults)


def main():
    what_is_missing_is_told()
    done = subprocess.run([sys.executable, SOURCE / "tools/plugin_page.py", "--check"],
                          capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr)
    print(done.stdout.strip())


if __name__ == "__main__":
    main()
