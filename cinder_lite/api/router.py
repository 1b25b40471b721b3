# SPDX-License-Identifier: Apache-2.0
"""Finds the route of a URL in the literal table of routes.py.

A URL is ``/v3/{resource}/…`` or ``/v3/{project}/{resource}/…``: where the first word is the name
of a resource, it is not a project (as it is in Cinder since microversion 3.67).
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable
from typing import Any

from cinder_lite.api.validation import Body

PREFIX = "/v3"
_PROJECT = re.compile(r"[A-Za-z0-9_-]{1,255}")


@dataclasses.dataclass(frozen=True, slots=True)
class Route:
    """One call of the API.

    :param method: the HTTP method
    :param path: below /v3 and the project; ``{name}`` is given to the handler as an argument
    :param handler: called with the request, the names of the path, and the body if there is one
    :param status: status of a good answer
    :param policy: rule that the caller must pass before the handler runs; None: the handler asks
    :param since: first microversion (minor) that has the call
    :param body: schemas of the request's body; None where the call takes none
    :param bare: a good answer without a body is said to be HTML, as some of Cinder's are; None:
        that of a DELETE
    """

    method: str
    path: str
    handler: Callable[..., Any]
    status: int = 200
    policy: str | None = None
    since: int = 0
    body: Body | None = None
    bare: bool | None = None


@dataclasses.dataclass(slots=True)
class _Node:
    """One word of a path: the routes that end here and the words that may follow."""

    routes: dict[str, Route] = dataclasses.field(default_factory=dict)
    words: dict[str, _Node] = dataclasses.field(default_factory=dict)
    parameter: _Node | None = None
    name: str = ""


class Router:
    """The table of routes as a tree of words."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._root = _Node()
        for route in routes:
            node = self._root
            for word in route.path.strip("/").split("/"):
                if word.startswith("{"):
                    if node.parameter is None:
                        node.parameter = _Node(name=word[1:-1])
                    node = node.parameter
                else:
                    node = node.words.setdefault(word, _Node())
            node.routes[route.method] = route

    def match(self, method: str, path: str) -> tuple[Route | None, str | None, dict[str, str]]:
        """Return the route of a request, the project in its URL and the names in its path.

        :param path: the whole decoded path, from /v3 on
        """
        project, words = self._split(path)
        if not words:
            return None, project, {}
        node = self._root
        names: dict[str, str] = {}
        for word in words:
            following = node.words.get(word)
            if following is None:
                following = node.parameter
                if following is None or not word:
                    return None, project, names
                names[following.name] = word
            node = following
        return node.routes.get(method), project, names

    def project_of(self, path: str) -> str | None:
        """Return the project in a URL's path, None where it has none."""
        return self._split(path)[0]

    def _split(self, path: str) -> tuple[str | None, list[str]]:
        words = path.split("/")
        # ['', 'v3', project or resource, …]
        if len(words) < 3 or words[1] != "v3":  # noqa: PLR2004
            return None, []
        if words[-1].endswith(".json"):
            words[-1] = words[-1][: -len(".json")]
        if words[2] in self._root.words:
            return None, words[2:]
        if _PROJECT.fullmatch(words[2]) is None:
            return None, []
        return words[2], words[3:]
