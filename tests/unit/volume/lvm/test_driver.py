# SPDX-License-Identifier: Apache-2.0
"""The LVM driver on a node in memory: volumes, snapshots, clones, set-up."""

from __future__ import annotations

import types
from typing import Any

import pytest

from cinder_lite import exception
from cinder_lite.context import RequestContext
from cinder_lite.objects import Snapshot
from cinder_lite.volume.lvm import setup
from cinder_lite.volume.lvm.group import TEMPORARY
from tests.unit.volume.lvm.conftest import ID, NAME, Copier, MakeDriver, volume_of
from tests.unit.volume.lvm.fake import GIB, LV, FakeLVM

OTHER_ID = "99999999-2222-3333-4444-555555555555"
OTHER = f"volume-{OTHER_ID}"
SNAPSHOT = Snapshot(id=ID, volume_id=ID, volume_size=1, volume_name=NAME)
IN_LVM = f"_snapshot-{ID}"


# --- set-up -----------------------------------------------------------------------------------


def test_a_missing_group_is_named_with_those_that_are_there(make: MakeDriver) -> None:
    with pytest.raises(exception.VolumeBackendAPIException, match=r"no volume group gone.*va, vb"):
        make("gone")


def test_what_keeps_commands_from_running_is_said(make: MakeDriver, lvm: FakeLVM) -> None:
    lvm.failing["vgs"] = "Permission denied."
    with pytest.raises(exception.VolumeBackendAPIException, match=r"group va can not.*Permission"):
        make("va")


def test_mirrors_need_devices_of_their_own(make: MakeDriver) -> None:
    with pytest.raises(exception.VolumeBackendAPIException, match=r"lvm_mirrors is 1.*only 1"):
        make("va", lvm_mirrors=1)


def test_a_thin_pool_keeps_no_mirrors(make: MakeDriver, lvm: FakeLVM) -> None:
    lvm.groups["va"].devices = 2
    with pytest.raises(exception.VolumeBackendAPIException, match="lvm_mirrors goes with"):
        make("va", lvm_type="thin", lvm_mirrors=1)


@pytest.mark.parametrize(
    ("present", "mirrors", "expected"),
    [
        ({}, 0, "thin"),
        ({"a": LV(GIB)}, 0, "default"),
        ({"a": LV(GIB), "va-pool": LV(GIB, "thin-pool")}, 0, "thin"),
        ({}, 1, "default"),
    ],
)
def test_auto(
    make: MakeDriver, lvm: FakeLVM, present: dict[str, LV], mirrors: int, expected: str
) -> None:
    """Thin in an empty group or one with the pool, otherwise thick."""
    lvm.groups["va"].lvs = present
    lvm.groups["va"].devices = 2
    stats = make("va", lvm_type="auto", lvm_mirrors=mirrors).get_volume_stats()
    assert stats["location_info"].endswith(f":va:{expected}:{mirrors}")


def test_a_pool_that_leaks_is_refused(make: MakeDriver, lvm: FakeLVM) -> None:
    lvm.groups["va"].lvs["va-pool"] = LV(GIB, "thin-pool", zero=False)
    with pytest.raises(exception.VolumeBackendAPIException, match="lvchange --zero y va/va-pool"):
        make("va", lvm_type="thin")


def test_what_a_killed_copy_left_is_cleared_and_removed(
    make: MakeDriver, lvm: FakeLVM, copier: Copier
) -> None:
    lvm.groups["va"].lvs = {"a": LV(GIB), "b": LV(GIB, origin="a", tags={TEMPORARY})}
    make("va")
    assert set(lvm.groups["va"].lvs) == {"a"}
    assert [copy.dest for copy in copier.calls] == ["/dev/mapper/va-b"]


def test_stats_of_a_thick_group(make: MakeDriver, lvm: FakeLVM) -> None:
    lvm.groups["va"].devices = 2
    lvm.groups["va"].lvs["a"] = LV(4 * GIB)
    stats = make("va", lvm_mirrors=1).get_volume_stats()
    assert (stats["total_capacity_gb"], stats["free_capacity_gb"]) == (5.0, 3.0)
    assert stats["provisioned_capacity_gb"] == 2.0
    assert (stats["thin_provisioning_support"], stats["thick_provisioning_support"]) == (0, 1)
    assert stats["sparse_copy_volume"] is False
    assert stats["max_over_subscription_ratio"] == "20.0"


def test_stats_of_a_thin_pool(make: MakeDriver, lvm: FakeLVM) -> None:
    lvm.groups["va"].lvs = {
        "va-pool": LV(8 * GIB, "thin-pool"),
        "a": LV(3 * GIB, "thin", "va-pool"),
        "b": LV(9 * GIB, "thin", "va-pool"),
        "c": LV(GIB),
    }
    stats = make("va", lvm_type="thin", lvm_max_over_subscription_ratio="auto").get_volume_stats()
    assert (stats["total_capacity_gb"], stats["free_capacity_gb"]) == (8.0, 6.0)
    assert stats["provisioned_capacity_gb"] == 12.0
    assert (stats["thin_provisioning_support"], stats["sparse_copy_volume"]) == (True, True)
    assert stats["max_over_subscription_ratio"] == "auto"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ()),
        ({"lvm_suppress_fd_warnings": True}, ("LVM_SUPPRESS_FD_WARNINGS=1",)),
        ({"lvm_conf_file": "{}/lvm.conf"}, ("LVM_SYSTEM_DIR={}",)),
        ({"lvm_conf_file": "{}/missing.conf"}, ()),
    ],
)
def test_the_environment_of_commands(
    tmp_path: Any, options: dict[str, Any], expected: tuple[str, ...]
) -> None:
    (tmp_path / "lvm.conf").touch()
    values = {"lvm_conf_file": "None", "lvm_suppress_fd_warnings": False, **options}
    values["lvm_conf_file"] = values["lvm_conf_file"].format(tmp_path)
    made = setup.executor(types.SimpleNamespace(**values))
    assert made.environment == tuple(word.format(tmp_path) for word in expected)


# --- volumes ----------------------------------------------------------------------------------


def test_a_thick_volume_is_cleared_before_it_goes(
    make: MakeDriver, lvm: FakeLVM, copier: Copier
) -> None:
    driver = make("va")
    driver.create_volume(volume_of(2))
    assert lvm.lv(f"va/{NAME}").size == 2 * GIB
    driver.delete_volume(volume_of(2))
    (copy,) = copier.calls
    assert copy.clears
    assert (copy.dest, copy.size) == (driver.local_path(volume_of()), 2048)
    assert not lvm.groups["va"].lvs
    driver.delete_volume(volume_of(2))  # what is absent is deleted already


@pytest.mark.parametrize(
    ("options", "cleared"),
    [({"volume_clear": "none"}, []), ({"volume_clear_size": 100}, [100])],
)
def test_clearing_may_be_limited(
    make: MakeDriver, copier: Copier, options: dict[str, Any], cleared: list[int]
) -> None:
    driver = make("va", **options)
    driver.create_volume(volume_of())
    driver.delete_volume(volume_of())
    assert [copy.size for copy in copier.calls] == cleared


def test_what_can_not_be_cleared_is_kept(make: MakeDriver, lvm: FakeLVM, copier: Copier) -> None:
    driver = make("va")
    driver.create_volume(volume_of())
    copier.error = exception.VolumeCopyFailed(reason="input/output error")
    with pytest.raises(exception.VolumeCopyFailed):
        driver.delete_volume(volume_of())
    assert lvm.lv(f"va/{NAME}")


def test_a_thin_volume_needs_no_clearing(make: MakeDriver, lvm: FakeLVM, copier: Copier) -> None:
    driver = make("va", lvm_type="thin")
    driver.create_volume(volume_of())
    assert lvm.lv(f"va/{NAME}").pool == "va-pool"
    driver.delete_volume(volume_of())
    assert set(lvm.groups["va"].lvs) == {"va-pool"}
    assert not copier.calls


def test_a_volume_of_that_name_is_let_alone(make: MakeDriver, lvm: FakeLVM) -> None:
    driver = make("va")
    lvm.groups["va"].lvs[NAME] = LV(GIB, data="precious")
    with pytest.raises(exception.VolumeBackendAPIException, match=rf"volume {ID} .*already exists"):
        driver.create_volume(volume_of())
    assert lvm.lv(f"va/{NAME}").data == "precious"


def test_a_volume_with_thick_snapshots_is_not_deleted(
    make: MakeDriver, lvm: FakeLVM, copier: Copier
) -> None:
    """LVM would remove the snapshots with it."""
    driver = make("va")
    driver.create_volume(volume_of())
    driver.create_snapshot(SNAPSHOT)
    with pytest.raises(exception.VolumeBackendAPIException, match="has snapshots"):
        driver.delete_volume(volume_of())
    assert set(lvm.groups["va"].lvs) == {NAME, IN_LVM}
    assert not copier.calls


def test_a_mirrored_volume(make: MakeDriver, lvm: FakeLVM) -> None:
    lvm.groups["va"].devices = 2
    make("va", lvm_mirrors=1).create_volume(volume_of())
    assert lvm.lv(f"va/{NAME}").kind == "raid1"
    assert "--nosync" not in lvm.commands[-1]  # its copies are made alike: they hold old data


def test_an_exported_volume_grows_if_its_target_lets_it(make: MakeDriver, lvm: FakeLVM) -> None:
    """A refusal leaves the volume as it is: its row and its project's quota stay, too."""
    driver, exported = make("va"), volume_of(provider_location="somewhere")
    driver.create_volume(exported)
    driver.extend_volume(exported, 3)
    assert lvm.lv(f"va/{NAME}").size == 3 * GIB
    driver.target.fixed.add(f"iqn.x:{NAME}")  # type: ignore[attr-defined]
    with pytest.raises(exception.VolumeBackendAPIException, match="is in use"):
        driver.extend_volume(exported, 4)
    assert lvm.lv(f"va/{NAME}").size == 3 * GIB


def test_a_thick_volume_with_snapshots_is_inactive_while_it_grows(
    make: MakeDriver, lvm: FakeLVM
) -> None:
    driver = make("va")
    driver.create_volume(volume_of())
    driver.create_snapshot(SNAPSHOT)
    lvm.failing["lvextend"] = "no"
    with pytest.raises(exception.VolumeBackendAPIException, match="could not be extended to 2 GiB"):
        driver.extend_volume(volume_of(), 2)
    switches = [words[3] for words in lvm.commands if words[0] == "lvchange"]
    assert switches == ["n", "y"]


def test_only_what_was_exported_is_unexported(make: MakeDriver, context: RequestContext) -> None:
    driver = make("va")
    driver.remove_export(context, volume_of())
    driver.remove_export(context, volume_of(provider_location="somewhere"))
    events: Any = driver.target.events  # type: ignore[attr-defined]
    assert events == [("set up",), ("remove", f"iqn.x:{NAME}")]


@pytest.mark.parametrize("lvm_type", ["default", "thin"])
def test_another_node_reads_a_snapshot_and_no_more(
    make: MakeDriver, lvm: FakeLVM, context: RequestContext, lvm_type: str
) -> None:
    driver = make("va", lvm_type=lvm_type)
    driver.create_volume(volume_of())
    driver.create_snapshot(SNAPSHOT)
    lvm.lv(f"va/_{SNAPSHOT.name}").active = lvm_type == "default"  # thin ones are not after a boot
    exported = SNAPSHOT.replace(**dict(driver.create_export_snapshot(context, SNAPSHOT, {}) or {}))
    driver.initialize_connection_snapshot(exported, {"initiator": "iqn.y", "mode": "rw"})
    driver.remove_export_snapshot(context, SNAPSHOT)
    driver.remove_export_snapshot(context, exported)
    device = f"/dev/mapper/va-_{SNAPSHOT.name.replace('-', '--')}"
    iqn = f"iqn.x:{SNAPSHOT.name}"
    events: Any = driver.target.events  # type: ignore[attr-defined]
    assert events == [("set up",), ("connect", iqn, device, "ro"), ("remove", iqn)]
    assert lvm.lv(f"va/_{SNAPSHOT.name}").active


def test_each_volume_has_a_target_of_its_own(make: MakeDriver, lvm: FakeLVM) -> None:
    assert make("va").get_volume_stats(refresh=True)["shared_targets"] is False


# --- snapshots and copies ---------------------------------------------------------------------


def test_a_thick_snapshots_room_is_cleared(make: MakeDriver, lvm: FakeLVM, copier: Copier) -> None:
    """It holds the origin's former data, and clearing it must not change the origin."""
    driver = make("va")
    driver.create_volume(volume_of())
    driver.create_snapshot(SNAPSHOT)
    driver.delete_snapshot(SNAPSHOT)
    (copy,) = copier.calls
    assert copy.clears
    commands = [words[0] for words in lvm.commands]
    assert "lvconvert" in commands[: commands.index("lvremove")]
    assert set(lvm.groups["va"].lvs) == {NAME}
    assert lvm.lv(f"va/{NAME}").data == "stale"


def test_a_thin_volume_shares_a_snapshots_data(
    make: MakeDriver, lvm: FakeLVM, copier: Copier
) -> None:
    driver = make("va", lvm_type="thin")
    driver.create_volume(volume_of())
    driver.create_snapshot(SNAPSHOT)
    driver.create_volume_from_snapshot(volume_of(2, id=OTHER_ID), SNAPSHOT)
    made = lvm.lv(f"va/{OTHER}")
    assert (made.kind, made.origin, made.size) == ("thin", IN_LVM, 2 * GIB)
    assert not copier.calls


def test_a_thick_volume_gets_a_copy_of_a_snapshot(
    make: MakeDriver, lvm: FakeLVM, copier: Copier
) -> None:
    driver = make("va")
    driver.create_volume(volume_of())
    lvm.lv(f"va/{NAME}").data = "mine"
    driver.create_snapshot(SNAPSHOT)
    driver.create_volume_from_snapshot(volume_of(id=OTHER_ID), SNAPSHOT)
    (copy,) = copier.calls
    assert (copy.size, copy.options["sparse"], copy.options["extents"]) == (1024, False, None)
    assert lvm.lv(f"va/{OTHER}").data == "mine"


def test_what_a_larger_copy_adds_reads_as_zero(make: MakeDriver, copier: Copier) -> None:
    driver = make("va")
    driver.create_volume(volume_of())
    driver.create_snapshot(SNAPSHOT)
    driver.create_volume_from_snapshot(volume_of(2, id=OTHER_ID), SNAPSHOT)
    clear, copy = copier.calls
    assert clear.clears
    assert (clear.size, copy.size) == (2048, 1024)


def test_a_copy_that_fails_leaves_nothing(make: MakeDriver, lvm: FakeLVM, copier: Copier) -> None:
    driver = make("va", volume_clear="none")
    driver.create_volume(volume_of())
    driver.create_snapshot(SNAPSHOT)
    copier.error = exception.VolumeCopyFailed(reason="input/output error")
    with pytest.raises(exception.VolumeCopyFailed):
        driver.create_volume_from_snapshot(volume_of(id=OTHER_ID), SNAPSHOT)
    assert set(lvm.groups["va"].lvs) == {NAME, IN_LVM}


def test_a_thick_clone_is_copied_from_a_snapshot_of_the_moment(
    make: MakeDriver, lvm: FakeLVM, copier: Copier
) -> None:
    driver = make("va")
    driver.create_volume(volume_of())
    lvm.lv(f"va/{NAME}").data = "mine"
    driver.create_cloned_volume(volume_of(id=OTHER_ID), volume_of(status="in-use"))
    assert lvm.lv(f"va/{OTHER}").data == "mine"
    assert set(lvm.groups["va"].lvs) == {NAME, OTHER}
    assert copier.calls[0].src.endswith(f"clone--snap--{OTHER_ID.replace('-', '--')}")


def test_a_thin_source_is_copied_to_a_thick_backend_by_its_map(
    make: MakeDriver, lvm: FakeLVM, copier: Copier
) -> None:
    """Options may have changed since a volume was made: holes are filled with zeros."""
    make("va", lvm_type="thin").create_volume(volume_of())
    lvm.lv("va/va-pool").size = 3 * GIB
    lvm.dump = (
        '<superblock data_block_size="128">\n<device dev_id="7">\n'
        '<single_mapping origin_block="2" data_block="9"/>\n</device>\n</superblock>'
    )
    make("va").create_cloned_volume(volume_of(id=OTHER_ID), volume_of())
    (copy,) = copier.calls
    assert copy.options["extents"] == [(2 * 65536, 65536)]
    assert copy.options["sparse"] is False
    assert "clone--snap" in copy.src  # the volume may be in use
    assert set(lvm.groups["va"].lvs) == {"va-pool", NAME, OTHER}
    assert lvm.lv(f"va/{OTHER}").kind == "linear"


@pytest.mark.parametrize("lvm_type", ["default", "thin"])
def test_revert(make: MakeDriver, lvm: FakeLVM, context: RequestContext, lvm_type: str) -> None:
    driver = make("va", lvm_type=lvm_type)
    driver.create_volume(volume_of())
    lvm.lv(f"va/{NAME}").data = "before"
    driver.create_snapshot(SNAPSHOT)
    lvm.lv(f"va/{NAME}").data = "after"
    before = set(lvm.groups["va"].lvs)
    driver.revert_to_snapshot(context, volume_of(), SNAPSHOT)
    assert lvm.lv(f"va/{NAME}").data == lvm.lv(f"va/{IN_LVM}").data == "before"
    assert set(lvm.groups["va"].lvs) == before
    driver.revert_to_snapshot(context, volume_of(), SNAPSHOT)  # and once more
    assert lvm.lv(f"va/{NAME}").data == "before"


def test_a_thick_snapshot_is_copied_onto_its_volume(
    make: MakeDriver, lvm: FakeLVM, copier: Copier, context: RequestContext
) -> None:
    """It stays all the while, in a full group, too: nobody else gets its space uncleared."""
    driver = make("va")
    driver.create_volume(volume_of())
    driver.create_snapshot(SNAPSHOT)
    lvm.groups["va"].lvs["rest"] = LV(lvm.groups["va"].free)
    kept = lvm.lv(f"va/{IN_LVM}")
    copier.error = exception.VolumeCopyFailed(reason="input/output error")
    with pytest.raises(exception.VolumeCopyFailed):
        driver.revert_to_snapshot(context, volume_of(), SNAPSHOT)
    copier.error = None
    driver.revert_to_snapshot(context, volume_of(), SNAPSHOT)
    assert lvm.lv(f"va/{IN_LVM}") is kept
    copy = copier.calls[-1]
    assert copy.dest == driver.local_path(volume_of())
    assert (copy.size, copy.options["sparse"], copy.options["extents"]) == (1024, False, None)
    assert copy.options["compare"], "what is the same would fill the snapshot"


@pytest.mark.parametrize("step", ["renamed", "made"])
def test_a_thin_revert_goes_on_after_a_crash(
    make: MakeDriver, lvm: FakeLVM, context: RequestContext, step: str
) -> None:
    driver = make("va", lvm_type="thin")
    driver.create_volume(volume_of())
    lvm.lv(f"va/{NAME}").data = "before"
    driver.create_snapshot(SNAPSHOT)
    lvs = lvm.groups["va"].lvs
    lvs[f"reverted-{NAME}"] = lvs.pop(NAME)
    if step == "made":
        lvs[NAME] = LV(GIB, "thin", "va-pool", IN_LVM, data="written since")
    driver.revert_to_snapshot(context, volume_of(), SNAPSHOT)
    assert set(lvs) == {"va-pool", NAME, IN_LVM}
    assert lvm.lv(f"va/{NAME}").data == "before"


def test_a_thin_revert_that_fails_changes_nothing(
    make: MakeDriver, lvm: FakeLVM, context: RequestContext
) -> None:
    driver = make("va", lvm_type="thin")
    driver.create_volume(volume_of())
    driver.create_snapshot(SNAPSHOT)
    lvm.lv(f"va/{NAME}").data = "after"
    lvm.failing["lvcreate"] = "the pool is full"
    with pytest.raises(exception.VolumeBackendAPIException, match="the pool is full"):
        driver.revert_to_snapshot(context, volume_of(), SNAPSHOT)
    assert lvm.lv(f"va/{NAME}").data == "after"


@pytest.mark.parametrize("lvm_type", ["default", "thin"])
def test_a_volume_in_use_is_not_reverted(
    make: MakeDriver, lvm: FakeLVM, context: RequestContext, lvm_type: str
) -> None:
    driver = make("va", lvm_type=lvm_type)
    driver.create_volume(volume_of())
    driver.create_snapshot(SNAPSHOT)
    lvm.lv(f"va/{NAME}").open = True
    with pytest.raises(exception.VolumeBackendAPIException, match="is in use"):
        driver.revert_to_snapshot(context, volume_of(), SNAPSHOT)
    assert {NAME, IN_LVM} <= set(lvm.groups["va"].lvs)


def test_a_thick_volume_is_not_reverted_to_a_snapshot_of_something_else(
    make: MakeDriver, lvm: FakeLVM, context: RequestContext
) -> None:
    driver = make("va")
    driver.create_volume(volume_of())
    lvm.groups["va"].lvs[IN_LVM] = LV(GIB, origin="other")
    with pytest.raises(NotImplementedError):
        driver.revert_to_snapshot(context, volume_of(), SNAPSHOT)


# --- taking over ------------------------------------------------------------------------------


def test_taking_over_renames_and_rounds_up(make: MakeDriver, lvm: FakeLVM) -> None:
    driver = make("va")
    lvm.groups["va"].lvs["theirs"] = LV(GIB + 1, data="theirs")
    reference = {"source-name": "theirs"}
    assert driver.manage_existing_get_size(volume_of(), reference) == 2
    driver.manage_existing(volume_of(2), reference)
    driver.manage_existing(volume_of(2), reference)  # again after a crash
    assert set(lvm.groups["va"].lvs) == {NAME}
    assert lvm.lv(f"va/{NAME}").size == 2 * GIB


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ({}, "source-name"),
        ({"source-name": "../etc"}, "no name"),
        ({"source-name": "gone"}, "has no logical volume gone"),
        ({"source-name": "pool"}, "no volume's data"),
        ({"source-name": "used"}, "in use"),
        ({"source-name": "snap"}, "is a snapshot of used"),
        ({"source-name": "shared"}, "needs the data of used"),
    ],
)
def test_what_can_not_be_taken_over(
    make: MakeDriver, lvm: FakeLVM, reference: dict[str, str], reason: str
) -> None:
    driver = make("va")
    lvm.groups["va"].lvs = {
        "pool": LV(GIB, "thin-pool"),
        "used": LV(GIB, open=True),
        "snap": LV(GIB, origin="used"),
        "shared": LV(GIB, "thin", "pool", "used"),
    }
    with pytest.raises(exception.ManageExistingInvalidReference, match=reason):
        driver.manage_existing_get_size(volume_of(), reference)


def test_lists_of_what_can_be_taken_over(make: MakeDriver, lvm: FakeLVM) -> None:
    driver = make("va")
    lvm.groups["va"].lvs = {
        "pool": LV(GIB, "thin-pool"),
        "free": LV(GIB),
        "used": LV(2 * GIB, open=True),
        NAME: LV(GIB, "thin", "pool"),
        "snap": LV(GIB, origin=NAME),
        IN_LVM: LV(GIB, "thin", "pool", NAME),
        OTHER: LV(GIB, "thin", "pool", NAME),
        "shared": LV(GIB, "thin", "pool", "free"),
        "moving": LV(GIB, tags={"cinder_lite.moving"}),
    }
    found = driver.get_manageable_volumes([volume_of()], None, 100, 0, ["reference"], ["asc"])
    assert {entry["reference"]["source-name"]: entry["reason_not_safe"] for entry in found} == {
        "free": None,
        "used": "volume in use",
        "shared": "needs the data of free",
        NAME: "already managed",
        OTHER: None,
    }
    assert [entry["cinder_id"] for entry in found if entry["cinder_id"]] == [ID]
    found = driver.get_manageable_snapshots([SNAPSHOT], None, 100, 0, [], [])
    assert {entry["reference"]["source-name"]: entry["safe_to_manage"] for entry in found} == {
        "snap": True,
        "shared": False,
        IN_LVM: False,
    }
    assert found[0]["source_reference"] == {"source-name": NAME}


def test_a_snapshot_is_taken_over_from_its_own_volume_only(make: MakeDriver, lvm: FakeLVM) -> None:
    driver = make("va")
    lvm.groups["va"].lvs = {NAME: LV(GIB), "s": LV(GIB, origin=NAME), "t": LV(GIB, origin="free")}
    assert driver.manage_existing_snapshot_get_size(SNAPSHOT, {"source-name": "s"}) == 1
    with pytest.raises(exception.ManageExistingInvalidReference, match=f"no snapshot of {NAME}"):
        driver.manage_existing_snapshot(SNAPSHOT, {"source-name": "t"})
    driver.manage_existing_snapshot(SNAPSHOT, {"source-name": "s"})
    assert set(lvm.groups["va"].lvs) == {NAME, IN_LVM, "t"}
