# SPDX-License-Identifier: Apache-2.0
"""Extra specs of the volume type against what a backend reports."""

from __future__ import annotations

from typing import Any

import pytest

from cinder_lite.scheduler.filters.capabilities import CapabilitiesFilter
from tests.unit.scheduler.conftest import state_of

REPORT = {
    "volume_backend_name": "fast",
    "multiattach": True,
    "disks": ["ssd", "nvme"],
    "array": {"level": {"raid": "10"}},
    "iops": 5000,
}


def ask(extra_specs: dict[str, Any] | None, **report: Any) -> str | None:
    state = state_of(**{**REPORT, **report})
    return CapabilitiesFilter().refusal(state, {"resource_type": {"extra_specs": extra_specs}})


@pytest.mark.parametrize(
    "extra_specs",
    [
        None,
        {},
        {"volume_backend_name": "fast"},
        {"capabilities:volume_backend_name": "fast"},
        {"volume_backend_name": "<or> slow <or> fast"},
        {"multiattach": "<is> True"},
        {"iops": ">= 5000", "volume_backend_name": "s== fast"},
        {"disks": "nvme"},
        {"disks": "s== ssd"},
        {"capabilities:array:level:raid": "10"},
        # Scopes of others are no capabilities.
        {"provisioning:type": "thick", "vendor:magic": "on", "RESKEY:availability_zones": "a"},
        {"replication:capabilities:x": "y"},
        # One protocol, several names.
        {"storage_protocol": "iscsi"},
        {"storage_protocol": "<or> FC <or> iSCSI"},
    ],
)
def test_met(extra_specs: dict[str, Any] | None) -> None:
    assert ask(extra_specs) is None


@pytest.mark.parametrize(
    ("extra_specs", "sentence"),
    [
        (
            {"volume_backend_name": "Fast"},
            "the volume type asks for volume_backend_name=Fast, it reports 'fast'",
        ),
        (
            {"multiattach": "True"},
            "the volume type asks for multiattach=True, it reports True",
        ),
        (
            {"disks": "tape"},
            "the volume type asks for disks=tape, it reports ['ssd', 'nvme']",
        ),
        (
            {"compression": "<is> True"},
            "the volume type asks for compression=<is> True, which it does not report",
        ),
        (
            {"array:level": "x", "capabilities:array:depth": "1"},
            "the volume type asks for capabilities:array:depth=1, which it does not report",
        ),
        (
            {"capabilities:iops:read": "1"},
            "the volume type asks for capabilities:iops:read=1, which it does not report",
        ),
        (
            {"storage_protocol": "ISCSI"},
            "the volume type asks for storage_protocol=ISCSI, it reports 'iSCSI'",
        ),
    ],
)
def test_not_met(extra_specs: dict[str, Any], sentence: str) -> None:
    assert ask(extra_specs) == sentence


@pytest.mark.parametrize("resource_type", [None, {}, {"id": "x"}])
def test_without_a_type_everything_will_do(resource_type: Any) -> None:
    assert CapabilitiesFilter().refusal(state_of(), {"resource_type": resource_type}) is None
    assert CapabilitiesFilter().refusal(state_of(), {}) is None
