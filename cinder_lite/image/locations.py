# SPDX-License-Identifier: Apache-2.0
"""Where an image's data is, as far as that can be reached without Glance.

Glance's stores name it by a URL: ``cinder://<volume>`` or ``cinder://<store>/<volume>`` is a volume
of ours, ``file:///path`` a file of the node that runs Glance. Only the schemes in
``allowed_direct_url_schemes`` are looked at.
"""

from __future__ import annotations

import os
import stat
import urllib.parse
from collections.abc import Iterator, Mapping
from typing import Any

from oslo_config import cfg
from oslo_log import log as logging
from oslo_utils import uuidutils

LOG = logging.getLogger(__name__)
CONF = cfg.CONF

CINDER, FILE = "cinder", "file"


def allowed(scheme: str) -> bool:
    """Tell whether data may be taken from locations of a scheme."""
    return scheme in CONF.allowed_direct_url_schemes


def volume_url(volume_id: str, store_id: str | None = None) -> str:
    """Return the location of an image whose data is a volume.

    :param store_id: Glance's name of the store; None where it has one only
    """
    return f"cinder://{store_id}/{volume_id}" if store_id else f"cinder://{volume_id}"


def volume_ids(image: Mapping[str, Any]) -> list[str]:
    """Return the ids of the volumes that hold an image's data, where that is allowed.

    :param image: its description with ``direct_url`` and ``locations``
    """
    found = []
    for url in _urls(image, CINDER):
        parts = urllib.parse.urlsplit(url)
        volume_id = parts.path.rpartition("/")[2] if parts.path else parts.netloc
        if uuidutils.is_uuid_like(volume_id):
            found.append(volume_id)
        else:
            LOG.debug("Image %s: its location %s names no volume", image.get("id"), url)
    return found


def local_file(image: Mapping[str, Any]) -> str | None:
    """Return the path of an image's data on this node, None where it is not to be had.

    Its size must be what Glance says. Another file may be there when it is opened: who takes data
    from it checks what was taken.

    :param image: its description with ``direct_url`` and ``locations``
    """
    for url in _urls(image, FILE):
        path = urllib.parse.unquote(urllib.parse.urlsplit(url).path)
        try:
            facts = os.stat(path)
        except (OSError, ValueError) as error:
            LOG.debug("Image %s: its file %s is not here: %s", image.get("id"), path, error)
            continue
        if not stat.S_ISREG(facts.st_mode) or facts.st_size != image.get("size"):
            LOG.debug("Image %s: %s is not the image's file", image.get("id"), path)
        elif not os.access(path, os.R_OK):
            LOG.warning("Image %s: its file %s may not be read", image.get("id"), path)
        else:
            return path
    return None


def _urls(image: Mapping[str, Any], scheme: str) -> Iterator[str]:
    """Yield the different locations of one scheme, if it is allowed."""
    if not allowed(scheme):
        return
    urls = [image.get("direct_url")]
    urls += [one.get("url") for one in image.get("locations") or () if isinstance(one, dict)]
    for url in dict.fromkeys(urls):
        if url and url.startswith(f"{scheme}://"):
            yield str(url)
