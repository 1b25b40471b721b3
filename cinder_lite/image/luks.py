# SPDX-License-Identifier: Apache-2.0
"""A plain disk made into a LUKS volume by qemu-img: without dm-crypt, and not as root.

The key goes to qemu-img in a file that only this user may read, beside the image's other files, and
goes with it. qemu-img knows the first version of LUKS.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from cinder_lite import exception
from cinder_lite.image import checks, qemu
from cinder_lite.volume.copy.progress import Report

_SECRET = "luks"
"""The key's name among qemu-img's objects."""
_UNMEASURED = "Unable to get accurate CPU usage"
_TRIES = 20
_DERIVING = 100
"""Milliseconds of CPU time to derive a key in: short, as nobody guesses a random passphrase."""


def encrypt(
    raw: str,
    target: str,
    *,
    size: int,
    key: Any,
    encryption: Mapping[str, Any],
    image_id: str,
    progress: Report | None = None,
) -> None:
    """Make a LUKS volume of a raw disk.

    :param target: path of the file to make; a file beside it holds the key meanwhile
    :param size: bytes of the disk
    :param key: castellan's object
    :param encryption: columns of a type's encryption: ``cipher`` and ``key_size`` (bits)
    :raises InvalidVolumeType: qemu-img has no such cipher
    :raises ImageUnacceptable: qemu-img can not do it
    """
    cipher = _cipher(encryption)
    secret = f"{target}.key"
    fd = os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(fd, "w", encoding="ascii") as file:
            file.write(key.get_encoded().hex())  # the passphrase, as os-brick and Nova make it
        path = secret.replace(",", ",,")
        options = (
            *("--object", f"secret,id={_SECRET},format=raw,file={path}"),
            *("-o", f"key-secret={_SECRET},iter-time={_DERIVING},{cipher}"),
        )
        _convert(raw, target, size=size, image_id=image_id, options=options, progress=progress)
    finally:
        os.unlink(secret)


def _convert(raw: str, target: str, **how: Any) -> None:
    """Run qemu-img, again where it could not measure how fast this node derives keys.

    It gives up when the first measurement says that no time has gone by, as it may on a node that
    counts CPU time in coarse steps.
    """
    for attempt in range(1, _TRIES + 1):
        try:
            qemu.convert(raw, checks.RAW, target, "luks", **how)
        except exception.ImageUnacceptable as failure:
            if attempt == _TRIES or _UNMEASURED not in failure.msg:
                raise
        else:
            return


def _cipher(encryption: Mapping[str, Any]) -> str:
    """Return a cipher in qemu-img's words.

    In XTS mode, half of the key's bits are for the sectors' numbers.
    """
    words = str(encryption["cipher"] or "").split("-")
    if len(words) != 3:
        raise exception.InvalidVolumeType(
            reason=f"its cipher must be an algorithm, a mode and the making of initialization "
            f"vectors, such as aes-xts-plain64, but is {encryption['cipher']}."
        )
    algorithm, mode, vectors = words
    bits = int(encryption["key_size"] or 256)
    vectors, _, digest = vectors.partition(":")
    named = [
        f"cipher-alg={algorithm}-{bits // 2 if mode == 'xts' else bits}",
        f"cipher-mode={mode}",
        f"ivgen-alg={vectors}",
        *([f"ivgen-hash-alg={digest}"] if digest else []),
    ]
    return ",".join(named)
