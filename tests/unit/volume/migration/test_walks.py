# SPDX-License-Identifier: Apache-2.0
"""A hundred random walks of a volume.

A failure names its seed; ``CINDER_LITE_WALK=SEED`` takes that walk again, and
``CINDER_LITE_WALK=FIRST-LAST`` those of other seeds.
"""

from __future__ import annotations

import os

import pytest

from cinder_lite.compute import nova
from cinder_lite.db import volume_types
from tests.unit.conftest import SetOption
from tests.unit.volume.migration import walks
from tests.unit.volume.migration.world import World

_EACH = 10


def _asked() -> range:
    """Return the seeds: a hundred, or what the environment says."""
    first, _, last = os.environ.get("CINDER_LITE_WALK", "0-99").partition("-")
    return range(int(first), int(last or first) + 1)


SEEDS = [_asked()[at : at + _EACH] for at in range(0, len(_asked()), _EACH)]


@pytest.fixture
def compute(world: World, monkeypatch: pytest.MonkeyPatch, option: SetOption) -> walks.Compute:
    """A Nova, and backends that keep whom they let in."""
    for name in ("one", "two"):
        option("volume_driver", f"{walks.__name__}.FileDriver", f"{name}_file")
        option("file_data_dir_is_shared", True, f"{name}_file")
        world.start(name)
    for name in ("gold", "iron"):
        volume_types.create({"name": name}, {})
    made = walks.Compute(world)
    monkeypatch.setattr(nova, "API", made)
    monkeypatch.setattr(nova, "configured", lambda: True)
    option("migration_nova_poll_interval", 0.01)
    return made


@pytest.mark.parametrize("seeds", SEEDS, ids=lambda seeds: f"{seeds[0]}-{seeds[-1]}")
def test_walks(world: World, compute: walks.Compute, seeds: range) -> None:
    for seed in seeds:
        walks.FileDriver.doors.clear()
        walks.Walk(world, compute, seed).run()
        world.forget()
