# SPDX-License-Identifier: Apache-2.0
"""Signatures of images: what Glance sends is what somebody signed whose certificate is known.

Four properties of an image tell its signature, and the key manager has the certificate. cursive,
which Nova and Glance check them with, does so here, and is imported when an image is signed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oslo_config import cfg
from oslo_log import log as logging

from cinder_lite import concurrency, exception, keymgr
from cinder_lite.context import RequestContext

LOG = logging.getLogger(__name__)
CONF = cfg.CONF

PREFIX = "img_signature"
_PROPERTIES = (
    PREFIX,
    f"{PREFIX}_certificate_uuid",
    f"{PREFIX}_hash_method",
    f"{PREFIX}_key_type",
)
VERIFIED = "signature_verified"
"""Image metadata of a volume: whether its image's signature was verified."""


def is_checked(image: Mapping[str, Any]) -> bool:
    """Tell whether an image has a signature that must be right (``verify_glance_signatures``)."""
    return _enabled() and any(image.get(name) is not None for name in _PROPERTIES)


def _enabled() -> bool:
    return bool(CONF.verify_glance_signatures == "enabled")


def noted(image: Mapping[str, Any]) -> dict[str, str]:
    """Return what a volume keeps of the check of its image, which it has passed."""
    return {VERIFIED: str(is_checked(image))} if _enabled() else {}


class Verifier:
    """Checks the signature of one image.

    :param image: its description
    :param cursive: what cursive has made of it
    """

    def __init__(self, image: Mapping[str, Any], cursive: Any) -> None:
        self._image_id = image["id"]
        self._cursive = cursive

    def update(self, data: bytes) -> None:
        """Take in the next bytes of the image."""
        self._cursive.update(data)

    def verify(self) -> None:
        """Check the signature of all that was taken in.

        :raises ImageSignatureVerificationException: it is not that of these bytes
        """
        wrong = concurrency.library("cryptography.exceptions").InvalidSignature
        try:
            self._cursive.verify()
        except wrong as error:
            raise exception.ImageSignatureVerificationException(
                reason=f"image {self._image_id} is not what was signed."
            ) from error
        LOG.info("Image %s: its signature is right", self._image_id)


def verifier(context: RequestContext, image: Mapping[str, Any]) -> Verifier | None:
    """Return what checks an image's signature; None where nothing has to be checked.

    :param context: who may read the certificate
    :raises InvalidSignatureImage: a part of the signature is missing
    :raises ImageSignatureVerificationException: it can not be checked
    """
    if not is_checked(image):
        return None
    missing = [name for name in _PROPERTIES if image.get(name) is None]
    if missing:
        raise exception.InvalidSignatureImage(image_id=image["id"], missing=", ".join(missing))
    utils = concurrency.library("cursive.signature_utils")
    keymgr.manager()  # cursive asks castellan by itself, whose options must be there
    try:
        made = utils.get_verifier(
            context=keymgr.acting(context), **{name: str(image[name]) for name in _PROPERTIES}
        )
    except Exception as error:
        LOG.error("Image %s: its signature can not be checked", image["id"], exc_info=error)
        raise exception.ImageSignatureVerificationException(
            reason=f"the signature of image {image['id']} can not be checked with the certificate "
            f"{image[PREFIX + '_certificate_uuid']}: {_told(error)}"
        ) from error
    return Verifier(image, made)


def _told(error: Exception) -> str:
    """Return what cursive says; other errors are about the key manager, and the log has them."""
    known = concurrency.library("cursive.exception").SignatureVerificationError
    if isinstance(error, known):
        return str(error.kwargs.get("reason", error)) + "."
    return "the key manager does not give it."
