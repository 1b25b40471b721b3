# SPDX-License-Identifier: Apache-2.0
"""cinder-lite-api: the REST API."""

from __future__ import annotations

from cinder_lite.cmd.prepare import prepare


def main() -> None:
    """Run the API service."""
    prepare("cinder-lite-api")
    from cinder_lite import service
    from cinder_lite.api import loader
    from cinder_lite.cmd import http

    api, workers = http.HttpService(), http.worker_count()
    if workers > 1:
        loader.preload()
    service.run([(api, workers)])


if __name__ == "__main__":
    main()
