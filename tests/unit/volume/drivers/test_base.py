# SPDX-License-Identifier: Apache-2.0
"""Tests of what every driver has from its base."""

from __future__ import annotations

import types
from typing import Any

import pytest

from cinder_lite.context import RequestContext
from cinder_lite.objects import Snapshot, Volume
from cinder_lite.volume.drivers import base


class Least(base.VolumeDriver):
    """The least that a driver can be."""

    def check_for_setup_error(self) -> None:
        pass

    def _collect_stats(self) -> dict[str, Any]:
        self.asked = getattr(self, "asked", 0) + 1
        return {"storage_protocol": "none"}

    def create_volume(self, volume: Volume) -> base.ModelUpdate:
        return None

    def delete_volume(self, volume: Volume) -> None:
        pass

    def extend_volume(self, volume: Volume, new_size: int) -> None:
        pass

    def initialize_connection(self, volume: Volume, connector: dict[str, Any]) -> dict[str, Any]:
        return {}


def least(**options: Any) -> Least:
    return Least(configuration=types.SimpleNamespace(**options), host="node1@one")


def test_a_driver_that_lacks_a_duty_can_not_be_made() -> None:
    class Idle(base.VolumeDriver):
        pass

    with pytest.raises(TypeError, match="create_volume"):
        Idle(configuration=None, host="node1@one")  # type: ignore[abstract]


def test_it_is_initialized_when_it_is_told_so() -> None:
    driver = least()
    assert not driver.initialized
    driver.set_initialized()
    assert driver.initialized


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"volume_backend_name": "fast", "config_group": "one"}, "fast"),
        ({"volume_backend_name": None, "config_group": "one"}, "one"),
        ({}, "node1@one"),
    ],
)
def test_the_backend_has_a_name_in_any_case(options: dict[str, Any], name: str) -> None:
    assert least(**options).get_volume_stats()["volume_backend_name"] == name


def test_stats_are_asked_for_once_until_they_shall_be_fresh() -> None:
    driver = least()
    driver.get_volume_stats()
    driver.get_volume_stats()
    assert driver.asked == 1
    driver.get_volume_stats(refresh=True)
    assert driver.asked == 2


def test_what_it_does_not_do_it_declines(context: RequestContext) -> None:
    driver, volume = least(), Volume(id="v")
    snapshot = Snapshot(id="s", volume_id="v", volume_size=1)
    assert driver.migrate_volume(context, volume, {}) == (False, None)
    for call in (
        lambda: driver.create_snapshot(snapshot),
        lambda: driver.delete_snapshot(snapshot),
        lambda: driver.create_volume_from_snapshot(volume, snapshot),
        lambda: driver.create_cloned_volume(volume, volume),
        lambda: driver.revert_to_snapshot(context, volume, snapshot),
        lambda: driver.initialize_connection_snapshot(snapshot, {}),
        lambda: driver.manage_existing(volume, {}),
        lambda: driver.manage_existing_get_size(volume, {}),
        lambda: driver.get_manageable_volumes([], None, 1, 0, [], []),
        lambda: driver.manage_existing_snapshot(snapshot, {}),
        lambda: driver.manage_existing_snapshot_get_size(snapshot, {}),
        lambda: driver.get_manageable_snapshots([], None, 1, 0, [], []),
        lambda: driver.local_path(volume),
    ):
        with pytest.raises(NotImplementedError):
            call()


def test_without_a_rename_the_data_keeps_the_target_s_name(context: RequestContext) -> None:
    new = Volume(id="new", provider_location="there")
    update = least().update_migrated_volume(context, Volume(id="old"), new, "available")
    assert update == {"_name_id": "new", "provider_location": "there"}
