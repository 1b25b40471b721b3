# SPDX-License-Identifier: Apache-2.0
"""Checks request bodies against JSON schemas and says in a sentence what is wrong with one."""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Mapping
from typing import Any

from cinder_lite import states
from cinder_lite.api import faults

_TRUE = ("1", "t", "true", "on", "y", "yes")
_FALSE = ("0", "f", "false", "off", "n", "no")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_LONGEST_VALUE = 300
"""Characters of a wrong value that are shown; nobody reads more."""


class Body:
    """The schemas of one call's body.

    :param schemas: schema by the first microversion (minor) that it holds for, in ascending order
    """

    def __init__(self, schemas: Mapping[int, dict[str, Any]]) -> None:
        self.schemas = dict(schemas)
        self._validators: dict[int, Any] = {}

    def check(self, body: Any, minor: int) -> None:
        """Pass a body that fits the schema of a microversion.

        :raises BadRequest: it does not; the sentence names the field, its value and the reason
        """
        validator = self._validator(max(since for since in self.schemas if since <= minor))
        error = next(validator.iter_errors(body), None)
        if error is not None:
            raise faults.BadRequest(_sentence(error))

    def _validator(self, since: int) -> Any:
        if since not in self._validators:
            import jsonschema  # noqa: PLC0415 - costs 50 ms; only calls with a body need it

            self._validators[since] = jsonschema.Draft4Validator(
                self.schemas[since], format_checker=_format_checker()
            )
        return self._validators[since]


def _sentence(error: Any) -> str:
    reason = str(error.message)
    if not error.path:
        return _shortened(reason, 2 * _LONGEST_VALUE)
    value = _shortened(str(error.instance), _LONGEST_VALUE)
    return (
        f"Invalid input for field/attribute {error.path[-1]}. Value: {value}. "
        f"{_shortened(reason, 2 * _LONGEST_VALUE)}"
    )


def _shortened(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    half = most // 2
    return f"{text[:half]}…{text[-half:]}"


def _format_checker() -> Any:
    import jsonschema  # noqa: PLC0415

    checker = jsonschema.FormatChecker(formats=())
    checker.checks("uuid")(lambda value: not isinstance(value, str) or is_uuid(value))
    checker.checks("disabled_reason")(
        lambda value: not isinstance(value, str) or bool(value.strip())
    )
    checker.checks("group_status")(
        lambda value: not isinstance(value, str) or value.lower() in states.GROUP_STATUSES
    )
    checker.checks("backup_status")(
        lambda value: not isinstance(value, str) or value.lower() in states.BACKUP_STATUSES_TO_WRITE
    )
    checker.checks("name")(lambda value: not isinstance(value, str) or _is_name(value))
    return checker


def _is_name(value: str) -> bool:
    return 1 <= len(value.strip()) <= 255  # noqa: PLR2004 - a column


def check_action(body: Any, known: Collection[str]) -> str:
    """Return the name of the action that a body holds as its only key.

    :raises BadRequest: it holds another number of keys, or an action that is not known
    """
    if not isinstance(body, dict) or len(body) != 1:
        raise faults.BadRequest(
            "Malformed request body: it must be an object with one key, the action's name."
        )
    name = str(next(iter(body)))
    if name not in known:
        raise faults.BadRequest(
            f"There is no such action: {name[:255]}. Look at the request's body."
        )
    return name


def is_uuid(value: str) -> bool:
    """Tell whether a string is an id in the usual form."""
    return _UUID.fullmatch(value) is not None


def is_uuid_like(value: str) -> bool:
    """Tell whether a string is an id in any form that the uuid module reads."""
    try:
        uuid.UUID(value)
    except ValueError:
        return False
    return True


def boolean(value: Any, name: str) -> bool:
    """Return a boolean that was given in words.

    :param name: what to call it in the error
    :raises BadRequest: it is neither
    """
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise faults.BadRequest(f"Value '{value}' for '{name}' is not a boolean.")


def short_text(value: str | None, name: str) -> str | None:
    """Return a name or description without blanks around it.

    :raises BadRequest: it is longer than a column holds, 255 characters
    """
    if value is None:
        return None
    value = value.strip()
    if len(value) > 255:  # noqa: PLR2004
        raise faults.BadRequest(
            f"Invalid input received: {name} has {len(value)} characters, more than 255."
        )
    return value
