# SPDX-License-Identifier: Apache-2.0
"""What is connected to this node, noted on its disk: one file for each volume.

A note is written before the connection is made and goes when it is undone. It carries what os-brick
needs to find the devices again, the CHAP secret among it, so that only the service's user may read
it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import functools
import json
import os
import pathlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import IO, Any

from oslo_log import log as logging

LOG = logging.getLogger(__name__)

_PAUSE_SECONDS = 0.2


@dataclasses.dataclass(frozen=True)
class Note:
    """One volume that is, or was about to be, connected to this node."""

    volume_id: str
    host: str
    """``host@backend#pool`` of the volume when it was connected."""
    connector: dict[str, Any]
    """What this node said of itself."""
    remote: bool
    """Another service looks after the volume."""
    snapshot: bool = False
    """It is no volume, but a snapshot of another backend; the rest of the note tells of that."""
    properties: dict[str, Any] | None = None
    """What initialize_connection returned; None before that."""

    @property
    def kind(self) -> str:
        """What it is, for a log."""
        return "Snapshot" if self.snapshot else "Volume"

    def connected_by(self, properties: dict[str, Any]) -> Note:
        """Return the note of a volume that may be connected from now on."""
        multipath = bool(self.connector.get("multipath"))
        return dataclasses.replace(self, properties={**properties, "multipath": multipath})


class Notes:
    """The notes of one backend's service.

    :param directory: where they are; made with the first of them
    """

    def __init__(self, directory: str) -> None:
        self._directory = pathlib.Path(directory)
        self._lock = threading.Lock()
        self._held: set[str] = set()
        """Ids of the volumes that a thread of this process works on."""

    @classmethod
    @functools.cache
    def of(cls, directory: str) -> Notes:
        """Return the notes in a directory, the same object for all of this process's threads."""
        return cls(directory)

    def write(self, note: Note) -> None:
        """Keep a note, in place of an earlier one of that volume."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = self._directory / f".{note.volume_id}.part"
        fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(fd, "w", encoding="utf-8") as file:
            json.dump(dataclasses.asdict(note), file)
            file.flush()
            os.fsync(fd)
        part.replace(self._file(note.volume_id))

    def read(self, volume_id: str) -> Note | None:
        """Return a volume's note, None where there is none that can be read."""
        try:
            return Note(**json.loads(self._file(volume_id).read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, OSError) as error:
            LOG.error("%s can not be read and is of no use: %s", self._file(volume_id), error)
            return None

    def forget(self, volume_id: str) -> None:
        """Remove a volume's note."""
        self._file(volume_id).unlink(missing_ok=True)

    @contextlib.contextmanager
    def held(self, note: Note) -> Iterator[None]:
        """Write a note, and keep :meth:`left` from naming it for the time of a ``with`` block."""
        with self._lock:
            self._held.add(note.volume_id)
        try:
            self.write(note)
            yield
        finally:
            with self._lock:
                self._held.discard(note.volume_id)

    def left(self) -> list[str]:
        """Name the volumes with a note that no thread of this process works on."""
        try:
            names = sorted(path.name for path in self._directory.iterdir())
        except FileNotFoundError:
            return []
        with self._lock:
            return [name for name in names if name not in self._held and not name.startswith(".")]

    @contextlib.contextmanager
    def claimed(self, volume_id: str) -> Iterator[Note | None]:
        """Work on a note that was left, alone; None where another thread does, or it is gone."""
        with self._lock:
            mine = volume_id not in self._held
            self._held.add(volume_id)
        try:
            yield self.read(volume_id) if mine else None
        finally:
            if mine:
                with self._lock:
                    self._held.discard(volume_id)

    def settle(self, end: Callable[[Note], bool]) -> None:
        """End what was left, one after the other.

        :param end: ends what a note tells of; True when the note may go
        """
        for volume_id in self.left():
            with self.claimed(volume_id) as note:
                if note is not None and end(note):
                    self.forget(volume_id)

    def _file(self, volume_id: str) -> pathlib.Path:
        return self._directory / volume_id


@contextlib.contextmanager
def alone(directory: str, name: str, *, wait: bool = True) -> Iterator[bool]:
    """Have a name alone for the time of a ``with`` block, among all threads and processes.

    The kernel lets it go when the process ends.

    :param directory: the same for all of them
    :param wait: wait for who has it
    :returns: False where another has it
    """
    os.makedirs(directory, exist_ok=True)
    path = os.path.join(directory, f"{name}.lock")
    while (file := _locked(path)) is None:
        if not wait:
            yield False
            return
        time.sleep(_PAUSE_SECONDS)
    with file:
        try:
            yield True
        finally:
            os.unlink(path)


def _locked(path: str) -> IO[str] | None:
    """Lock a file, which is made; None where another has it."""
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(open(path, "w", encoding="utf-8"))
        # Who had it removes the file: then the lock is on one that nobody else finds.
        with contextlib.suppress(BlockingIOError, FileNotFoundError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(file.fileno()), os.stat(path)):
                stack.pop_all()
                return file
    return None
