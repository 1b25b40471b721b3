# SPDX-License-Identifier: Apache-2.0
"""Control groups of the kernel that limit what a process reads from and writes to block devices.

Version 2 where the kernel's own hierarchy has the controller ``io``, else version 1 where
``blkio`` is mounted. Facts: Documentation/admin-guide/cgroup-v2.rst (io.max) and
cgroup-v1/blkio-controller.rst (throttling) of the kernel. Only the standard library is used: the
program that runs as root imports this.
"""

from __future__ import annotations

import contextlib
import os
import re

ROOT = "/sys/fs/cgroup"
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
"""What a group may be called."""
NO_LIMIT = 75
"""Exit status (EX_TEMPFAIL) of cinder-lite-copy: the kernel does not keep the limit."""

_READ, _WRITE = "read", "write"
_V2 = {_READ: "rbps", _WRITE: "wbps"}


def base(root: str = ROOT) -> str | None:
    """Return the directory below which groups can limit devices; None where the kernel has none.

    :param root: where control groups are mounted
    """
    with contextlib.suppress(OSError), open(f"{root}/cgroup.controllers", encoding="ascii") as has:
        if "io" in has.read().split():
            return root
    if os.path.exists(f"{root}/blkio/tasks"):
        return f"{root}/blkio"
    return None


class Group:
    """The group of one process; it is made by the first limit, and :meth:`remove` ends it.

    :param name: the group that holds those of all such processes
    :param pid: the process
    :param source: number of the device that it reads, None for none
    :param target: number of the device that it writes, None for none
    :param root: where control groups are mounted
    """

    def __init__(
        self, name: str, pid: int, source: int | None, target: int | None, root: str = ROOT
    ) -> None:
        self._pid = pid
        self._devices = [(_READ, source), (_WRITE, target)]
        found = base(root)
        self._exists = found is not None
        self._unified = found == root
        self._above = f"{found or root}/{name}"
        self.path = f"{self._above}/{pid}"

    def limit(self, rate: int) -> None:
        """Limit the process.

        :param rate: bytes per second that it may read, and that it may write; 0 for no limit
        :raises OSError: the kernel does not allow it
        """
        if not os.path.isdir(self.path):
            if not rate:
                return
            self._make()
        for kind, device in self._devices:
            if device is not None:
                number = f"{os.major(device)}:{os.minor(device)}"
                if self._unified:
                    _write(f"{self.path}/io.max", f"{number} {_V2[kind]}={rate or 'max'}")
                else:
                    _write(f"{self.path}/blkio.throttle.{kind}_bps_device", f"{number} {rate}")
        _write(f"{self.path}/cgroup.procs", str(self._pid))

    def remove(self) -> None:
        """Remove the group, when its process has ended."""
        with contextlib.suppress(OSError):
            os.rmdir(self.path)
        with contextlib.suppress(OSError):  # others may still be in it
            os.rmdir(self._above)

    def _make(self) -> None:
        if not self._exists:
            raise FileNotFoundError("there is no control group for devices")
        if self._unified:
            _write(f"{os.path.dirname(self._above)}/cgroup.subtree_control", "+io")
        os.makedirs(self._above, mode=0o755, exist_ok=True)
        if self._unified:
            _write(f"{self._above}/cgroup.subtree_control", "+io")
        _sweep(self._above)
        os.makedirs(self.path, mode=0o755, exist_ok=True)


def _sweep(above: str) -> None:
    """Remove what processes have left that were killed."""
    for name in os.listdir(above):
        if name.isdecimal() and not os.path.exists(f"/proc/{name}"):
            with contextlib.suppress(OSError):
                os.rmdir(f"{above}/{name}")


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
