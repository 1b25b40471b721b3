# SPDX-License-Identifier: Apache-2.0
"""The steps of the demonstration, and what they print."""

from __future__ import annotations

import math
import sys
import time
from pathlib import Path
from typing import Any

from tools.quickstart import data
from tools.quickstart.service import BACKENDS, Api, Failure, Standalone

STEP_SECONDS = 3600.0
GIB = 1024**3


def human(count: float) -> str:
    """Return a number of bytes with a unit."""
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.2f} GiB"


class Walk:
    """The steps of the demonstration, in order."""

    def __init__(self, service: Standalone, api: Api) -> None:
        self.service = service
        self.api = api
        self._terminal = sys.stdout.isatty()

    def path_of(self, volume: dict[str, Any]) -> Path:
        """Return the file that holds a volume's data now."""
        backend = volume["os-vol-host-attr:host"].partition("#")[2]
        name_id = volume["os-vol-mig-status-attr:name_id"] or volume["id"]
        return self.service.data_dir(backend) / f"volume-{name_id}"

    def run(self, image: Path | None) -> None:
        """Create, fill, move there, move back, compare.

        :raises Failure: a step failed, or the data differs
        """
        raw = data.raw_image(image, self.service.directory) if image else None
        size = max(1, math.ceil(raw.stat().st_size / GIB)) if raw else 1
        volume = self.api.create(size, "quickstart")
        home = volume["os-vol-host-attr:host"]
        print(f"Created volume {volume['id']} of {size} GiB on {home}.")
        path = self.path_of(volume)
        if raw is None:
            content = data.fill_with_project(path)
        else:
            data.write_into(raw, path)
            content = str(image)
        before = data.digest(path)
        used = path.stat().st_blocks * 512
        print(f"Filled it with {content} ({human(used)}).\n  sha256 {before}")
        first, second = (f"quickstart@{name}#{name}" for name in BACKENDS)
        away = second if home == first else first
        self._move(volume["id"], away, force=False, expected=before)
        self._move(volume["id"], home, force=True, expected=before)
        print("The data is the same, bit for bit, after both moves.")

    def _move(self, volume_id: str, host: str, *, force: bool, expected: str) -> None:
        how = "by copying through the host" if force else "by the driver's own means"
        option = " --force-host-copy" if force else ""
        print(f"Moving it to {host} {how}:\n  cinder-lite migrate quickstart {host}{option}")
        started = time.monotonic()
        body = {"os-migrate_volume": {"host": host, "force_host_copy": force}}
        self.api.call("POST", f"/volumes/{volume_id}/action", body)
        record = self._watch(volume_id)
        seconds = time.monotonic() - started
        volume = self.api.volume(volume_id)
        if record["status"] != "success" or volume["os-vol-host-attr:host"] != host:
            raise Failure(f"The move to {host} failed: {record['error'] or record['status']}")
        print(f"  {self._summary(record, seconds)}")
        after = data.digest(self.path_of(volume))
        print(f"  sha256 {after}")
        if after != expected:
            raise Failure(f"The data differs after the move to {host}: it was {expected}.")

    def _watch(self, volume_id: str) -> dict[str, Any]:
        """Print a move's progress and return its record when it has ended."""
        shown = ""
        deadline = time.monotonic() + STEP_SECONDS
        while time.monotonic() < deadline:
            listed = self.api.get(f"/os-volume-migrations?volume_id={volume_id}&limit=1")
            record: dict[str, Any] = listed["volume_migrations"][0]
            line = self._progress(record)
            if line != shown:
                print(f"\r  {line:<60}" if self._terminal else f"  {line}", end="", flush=True)
                print(end="" if self._terminal else "\n", flush=True)
                shown = line
            if record["status"] != "running":
                print(end="\n" if self._terminal else "")
                return record
            time.sleep(0.1)
        raise Failure("The move did not end within an hour.")

    @staticmethod
    def _progress(record: dict[str, Any]) -> str:
        percent = record["percent"]
        rate = record["bytes_per_second"]
        parts = [f"{record['phase']:<11}"]
        if percent is not None:
            parts.append(f"{percent:3d} %")
        if rate:
            parts.append(f"{human(rate)}/s")
        return " ".join(parts)

    @staticmethod
    def _summary(record: dict[str, Any], seconds: float) -> str:
        copied, rate = record["bytes_copied"], record["bytes_per_second"]
        if not copied:
            return f"Done in {seconds:.2f} s; no byte had to be copied."
        speed = rate or copied / max(seconds, 0.001)
        skipped = record["bytes_skipped"]
        also = f", {human(skipped)} of zeros skipped" if skipped else ""
        return f"Done in {seconds:.2f} s: {human(copied)} at {human(speed)}/s{also}."
