# SPDX-License-Identifier: Apache-2.0
"""The machine's second disk: this tree's code, its settings and the tests' own programs.

Made anew for every run, in about two seconds.
"""

from __future__ import annotations

import compileall
import configparser
import secrets
import shutil
import subprocess
import sys
from pathlib import Path

from tests.functional.harness.settings import TREE

PLACE = "/opt/cinder_lite"
"""Where the disk is mounted in the machine."""
GUEST_PYTHON = (3, 11)
SIZE = "64M"
_SCRIPT = """\
#!/opt/venv/bin/python
import sys
from {module} import {function}
sys.exit({function}())
"""


def make(directory: Path) -> tuple[Path, str]:
    """Make the disk.

    :param directory: scratch directory
    :returns: the disk's file and the secret that the machine's agent wants to see
    """
    root = directory / "code"
    token = lay_out(root)
    disk = directory / "code.img"
    disk.unlink(missing_ok=True)
    subprocess.run(
        ["mkfs.ext4", "-q", "-F", "-m", "0", "-E", "root_owner=0:0", "-d", root, disk, SIZE],
        check=True,
        stdin=subprocess.DEVNULL,
    )
    shutil.rmtree(root)
    disk.chmod(0o600)
    return disk, token


def lay_out(root: Path) -> str:
    """Write everything that is to be at PLACE.

    :param root: what is there goes first
    :returns: the secret that the machine's agent wants to see
    """
    shutil.rmtree(root, ignore_errors=True)
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(TREE / "cinder_lite", root / "lib/cinder_lite", ignore=ignore)
    shutil.copytree(Path(__file__).parent / "guest", root / "guest", ignore=ignore)
    shutil.copytree(TREE / "etc/cinder_lite", root / "etc")
    shutil.copytree(TREE / "rootwrap.d", root / "etc/rootwrap.d")
    _describe(root)
    _let_rootwrap_find_programs(root / "etc/rootwrap.conf")
    if sys.version_info[:2] == GUEST_PYTHON:  # the machine itself is slow
        for part in ("lib", "guest"):
            compileall.compile_dir(
                root / part, quiet=2, stripdir=str(root), prependdir=PLACE, workers=0
            )
    token = secrets.token_hex(16)
    (root / "guest/token").write_text(token)
    (root / "guest/token").chmod(0o600)
    return token


def _describe(root: Path) -> None:
    """Write what an installation would: the package's metadata, entry points and scripts."""
    setup = configparser.ConfigParser()
    setup.read(TREE / "setup.cfg")
    version = setup["metadata"]["version"]
    about = root / f"lib/cinder_lite-{version}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: cinder_lite\nVersion: {version}\n"
    )
    (about / "INSTALLER").write_text("tests\n")
    groups = setup["options.entry_points"]
    (about / "entry_points.txt").write_text(
        "".join(f"[{name}]\n{lines.strip()}\n\n" for name, lines in groups.items())
    )
    (root / "bin").mkdir()
    for line in groups["console_scripts"].strip().splitlines():
        name, _, target = line.partition("=")
        module, _, function = target.strip().partition(":")
        script = root / "bin" / name.strip()
        script.write_text(_SCRIPT.format(module=module, function=function))
        script.chmod(0o755)


def _let_rootwrap_find_programs(path: Path) -> None:
    lines = path.read_text().splitlines()
    programs = f"{PLACE}/bin,/opt/venv/bin"
    path.write_text(
        "\n".join(f"{line},{programs}" if line.startswith("exec_dirs=") else line for line in lines)
        + "\n"
    )
