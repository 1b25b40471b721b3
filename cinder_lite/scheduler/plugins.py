# SPDX-License-Identifier: Apache-2.0
"""Filters and weighers by name: ours directly, those of other packages by their entry points."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

from cinder_lite import exception

FILTERS = "cinder_lite.scheduler.filters"
WEIGHTS = "cinder_lite.scheduler.weights"

OWN: Mapping[str, Mapping[str, str]] = {
    FILTERS: {
        "AvailabilityZoneFilter": "availability_zone",
        "CapabilitiesFilter": "capabilities",
        "CapacityFilter": "capacity",
        "DifferentBackendFilter": "affinity",
        "DriverFilter": "driver",
        "SameBackendFilter": "affinity",
    },
    WEIGHTS: {
        "AllocatedCapacityWeigher": "capacity",
        "CapacityWeigher": "capacity",
        "VolumeNumberWeigher": "volume_number",
    },
}
"""Module of each of our own classes, below its namespace. The same names are entry points; looking
them up there would read the metadata of every installed package at each start."""


def load(namespace: str, names: Sequence[str], option: str) -> list[Any]:
    """Return the classes that ``names`` stand for.

    :param namespace: ``FILTERS`` or ``WEIGHTS``
    :param option: the configuration option that the names come from, for the error
    :raises InvalidConfigurationValue: no installed package has a name, or it can not be imported
    """
    own = OWN[namespace]
    return [
        getattr(importlib.import_module(f"{namespace}.{own[name]}"), name)
        if name in own
        else _from_elsewhere(namespace, name, option)
        for name in names
    ]


def _from_elsewhere(namespace: str, name: str, option: str) -> Any:
    from stevedore import exception as stevedore_exception  # see OWN
    from stevedore import extension

    failures: list[str] = []
    found: Any = extension.ExtensionManager(
        namespace,
        on_load_failure_callback=lambda _manager, point, error: failures.append(
            f"{point.name}: {error}"
        ),
    )
    try:
        return found[name].plugin
    except (KeyError, stevedore_exception.NoMatches):
        known = ", ".join(sorted({*found.names(), *OWN[namespace]}))
        broken = f" These can not be imported: {'; '.join(failures)}." if failures else ""
        raise exception.InvalidConfigurationValue(
            option=option,
            value=name,
            reason=f"no installed package has it under {namespace}; known are {known}.{broken}",
        ) from None
