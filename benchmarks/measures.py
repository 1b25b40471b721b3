# SPDX-License-Identifier: Apache-2.0
"""The measurements; each returns one figure."""

from __future__ import annotations

import concurrent.futures
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable
from typing import Any

from benchmarks.target import Failed, Target


def rate(target: Target, path: str, seconds: float) -> float:
    """Return answered GETs per second on one connection.

    wrk asks where it is installed: a client written in Python takes as long as a fast service.

    :param seconds: how long to ask
    """
    target.request("GET", path)
    wrk = shutil.which("wrk")
    if wrk is not None:
        return _rate_by_wrk(wrk, target, path, seconds)
    count = 0
    begin = time.perf_counter()
    while (took := time.perf_counter() - begin) < seconds:
        target.request("GET", path)
        count += 1
    return count / took


def _rate_by_wrk(wrk: str, target: Target, path: str, seconds: float) -> float:
    headers = [f"--header={name}: {value}" for name, value in target.headers.items()]
    url = f"{target.url}/v3/{target.project}{path}"
    words = [wrk, "--threads=1", "--connections=1", f"--duration={max(1, round(seconds))}s"]
    done = subprocess.run([*words, *headers, url], capture_output=True, text=True, check=True)
    found = re.search(r"^Requests/sec:\s*([0-9.]+)", done.stdout, re.MULTILINE)
    if found is None or "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise Failed(f"{target.name}: GET {path}: {done.stdout}")
    return float(found[1])


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


def full_move_seconds(
    target: Target, file_of: Callable[[dict[str, Any]], pathlib.Path], times: int
) -> tuple[float, float]:
    """Return the median seconds of a host copy of a full 1 GiB volume, and of dd of the same file.

    The two take turns, so that what else the machine does meets both.

    :param file_of: gives the file that holds a volume's data
    """
    volume = target.wait(target.create(), "status", "available")
    volume_id = str(volume["id"])
    with file_of(volume).open("r+b") as stream:
        for _ in range(1024):
            stream.write(os.urandom(1024**2))
        os.fsync(stream.fileno())
    moves, copies = [], []
    for _ in range(times):
        source = file_of(target.volume(volume_id))
        copies.append(_dd_seconds(source, source.with_name("benchmark")))
        begin = time.perf_counter()
        _migrate_once(target, volume_id, force_host_copy=True)
        moves.append(time.perf_counter() - begin)
    return statistics.median(moves), statistics.median(copies)


def _dd_seconds(source: pathlib.Path, copy: pathlib.Path) -> float:
    begin = time.perf_counter()
    flags = ["bs=1M", "iflag=direct", "oflag=direct", "conv=fsync", "status=none"]
    subprocess.run(["dd", f"if={source}", f"of={copy}", *flags], check=True)
    took = time.perf_counter() - begin
    copy.unlink()
    return took


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
