# SPDX-License-Identifier: Apache-2.0
"""The target of a host copy whose creation was lost with the service that had taken it."""

from __future__ import annotations

import time

import pytest

from cinder_lite import states
from cinder_lite.db import volume_migrations, volumes
from cinder_lite.volume.migration import host_copy
from tests.unit import rows
from tests.unit.conftest import SetOption
from tests.unit.volume.migration.world import World


def test_a_destination_that_comes_back_creates_the_target(
    world: World, option: SetOption, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_copy, "time", time)
    option("migration_create_volume_timeout_secs", 20)
    volume = world.volume()
    world.lose_mail_of_dead = True
    world.victims, world.kill_at = frozenset({"two"}), 1  # before its first step
    world.migrate(volume, force_host_copy=True)
    host, method, arguments = world.mail.pop()
    world.handle(host, method, arguments)
    end = time.monotonic() + 10
    while "two" not in world.dead and time.monotonic() < end:
        time.sleep(0.01)
    world.kill_at = None
    world.start("two")
    world.idle()
    assert world.check(volume, quota=(1, 1)).status == states.RECORD_SUCCESS


def test_a_target_without_a_move_is_not_created(world: World) -> None:
    moving = rows.volume()
    target = rows.volume(
        host="two@file#file",
        status=states.CREATING,
        migration_status=states.migration_target_of(moving.id),
        use_quota=False,
    )
    world.start("two")
    assert volume_migrations.running_of_volume(moving.id) is None
    assert volumes.get(world.context, target.id).status == states.CREATING
    assert list(world.folder("two").iterdir()) == []
