# SPDX-License-Identifier: Apache-2.0
"""A compute driver for the tests' Nova: nothing is emulated, and what a test names fails.

Copied into ``nova/virt`` of the tests' Nova, which loads drivers only from there. A file
``fail-NAME`` in the ``state_path`` of a compute service lets that method of the driver fail.
"""

from __future__ import annotations

import pathlib
from typing import Any

import nova.conf
from nova import exception
from nova.virt import fake

CONF = nova.conf.CONF


def _check(name: str) -> None:
    if (pathlib.Path(CONF.state_path) / f"fail-{name}").exists():
        raise exception.NovaException(f"{name} fails because a test wants it to")


class TestDriver(fake.FakeDriverWithoutFakeNodes, fake.FakeLiveMigrateDriver):
    """The fake driver whose node stays the same and whose live migrations can be aborted."""

    def attach_volume(self, *args: Any, **kwargs: Any) -> None:
        """Give a server a volume."""
        _check("attach_volume")
        super().attach_volume(*args, **kwargs)

    def swap_volume(self, *args: Any, **kwargs: Any) -> None:
        """Copy nothing."""
        _check("swap_volume")
        super().swap_volume(*args, **kwargs)

    def pre_live_migration(self, *args: Any, **kwargs: Any) -> Any:
        """Get ready for a server that comes."""
        _check("pre_live_migration")
        return super().pre_live_migration(*args, **kwargs)

    def live_migration(
        self,
        context: Any,
        instance: Any,
        dest: Any,
        post_method: Any,
        recover_method: Any,
        block_migration: bool = False,
        migrate_data: Any = None,
    ) -> None:
        """Let a server go; a failure is rolled back without an exception, as by libvirt."""
        try:
            _check("live_migration")
        except exception.NovaException:
            recover_method(context, instance, dest, migrate_data)
            return
        super().live_migration(
            context, instance, dest, post_method, recover_method, block_migration, migrate_data
        )
