# SPDX-License-Identifier: Apache-2.0
"""Flows: taskflow's tasks, one after the other, each with its undo.

A flow is a :class:`Flow`, a sequence of ``taskflow.task.Task``. What a task provides, a later one
may require by the name of an argument; the rules of names, results and reverting are taskflow's.
:func:`run` runs a flow in the calling thread. It stands in for taskflow's own engine, which keeps
every step in a persistence layer and takes 6 to 10 ms of CPU and 15 MB for that: our durable state
is the volume's row, and a service that starts again reads it there. :meth:`Flow.pattern` gives the
same flow as taskflow's ``linear_flow``, which its engines run, too; the unit tests run both.

Importing this module is cheap; modules that define tasks import taskflow and are themselves
imported where a flow is first run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from oslo_log import log as logging

if TYPE_CHECKING:
    from taskflow.patterns import linear_flow
    from taskflow.task import Task

LOG = logging.getLogger(__name__)


class Flow:
    """A named sequence of tasks.

    :param needs: what the one who runs it puts into the store
    """

    def __init__(self, name: str, needs: Sequence[str], *tasks: Task) -> None:
        self.name = name
        self.needs = tuple(needs)
        self.tasks = tasks

    def pattern(self) -> linear_flow.Flow:
        """Return the flow as one of taskflow's, fit for its engines."""
        from taskflow.patterns import linear_flow  # brings networkx: 12 MB

        return linear_flow.Flow(self.name).add(*self.tasks)

    def text(self) -> str:
        """Return a picture of the flow: every task with what it takes, gives and undoes."""
        from taskflow.task import Task

        lines = [self.name, f"  given: {', '.join(self.needs)}"]
        for number, task in enumerate(self.tasks, 1):
            undo = type(task).revert is not Task.revert
            lines += [
                "  |",
                f"  v {number}. {task.name.rpartition('.')[2]}",
                f"       {_summary(task)}",
                f"       takes: {', '.join(sorted(task.rebind.values())) or '-'}",
            ]
            if task.save_as:
                lines.append(f"       gives: {', '.join(task.save_as)}")
            if undo:
                lines.append(f"       undo:  {_summary(type(task).revert)}")
        return "\n".join(lines)


def _summary(documented: Any) -> str:
    return (documented.__doc__ or "").strip().partition("\n")[0]


def run(flow: Flow, store: Mapping[str, Any]) -> dict[str, Any]:
    """Run a flow's tasks in order; return the store with everything they provided.

    When a task fails, it and the ones before it are reverted, the last one first, and the failure
    is raised. As in taskflow, ``revert`` is given what it names, and always ``result`` (a
    ``Failure`` for the task that failed) and ``flow_failures`` (by the task's name).
    A revert that fails is logged, and the reverting goes on: what it could not undo is found by
    the periodic work.

    :raises Exception: what a task raised
    """
    values = dict(store)
    results: list[tuple[Task, Any]] = []
    for task in flow.tasks:
        try:
            result = task.execute(**{arg: values[name] for arg, name in task.rebind.items()})
        except Exception as error:
            _revert(flow, [*results, (task, None)], values, error)
            raise
        results.append((task, result))
        for name, index in task.save_as.items():
            values[name] = result if index is None else result[index]
    return values


def _revert(
    flow: Flow, done: Sequence[tuple[Task, Any]], values: Mapping[str, Any], error: Exception
) -> None:
    from taskflow.types.failure import Failure

    exc_info = (type(error), error, error.__traceback__)
    failure = Failure(exc_info=exc_info)
    failed = done[-1][0]
    special = {"flow_failures": {failed.name: failure}}
    for task, result in reversed(done):
        special["result"] = failure if task is failed else result
        known = {**values, **special}
        names = task.revert_rebind.items()
        arguments = {arg: known[name] for arg, name in names if name in known}
        arguments |= special
        try:
            task.revert(**arguments)
        except Exception:
            LOG.exception("Flow %s: %s could not be undone", flow.name, task.name)
