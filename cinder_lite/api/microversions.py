# SPDX-License-Identifier: Apache-2.0
"""Microversions 3.0 to 3.71: what the header says and what the answer's headers are."""

from __future__ import annotations

import functools
import re

from cinder_lite.api import faults

LEAST = 0
MOST = 71
"""The minor versions of the first and the last microversion; the major one is always 3."""

HEADER = "OpenStack-API-Version"
_SERVICE_TYPES = ("volume", "volumev3")
_FORM = re.compile(r"([1-9]\d{0,8})\.(0|[1-9]\d{0,8})")

# The microversions at which something changes that more than one module looks at.
GROUP_FILTER = 10
SUMMARY = 12
VOLUMES_SUMMARY_METADATA = 36
LIKE_FILTER = 31
TIME_FILTER = 60
WITH_COUNT = 45
CONSUMES_QUOTA = 65


class Version:
    """A microversion as a request asked for it.

    :param minor: the minor version to serve, 0 to 71
    :param text: what the answer's header shows, e.g. ``3.71``
    """

    __slots__ = ("headers", "minor", "text")

    def __init__(self, minor: int, text: str) -> None:
        self.minor = minor
        self.text = text
        self.headers = ((HEADER, f"volume {text}"), ("Vary", HEADER))


DEFAULT = Version(LEAST, "3.0")


@functools.lru_cache(maxsize=256)
def parse(header: str | None) -> tuple[Version, faults.BadRequest | faults.NotAcceptable | None]:
    """Return the version that a header asks for, and the error to answer with if it is none.

    :param header: ``volume 3.71``, ``volume latest``, several separated by commas, or None
    """
    if header is None:
        return DEFAULT, None
    asked = _asked(header)
    if not asked:
        return DEFAULT, faults.BadRequest(
            f"The header {HEADER} must be of the form 'volume 3.N' or 'volume latest', "
            f"but is '{header}'."
        )
    if asked == "latest":
        return Version(MOST, f"3.{MOST}"), None
    form = _FORM.fullmatch(asked)
    if form is None:
        return Version(LEAST, asked), faults.BadRequest(
            f"API Version String {asked} is of invalid format. Must be of format MajorNum.MinorNum."
        )
    major, minor = int(form[1]), int(form[2])
    if major == 3 and minor <= MOST:  # noqa: PLR2004 - the API's major version
        return Version(minor, asked), None
    return Version(LEAST, asked), faults.NotAcceptable(
        version=asked, least=f"3.{LEAST}", most=f"3.{MOST}"
    )


def _asked(header: str) -> str | None:
    """Return the version for this service, None where the header names none."""
    for part in header.split(","):
        words = part.split()
        if len(words) == 2 and words[0] in _SERVICE_TYPES:  # noqa: PLR2004 - name and version
            return words[1]
    return None
