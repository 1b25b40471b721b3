# SPDX-License-Identifier: Apache-2.0
"""Moving a volume, from the message that asks for it to the removal of the old data.

``mover`` runs the moves of one backend, ``plan`` chooses how, ``driver_move`` and ``host_copy``
are the two ways, ``completion`` swaps source and target, ``records`` writes what users and
``recovery`` read: recovery takes up what a service that died has left.
"""
