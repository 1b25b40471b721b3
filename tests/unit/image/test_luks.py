# SPDX-License-Identifier: Apache-2.0
"""Plain disks made into LUKS volumes by qemu-img."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import stat
import subprocess
from typing import Any

import pytest
from castellan.common.objects import symmetric_key

from cinder_lite import exception
from cinder_lite.image import luks, qemu

MIB = 1024**2
KEY = symmetric_key.SymmetricKey("aes", 256, bytes(range(32)))
AES = {"cipher": "aes-xts-plain64", "key_size": 256}

needs_qemu = pytest.mark.skipif(shutil.which("qemu-img") is None, reason="needs qemu-img")


@pytest.fixture
def raw(tmp_path: pathlib.Path) -> pathlib.Path:
    """A disk of 3 MiB."""
    path = tmp_path / "raw"
    path.write_bytes(os.urandom(MIB) + bytes(MIB) + os.urandom(MIB))
    return path


def encrypt(raw: pathlib.Path, encryption: dict[str, Any] = AES) -> pathlib.Path:
    """Make a LUKS volume beside a disk."""
    target = raw.with_name("encrypted")
    size = raw.stat().st_size
    luks.encrypt(str(raw), str(target), size=size, key=KEY, encryption=encryption, image_id="i")
    return target


def plain_of(path: pathlib.Path, key: bytes) -> bytes:
    """Decipher a LUKS volume, as somebody with its key."""
    secret, plain = path.with_name("secret"), path.with_name("plain")
    secret.write_text(key.hex())
    words = ["--object", f"secret,id=s,file={secret}", "--image-opts"]
    options = f"driver=luks,key-secret=s,file.filename={path}"
    subprocess.run(
        ["qemu-img", "convert", *words, "-O", "raw", options, str(plain)],
        check=True,
        capture_output=True,
    )
    return plain.read_bytes()


@needs_qemu
def test_who_has_the_key_reads_the_disk(raw: pathlib.Path) -> None:
    made = encrypt(raw)
    assert raw.read_bytes()[:MIB] not in made.read_bytes()
    assert plain_of(made, KEY.get_encoded()) == raw.read_bytes()
    with pytest.raises(subprocess.CalledProcessError):
        plain_of(made, bytes(32))


@needs_qemu
@pytest.mark.parametrize(
    ("cipher", "size", "known"),
    [
        ("aes-xts-plain64", 256, ("aes-128", "xts", "plain64", None)),
        ("aes-xts-plain64", 512, ("aes-256", "xts", "plain64", None)),
        ("aes-cbc-essiv:sha256", 256, ("aes-256", "cbc", "essiv", "sha256")),
    ],
)
def test_the_header_tells_the_cipher(
    raw: pathlib.Path, cipher: str, size: int, known: tuple[str | None, ...]
) -> None:
    made = encrypt(raw, {"cipher": cipher, "key_size": size})
    asked = ["qemu-img", "info", "--output=json", str(made)]
    info = json.loads(subprocess.run(asked, check=True, capture_output=True, text=True).stdout)
    data = info["format-specific"]["data"]
    names = ("cipher-alg", "cipher-mode", "ivgen-alg", "ivgen-hash-alg")
    assert tuple(data.get(name) for name in names) == known


def test_nobody_else_sees_the_key(raw: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, str]] = []

    def convert(*_: Any, options: tuple[str, ...], **__: Any) -> None:
        [path] = raw.parent.glob("*.key")
        seen.append((stat.S_IMODE(path.stat().st_mode), path.read_text()))
        assert KEY.get_encoded().hex() not in " ".join(options)
        raise exception.ImageUnacceptable(image_id="i", reason="it is broken.")

    monkeypatch.setattr(qemu, "convert", convert)
    with pytest.raises(exception.ImageUnacceptable):
        encrypt(raw)
    assert seen == [(0o600, KEY.get_encoded().hex())]
    assert [path.name for path in raw.parent.iterdir()] == ["raw"]


@pytest.mark.parametrize("cipher", ["aes", None, "aes-xts-plain64-more"])
def test_a_cipher_that_nobody_understands(raw: pathlib.Path, cipher: str | None) -> None:
    with pytest.raises(exception.InvalidVolumeType, match="such as aes-xts-plain64"):
        encrypt(raw, {"cipher": cipher, "key_size": 256})
    assert [path.name for path in raw.parent.iterdir()] == ["raw"]
