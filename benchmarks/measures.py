# SPDX-License-Identifier: Apache-2.0
"""The measurements; each returns one figure."""

from __future__ import annotations

import concurrent.futures
import pathlib
import re
import statistics
import time
from collections.abc import Callable

from benchmarks.target import Failed, Target


def rate(target: Target, path: str, seconds: float) -> float:
    """Return answered GETs per second on one connection.

    :param seconds: how long to ask
    """
    target.request("GET", path)
    count = 0
    begin = time.perf_counter()
    while (took := time.perf_counter() - begin) < seconds:
        target.request("GET", path)
        count += 1
    return count / took


def create_seconds(target: Target, times: int) -> float:
    """Return the median seconds from POST to available."""
    return _median(times, lambda: _create_one(target))


def _create_one(target: Target) -> None:
    target.wait(target.create(), "status", "available")


def _median(times: int, once: Callable[[], object]) -> float:
    figures = []
    for _ in range(times):
        begin = time.perf_counter()
        once()
        figures.append(time.perf_counter() - begin)
    return statistics.median(figures)


def burst_rate(target: Target, count: int, at_once: int = 8) -> float:
    """Return volumes per second when many are asked for at once, to the last one available."""
    begin = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        for future in [pool.submit(target.create) for _ in range(count)]:
            future.result()
    end = begin + 300
    while target.request("GET", "/volumes?status=creating&limit=1")["volumes"]:
        if time.perf_counter() > end:
            raise Failed(f"{target.name}: volumes are still creating after five minutes")
        time.sleep(0.02)
    took = time.perf_counter() - begin
    failed = target.request("GET", "/volumes?status=error&limit=1000")["volumes"]
    if failed:
        raise Failed(f"{target.name}: {len(failed)} of {count} volumes are in error")
    return count / took


def seed(target: Target, count: int) -> None:
    """Create volumes until there are ``count``."""
    have = len(target.request("GET", "/volumes?limit=1000")["volumes"])
    if have < count:
        burst_rate(target, count - have)


def migrate_seconds(target: Target, times: int, *, force_host_copy: bool) -> float:
    """Return the median seconds from POST to migration_status success, for an empty volume."""
    volume_id = target.create()
    target.wait(volume_id, "status", "available")
    return _median(times, lambda: _migrate_once(target, volume_id, force_host_copy))


def _migrate_once(target: Target, volume_id: str, force_host_copy: bool) -> None:
    here = target.volume(volume_id)["os-vol-host-attr:host"]
    there = next(host for host in target.hosts if host != here)
    body = {"os-migrate_volume": {"host": there, "force_host_copy": force_host_copy}}
    target.request("POST", f"/volumes/{volume_id}/action", body)
    target.wait(volume_id, "os-vol-host-attr:host", there)
    target.wait(volume_id, "migration_status", "success")


def memory_mib(target: Target) -> float:
    """Return the proportional set size of the target's process trees, MiB."""
    total = 0
    for pid in target.pids:
        for one in _tree(pid):
            text = pathlib.Path(f"/proc/{one}/smaps_rollup").read_text()
            match = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
            total += int(match[1]) if match else 0
    return total / 1024


def _tree(pid: int) -> list[int]:
    found = [pid]
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += _tree(int(child))
    return found
