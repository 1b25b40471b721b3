# SPDX-License-Identifier: Apache-2.0
"""Schemathesis from PyPI, in a virtual environment of its own, against a deployment."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import requests

from tests.functional.harness import process, venvs
from tests.functional.harness.deployment import Deployment

TOOL = ("schemathesis", ("schemathesis", "setuptools"))
"""Name and packages of its environment."""
RUN_SECONDS = 1800
REQUEST_SECONDS = 60
"""How long one answer may take on a busy machine."""
CHECKS = Path(__file__).parents[2] / "fuzz/checks.py"
"""What schemathesis loads: checks that stand for some of its own, see there."""
REPLACED = ("unsupported_method", "positive_data_acceptance", "negative_data_rejection")
"""Checks of schemathesis that those stand for; all its other checks are on."""
GENERATED = re.compile(r"(\d+) generated")


class Run:
    """What schemathesis has found, and what it has printed.

    :param good: True when it has found nothing
    """

    def __init__(self, good: bool, output: str) -> None:
        self.good = good
        self.output = output

    @property
    def requests(self) -> int:
        """How many requests it has made up."""
        return sum(int(number) for number in GENERATED.findall(self.output))


def run(
    directory: Path,
    deployment: Deployment,
    user: str,
    known: Mapping[str, str],
    *,
    examples: int,
    seed: int,
) -> Run:
    """Send requests to every call of the description that a deployment serves.

    Deletions come last, so that there is something to ask for until then.

    :param directory: an empty directory for what it writes
    :param user: who sends them
    :param known: names of parameters in paths, and ids of what there is
    :param examples: random requests for each call, besides those at the edges of its schemas
    :param seed: decides what the random requests are
    :raises HarnessError: it did not end within twice :data:`RUN_SECONDS`
    """
    home = venvs.environment(*TOOL)
    token = deployment.token(user, deployment.project)
    description = requests.get(
        f"{deployment.root_url}/v3/openapi.json", headers={"X-Auth-Token": token}, timeout=30
    )
    assert description.ok, description.text
    (directory / "openapi.json").write_text(json.dumps(description.json()))
    lines = [
        f"hooks = {json.dumps(str(CHECKS))}",
        "[parameters]",
        '"header.OpenStack-API-Version" = "volume latest"',
    ]
    lines += [f"{json.dumps('path.' + name)} = {json.dumps(known[name])}" for name in known]
    (directory / "schemathesis.toml").write_text("\n".join(lines) + "\n")
    command: list[str | Path] = [
        *(home / "bin/schemathesis", "--config-file", "schemathesis.toml"),
        *("run", "openapi.json", "--url", deployment.root_url),
        *("--header", f"X-Auth-Token: {token}", "--checks", "all"),
        *("--exclude-checks", ",".join(REPLACED)),
        *("--phases", "coverage,fuzzing", "--max-examples", str(examples)),
        *("--seed", str(seed), "--continue-on-failure", "--no-shrink"),
        *("--request-timeout", str(REQUEST_SECONDS)),
        *("--suppress-health-check", "all", "--warnings", "off"),
    ]
    statuses, outputs = [], []
    for selection in ("--exclude-method", "--include-method"):
        log = directory / f"schemathesis{selection}.out"
        child = process.Process(
            "schemathesis",
            [*command, selection, "DELETE"],
            log,
            environment={"NO_COLOR": "1"},
            directory=directory,
        ).start()
        try:
            statuses.append(child.wait(RUN_SECONDS))
        finally:
            child.stop()
        outputs.append(log.read_text(errors="replace"))
    return Run(not any(statuses), "\n".join(outputs))
