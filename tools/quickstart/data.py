# SPDX-License-Identifier: Apache-2.0
"""The data that the demonstration moves: made, written into the volume, and measured."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tools.quickstart.service import TREE, Failure

CHUNK = 4 * 1024**2
QCOW2 = b"QFI\xfb"


def stage_project(target: Path) -> None:
    """Copy this project's own files, without what git would ignore, to ``target``."""
    listed = subprocess.run(
        ["git", "-C", str(TREE), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        text=True,
        check=False,
    )
    names = [name for name in listed.stdout.split("\0") if name]
    if listed.returncode != 0:  # no git, or an unpacked archive
        names = [str(path.relative_to(TREE)) for path in TREE.rglob("*") if path.is_file()]
    for name in names:
        source = TREE / name
        if source.is_file() and not name.startswith(".git/"):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name)


def find_mkfs() -> str | None:
    """Return mkfs.ext4, which is often outside a user's PATH."""
    return shutil.which("mkfs.ext4", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


def fill_with_project(path: Path) -> str:
    """Write this project's files into the volume, as a file system where that is possible.

    :returns: what the volume holds now
    """
    mkfs = find_mkfs()
    with tempfile.TemporaryDirectory() as scratch:
        stage_project(Path(scratch))
        count = sum(1 for entry in Path(scratch).rglob("*") if entry.is_file())
        if mkfs is None:
            archive = shutil.make_archive(f"{scratch}-files", "tar", scratch)
            try:
                write_into(Path(archive), path)
            finally:
                os.unlink(archive)
            return f"a tar archive of this project's {count} files (mkfs.ext4 is not installed)"
        result = subprocess.run(
            [mkfs, "-q", "-F", "-L", "cinder_lite", "-d", scratch, str(path)],
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode != 0:
            raise Failure(f"mkfs.ext4 failed: {result.stderr.strip()}")
    return f"an ext4 file system with this project's {count} files"


def write_into(source: Path, target: Path) -> None:
    """Copy ``source`` over the beginning of ``target``, which keeps its size."""
    with source.open("rb") as reader, target.open("r+b") as writer:
        shutil.copyfileobj(reader, writer, CHUNK)
        writer.flush()
        os.fsync(writer.fileno())


def raw_image(image: Path, scratch: Path) -> Path:
    """Return the image as raw bytes: itself, or its conversion where it is a qcow2.

    :raises Failure: it can not be read or converted
    """
    try:
        with image.open("rb") as stream:
            magic = stream.read(4)
    except OSError as error:
        raise Failure(f"{image} can not be read: {error.strerror}.") from None
    if magic != QCOW2:
        return image
    convert = shutil.which("qemu-img")
    if convert is None:
        raise Failure(f"{image} is a qcow2 image; install qemu-utils or give a raw image.")
    raw = scratch / "image.raw"
    command = [convert, "convert", "-O", "raw", str(image), str(raw)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise Failure(f"{image} can not be converted: {result.stderr.strip()}")
    return raw


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
