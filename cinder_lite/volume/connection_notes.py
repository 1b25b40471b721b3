# SPDX-License-Identifier: Apache-2.0
"""What is connected to this node, noted on its disk: one file for each volume.

A note is written before the connection is made and goes when it is undone. It carries what os-brick
needs to find the devices again, the CHAP secret among it, so that only the service's user may read
it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import os
import pathlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

from oslo_log import log as logging

LOG = logging.getLogger(__name__)


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
    properties: dict[str, Any] | None = None
    """What initialize_connection returned; None before that."""

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
