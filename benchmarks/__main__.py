# SPDX-License-Identifier: Apache-2.0
"""Measure and print the table."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import measures
from benchmarks.target import Target
from tests.functional.harness.deployment import Deployment
from tests.functional.harness.servers import ServerPool

Figures = dict[str, float]

LARGER_IS_BETTER = ("req/s", "per s")


def measure(target: Target, *, quick: bool) -> Figures:
    """Return every figure of one target."""
    scale = 1 if quick else 5
    target.delete_all()
    one = target.create()
    target.wait(one, "status", "available")
    figures: Figures = {}
    steps: list[tuple[str, Callable[[], float]]] = [
        ("create to available, s", lambda: measures.create_seconds(target, 4 * scale)),
        ("burst of creates, per s", lambda: measures.burst_rate(target, 40 * scale)),
        ("GET one volume, req/s", lambda: measures.rate(target, f"/volumes/{one}", scale)),
    ]
    for name, step in steps:
        figures[name] = step()
    count = 200 * scale
    measures.seed(target, count)
    figures[f"GET {count} volumes/detail, req/s"] = measures.rate(target, "/volumes/detail", scale)
    figures["move an empty volume, s"] = measures.migrate_seconds(
        target, 2 * scale, force_host_copy=False
    )
    figures["the same by host copy, s"] = measures.migrate_seconds(
        target, 2 * scale, force_host_copy=True
    )
    if target.pids:
        figures["memory afterwards, MiB PSS"] = measures.memory_mib(target)
    target.delete_all()
    return figures


def start_seconds(deployment: Deployment) -> Figures:
    """Return how long each service takes from its start until it is ready."""
    figures: Figures = {}
    for name in deployment.service_names:
        deployment.stop(name)
    for name in deployment.service_names:
        before = len(deployment.log(name))
        begin = time.perf_counter()
        deployment.start(name)
        words = "The API listens" if name == "api" else "is ready"
        while words not in deployment.log(name)[before:]:
            if time.perf_counter() - begin > 60:
                raise SystemExit(f"{name} is not ready after a minute:\n{deployment.log(name)}")
            time.sleep(0.005)
        figures[f"start to ready: {name}, s"] = time.perf_counter() - begin
    return figures


def print_table(ours: Figures, peer: Figures) -> None:
    """Print the figures side by side."""
    print(f"{'':<36}{'cinder_lite':>12}{'peer':>12}{'better by':>12}")
    for name, value in ours.items():
        row = f"{name:<36}{value:>12.3f}"
        if name in peer:
            faster = name.endswith(LARGER_IS_BETTER)
            ratio = value / peer[name] if faster else peer[name] / value
            row += f"{peer[name]:>12.3f}{ratio:>11.1f}x"
        print(row)


def main() -> None:
    """Start, measure, print."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a fifth of the load")
    parser.add_argument("--service-backend", default="eventlet", choices=["eventlet", "threading"])
    parser.add_argument("--database", default="mariadb", choices=["mariadb", "postgresql"])
    parser.add_argument("--workers", type=int, default=2, help="API processes")
    parser.add_argument("--out", type=Path, help="also write the figures here, as JSON")
    parser.add_argument("--peer-url", help="root URL of a service to measure beside ours")
    parser.add_argument("--peer-project", default="aaaabbbbccccddddeeeeffff00001111")
    parser.add_argument("--peer-token")
    parser.add_argument("--peer-hosts", default="", help="two of its backends, with a comma")
    parser.add_argument("--peer-pids", default="", help="pids of its services, with commas")
    args = parser.parse_args()
    # An installed package is compiled; a tree that may not be would be at every start.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory(prefix="cinder_lite-bench-") as directory:
        servers = ServerPool(Path(directory) / "servers")
        deployment = Deployment(
            Path(directory) / "deployment",
            servers,
            database=args.database,
            service_backend=args.service_backend,
            overrides={
                "DEFAULT": {
                    "osapi_volume_workers": str(args.workers),
                    "quota_volumes": "-1",
                    "quota_gigabytes": "-1",
                }
            },
        )
        deployment.directory.mkdir()
        try:
            deployment.start_all()
            starts = start_seconds(deployment)
            deployment.wait_ready()
            names = deployment.service_names
            ours = Target(
                "cinder_lite",
                deployment.root_url,
                deployment.project,
                f"admin:{deployment.project}",
                deployment.remote_pair,
                [deployment.process(name).pid for name in names],
            )
            figures = {**measure(ours, quick=args.quick), **starts}
            full, raw = measures.full_move_seconds(ours, deployment.volume_file, 3)
            figures["host copy of a full 1 GiB volume, s"] = full
            figures["dd of the same file, s"] = raw
        finally:
            deployment.stop_all()
            servers.stop()
    peer: Figures = {}
    if args.peer_url:
        peer = measure(
            Target(
                "peer",
                args.peer_url,
                args.peer_project,
                args.peer_token or f"admin:{args.peer_project}",
                [host for host in args.peer_hosts.split(",") if host],
                [int(pid) for pid in args.peer_pids.split(",") if pid],
            ),
            quick=args.quick,
        )
    print_table(figures, peer)
    if args.out:
        args.out.write_text(json.dumps({"cinder_lite": figures, "peer": peer}, indent=2) + "\n")


if __name__ == "__main__":
    main()
