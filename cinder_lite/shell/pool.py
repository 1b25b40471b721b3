# SPDX-License-Identifier: Apache-2.0
"""The storage pools that the scheduler knows."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from typing import Any

from cinder_lite.shell import base, human
from cinder_lite.shell.errors import attempt

CAPABILITIES = {
    "Backend": "volume_backend_name",
    "Protocol": "storage_protocol",
    "Total": "total_capacity_gb",
    "Free": "free_capacity_gb",
    "Allocated": "allocated_capacity_gb",
    "Provisioned": "provisioned_capacity_gb",
    "Reserved": "reserved_percentage",
    "Oversubscription": "max_over_subscription_ratio",
    "Thin": "thin_provisioning_support",
}
"""Columns of --detail and what a pool reports; capacities are in GiB, or the words
``infinite`` and ``unknown``."""


class List(base.Lister):
    """List storage pools: the hosts that a volume can be migrated to."""

    kinds = {
        "Total": human.gigabytes,
        "Free": human.gigabytes,
        "Allocated": human.gigabytes,
        "Provisioned": human.gigabytes,
        "Reserved": human.percent,
    }

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add --detail."""
        parser.add_argument("--detail", action="store_true", help="capacities too")

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        """Ask for the pools."""
        query = {"detail": "true" if parsed_args.detail else None}
        with attempt("Pools cannot be listed"):
            pools = self.client.get("scheduler-stats/get_pools", "pools", query)
        if not parsed_args.detail:
            return ("Name",), [(pool["name"],) for pool in pools]
        reported = [(pool["name"], pool["capabilities"]) for pool in pools]
        return ("Name", *CAPABILITIES), [
            (name, *(facts.get(key) for key in CAPABILITIES.values())) for name, facts in reported
        ]
