# SPDX-License-Identifier: Apache-2.0
"""The bytes of volumes on file backends, looked at behind the services' backs."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MIB = 1024 * 1024


class FileData:
    """Knows where a deployment's file backends keep their volumes.

    The data of a backend is in ``<directory>/<host>/<backend>``.
    """

    directory: Path

    def data_dir(self, host: str) -> Path:
        """Return the directory of the backend that a full host string names."""
        name, _, rest = host.partition("@")
        return self.directory / name / rest.partition("#")[0]

    def files(self, host: str) -> list[str]:
        """Return the names of everything in a backend's directory, hidden files left out."""
        directory = self.data_dir(host)
        if not directory.exists():
            return []
        return sorted(e.name for e in directory.iterdir() if not e.name.startswith("."))

    def volume_file(self, volume: Mapping[str, Any]) -> Path:
        """Return the file that holds a volume's data now.

        :param volume: as an administrator sees it
        """
        name_id = volume["os-vol-mig-status-attr:name_id"] or volume["id"]
        return self.data_dir(volume["os-vol-host-attr:host"]) / f"volume-{name_id}"

    def fill(self, volume: Mapping[str, Any], mebibytes: int = 8) -> str:
        """Write random data to the start, the middle and the end of a volume.

        :param mebibytes: how much in all, at least 3
        :returns: the digest of the whole volume, as :meth:`digest` gives it
        """
        path = self.volume_file(volume)
        size = path.stat().st_size
        part = mebibytes * MIB // 3
        with path.open("r+b") as stream:
            for offset in (0, size // 2 + 12345, size - part):
                stream.seek(offset)
                stream.write(os.urandom(part))
            os.fsync(stream.fileno())
        return self.digest(volume)

    def digest(self, volume: Mapping[str, Any]) -> str:
        """Return a SHA-256 over a volume's bytes, the same however sparse the file is.

        Blocks of zeros enter it by their absence, so that a volume of mostly holes costs no time.
        """
        total = hashlib.sha256()
        with self.volume_file(volume).open("rb", buffering=0) as stream:
            size = stream.seek(0, os.SEEK_END)
            total.update(str(size).encode())
            offset = 0
            while offset < size:
                try:
                    offset = os.lseek(stream.fileno(), offset, os.SEEK_DATA) // MIB * MIB
                except OSError:  # nothing but a hole up to the end
                    break
                block = os.pread(stream.fileno(), MIB, offset)
                if block.count(0) != len(block):
                    total.update(f"{offset}:".encode() + block)
                offset += MIB
        return total.hexdigest()
