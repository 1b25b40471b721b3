# SPDX-License-Identifier: Apache-2.0
"""How far the making of a volume is, where the volume's owner sees it.

It stands among the volume's metadata while the volume is made: ``creation_progress`` is, for
example, ``downloading 43%``. A field of its own in the answer would be refused by clients that know
Cinder's schema by heart.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Self

from oslo_log import log as logging

from cinder_lite.db import volume_admin_metadata as notes
from cinder_lite.db.volume_sql import CREATION_PROGRESS
from cinder_lite.volume.copy import CopyProgress, Report

LOG = logging.getLogger(__name__)

PERIOD = 1.0
"""Seconds between two notes; a volume that is made in less gets none."""


class Progress:
    """Notes on a volume how far it is; a context manager that removes the note at the end.

    :param volume_id: the volume
    :param clock: seconds, never going back
    """

    def __init__(self, volume_id: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._volume_id = volume_id
        self._clock = clock
        self._last = clock()
        self._written = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._written:
            forget(self._volume_id)

    def of(self, activity: str) -> Report:
        """Return what is to be told of one part of the work, such as ``downloading``."""

        def report(now: CopyProgress) -> None:
            if self._clock() - self._last >= PERIOD:
                self._last = self._clock()
                self._write(f"{activity} {now.percent}%")

        return report

    def _write(self, text: str) -> None:
        self._written = True
        try:
            notes.update(self._volume_id, {CREATION_PROGRESS: text})
        except Exception:
            # The volume is made all the same.
            LOG.exception("Volume %s: its progress could not be noted", self._volume_id)


def forget(volume_id: str) -> None:
    """Remove the note; one that stays is shown to nobody once the volume is made."""
    try:
        notes.delete(volume_id, [CREATION_PROGRESS])
    except Exception:
        LOG.exception("Volume %s: the note of its progress could not be removed", volume_id)
