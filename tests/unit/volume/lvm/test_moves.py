# SPDX-License-Identifier: Apache-2.0
"""Moves between two groups of a node in memory, and the rename after a host copy."""

from __future__ import annotations

from typing import Any

import pytest

from cinder_lite import exception
from cinder_lite.context import RequestContext
from cinder_lite.volume.lvm.group import MOVING
from cinder_lite.volume.lvm.location import Location
from tests.unit.volume.lvm.conftest import NAME, Copier, MakeDriver, host_of, volume_of
from tests.unit.volume.lvm.fake import GIB, LV, MIB, FakeLVM

KINDS = ["default", "thin"]
TEMPORARY_ID = "77777777-2222-3333-4444-555555555555"


@pytest.mark.parametrize("status", ["available", "retyping", "maintenance"])
@pytest.mark.parametrize("target", KINDS)
@pytest.mark.parametrize("source", KINDS)
def test_a_move(
    make: MakeDriver,
    lvm: FakeLVM,
    copier: Copier,
    context: RequestContext,
    source: str,
    target: str,
    status: str,
) -> None:
    """The data is in both groups until the move is finished; then in the other one only."""
    here, there = make("va", lvm_type=source), make("vb", lvm_type=target)
    here.create_volume(volume_of())
    lvm.lv(f"va/{NAME}").data = "mine"
    volume = volume_of(status=status)
    assert here.migrate_volume(context, volume, host_of(there)) == (True, None)
    assert lvm.lv(f"va/{NAME}").data == lvm.lv(f"vb/{NAME}").data == "mine"
    assert lvm.lv(f"vb/{NAME}").tags == {MOVING}
    assert copier.calls[-1].options["sparse"] is (target == "thin")
    here.finish_migration(context, volume, host_of(there))
    assert NAME not in lvm.groups["va"].lvs
    assert lvm.lv(f"vb/{NAME}").tags == set()
    assert (lvm.lv(f"vb/{NAME}").kind == "thin") is (target == "thin")
    assert copier.calls[-1].clears is (source == "default")
    here.finish_migration(context, volume, host_of(there))  # again after a crash


def test_a_mirrored_target(make: MakeDriver, lvm: FakeLVM, context: RequestContext) -> None:
    lvm.groups["vb"].devices = 2
    here, there = make("va"), make("vb", lvm_mirrors=1)
    here.create_volume(volume_of())
    here.migrate_volume(context, volume_of(), host_of(there))
    assert lvm.lv(f"vb/{NAME}").kind == "raid1"


def test_the_last_odd_extent_of_a_target_is_cleared(
    make: MakeDriver, lvm: FakeLVM, copier: Copier, context: RequestContext
) -> None:
    """Else its end would hold an earlier tenant's data."""
    lvm.groups["vb"].extent = 100 * MIB
    here, there = make("va"), make("vb")
    here.create_volume(volume_of())
    here.migrate_volume(context, volume_of(), host_of(there))
    clear, copy = copier.calls
    assert clear.clears
    assert (clear.size, copy.size) == (1100, 1024)


def test_the_same_group_is_refused_and_nothing_is_touched(
    make: MakeDriver, lvm: FakeLVM, copier: Copier, context: RequestContext
) -> None:
    here = make("va")
    here.create_volume(volume_of())
    there = host_of(here)
    before = len(lvm.commands)
    with pytest.raises(exception.VolumeBackendAPIException, match="both backends"):
        here.migrate_volume(context, volume_of(), there)
    here.cancel_migration(context, volume_of(), there)
    assert len(lvm.commands) == before
    assert lvm.lv(f"va/{NAME}")
    assert not copier.calls


@pytest.mark.parametrize(
    "location",
    [
        None,
        "",
        "FileDriver:node:/srv",
        "LVMVolumeDriver:elsewhere:vb:default:0",
        "LVMVolumeDriver:{node}:gone:default:0",
        "LVMVolumeDriver:{node}:vb:striped:0",
        "LVMVolumeDriver:{node}:vb:default:many",
        "LVMVolumeDriver:{node}:../vb:default:0",
    ],
)
def test_what_is_no_group_of_this_node_is_declined(
    make: MakeDriver, lvm: FakeLVM, context: RequestContext, location: str | None
) -> None:
    here = make("va")
    here.create_volume(volume_of())
    own = Location.parse(here.get_volume_stats()["location_info"])
    assert own is not None
    told = location and location.replace("{node}", own.node)
    there: dict[str, Any] = {"host": "x", "capabilities": {"location_info": told}}
    assert here.migrate_volume(context, volume_of(), there) == (False, None)
    assert not lvm.groups["vb"].lvs


@pytest.mark.parametrize("status", ["in-use", "reserved", "error"])
def test_a_volume_in_use_is_declined(
    make: MakeDriver, lvm: FakeLVM, context: RequestContext, status: str
) -> None:
    here, there = make("va"), make("vb")
    here.create_volume(volume_of())
    assert here.migrate_volume(context, volume_of(status=status), host_of(there)) == (False, None)
    assert not lvm.groups["vb"].lvs


def test_a_move_that_fails_leaves_nothing(
    make: MakeDriver, lvm: FakeLVM, copier: Copier, context: RequestContext
) -> None:
    here, there = make("va", volume_clear="none"), make("vb")
    here.create_volume(volume_of())
    copier.error = exception.CopyStopped(reason="it was asked to stop")
    with pytest.raises(exception.CopyStopped):
        here.migrate_volume(context, volume_of(), host_of(there))
    assert not lvm.groups["vb"].lvs
    assert lvm.lv(f"va/{NAME}")


def test_a_full_group_is_said(make: MakeDriver, lvm: FakeLVM, context: RequestContext) -> None:
    here, there = make("va"), make("vb")
    here.create_volume(volume_of())
    lvm.groups["vb"].lvs["full"] = LV(10 * GIB)
    with pytest.raises(exception.VolumeBackendAPIException, match="insufficient free space"):
        here.migrate_volume(context, volume_of(), host_of(there))
    assert set(lvm.groups["vb"].lvs) == {"full"}


def test_what_a_killed_move_left_is_removed_by_the_next(
    make: MakeDriver, lvm: FakeLVM, copier: Copier, context: RequestContext
) -> None:
    here, there = make("va"), make("vb")
    here.create_volume(volume_of())
    lvm.groups["vb"].lvs[NAME] = LV(GIB, tags={MOVING}, data="half")
    here.migrate_volume(context, volume_of(), host_of(there))
    assert copier.calls[0].clears
    assert lvm.lv(f"vb/{NAME}").data == "stale"  # what the source holds


def test_another_volume_of_that_name_is_never_touched(
    make: MakeDriver, lvm: FakeLVM, context: RequestContext
) -> None:
    here, there = make("va"), make("vb")
    here.create_volume(volume_of())
    lvm.groups["vb"].lvs[NAME] = LV(GIB, data="precious")
    with pytest.raises(exception.VolumeBackendAPIException, match="already"):
        here.migrate_volume(context, volume_of(), host_of(there))
    here.cancel_migration(context, volume_of(), host_of(there))
    assert lvm.lv(f"vb/{NAME}").data == "precious"


def test_the_only_data_is_never_removed(
    make: MakeDriver, lvm: FakeLVM, context: RequestContext
) -> None:
    here, there = make("va"), make("vb")
    here.create_volume(volume_of())
    with pytest.raises(exception.VolumeBackendAPIException, match=r"va/.* is kept"):
        here.finish_migration(context, volume_of(), host_of(there))
    assert lvm.lv(f"va/{NAME}")


def test_a_copied_volume_gets_its_own_name(
    make: MakeDriver, lvm: FakeLVM, context: RequestContext
) -> None:
    driver = make("va")
    target = volume_of(id=TEMPORARY_ID)
    lvm.groups["va"].lvs[target.name] = LV(GIB, data="new")
    for _ in range(2):  # again after a crash
        update = driver.update_migrated_volume(context, volume_of(), target, "available")
        assert update == {"_name_id": None, "provider_location": None}
    assert lvm.lv(f"va/{NAME}").data == "new"


@pytest.mark.parametrize("reason", ["in use", "taken", "failure"])
def test_a_copied_volume_keeps_its_name(
    make: MakeDriver, lvm: FakeLVM, context: RequestContext, reason: str
) -> None:
    driver = make("va")
    target = volume_of(id=TEMPORARY_ID, provider_location="there")
    lvm.groups["va"].lvs[target.name] = LV(GIB, data="new")
    if reason == "taken":
        lvm.groups["va"].lvs[NAME] = LV(GIB, data="old")
    if reason == "failure":
        lvm.failing["lvrename"] = "no"
    status = "in-use" if reason == "in use" else "available"
    update = driver.update_migrated_volume(context, volume_of(), target, status)
    assert update == {"_name_id": TEMPORARY_ID, "provider_location": "there"}
    assert lvm.lv(f"va/{target.name}").data == "new"
