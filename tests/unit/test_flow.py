# SPDX-License-Identifier: Apache-2.0
"""Flows run alike in our runner and in taskflow's own engine."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import taskflow.engines
from taskflow import task

from cinder_lite import flow
from cinder_lite.flow import Flow
from cinder_lite.scheduler.flows import create_volume
from cinder_lite.volume.create import api_flow, manager_flow

EVENTS: list[Any] = []


class Give(task.Task):
    """Give three values."""

    default_provides = ("one", "two")

    def execute(self, start: int) -> tuple[int, int]:
        EVENTS.append(("give", start))
        return start + 1, start + 2

    def revert(self, start: int, result: Any, **_: Any) -> None:
        """Take them back."""
        EVENTS.append(("take back", start, result))


class Name(task.Task):
    """Give by name."""

    default_provides = frozenset({"sum"})

    def execute(self, one: int, two: int) -> dict[str, int]:
        return {"sum": one + two}

    def revert(self, flow_failures: Any, **kwargs: Any) -> None:
        EVENTS.append(("name", sorted(kwargs), [str(f.exception) for f in flow_failures.values()]))
        raise RuntimeError("the undo fails, too")


class Last(task.Task):
    """Fail if asked to."""

    def execute(self, sum: int, fail: bool) -> None:
        EVENTS.append(("last", sum))
        if fail:
            raise ValueError("no")

    def revert(self, result: Any, **_: Any) -> None:
        EVENTS.append(("last undone", type(result).__name__))


def made() -> Flow:
    return Flow("example", ("start", "fail"), Give(), Name(), Last())


def ours(one: Flow, store: dict[str, Any]) -> dict[str, Any]:
    return flow.run(one, store)


def taskflows(one: Flow, store: dict[str, Any]) -> dict[str, Any]:
    return dict(taskflow.engines.run(one.pattern(), store=store))


Run = Callable[[Flow, dict[str, Any]], dict[str, Any]]


@pytest.fixture(autouse=True)
def _no_events() -> None:
    EVENTS.clear()


@pytest.mark.parametrize("run", [ours, taskflows])
def test_results_are_kept_by_name(run: Run) -> None:
    values = run(made(), {"start": 1, "fail": False})
    assert (values["one"], values["two"], values["sum"]) == (2, 3, 5)
    assert EVENTS == [("give", 1), ("last", 5)]


def test_a_failure_undoes_everything_before_it_the_last_first() -> None:
    with pytest.raises(ValueError, match="no"):
        ours(made(), {"start": 1, "fail": True})
    assert EVENTS == [
        ("give", 1),
        ("last", 5),
        ("last undone", "Failure"),
        ("name", ["result"], ["no"]),
        ("take back", 1, (2, 3)),
    ]


def test_what_a_revert_is_given_is_what_taskflow_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        Name,
        "revert",
        lambda self, flow_failures, **kwargs: EVENTS.append((sorted(kwargs), len(flow_failures))),
    )
    told = []
    for run in (ours, taskflows):
        EVENTS.clear()
        with pytest.raises(ValueError, match="no"):
            run(made(), {"start": 1, "fail": True})
        told.append(list(EVENTS))
    assert told[0] == told[1]


def test_a_killed_process_undoes_nothing() -> None:
    class Killed(BaseException):
        pass

    class Kill(task.Task):
        def execute(self) -> None:
            raise Killed

    with pytest.raises(Killed):
        ours(Flow("killed", ("start",), Give(), Kill()), {"start": 1})
    assert EVENTS == [("give", 1)]


def test_the_picture_names_every_task_and_its_undo() -> None:
    lines = made().text().splitlines()
    assert lines[:2] == ["example", "  given: start, fail"]
    assert [line.split(". ")[1] for line in lines if line.startswith("  v ")] == [
        "Give",
        "Name",
        "Last",
    ]
    assert "       gives: one, two" in lines
    assert "       undo:  Take them back." in lines


def test_services_start_without_the_libraries_of_flows_and_images() -> None:
    code = (
        "import sys\n"
        "import cinder_lite.api.loader, cinder_lite.api.routes, cinder_lite.volume.api\n"
        "import cinder_lite.scheduler.manager, cinder_lite.volume.manager\n"
        "heavy = {'taskflow', 'networkx', 'openstack'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)


def test_the_flows_of_creation_are_complete() -> None:
    flows = [
        api_flow.get_flow(),
        create_volume.get_flow(),
        manager_flow.get_flow(reschedule=True),
        manager_flow.get_flow(reschedule=False),
    ]
    for one in flows:
        # taskflow's engine refuses a flow in which a task requires what nobody provides.
        engine = taskflow.engines.load(one.pattern(), store=dict.fromkeys(one.needs))
        engine.compile()
        engine.prepare()
        engine.validate()
