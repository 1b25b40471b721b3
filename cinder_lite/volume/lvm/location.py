# SPDX-License-Identifier: Apache-2.0
"""Where a backend keeps its logical volumes, as its capabilities tell other backends."""

from __future__ import annotations

from typing import NamedTuple

from cinder_lite.volume.lvm import names

DRIVER = "LVMVolumeDriver"
"""First word of the ``location_info`` of every backend of this driver, as in Cinder."""
THIN, THICK = "thin", "default"
"""Values of ``lvm_type``."""


class Location(NamedTuple):
    """``location_info``: ``LVMVolumeDriver:<node>:<volume group>:<lvm_type>:<mirrors>``."""

    node: str
    """``[DEFAULT] host`` of the node that has the group."""
    group: str
    lvm_type: str
    """``default`` (thick) or ``thin``; what ``auto`` has become."""
    mirrors: int
    """Further copies that thick volumes keep."""

    def __str__(self) -> str:
        """Return the text for the capabilities."""
        return f"{DRIVER}:{self.node}:{self.group}:{self.lvm_type}:{self.mirrors}"

    @property
    def is_thin(self) -> bool:
        """True where volumes take space from a thin pool."""
        return self.lvm_type == THIN

    @classmethod
    def parse(cls, text: str) -> Location | None:
        """Return the place that a backend has told of, None for a backend of another kind."""
        # The node's name comes second and may hold colons: take the others away from both ends.
        driver, _, rest = text.partition(":")
        words = rest.rsplit(":", 3)
        if driver != DRIVER or len(words) != 4:
            return None
        node, group, lvm_type, mirrors = words
        if lvm_type not in (THIN, THICK) or not mirrors.isdecimal() or not names.allowed(group):
            return None
        return cls(node, group, lvm_type, int(mirrors))
