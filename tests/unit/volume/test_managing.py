# SPDX-License-Identifier: Apache-2.0
"""Files that somebody has put into a backend's directory become volumes and snapshots."""

from __future__ import annotations

import datetime
import os
import pathlib
from typing import Any

import pytest

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import quotas, snapshots, volumes
from cinder_lite.objects import Snapshot, Volume, utcnow
from cinder_lite.volume import manageable, managing
from cinder_lite.volume.backend import Backend
from tests.unit import rows
from tests.unit.conftest import SetOption
from tests.unit.volume import filebackend as files

REF = {"source-name": "old"}


@pytest.fixture
def old(backend: Backend) -> pathlib.Path:
    """A file of a bit more than 1 GiB."""
    path = pathlib.Path(backend.configuration.file_data_dir) / "old"
    path.write_bytes(b"data")
    os.truncate(path, files.GIB + 1)
    return path


def managing_volume(**values: Any) -> Volume:
    return rows.volume(**{"size": 0, "status": states.MANAGING, "host": "one@file", **values})


def gigabytes() -> int:
    return quotas.usages(rows.PROJECT)["gigabytes"][1]


def window(**values: Any) -> dict[str, Any]:
    return {
        "marker": None,
        "limit": 10,
        "offset": 0,
        "sort_keys": ["reference"],
        "sort_dirs": ["asc"],
        **values,
    }


def test_a_file_becomes_a_volume(
    backend: Backend, admin: RequestContext, old: pathlib.Path
) -> None:
    volume = managing_volume()
    managing.manage(backend, admin, volume.id, REF)
    made = volumes.get(admin, volume.id)
    assert (made.status, made.size, made.host) == (states.AVAILABLE, 2, "one@file#file")
    assert gigabytes() == 2
    assert not old.exists()
    assert files.read(backend, made, 4) == b"data"
    assert files.path(backend, made).stat().st_size == 2 * files.GIB
    managing.manage(backend, admin, volume.id, REF)
    assert volumes.get(admin, volume.id).status == states.AVAILABLE, "the second message"


@pytest.mark.parametrize(
    ("ref", "why"),
    [
        ({"source-name": "none"}, "has no file none"),
        ({"id": "old"}, "must contain source-name"),
        ({"source-name": "../one/old"}, "no name for a volume's file"),
    ],
)
def test_references_that_name_nothing(
    backend: Backend,
    admin: RequestContext,
    old: pathlib.Path,
    caplog: pytest.LogCaptureFixture,
    ref: dict[str, str],
    why: str,
) -> None:
    volume = managing_volume()
    managing.manage(backend, admin, volume.id, ref)
    made = volumes.get(admin, volume.id)
    assert (made.status, made.size) == (states.ERROR_MANAGING, 0)
    assert why in caplog.text
    assert old.exists()


def test_a_quota_that_refuses_leaves_the_file(
    backend: Backend, admin: RequestContext, old: pathlib.Path, option: SetOption
) -> None:
    option("quota_gigabytes", 1)
    volume = managing_volume()
    managing.manage(backend, admin, volume.id, REF)
    assert volumes.get(admin, volume.id).status == states.ERROR_MANAGING
    assert gigabytes() == 0
    assert old.exists()


def test_a_driver_that_fails_gives_the_quota_back(
    backend: Backend, admin: RequestContext, old: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise exception.VolumeBackendAPIException(data="no.")

    monkeypatch.setattr(backend.driver, "manage_existing", fail)
    volume = managing_volume()
    managing.manage(backend, admin, volume.id, REF)
    assert volumes.get(admin, volume.id).size == 0
    assert gigabytes() == 0


def test_what_is_a_volume_is_not_taken_over(backend: Backend, admin: RequestContext) -> None:
    other = rows.volume()
    backend.driver.create_volume(other)
    volume = managing_volume()
    managing.manage(backend, admin, volume.id, {"source-name": other.name})
    assert volumes.get(admin, volume.id).status == states.ERROR_MANAGING
    assert files.path(backend, other).exists()


def test_names_of_ours_are_known(backend: Backend) -> None:
    volume = rows.volume()
    snapshot = rows.snapshot(volume)
    for name in (volume.name, snapshot.name, f"_{snapshot.name}"):
        assert manageable.managed_already("one@file", {"source-name": name})
        assert manageable.managed_already("one@file", name)
        assert not manageable.managed_already("two@file", {"source-name": name})
    assert not manageable.managed_already("one@file", {"source-name": "volume-x"})
    assert not manageable.managed_already("one@file", {"source-name": 1})
    assert not manageable.managed_already("one@file", {"id": volume.name})
    assert manageable.id_in_name("a-%s-b", "a-1-b") == "1"
    assert manageable.id_in_name("a.%s", "ax1") is None


def of(volume: Volume) -> Snapshot:
    return rows.snapshot(volume, status=states.CREATING, progress="0%", scheduled_at=None)


def test_a_file_becomes_a_snapshot(
    backend: Backend, admin: RequestContext, old: pathlib.Path
) -> None:
    snapshot = of(rows.volume())
    assert gigabytes() == 2
    managing.manage_snapshot(backend, admin, snapshot.id, REF)
    made = snapshots.get(admin, snapshot.id)
    assert (made.status, made.progress, made.volume_size) == (states.AVAILABLE, "100%", 2)
    assert gigabytes() == 3
    assert files.read(backend, made, 4) == b"data"


def test_a_snapshot_that_names_nothing(backend: Backend, admin: RequestContext) -> None:
    snapshot = of(rows.volume())
    managing.manage_snapshot(backend, admin, snapshot.id, {"source-name": "none"})
    assert snapshots.get(admin, snapshot.id).status == states.ERROR


def test_a_driver_that_can_not_says_so(
    backend: Backend, admin: RequestContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unable(*_: Any, **__: Any) -> None:
        raise NotImplementedError

    monkeypatch.setattr(backend.driver, "get_manageable_volumes", unable)
    with pytest.raises(exception.Invalid, match="FileDriver of one@file can not take over"):
        managing.manageable_volumes(backend, window())


def test_lists_tell_what_is_managed(backend: Backend, old: pathlib.Path) -> None:
    volume = rows.volume()
    backend.driver.create_volume(volume)
    snapshot = rows.snapshot(volume)
    backend.driver.create_snapshot(snapshot)
    (old.parent / "snapshot-lost").write_bytes(b"x")
    (old.parent / ".partial-y").write_bytes(b"x")
    found = {
        one["reference"]["source-name"]: one
        for one in managing.manageable_volumes(backend, window())
    }
    assert set(found) == {"old", volume.name}
    assert (found["old"]["size"], found["old"]["safe_to_manage"]) == (2, True)
    assert found[volume.name]["cinder_id"] == volume.id
    assert found[volume.name]["reason_not_safe"] == "already managed"
    known = {
        one["reference"]["source-name"]: one
        for one in managing.manageable_snapshots(backend, window())
    }
    assert set(known) == {"snapshot-lost", snapshot.name}
    assert known[snapshot.name]["source_reference"] == {"source-name": volume.name}
    assert known["snapshot-lost"]["safe_to_manage"]


def test_lost_work_is_given_up(backend: Backend, admin: RequestContext, old: pathlib.Path) -> None:
    long_ago = utcnow() - datetime.timedelta(hours=1)
    lost, fresh = managing_volume(created_at=long_ago), managing_volume()
    managing.settle_lost(backend, files.Claims(lost.id))
    assert volumes.get(admin, lost.id).status == states.MANAGING
    managing.settle_lost(backend, files.Claims())
    assert volumes.get(admin, lost.id).status == states.ERROR_MANAGING
    assert volumes.get(admin, fresh.id).status == states.MANAGING
    assert old.exists()


def test_a_snapshot_whose_message_was_lost_is_given_up(
    backend: Backend, admin: RequestContext
) -> None:
    volume, long_ago = rows.volume(), utcnow() - datetime.timedelta(hours=1)
    lost, fresh, made, reset = of(volume), of(volume), rows.snapshot(volume), rows.snapshot(volume)
    snapshots.update(lost.id, {"created_at": long_ago, "updated_at": None})
    made_now = {"status": states.CREATING, "progress": "0%", "updated_at": long_ago}
    snapshots.update(made.id, made_now)
    reset_now = {"status": states.CREATING, "scheduled_at": None, "updated_at": long_ago}
    snapshots.update(reset.id, reset_now)
    managing.settle_lost(backend, files.Claims(lost.id))
    assert snapshots.get(admin, lost.id).status == states.CREATING
    managing.settle_lost(backend, files.Claims())
    assert snapshots.get(admin, lost.id).status == states.ERROR
    for one in (fresh, made, reset):
        assert snapshots.get(admin, one.id).status == states.CREATING
