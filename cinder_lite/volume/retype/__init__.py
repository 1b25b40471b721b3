# SPDX-License-Identifier: Apache-2.0
"""Giving a volume another type.

``api`` admits the request and counts the volume under the new type too; the scheduler says whether
the volume can stay where it is; ``host`` has the driver do it, or begins a migration. Whatever
ends it settles the counts in the same transaction (``db/retypes``).
"""
