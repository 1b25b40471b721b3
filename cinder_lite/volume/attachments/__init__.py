# SPDX-License-Identifier: Apache-2.0
"""Who uses a volume: servers and hosts, each with an attachment of its own.

``api`` is what the attachments resource does, ``actions`` the older actions on a volume, ``rules``
what both ask of a volume, ``guard`` keeps users from ending what a server of Nova's still uses,
and ``host`` is the part of the volume service, which lets nodes in and out.
"""
