# SPDX-License-Identifier: Apache-2.0
"""qemu-img, as this user and never as root, within limits of memory and CPU time."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence

from oslo_config import cfg

from cinder_lite import exception
from cinder_lite.volume.copy import process
from cinder_lite.volume.copy.progress import Meter, Report

CONF = cfg.CONF

GIB = 1024**3
_PERCENT = re.compile(r"\(([\d.]+)/100%\)")


def convert(
    source: str,
    source_format: str,
    target: str,
    target_format: str,
    *,
    size: int,
    image_id: str,
    options: Sequence[str] = (),
    progress: Report | None = None,
    stop: process.Stop | None = None,
) -> None:
    """Convert a disk into a file of another format; what reads as zero becomes a hole.

    :param source: path of a file that was inspected before: its format is never guessed here
    :param target: path of the file to make
    :param size: bytes of the disk
    :param options: further words of the command line
    :raises ImageUnacceptable: qemu-img can not read the source, or takes too much for it
    :raises CopyStopped: ``stop`` was set
    """
    limits = (
        f"--as={CONF.image_conversion_address_space_limit * GIB}",
        f"--cpu={CONF.image_conversion_cpu_limit}",
    )
    prlimit = (sys.executable, "-m", "oslo_concurrency.prlimit", *limits, "--")
    # It has eight reads in flight by itself. Writes out of order spare a raw target half of the
    # time; a qcow2 file would only be scattered by them.
    order = ("-W",) if target_format == "raw" else ()
    qemu = ("qemu-img", "convert", "-p", "-S", "4k", *order)
    formats = ("-f", source_format, "-O", target_format)
    # Its progress goes to standard output, where nobody listens. Each of its many threads would
    # reserve 64 MiB of address space for memory of its own and, on a slow disk, run into the limit.
    aloud = ("sh", "-c", 'export MALLOC_ARENA_MAX=1; exec "$@" >&2', "sh")
    command = process.assemble([*aloud, *prlimit, *qemu, *options, *formats, source, target], None)

    def parse(line: str) -> tuple[int, int] | None:
        found = _PERCENT.search(line)
        return (int(size * float(found[1]) / 100), 0) if found else None

    outcome = process.run(command, parse=parse, meter=Meter(size, progress), stop=stop)
    if outcome.status != 0:
        raise exception.ImageUnacceptable(
            image_id=image_id,
            reason=f"qemu-img can not convert it from {source_format} to {target_format}: "
            f"{_plain(outcome.error(), source, target)}",
        )


def _plain(error: str, *paths: str) -> str:
    """Return qemu-img's words without this node's paths: they go to the volume's owner."""
    for path in paths:
        error = error.replace(path, "the image")
    return error
