# SPDX-License-Identifier: Apache-2.0
"""The API does what its OpenAPI description says, whatever is asked of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.functional.harness import schemathesis
from tests.functional.harness.deployment import Deployment

SEED = "CINDER_LITE_FUZZ_SEED"
"""Set to a number: other random requests than usual."""
EXAMPLES = 20
FEWEST = 10_000

pytestmark = [pytest.mark.functional, pytest.mark.timeout(2 * schemathesis.RUN_SECONDS)]


@pytest.mark.parametrize("user", ["demo", "admin"])
def test_nothing_fails_and_nothing_is_not_as_described(
    user: str, deployment: Deployment, known: dict[str, str], directory: Path
) -> None:
    home = directory / f"as-{user}"
    home.mkdir()
    seed = int(os.environ.get(SEED, "1"))
    run = schemathesis.run(home, deployment, user, known, examples=EXAMPLES, seed=seed)
    assert run.good, run.output
    assert run.requests >= FEWEST, run.output
    assert {entry["state"] for entry in deployment.services()} == {"up"}
