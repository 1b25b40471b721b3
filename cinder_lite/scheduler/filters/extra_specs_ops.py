# SPDX-License-Identifier: Apache-2.0
"""Compare a backend's capability with what a volume type's extra spec asks for.

The operators and their quirks are Cinder's (cinder/scheduler/filters/extra_specs_ops.py): numbers
for ``=`` (at least), ``==``, ``!=``, ``>=``, ``<=``; text for ``s==``, ``s!=``, ``s<``, ``s<=``,
``s>``, ``s>=``; ``<in>`` for a part of a text or a list's member; ``<is>`` for truth values;
``<or>`` before each of several alternatives. Only the first word after an operator counts. Without
an operator the value must equal the capability exactly, upper and lower case and type included.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from oslo_utils import strutils

OR = "<or>"


def _numbers(compare: Callable[[float, float], bool]) -> Callable[[Any, str], bool]:
    return lambda value, wanted: compare(float(value), float(wanted))


def _same_truth(value: Any, wanted: str) -> bool:
    return strutils.bool_from_string(value) is strutils.bool_from_string(wanted)


_OPERATORS: dict[str, Callable[[Any, str], Any]] = {
    "=": _numbers(operator.ge),
    "==": _numbers(operator.eq),
    "!=": _numbers(operator.ne),
    ">=": _numbers(operator.ge),
    "<=": _numbers(operator.le),
    "s==": operator.eq,
    "s!=": operator.ne,
    "s<": operator.lt,
    "s<=": operator.le,
    "s>": operator.gt,
    "s>=": operator.ge,
    "<in>": operator.contains,
    "<is>": _same_truth,
}


def match(value: Any, requirement: str | None) -> bool:
    """Tell whether a capability's value meets an extra spec.

    :param value: one value of the capability
    :param requirement: the extra spec's value, with or without an operator
    """
    if requirement is None:
        return value is None
    name, *words = requirement.split() or [""]
    if name == OR:
        # <or> a <or> b: every second word is an alternative.
        return value is not None and value in words[::2]
    compare = _OPERATORS.get(name)
    if compare is None:
        return bool(value == requirement)
    if value is None or not words:
        return False
    try:
        return bool(compare(value, words[0]))
    except (TypeError, ValueError):
        return False
