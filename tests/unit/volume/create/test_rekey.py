# SPDX-License-Identifier: Apache-2.0
"""Clones of encrypted volumes get keys of their own."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import type_encryption
from cinder_lite.objects import Volume
from cinder_lite.volume.backend import Backend
from cinder_lite.volume.create import rekey, sources
from cinder_lite.volume.create.progress import Progress
from cinder_lite.volume.create.spec import VolumeSpec
from tests.unit import crypt, rows
from tests.unit.image.test_luks import AES
from tests.unit.keys import Keys
from tests.unit.volume import filebackend as files

_IS_DEVICE = rekey._is_device


@pytest.fixture
def dm(
    backend: Backend, keys: Keys, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> crypt.Crypt:
    """The node's dm-crypt, on which the backend's files count as devices."""
    monkeypatch.setattr(rekey, "_is_device", lambda path: True)
    return crypt.install(monkeypatch, tmp_path / "dm")


@pytest.fixture
def source(backend: Backend, keys: Keys) -> Volume:
    """An encrypted volume."""
    kind = rows.volume_type("secret")
    values = {**AES, "provider": "luks", "control_location": "front-end"}
    type_encryption.create(kind.id, values)
    key_id = keys.create_key(keys.service, "aes", 256)
    made = rows.volume(volume_type_id=kind.id, encryption_key_id=key_id)
    backend.driver.create_volume(made)
    crypt.fill(files.path(backend, made), keys.secret(key_id), b"")
    return made


def clone(backend: Backend, admin: RequestContext, keys: Keys, source: Volume) -> Volume:
    """Clone a volume as its service does, and return the row's new values."""
    copy = keys.store(keys.service, keys.get(keys.service, str(source.encryption_key_id)))
    volume = rows.volume(
        status=states.CREATING, volume_type_id=source.volume_type_id, encryption_key_id=copy
    )
    spec = VolumeSpec(type="source_vol", source_volid=source.id)
    update: Any = sources.from_volume(backend, admin, volume, spec, Progress(volume.id))
    return volume.replace(**update or {})


def opens(backend: Backend, keys: Keys, key_id: str | None, volume: Volume) -> bool:
    """Tell whether a key opens a volume."""
    try:
        crypt.plain_of(files.path(backend, volume), keys.secret(key_id), 1)
    except AssertionError:
        return False
    return True


def test_the_sources_key_does_not_open_it(
    backend: Backend, admin: RequestContext, keys: Keys, dm: crypt.Crypt, source: Volume
) -> None:
    made = clone(backend, admin, keys, source)
    assert set(keys.kept) == {source.encryption_key_id, made.encryption_key_id}
    assert opens(backend, keys, made.encryption_key_id, made)
    assert not opens(backend, keys, source.encryption_key_id, made)
    assert opens(backend, keys, source.encryption_key_id, source)
    [command] = dm.actions("luksChangeKey")
    assert not [word for word in command if keys.secret(source.encryption_key_id).hex() in word]


def test_a_clone_of_a_volume_that_was_never_used(
    backend: Backend, admin: RequestContext, keys: Keys, dm: crypt.Crypt, source: Volume
) -> None:
    files.write(backend, source, bytes(512))
    made = clone(backend, admin, keys, source)
    assert keys.secret(made.encryption_key_id) != keys.secret(source.encryption_key_id)
    assert not dm.actions("luksChangeKey")


def test_a_clone_that_keeps_its_sources_key_is_none(
    backend: Backend, admin: RequestContext, keys: Keys, dm: crypt.Crypt, source: Volume
) -> None:
    dm.fails["luksChangeKey"] = "Device or resource busy"
    with pytest.raises(exception.EncryptorFailed, match="Device or resource busy"):
        clone(backend, admin, keys, source)
    secrets = [keys.secret(key_id) for key_id in keys.kept]
    assert secrets == [keys.secret(source.encryption_key_id)] * 2


def test_a_file_keeps_the_copy(
    backend: Backend,
    admin: RequestContext,
    keys: Keys,
    dm: crypt.Crypt,
    source: Volume,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rekey, "_is_device", _IS_DEVICE)
    made = clone(backend, admin, keys, source)
    assert opens(backend, keys, made.encryption_key_id, made)
