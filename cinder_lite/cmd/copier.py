# SPDX-License-Identifier: Apache-2.0
"""cinder-lite-copy: copies from one block device to another as root, for a service that is not.

Run through cinder-lite-rootwrap by :mod:`cinder_lite.volume.copy`::

    cinder-lite-copy dd group=NAME limit=RATE WORD...    dd(1) with these words
    cinder-lite-copy native WORD...    the program in cinder_lite/volume/copy/child

``limit`` is the bytes per second that dd may read and write, 0 for no limit, kept by the kernel in
a control group below NAME; a line ``limit RATE`` on standard input changes it. The other program
keeps its limit itself.

A side is a block device; the source may be ``/dev/zero``. For the other program than dd, a side may
be a regular file that belongs to the caller, such as an image's data. Whatever else it is, it is
refused, and so are devices that are in use on this node: mounted, part of another device, exported,
or the target of another copy. When its
standard input ends, the copy ends: its caller is gone, or wants that. Progress, messages and exit
status are those of what copies; 1 when it was refused or ended, 75 (EX_TEMPFAIL) when the kernel
does not keep the limit and nothing was copied.
"""

from __future__ import annotations

import errno
import os
import re
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Sequence

from cinder_lite import cgroup

_CHILD = os.path.join(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "volume", "copy", "child"
)
_WORD = re.compile(r"[a-z]+=[A-Za-z0-9_/.:,@+-]*")
_PROGRAMS = ("dd", "native")
_ZERO = "/dev/zero"
_TRIES, _PAUSE = 10, 0.1
"""For devices that udev or LVM looks at for a moment."""
_TERM_SECONDS = 2.0


class Refused(Exception):
    """The copy is not allowed; the text says why."""


def _open(path: str, flags: int) -> int:
    """Open a block device that nothing on this node uses."""
    try:
        if not stat.S_ISBLK(os.stat(path).st_mode):
            raise Refused(f"{path} is no block device")
        for attempt in range(1, _TRIES + 1):
            try:
                return os.open(path, flags | os.O_EXCL)
            except OSError as error:
                if error.errno != errno.EBUSY or attempt == _TRIES:
                    raise
            time.sleep(_PAUSE)
    except OSError as error:
        in_use = error.errno == errno.EBUSY
        reason = "it is in use on this node" if in_use else error.strerror
        raise Refused(f"cannot open {path}: {reason}") from error
    raise AssertionError("unreachable")


def _open_file(path: str, flags: int) -> str | None:
    """Open a regular file and return its path for the copy; None where it is no regular file.

    The path is that of what was opened, whatever becomes of the file's name.

    :raises Refused: it belongs to somebody else than the caller
    """
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return None
        fd = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise Refused(f"cannot open {path}: {error.strerror}") from error
    facts = os.fstat(fd)
    caller = int(os.environ.get("SUDO_UID") or os.getuid())
    if not stat.S_ISREG(facts.st_mode) or facts.st_uid != caller:
        raise Refused(f"{path} does not belong to the caller")
    os.set_inheritable(fd, True)
    return f"/proc/self/fd/{fd}"


def _claim(path: str, flags: int, *, files: bool) -> tuple[str, int | None]:
    """Check one side, and keep others from a target until this process and the copy end.

    :param flags: how the copy opens it: to read, or to read and write
    :param files: it may be a regular file
    :returns: its path for the copy, and the device's number, None for what is none
    """
    if path == _ZERO and flags == os.O_RDONLY:
        return path, None
    file = _open_file(path, flags) if files else None
    if file is not None:
        return file, None
    handle = _open(path, flags)
    number = os.fstat(handle).st_rdev
    if flags == os.O_RDONLY:
        os.close(handle)  # Several copies may read one snapshot: it was free, and is not kept.
    else:
        os.set_inheritable(handle, True)
    return path, number


def _run_dd(
    words: Sequence[str], group: str, limit: int, devices: tuple[int | None, int | None]
) -> int:
    """Run dd to its end, or to the end of standard input."""
    child = subprocess.Popen(["dd", *words], stdin=subprocess.DEVNULL)
    limits = cgroup.Group(group, child.pid, *devices)
    try:
        limits.limit(limit)
    except OSError as error:
        child.kill()
        child.wait()
        limits.remove()
        print(f"cinder-lite-copy: the kernel keeps no limit: {error}", file=sys.stderr)
        return cgroup.NO_LIMIT

    def watch() -> None:
        with open(0, encoding="ascii", closefd=False) as control:
            for line in control:
                if child.poll() is not None:
                    break
                try:
                    limits.limit(int(line.removeprefix("limit ")))
                except OSError as error:
                    print(f"cinder-lite-copy: the limit stays as it was: {error}", file=sys.stderr)
        child.terminate()
        try:
            child.wait(_TERM_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()

    threading.Thread(target=watch, daemon=True).start()
    status = child.wait()
    limits.remove()
    if status >= 0:
        return status
    print(f"dd: killed by {signal.Signals(-status).name}", file=sys.stderr)
    return 1


def main() -> int:
    """Do what the command line says; returns the exit status."""
    program, *words = sys.argv[1:] or [""]
    try:
        if program not in _PROGRAMS:
            raise Refused("usage: cinder-lite-copy dd|native KEY=VALUE...")
        if not all(_WORD.fullmatch(word) for word in words):
            raise Refused("a word of the command line is not allowed")
        named = dict(word.split("=", 1) for word in words)
        native = program == "native"
        group, limit = ("", 0) if native else _take_limit(named)
        source, target = ("source", "target") if native else ("if", "of")
        named[source], read = _claim(named.get(source, ""), os.O_RDONLY, files=native)
        named[target], written = _claim(named.get(target, ""), os.O_RDWR, files=native)
    except Refused as refused:
        print(f"cinder-lite-copy: {refused}", file=sys.stderr)
        return 1
    words = [f"{name}={value}" for name, value in named.items()]
    if native:
        os.execv(sys.executable, [sys.executable, "-I", "-S", _CHILD, *words])
    return _run_dd(words, group, limit, (read, written))


def _take_limit(named: dict[str, str]) -> tuple[str, int]:
    """Take the name of the control group and the limit out of the words."""
    group, limit = named.pop("group", ""), named.pop("limit", "")
    if not cgroup.NAME.fullmatch(group) or not limit.isdecimal():
        raise Refused("dd needs group=NAME and limit=RATE")
    return group, int(limit)


if __name__ == "__main__":
    sys.exit(main())
