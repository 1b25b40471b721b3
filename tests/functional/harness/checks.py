# SPDX-License-Identifier: Apache-2.0
"""What must hold once a volume's moves have ended, however they ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.functional.harness.deployment import Deployment
from tests.functional.harness.process import HarnessError, wait_until

CLEAN_SECONDS = 20.0


def nothing_left(deployment: Deployment, volume: Mapping[str, Any]) -> None:
    """Check that a volume has one file, one row, and no copying process.

    :raises HarnessError: something of its moves is still there after a while
    """
    volume_id = str(volume["id"])
    expected = {deployment.volume_file(volume)}
    known = {volume_id, str(volume["os-vol-mig-status-attr:name_id"] or volume_id)}
    known |= {str(record["new_volume_id"]) for record in deployment.records(volume_id)}

    def files() -> set[Any]:
        return {
            path
            for host in deployment.hosts
            for backend in deployment.backends
            for path in (deployment.directory / host / backend).glob("*")
            if any(name in path.name for name in known)
        }

    def rows() -> list[str]:
        listed = deployment.get("/volumes/detail?all_tenants=1")["volumes"]
        return [entry["id"] for entry in listed if entry["id"] in known - {volume_id}]

    try:
        wait_until(lambda: files() == expected and not rows(), CLEAN_SECONDS, "the clean-up")
    except HarnessError as error:
        raise HarnessError(
            f"{error}: files {sorted(map(str, files() ^ expected))}, rows {rows()}"
        ) from None
    copies = [line for line in deployment.copiers() if any(name in line for name in known)]
    if copies:
        raise HarnessError(f"copies still run: {copies}")
