# SPDX-License-Identifier: Apache-2.0
"""Show a volume move between two backends, with real data, on this machine alone.

Run through quickstart.sh, which makes the virtual environment. Everything goes through the volume
API, with one exception: the data is written straight into the file that holds the new volume, as
attaching a volume to a server is not this program's subject. The file driver keeps a volume's data
in ``<file_data_dir>/volume-<id>``; where a host copy has left the volume under the name of its
target, an administrator sees that target's id as ``os-vol-mig-status-attr:name_id``.
"""
