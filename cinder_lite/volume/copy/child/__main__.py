# SPDX-License-Identifier: Apache-2.0
"""The command line and the standard input of the copying process; see the package."""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

STANDARD_INPUT, STANDARD_ERROR = 0, 2


def _listen(bucket: Any) -> None:
    """Obey standard input until it ends; then the parent is gone, and so are we."""
    pending = b""
    while received := os.read(STANDARD_INPUT, 4096):
        *lines, pending = (pending + received).split(b"\n")
        for line in lines:
            word, _, value = line.partition(b" ")
            if word == b"limit":
                bucket.set_rate(int(value))
    os._exit(1)


def _say(line: str) -> None:
    os.write(STANDARD_ERROR, line.encode(errors="surrogateescape") + b"\n")


def main(words: list[str]) -> int:
    """Copy as the command line says.

    :param words: ``KEY=VALUE`` each
    :returns: the exit status
    """
    # Isolated mode puts nothing but this folder on the path; its modules are a package.
    sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    from child import engine
    from child.extents import read_extents

    job = dict(word.split("=", 1) for word in words)
    try:
        copier = engine.Copier(
            job["source"],
            job["target"],
            int(job["size"]),
            holes=job.get("holes") == "1",
            zeros=job.get("zeros") == "1",
            extents=read_extents(job["extents"]) if job.get("extents") else None,
            fill=job.get("fill") == "1",
            compare=job.get("compare") == "1",
            offload=job.get("offload") == "1",
            limit=int(job.get("limit", 0)),
            threads=int(job.get("threads", engine.THREADS)),
            block=int(job.get("block", engine.BLOCK)),
        )
    except OSError as error:
        _say(f"cannot open {error.filename}: {error.strerror}")
        return 1
    except ValueError as error:
        _say(str(error))
        return 1
    threading.Thread(target=_listen, args=(copier.bucket,), daemon=True).start()
    failure = copier.run(lambda copied, skipped: _say(f"{copied} {skipped}"))
    if failure:
        _say(failure)
    return 1 if failure else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
