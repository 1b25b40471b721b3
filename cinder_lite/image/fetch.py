# SPDX-License-Identifier: Apache-2.0
"""An image's data as a raw file on this node: downloaded, verified, inspected, converted.

Whatever happens, nothing of it outlives the ``with`` block; what a killed service leaves is removed
at the next start (:func:`clean`).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Protocol

from oslo_config import cfg
from oslo_log import log as logging

from cinder_lite import concurrency, exception
from cinder_lite.image import checks, locations, qemu, signatures
from cinder_lite.image.glance import CHUNK, ImageService
from cinder_lite.image.streams import Incoming
from cinder_lite.volume.copy import process
from cinder_lite.volume.copy.progress import Meter, Report

LOG = logging.getLogger(__name__)
CONF = cfg.CONF

PREFIX = "image-"
_MIB = 1024**2


class Activities(Protocol):
    """Tells somebody of work that has several parts."""

    def of(self, activity: str) -> Report:
        """Return what is to be told of one part."""
        ...


class RawImage(NamedTuple):
    """A disk as a raw file whose size is a multiple of one MiB; what was added reads as zero."""

    path: str
    size: int
    """Bytes."""


@contextlib.contextmanager
def raw_image(
    service: ImageService,
    image: Mapping[str, Any],
    size: int,
    *,
    owner: str,
    verifier: signatures.Verifier | None = None,
    progress: Activities | None = None,
    stop: process.Stop | None = None,
) -> Iterator[RawImage]:
    """Yield an image's disk as a raw file, for the time of a ``with`` block.

    :param image: its description
    :param size: GiB of the volume that the disk must fit into
    :param owner: this backend (``host@backend``): what it left behind is removed at its start
    :param verifier: checks the image's signature
    :param progress: tells of ``downloading`` and of ``converting``
    :raises ImageSignatureVerificationException: it is not what was signed
    :raises ImageUnacceptable: it is not what it claims to be, or not safe, or too large
    :raises ImageDownloadFailed: it did not arrive whole
    :raises ImageTooBig: there is no room for it
    """
    image_id = image["id"]
    checks.check_conversion(image.get("disk_format"), image_id)
    if image.get("container_format") == "compressed":
        raise exception.ImageUnacceptable(
            image_id=image_id, reason="compressed images are not accepted."
        )
    with workspace(owner) as directory:
        downloaded = os.path.join(directory, "downloaded")
        converted = os.path.join(directory, "converted")
        check_room(image_id, int(image.get("size") or 0))
        report = progress.of("downloading") if progress is not None else None
        _download(service, image, downloaded, verifier, report, stop)
        facts = checks.inspect(downloaded, image.get("disk_format"), image_id)
        checks.check_virtual_size(facts.virtual_size, size, image_id)
        path = downloaded
        if facts.format != checks.RAW:
            checks.check_conversion(facts.format, image_id)
            qemu.convert(
                downloaded,
                facts.format,
                converted,
                checks.RAW,
                size=facts.virtual_size,
                image_id=image_id,
                progress=progress.of("converting") if progress is not None else None,
                stop=stop,
            )
            os.unlink(downloaded)
            path = converted
        yield RawImage(path, _padded(path, size, image_id))


@contextlib.contextmanager
def workspace(owner: str) -> Iterator[str]:
    """Yield a new directory for an image's files, which is removed afterwards.

    :param owner: this backend (``host@backend``)
    """
    directory = _directory_of(owner)
    os.makedirs(directory, mode=0o700, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=directory) as own:
        yield own


def _directory_of(owner: str) -> str:
    return os.path.join(CONF.image_conversion_dir, owner.replace("/", "_"))


def clean(owner: str) -> None:
    """Remove what a killed instance of a backend's service has left."""
    import shutil

    shutil.rmtree(_directory_of(owner), ignore_errors=True)


def check_room(image_id: str, size: int) -> None:
    """Pass so many bytes, if there is room for them.

    :raises ImageTooBig: there is none
    """
    facts = os.statvfs(CONF.image_conversion_dir)
    free = facts.f_bavail * facts.f_frsize
    if free < size:
        raise exception.ImageTooBig(
            image_id=image_id,
            reason=f"{size} bytes are needed to check it, and {free} are free on this node.",
        )


def _download(
    service: ImageService,
    image: Mapping[str, Any],
    path: str,
    verifier: signatures.Verifier | None,
    progress: Report | None,
    stop: process.Stop | None,
) -> None:
    image_id, size = image["id"], int(image.get("size") or 0)
    digest = _digest(image)
    readers = [digest.update, *([verifier.update] if verifier is not None else [])]
    meter = Meter(size, progress)
    received = 0
    with Incoming(path, lambda data: [read(data) for read in readers]) as file:
        for chunk in _chunks(service, image):
            received += len(chunk)
            if received > size:
                raise exception.ImageDownloadFailed(
                    image_href=image_id,
                    reason=f"Glance sends more than the {size} bytes that it speaks of.",
                )
            if stop is not None and stop.is_set():
                raise exception.CopyStopped(reason="it was asked to stop")
            file.write(chunk)
            meter.update(received)
            meter.tick()
    if received != size:
        raise exception.ImageDownloadFailed(
            image_href=image_id, reason=f"{received} of {size} bytes arrived."
        )
    _verify(image, digest)
    if verifier is not None:
        verifier.verify()
    meter.finish("glance")


def _chunks(service: ImageService, image: Mapping[str, Any]) -> Iterator[bytes]:
    """Yield an image's data: from its file on this node, if it is there, or from Glance."""
    path = locations.local_file(image)
    if path is None:
        yield from service.download(image["id"])
        return
    LOG.debug("Image %s: read from %s", image["id"], path)
    with open(path, "rb", buffering=0) as file:
        while chunk := concurrency.run_blocking(file.read, CHUNK):
            yield chunk


def _digest(image: Mapping[str, Any]) -> Any:
    """Return what computes the image's checksum.

    :raises ImageUnacceptable: the algorithm is unknown here
    """
    algorithm = image.get("os_hash_algo") if image.get("os_hash_value") else "md5"
    try:
        return hashlib.new(str(algorithm), usedforsecurity=False)
    except ValueError:
        raise exception.ImageUnacceptable(
            image_id=image["id"], reason=f"its hash algorithm {algorithm} is unknown here."
        ) from None


def _verify(image: Mapping[str, Any], digest: Any) -> None:
    expected = image.get("os_hash_value") or image.get("checksum")
    if not expected:
        LOG.warning("Image %s has no checksum; it is taken as it came", image["id"])
    elif digest.hexdigest() != expected:
        raise exception.ImageDownloadFailed(
            image_href=image["id"],
            reason=f"its {digest.name} checksum is {digest.hexdigest()}, not {expected}.",
        )


def _padded(path: str, size: int, image_id: str) -> int:
    """Make a file's size a multiple of one MiB, which copies need; return it."""
    known = os.stat(path).st_size
    checks.check_virtual_size(known, size, image_id)
    rounded = -(-known // _MIB) * _MIB
    os.truncate(path, rounded)
    return rounded
