# SPDX-License-Identifier: Apache-2.0
"""The machine's disk, built once from Debian's packages and kept outside the tree.

It holds Debian and the Python packages that cinder_lite needs, not cinder_lite itself (see
:mod:`tests.storage.vm.tree`), so that it is built anew only when one of those changes.
"""

from __future__ import annotations

import configparser
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.functional.harness.process import HarnessError, tail

TREE = Path(__file__).resolve().parents[3]
CONSTRAINTS = TREE / "tools/constraints.txt"
SETTINGS = Path(__file__).parent / "guest/settings.sh"
SUITE = "bookworm"
MIRROR = "http://deb.debian.org/debian"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
PACKAGES = (
    *("systemd-sysv", "udev", "kmod", "dbus", "procps", "sudo", "iproute2", "iptables", "lz4"),
    *("linux-image-cloud-amd64", "initramfs-tools", "lvm2", "thin-provisioning-tools"),
    *("targetcli-fb", "python3-rtslib-fb", "tgt", "open-iscsi", "multipath-tools"),
    *("cryptsetup-bin", "qemu-utils", "sg3-utils", "lsscsi", "fdisk", "nfs-common"),
    *("python3", "python3-venv", "python3-setuptools"),
)
EXTRA_REQUIREMENTS = ("rtslib-fb", "PyMySQL")
"""What the volume service uses in the machine besides ``install_requires``."""
TOOLS = ("debootstrap", "qemu-system-x86_64", "mkfs.ext4", "socat", "unshare", "setpriv")
KEPT = 2
"""Images that stay in the cache: the present one and the one before."""


class Image(NamedTuple):
    """The files that a machine boots from."""

    disk: Path
    kernel: Path
    ramdisk: Path


def missing_tools() -> list[str]:
    """Return the programs that this machine lacks; the ``storage`` profile of bindep names them."""
    search = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    return [tool for tool in TOOLS if not shutil.which(tool, path=search)]


def requirements() -> list[str]:
    """Return the requirements of the machine's virtual environment."""
    setup = configparser.ConfigParser()
    setup.read(TREE / "setup.cfg")
    lines = setup["options"]["install_requires"].splitlines()
    wanted = [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]
    return [*wanted, *EXTRA_REQUIREMENTS]


def key() -> str:
    """Return a digest of all that decides an image's content."""
    parts = [
        SUITE,
        *PACKAGES,
        *sorted(requirements()),
        CONSTRAINTS.read_text(),
        (Path(__file__).parent / "build_image.sh").read_text(),
        SETTINGS.read_text(),
    ]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def cache() -> Path:
    """Return the directory of the images, ``$XDG_CACHE_HOME/cinder_lite``."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "cinder_lite"


def ready() -> Image:
    """Return the image, which is built first where the cache has not got it (some minutes).

    :raises HarnessError: it can not be built; carries the end of the log
    """
    name = f"storage-{key()}"
    cache().mkdir(parents=True, exist_ok=True)
    with (cache() / "storage.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        directory = cache() / name
        if not directory.exists():
            _build(directory)
        directory.touch()
        _forget_others(directory)
    return Image(directory / "disk.img", directory / "vmlinuz", directory / "initrd.img")


def _build(directory: Path) -> None:
    if os.getuid() != 0:
        raise HarnessError("only root can build the image of the storage tests' machine")
    log = cache() / "storage-build.log"
    print(f"building the machine's image {directory}, log in {log}", file=sys.stderr, flush=True)
    work = directory.with_suffix(".building")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    needed = work / "requirements.txt"
    needed.write_text("\n".join(requirements()) + "\n")
    # bash reads a script while it runs it: an edit must not reach this run.
    script = Path(shutil.copy(Path(__file__).parent / "build_image.sh", work))
    settings = Path(shutil.copy(SETTINGS, work))
    command = [
        *("nice", "ionice", "-c", "2", "-n", "7", "setpriv", "--pdeathsig", "KILL"),
        *("unshare", "--mount", "--pid", "--fork", "--kill-child"),
        *("bash", str(script)),
        *(str(work), str(_base()), SUITE, _mirror(), ",".join(PACKAGES)),
        *(str(CONSTRAINTS), str(needed), str(settings)),
        *sorted(set(_paths_for_pip())),
    ]
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
    environment["PATH"] = environment.get("PATH", "") + ":/usr/sbin:/sbin"
    environment["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    with log.open("w") as stream:
        result = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env=environment,
            check=False,
        )
    if result.returncode != 0:
        shutil.rmtree(work, ignore_errors=True)
        raise HarnessError(f"the image was not built; {log} ends with:\n{tail(log)}")
    work.rename(directory)


def _base() -> Path:
    """Return where Debian's packages, unpacked, are kept for the next image."""
    text = "\0".join((SUITE, *PACKAGES))
    return cache() / f"storage-base-{hashlib.sha256(text.encode()).hexdigest()[:12]}.tar"


def _mirror() -> str:
    """Return the Debian mirror that this machine uses, the common one where it uses none."""
    sources = [Path("/etc/apt/sources.list"), *Path("/etc/apt/sources.list.d").glob("*")]
    for path in sources:
        if path.is_file():
            found = re.search(r"\bhttps?://\S+/debian/?(?=\s)", path.read_text(errors="replace"))
            if found:
                return found.group().rstrip("/")
    return MIRROR


def _paths_for_pip() -> Iterator[str]:
    """Name the files and directories that pip on this machine is told to use."""
    configuration = [
        Path("/etc/pip.conf"),
        Path.home() / ".config/pip/pip.conf",
        Path.home() / ".pip/pip.conf",
    ]
    yield from (str(path) for path in configuration if path.is_file())
    words = [
        value for name, value in os.environ.items() if re.match("PIP_|.*(CERT|CA_BUNDLE)", name)
    ]
    words += [path.read_text() for path in configuration if path.is_file()]
    yield "/etc/ssl/certs/ca-certificates.crt"
    for name in re.findall(r"(?:file://)?(/[\w./+-]+)", "\n".join(words)):
        path = Path(name)
        if path.is_dir() and path.parts[1] not in ("etc", "usr", "var"):
            path = Path(*path.parts[:3])  # an index refers to files beside it
        if path.exists() and len(path.parts) > 2:
            yield str(path)


def _forget_others(present: Path) -> None:
    """Remove images that were not used lately, and what a killed build has left."""
    found = [path for path in cache().glob("storage-*") if path.is_dir()]
    found.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for path in found[KEPT:]:
        if path != present:
            shutil.rmtree(path, ignore_errors=True)
    for path in cache().glob("storage-*.building"):
        shutil.rmtree(path, ignore_errors=True)
    for path in cache().glob("storage-base-*"):
        if path != _base():
            path.unlink()


if __name__ == "__main__":
    print(ready().disk.parent)
