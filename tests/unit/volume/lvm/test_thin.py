# SPDX-License-Identifier: Apache-2.0
"""Which parts of a thin volume hold data, and the pool it is in."""

from __future__ import annotations

import pytest

from cinder_lite import exception
from cinder_lite.volume.lvm import names, report, thin
from cinder_lite.volume.lvm.group import VolumeGroup
from tests.unit.volume.lvm.fake import GIB, LV, FakeLVM

CHUNK = 64 * 1024
# As thin_dump of thin-provisioning-tools 0.9 prints it.
DUMP = """\
<superblock uuid="" time="1" transaction="5" flags="0" version="2" data_block_size="128" nr_data_blocks="0">
  <device dev_id="7" mapped_blocks="6" transaction="4" creation_time="1" snap_time="1">
    <range_mapping origin_begin="10" data_begin="100" length="3" time="1"/>
    <single_mapping origin_block="0" data_block="7" time="0"/>
    <single_mapping origin_block="13" data_block="9" time="0"/>
    <range_mapping origin_begin="40" data_begin="0" length="1" time="1"/>
  </device>
</superblock>
"""  # noqa: E501


@pytest.fixture
def group(lvm: FakeLVM) -> VolumeGroup:
    """Return a group with a pool and a thin volume ``v``."""
    lvm.groups["va"].lvs = {
        "va-pool": LV(GIB, "thin-pool"),
        "v": LV(GIB, "thin", "va-pool"),
    }
    lvm.dump = DUMP
    return VolumeGroup("va", lvm)


def test_neighbours_are_joined_and_in_order() -> None:
    assert thin.parse_dump(DUMP) == [
        (0, CHUNK),
        (10 * CHUNK, 4 * CHUNK),
        (40 * CHUNK, CHUNK),
    ]


def test_an_empty_volume_has_no_extents() -> None:
    empty = "\n".join(line for line in DUMP.splitlines() if "mapping" not in line)
    assert thin.parse_dump(empty) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        DUMP.replace("</superblock>", ""),
        DUMP.replace("data_block_size", "size"),
        DUMP.replace("<device ", "<other "),
        DUMP + DUMP,
    ],
)
def test_a_dump_that_is_not_whole_is_not_trusted(text: str) -> None:
    """The whole volume is read then: a missing extent would be lost data."""
    assert thin.parse_dump(text) is None


def test_the_map_is_read_from_a_snapshot_of_the_metadata(lvm: FakeLVM, group: VolumeGroup) -> None:
    assert thin.mapped_extents(lvm, group, group.require("v")) == thin.parse_dump(DUMP)
    done = [words for words in lvm.commands if words[0] in ("dmsetup", "thin_dump")]
    assert [words[-1] for words in done] == [
        "reserve_metadata_snap",
        "/dev/mapper/va-va--pool_tmeta",
        "release_metadata_snap",
    ]


def test_the_snapshot_of_the_metadata_never_stays(lvm: FakeLVM, group: VolumeGroup) -> None:
    lvm.failing["thin_dump"] = "bad checksum"
    assert thin.mapped_extents(lvm, group, group.require("v")) is None
    assert lvm.commands[-1][-1] == "release_metadata_snap"


def test_what_a_killed_service_has_reserved_is_released(lvm: FakeLVM, group: VolumeGroup) -> None:
    """There is one snapshot per pool: otherwise every copy would read everything for ever."""
    lvm.reserved = True
    assert thin.mapped_extents(lvm, group, group.require("v")) == thin.parse_dump(DUMP)
    assert not lvm.reserved


def test_without_a_snapshot_of_the_metadata_there_is_no_map(
    lvm: FakeLVM, group: VolumeGroup, caplog: pytest.LogCaptureFixture
) -> None:
    lvm.failing["dmsetup"] = "no such device"
    assert thin.mapped_extents(lvm, group, group.require("v")) is None
    assert "no such device" in caplog.text


def test_an_external_origin_is_in_no_map(lvm: FakeLVM, group: VolumeGroup) -> None:
    """Where such a volume, or a snapshot of it, has nothing mapped, the origin's data is read."""
    lvm.groups["va"].lvs |= {
        "thick": LV(GIB),
        "elsewhere": LV(GIB, "thin", "other-pool"),
        "one": LV(GIB, "thin", "va-pool", "thick"),
        "two": LV(GIB, "thin", "va-pool", "one"),
        "three": LV(GIB, "thin", "va-pool", "elsewhere"),
        "snapshot": LV(GIB, "thin", "va-pool", "v"),
    }
    for name in ("one", "two", "three"):
        assert thin.mapped_extents(lvm, group, group.require(name)) is None, name
    assert thin.mapped_extents(lvm, group, group.require("snapshot")) == thin.parse_dump(DUMP)


def test_a_volume_in_use_has_no_map(lvm: FakeLVM, group: VolumeGroup) -> None:
    lvm.lv("va/v").open = True
    assert thin.mapped_extents(lvm, group, group.require("v")) is None


def test_something_else_under_the_pools_name_is_refused(lvm: FakeLVM, group: VolumeGroup) -> None:
    lvm.lv("va/va-pool").kind = "linear"
    with pytest.raises(exception.VolumeBackendAPIException, match="is no thin pool, but linear"):
        thin.ensure_pool(group)


@pytest.mark.parametrize("name", ["", "-rf", "a b", "a/b", "..", "a;b", "a" * 128, "ü"])
def test_names_that_must_not_reach_a_command_line(name: str) -> None:
    with pytest.raises(exception.VolumeBackendAPIException, match="no name that LVM takes"):
        names.check(name)


def test_device_paths_double_hyphens() -> None:
    assert names.device("my-vg", "volume-1") == "/dev/mapper/my--vg-volume--1"


@pytest.mark.parametrize("text", ["", "{}", '{"report": [{"pv": []}]}', "not json"])
def test_a_report_that_can_not_be_read(
    lvm: FakeLVM, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(lvm, "lvm", lambda *words: text)
    with pytest.raises(exception.VolumeBackendAPIException, match="report of its vgs can not"):
        report.groups(lvm)


def test_a_thick_snapshot_is_as_large_as_its_origin(lvm: FakeLVM) -> None:
    """LVM reports the size of its room for changes, which is a little more."""
    lvm.groups["va"].lvs = {"o": LV(GIB), "s": LV(GIB, origin="o")}
    found = report.volumes(lvm, "va")
    assert (found["s"].size, found["s"].thick_snapshot, found["o"].has_snapshots) == (GIB, 1, 1)
