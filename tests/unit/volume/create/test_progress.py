# SPDX-License-Identifier: Apache-2.0
"""How far the making of a volume is, where the volume's owner sees it."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from cinder_lite import exception, states
from cinder_lite.db import volume_admin_metadata as notes
from cinder_lite.db import volume_views, volumes
from cinder_lite.volume import copy as copying
from cinder_lite.volume import lifecycle
from cinder_lite.volume.copy import progress as copy_progress
from cinder_lite.volume.create import progress
from cinder_lite.volume.create.request import CreateRequest
from tests.glance import FakeGlance
from tests.unit import rows
from tests.unit.image.test_fetch import disk
from tests.unit.image.test_fetch import made as disk_of
from tests.unit.volume.create.world import World

KEY = "creation_progress"


def far(percent: int) -> copying.CopyProgress:
    """Return the progress of a copy of 100 bytes."""
    return copying.CopyProgress(100, percent, 0, 1, 1.0)


def seen(volume_id: str) -> str | None:
    """Return what the volume's owner sees."""
    row = volume_views.show(volume_id, rows.PROJECT, hide_temporary=True)
    metadata: dict[str, str] = row[volume_views.INDEX["metadata"]]
    return metadata.get(KEY)


class Clock:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def making(sqlite_database: str) -> tuple[str, progress.Progress, Clock]:
    """A volume that is being made."""
    clock = Clock()
    volume = rows.volume(status=states.CREATING)
    return volume.id, progress.Progress(volume.id, clock), clock


def test_a_short_creation_writes_nothing(
    making: tuple[str, progress.Progress, Clock], monkeypatch: pytest.MonkeyPatch
) -> None:
    volume_id, told, clock = making
    monkeypatch.setattr(notes, "update", None)
    monkeypatch.setattr(notes, "delete", None)
    with told:
        clock.now = 0.9
        told.of("copying")(far(100))
    assert seen(volume_id) is None


def test_a_long_one_is_noted_once_a_second_and_removed(
    making: tuple[str, progress.Progress, Clock],
) -> None:
    volume_id, told, clock = making
    with told:
        clock.now = 1.0
        told.of("downloading")(far(43))
        assert seen(volume_id) == "downloading 43%"
        clock.now = 1.9
        told.of("copying")(far(1))
        assert seen(volume_id) == "downloading 43%"
        clock.now = 2.0
        told.of("copying")(far(2))
        assert seen(volume_id) == "copying 2%"
    assert notes.get(volume_id) == {}


def test_a_database_that_fails_does_no_harm(
    making: tuple[str, progress.Progress, Clock], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise exception.CinderLiteException("the database is gone")

    _, told, clock = making
    monkeypatch.setattr(notes, "update", broken)
    monkeypatch.setattr(notes, "delete", broken)
    clock.now = 5
    with told:
        told.of("copying")(far(2))


@pytest.mark.parametrize("status", [states.AVAILABLE, states.ERROR, states.IN_USE])
def test_what_a_killed_service_left_is_shown_to_nobody(
    making: tuple[str, progress.Progress, Clock], status: str
) -> None:
    volume_id, _, _ = making
    notes.update(volume_id, {KEY: "copying 3%", "readonly": "True"})
    assert seen(volume_id) == "copying 3%"
    volumes.update(volume_id, {"status": status})
    row = volume_views.show(volume_id, rows.PROJECT, hide_temporary=True)
    assert row[volume_views.INDEX["metadata"]] == {"readonly": "True"}
    [listed] = volume_views.listing(volume_views.Query(project_id=rows.PROJECT))
    assert listed[volume_views.INDEX["metadata"]] == {"readonly": "True"}


# --- whole creations ---------------------------------------------------------------------------


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What an owner who looks all the time sees of the volumes that are made."""
    found: list[str] = []
    real = notes.update

    def update(volume_id: str, noted: dict[str, str]) -> None:
        real(volume_id, noted)
        if KEY in noted:
            found.append(str(seen(volume_id)))

    monkeypatch.setattr(notes, "update", update)
    monkeypatch.setattr(progress, "PERIOD", 0)
    monkeypatch.setattr(copy_progress, "REPORT_INTERVAL", 0)
    return found


def activities(heard: list[str]) -> list[str]:
    """Return the parts of the work in order, each once."""
    return list(dict.fromkeys(text.partition(" ")[0] for text in heard))


@pytest.mark.parametrize(
    ("disk_format", "parts"),
    [
        ("raw", ["downloading", "copying"]),
        pytest.param(
            "qcow2",
            ["downloading", "converting", "copying"],
            marks=pytest.mark.skipif(shutil.which("qemu-img") is None, reason="needs qemu-img"),
        ),
    ],
)
def test_of_an_image(
    world: World, glance: FakeGlance, heard: list[str], disk_format: str, parts: list[str]
) -> None:
    (world.directory / "image").mkdir()
    raw = disk_format == "raw"
    data = disk() if raw else disk_of(world.directory / "image", disk_format)
    world.create(CreateRequest(size=1, image_id=glance.add(data, disk_format)))
    [volume] = world.verify()
    assert volume.status == states.AVAILABLE
    assert activities(heard) == parts
    assert heard[-1] == "copying 100%"
    assert notes.get(volume.id) == {}


def test_of_a_volume(world: World, heard: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "cinder_lite.volume.drivers.filestore.Partial.share_blocks_of", lambda *_: False
    )
    world.create(CreateRequest(size=1))
    [source] = world.verify()
    assert heard == []
    world.create(CreateRequest(size=1, source_volume=source))
    assert heard[-1] == "copying 100%"
    assert [notes.get(volume.id) for volume in world.verify()] == [{}, {}]


def test_a_failed_creation_leaves_no_note(
    world: World, glance: FakeGlance, heard: list[str]
) -> None:
    world.create(CreateRequest(size=1, image_id=glance.add(b"boot" * 1000, "qcow2")))
    [volume] = world.verify()
    assert volume.status == states.ERROR
    assert activities(heard) == ["downloading"]
    assert notes.get(volume.id) == {}


def test_a_killed_creation_that_is_taken_up_leaves_no_note(world: World) -> None:
    volume = rows.volume(status=states.CREATING, host="one@file#file")
    notes.update(volume.id, {KEY: "copying 3%"})
    backend = world.managers["one"].backend
    lifecycle._create_again(backend, world.context, volume.id)
    [made] = world.verify()
    assert (made.status, notes.get(volume.id)) == (states.AVAILABLE, {})
