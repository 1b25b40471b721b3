# SPDX-License-Identifier: Apache-2.0
"""The `cinder-lite` command line.

A command runs through these rooms, in this order:

* ``main``: the program; finds the command and turns every failure into an exit status
* ``options``: the options that all commands share; ``base``: how a command reads its own
* ``volume``, ``migration``, ``volume_type``, ``service``, ``pool``: what commands do, by noun
* ``connect`` and ``client``: reach the service and ask it; ``find``: names into ids
* ``waiting`` and ``progress``: follow long work and show how far it is
* ``formats`` and ``human``: tables, JSON and the like; figures for people
* ``errors``: one class per failure; ``reporting``: the sentence that people read
"""
