# SPDX-License-Identifier: Apache-2.0
"""How requests slow down when a project's volumes become many: ``python -m benchmarks.scale``.

The rows are written into the database, in batches; the requests go through the API. What is printed
are medians in milliseconds with few and with many volumes, and their ratio.
"""

from __future__ import annotations

import argparse
import datetime
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks.target import Target
from cinder_lite.db import models
from tests.functional.harness.deployment import Deployment
from tests.functional.harness.servers import ServerPool

PAGE = 1000
RARE = 10
"""Volumes with the status that is asked for, however many there are."""
_BATCH = 5000


def _rows(template: dict[str, Any], begin: int, end: int) -> Iterator[dict[str, Any]]:
    """Yield rows like one that the services have made, each a second younger than the one before.

    :param begin: number of the first
    :param end: number after the last
    """
    start = datetime.datetime(2026, 1, 1)
    for number in range(begin, end):
        made = start + datetime.timedelta(seconds=number)
        yield {
            **template,
            "id": str(uuid.UUID(int=(number * 2654435761 % 2**32) << 96 | number)),
            "display_name": f"volume {number}",
            "status": "error" if number < RARE else "available",
            "created_at": made,
            "updated_at": made,
        }


def grow(database: sa.Engine, template: dict[str, Any], have: int, count: int) -> None:
    """Have ``count`` volumes where there are ``have``."""
    for begin in range(have, count, _BATCH):
        rows = list(_rows(template, begin, min(begin + _BATCH, count)))
        with database.begin() as connection:
            connection.execute(sa.insert(models.volumes), rows)


def measure(target: Target, template: dict[str, Any], count: int, times: int) -> dict[str, float]:
    """Return the median milliseconds of each kind of request.

    :param count: how many volumes there are
    """
    some = [row["id"] for row in _rows(template, 0, count)]
    middle = some[min(count - 1, count // 2 + PAGE // 2)]
    name = f"volume%20{count // 2}"
    paths = {
        "a page of 1,000 in detail, by marker": f"/volumes/detail?limit={PAGE}&marker={middle}",
        "the same without details": f"/volumes?limit={PAGE}&marker={middle}",
        "the first page of 1,000 in detail": f"/volumes/detail?limit={PAGE}",
        "by name": f"/volumes/detail?name={name}",
        "by name, of all projects": f"/volumes/detail?all_tenants=1&name={name}",
        "by status": "/volumes/detail?status=error",
        "by status, of all projects": "/volumes/detail?all_tenants=1&status=error",
        "one volume": f"/volumes/{some[count // 2]}",
        "one volume by its name, as the clients look": f"/volumes?name={name}&limit=1",
    }
    return {what: _median(target, path, times) for what, path in paths.items()}


def _median(target: Target, path: str, times: int) -> float:
    target.request("GET", path)
    took = []
    for _ in range(times):
        begin = time.perf_counter()
        target.request("GET", path)
        took.append(time.perf_counter() - begin)
    return statistics.median(took) * 1000


def main() -> int:
    """Start, fill, measure, print; the status is 1 when a ratio is above what is allowed."""
    parser = argparse.ArgumentParser(prog="benchmarks.scale", description=__doc__)
    parser.add_argument("--database", default="mariadb", choices=["mariadb", "postgresql"])
    parser.add_argument("--few", type=int, default=2000)
    parser.add_argument("--many", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=15, help="requests of each kind")
    parser.add_argument("--allowed", type=float, default=2.0, help="the largest ratio")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cinder_lite-scale-") as directory:
        servers = ServerPool(Path(directory) / "servers")
        deployment = Deployment(
            Path(directory) / "deployment", servers, database=args.database, hosts=("alpha",)
        )
        deployment.directory.mkdir()
        try:
            deployment.start_all()
            few, many = _compare(deployment, args)
        finally:
            deployment.stop_all()
            servers.stop()
    print(f"{'milliseconds':<46}{args.few:>10}{args.many:>10}{'ratio':>8}")
    for what, before in few.items():
        print(f"{what:<46}{before:>10.1f}{many[what]:>10.1f}{many[what] / before:>8.2f}")
    return int(any(many[what] > args.allowed * before for what, before in few.items()))


def _compare(
    deployment: Deployment, args: argparse.Namespace
) -> tuple[dict[str, float], dict[str, float]]:
    volume = deployment.create_volume()
    database = sa.create_engine(deployment.database_url)
    with database.connect() as connection:
        query = sa.select(models.volumes).where(models.volumes.c.id == volume["id"])
        template = dict(connection.execute(query).mappings().one())
    deployment.delete_volume(volume["id"])
    target = Target(
        "cinder_lite",
        deployment.root_url,
        deployment.project,
        f"admin:{deployment.project}",
        [],
        [],
    )
    figures, have = [], 0
    for count in (args.few, args.many):
        grow(database, template, have, count)
        have = count
        figures.append(measure(target, template, count, args.times))
    database.dispose()
    return figures[0], figures[1]


if __name__ == "__main__":
    sys.exit(main())
