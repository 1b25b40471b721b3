# SPDX-License-Identifier: Apache-2.0
"""The small language of ``filter_function``: numbers, text, comparisons, nothing that can do harm.

Operators, tightest first, as in Cinder::

    abs(x) max(x, y) min(x, y)
    ^                              to the power of
    + -                            sign
    * /
    + -
    not !
    < <= > >= == != <>             may be chained: 1 < volume.size < 10
    condition ? this : otherwise
    and &&
    or ||

A variable is ``group.name``, for example ``volume.size``. Text stands between quotes; a word
without quotes and without a dot is text, too, but for ``true`` and ``false``. Text that reads as a
number is a number. There are no assignments, no loops, no attributes and no calls but those three:
an expression can be neither unsafe nor endless.
"""

from __future__ import annotations

import functools
import math
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

MAX_LENGTH = 4096
MAX_DEPTH = 50
"""Nesting of brackets, signs and the like; keeps the parser off Python's recursion limit."""

Variables = Mapping[str, Mapping[str, Any]]
Node = Callable[[Variables], Any]

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>\d+(?:\.\d+)?)
    | (?P<name>[A-Za-z_][\w.]*)
    | (?P<text>"[^"]*"|'[^']*')
    | (?P<op><=|>=|==|!=|<>|&&|\|\||[-+*/^()<>?:,!])
    )""",
    re.VERBOSE,
)
_WORDS = {"and": "&&", "or": "||", "not": "!"}
_LITERALS = {"true": True, "false": False}
_FUNCTIONS: dict[str, Callable[..., Any]] = {"abs": abs, "max": max, "min": min}
_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "<>": operator.ne,
}


def _arithmetic(apply: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Return an operation for numbers only: Python would multiply a text, too, to any length."""

    def on_numbers(left: Any, right: Any) -> Any:
        for side in (left, right):
            if not isinstance(side, (int, float)):
                raise ExpressionError(f"it calculates with '{side}', which is no number")
        return apply(left, right)

    return on_numbers


_SUMS = {"+": _arithmetic(operator.add), "-": _arithmetic(operator.sub)}
_PRODUCTS = {"*": _arithmetic(operator.mul), "/": _arithmetic(operator.truediv)}


class ExpressionError(ValueError):
    """An expression can not be read, or not be worked out with the values at hand."""


def evaluate(text: str, variables: Variables) -> Any:
    """Work an expression out.

    :param text: the expression
    :param variables: values by group and name
    :raises ExpressionError: it is malformed, names something unknown, or mixes text and numbers
    """
    try:
        return compiled(text)(variables)
    except ZeroDivisionError:
        raise ExpressionError("it divides by zero") from None
    except OverflowError:
        raise ExpressionError("a number becomes too large") from None
    except TypeError as error:
        raise ExpressionError(f"it mixes text and numbers ({error})") from None


@functools.lru_cache(maxsize=256)
def compiled(text: str) -> Node:
    """Return an expression as a function of its variables.

    :raises ExpressionError: it is malformed
    """
    return _Parser(text).whole()


def _value(raw: Any) -> Any:
    """Return a number for what reads as one, otherwise the thing itself."""
    if not isinstance(raw, str):
        return raw
    for kind in (int, float):
        try:
            return kind(raw)
        except ValueError:
            continue
    return raw


def _power(base: Any, exponent: Any) -> float:
    try:
        result = float(base) ** float(exponent)
    except ValueError:
        raise ExpressionError(f"{base} ^ {exponent} is no calculation") from None
    if isinstance(result, complex) or math.isnan(result):
        raise ExpressionError(f"{base} ^ {exponent} is no real number")
    return result


def _tokens(text: str) -> list[tuple[str, str]]:
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"it is longer than {MAX_LENGTH} characters")
    found: list[tuple[str, str]] = []
    position, end = 0, len(text.rstrip())
    while position < end:
        token = _TOKEN.match(text, position)
        if token is None:
            raise ExpressionError(f"'{text[position : position + 10].strip()}' is not understood")
        kind = str(token.lastgroup)
        word = token.group(kind)
        if kind == "name" and word.lower() in _WORDS:
            kind, word = "op", _WORDS[word.lower()]
        found.append((kind, word))
        position = token.end()
    return found


class _Parser:
    """Recursive descent; each method reads one level of the table above."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._at = 0
        self._depth = 0

    def whole(self) -> Node:
        node = self._or()
        if self._at < len(self._tokens):
            raise ExpressionError(f"'{self._tokens[self._at][1]}' is not expected there")
        return node

    def _next_is(self, *operators: str) -> bool:
        return self._at < len(self._tokens) and (
            self._tokens[self._at][0] == "op" and self._tokens[self._at][1] in operators
        )

    def _take(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise ExpressionError("it ends too early")
        self._at += 1
        return self._tokens[self._at - 1]

    def _expect(self, wanted: str) -> None:
        if not self._next_is(wanted):
            raise ExpressionError(f"'{wanted}' is missing")
        self._at += 1

    def _or(self) -> Node:
        terms = [self._and()]
        while self._next_is("||"):
            self._take()
            terms.append(self._and())
        return terms[0] if len(terms) == 1 else lambda given: any(term(given) for term in terms)

    def _and(self) -> Node:
        terms = [self._choice()]
        while self._next_is("&&"):
            self._take()
            terms.append(self._choice())
        return terms[0] if len(terms) == 1 else lambda given: all(term(given) for term in terms)

    def _choice(self) -> Node:
        condition = self._comparison()
        if not self._next_is("?"):
            return condition
        with self:
            self._take()
            this = self._choice()
            self._expect(":")
            otherwise = self._choice()
        return lambda given: this(given) if condition(given) else otherwise(given)

    def _comparison(self) -> Node:
        first = self._negation()
        links: list[tuple[Callable[[Any, Any], Any], Node]] = []
        while self._next_is(*_COMPARISONS):
            compare = _COMPARISONS[self._take()[1]]
            links.append((compare, self._negation()))
        if not links:
            return first

        def compare_all(given: Variables) -> bool:
            left = first(given)
            for compare, node in links:
                right = node(given)
                if not compare(left, right):
                    return False
                left = right
            return True

        return compare_all

    def _negation(self) -> Node:
        if not self._next_is("!"):
            return self._chain(self._product, _SUMS)
        with self:
            self._take()
            node = self._negation()
        return lambda given: not node(given)

    def _product(self) -> Node:
        return self._chain(self._sign, _PRODUCTS)

    def _chain(
        self, operand: Callable[[], Node], operators: Mapping[str, Callable[[Any, Any], Any]]
    ) -> Node:
        first = operand()
        links: list[tuple[Callable[[Any, Any], Any], Node]] = []
        while self._next_is(*operators):
            apply = operators[self._take()[1]]
            links.append((apply, operand()))
        if not links:
            return first
        return lambda given: functools.reduce(
            lambda value, link: link[0](value, link[1](given)), links, first(given)
        )

    def _sign(self) -> Node:
        if not self._next_is("+", "-"):
            return self._raised()
        with self:
            negative = self._take()[1] == "-"
            node = self._sign()
        return (lambda given: -node(given)) if negative else (lambda given: +node(given))

    def _raised(self) -> Node:
        base = self._operand()
        if not self._next_is("^"):
            return base
        with self:
            self._take()
            exponent = self._sign()
        return lambda given: _power(base(given), exponent(given))

    def _operand(self) -> Node:
        kind, word = self._take()
        if kind == "number":
            constant = _value(word)
            return lambda given: constant
        if kind == "text":
            quoted = _value(word[1:-1])
            return lambda given: quoted
        if kind == "name":
            return self._named(word)
        if word == "(":
            with self:
                node = self._or()
            self._expect(")")
            return node
        raise ExpressionError(f"'{word}' is not expected there")

    def _named(self, word: str) -> Node:
        if word in _FUNCTIONS and self._next_is("("):
            return self._call(word)
        group, _, name = word.partition(".")
        if not name:
            plain = _LITERALS.get(word.lower(), word)
            return lambda given: plain

        def look_up(given: Variables) -> Any:
            if group not in given or name not in given[group]:
                raise ExpressionError(f"there is no {word}")
            value = given[group][name]
            if value is None:
                raise ExpressionError(f"{word} has no value")
            return _value(value)

        return look_up

    def _call(self, word: str) -> Node:
        function = _FUNCTIONS[word]
        with self:
            self._expect("(")
            arguments = [self._or()]
            while self._next_is(","):
                self._take()
                arguments.append(self._or())
            self._expect(")")
        if (word == "abs") != (len(arguments) == 1):
            raise ExpressionError(f"{word} has {len(arguments)} argument(s)")
        return lambda given: function(*(argument(given) for argument in arguments))

    def __enter__(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ExpressionError(f"it is nested more than {MAX_DEPTH} deep")

    def __exit__(self, *_exc: object) -> None:
        self._depth -= 1
