# SPDX-License-Identifier: Apache-2.0
"""Random sequences of everything that Nova and users do to a volume, each step perhaps repeated.

After every step the volume's status is what its attachments make of it, no volume is attached while
its data is copied, and the backend lets in exactly the nodes that the database names.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import volume_attachments, volume_migrations, volumes
from cinder_lite.objects import Attachment, Volume
from cinder_lite.volume.migration import admission, servers
from tests.unit.volume.attachments.place import OTHER_SERVER, SERVER, Place, connector, failure

FURTHEST = {"attached": "in-use", "attaching": "attaching", "reserved": "reserved"}
NODES = ("compute1", "compute2", "compute3")
EXPECTED = (exception.Invalid, exception.Duplicate, exception.NotFound)


class Sequences(RuleBasedStateMachine):
    """One volume, two servers, three compute hosts, and a move that begins and ends."""

    multiattach = False

    def __init__(self) -> None:
        super().__init__()
        self.place = Place()
        self.place.context = RequestContext(
            is_admin=True, roles=["admin"], service_roles=["service"], overwrite=False
        )
        self.volume: Volume
        self.migration_id: str | None = None

    # --- helpers ---------------------------------------------------------------------------

    @initialize()
    def begin(self) -> None:
        """Create the volume."""
        self.volume = self.place.volume(multiattach=self.multiattach, use_quota=False)

    def now(self) -> Volume:
        """Return the volume as it is."""
        return volumes.get(self.place.context, self.volume.id)

    def attachments(self) -> list[Attachment]:
        """Return the volume's attachments."""
        return volume_attachments.of_volume(self.volume.id)

    def may_fail(self, step: Callable[[], Any], *, moving_refuses: bool = False) -> None:
        """Do something that rules may refuse; while the volume moves they must, if told so."""
        moving = self.now().migration_status in states.MIGRATION_BUSY
        try:
            step()
        except EXPECTED:
            return
        assert not (moving and moving_refuses), "it was let through while the volume moves"

    def pick(self, number: int) -> Attachment | None:
        """Return one of the attachments."""
        found = self.attachments()
        return found[number % len(found)] if found else None

    # --- steps -----------------------------------------------------------------------------

    @rule(
        server=st.sampled_from([SERVER, OTHER_SERVER]),
        node=st.sampled_from([None, *NODES]),
    )
    def attach(self, server: str, node: str | None) -> None:
        """Create an attachment, with a connector or without: an attach, or a live migration."""
        asked = connector(node) if node else None
        self.may_fail(
            lambda: self.place.attachments.create(self.place.context, self.now(), server, asked),
            moving_refuses=True,
        )

    @rule(number=st.integers(0, 3), node=st.sampled_from(NODES), again=st.booleans())
    def connect(self, number: int, node: str, again: bool) -> None:
        """Update an attachment, perhaps twice."""
        found = self.pick(number)
        for _ in range(1 + again):
            if found is not None:
                self.may_fail(
                    functools.partial(
                        self.place.attachments.update, self.place.context, found, connector(node)
                    ),
                    moving_refuses=True,
                )

    @rule(number=st.integers(0, 3))
    def connect_a_broken_backend(self, number: int) -> None:
        """Update an attachment of a backend that fails."""
        found = self.pick(number)
        if found is not None:
            self.place.driver.error = failure()
            with pytest.raises(exception.CinderLiteException):
                self.place.attachments.update(self.place.context, found, connector("compute1"))
            self.place.driver.error = None

    @rule(number=st.integers(0, 3), again=st.booleans())
    def complete(self, number: int, again: bool) -> None:
        """Complete an attachment, perhaps twice."""
        found = self.pick(number)
        for _ in range(1 + again):
            if found is not None:
                self.may_fail(
                    functools.partial(self.place.attachments.complete, self.place.context, found)
                )

    @rule(number=st.integers(0, 3), again=st.booleans())
    def delete(self, number: int, again: bool) -> None:
        """End an attachment, perhaps twice: a detach, the end of a live migration, a rollback."""
        found = self.pick(number)
        for _ in range(1 + again):
            if found is not None:
                self.may_fail(
                    functools.partial(self.place.attachments.delete, self.place.context, found)
                )

    @rule()
    def begin_detaching(self) -> None:
        """Begin to detach."""
        self.may_fail(lambda: self.place.actions.begin_detaching(self.place.context, self.now()))

    @rule()
    def roll_detaching(self) -> None:
        """Do not detach after all."""
        self.place.actions.roll_detaching(self.place.context, self.now())

    @rule()
    def reserve(self) -> None:
        """Reserve in the old way."""
        self.may_fail(
            lambda: self.place.actions.reserve(self.place.context, self.now()),
            moving_refuses=True,
        )

    @rule()
    def unreserve(self) -> None:
        """Give the reservation back."""
        self.place.actions.unreserve(self.place.context, self.now())

    @precondition(lambda self: self.migration_id is None)
    @rule()
    def begin_to_move(self) -> None:
        """Ask for a move."""
        wanted = admission.rules("two@file#file", servers.Found(servers.Use.FREE, [], ()))
        values = {"migration_status": states.MIGRATION_MIGRATING}
        record = {
            "source_host": "one@file#file",
            "dest_host": "two@file#file",
            "status": "running",
            "phase": "copying",
        }
        before = self.attachments()
        made = volume_migrations.begin(self.volume.id, wanted, values, record)
        if made is not None:
            unfinished = [a for a in before if a.attach_status != "attached"]
            assert not unfinished, "a volume that is being attached begins to move"
            self.migration_id = made.id

    @precondition(lambda self: self.migration_id is not None)
    @rule(good=st.booleans())
    def end_the_move(self, good: bool) -> None:
        """End the move, well or not."""
        assert self.migration_id is not None
        mark = states.MIGRATION_SUCCESS if good else states.MIGRATION_ERROR
        mode = {"status": "success" if good else "error", "phase": "done", "mode": "nova"}
        assert volume_migrations.end(
            self.migration_id, ("copying",), mode, (), {"migration_status": mark}
        )
        self.migration_id = None

    # --- what must hold --------------------------------------------------------------------

    @invariant()
    def statuses_agree(self) -> None:
        """The volume's status is that of its attachments."""
        if not hasattr(self, "volume"):
            return
        volume, found = self.now(), {a.attach_status for a in self.attachments()}
        assert found <= {"reserved", "attaching", "attached"}
        if self.migration_id is not None:
            return
        furthest = next((s for s in FURTHEST if s in found), None)
        if furthest is None:
            assert volume.status in ("available", "attaching"), volume.status
        else:
            assert volume.status != "available", found
        if volume.status == "in-use":
            assert "attached" in found or "attaching" in found or self.multiattach

    @invariant()
    def nobody_else_is_let_in(self) -> None:
        """The backend lets in exactly the nodes of the attachments."""
        if not hasattr(self, "volume"):
            return
        named = {str((a.connector or {})["host"]) for a in self.attachments() if a.connector}
        assert self.place.driver.let_in.get(self.volume.id, set()) == named

    @invariant()
    def once_only(self) -> None:
        """A volume that is not multiattach is used by one server."""
        if hasattr(self, "volume") and not self.multiattach:
            assert len({a.instance_uuid for a in self.attachments()}) <= 1


@pytest.mark.parametrize("multiattach", [False, True])
def test_random_sequences(
    multiattach: bool,
    sqlite_database: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Sequences, "multiattach", multiattach)
    run_state_machine_as_test(
        Sequences,
        settings=settings(
            max_examples=8,
            stateful_step_count=15,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
