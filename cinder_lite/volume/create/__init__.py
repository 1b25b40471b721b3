# SPDX-License-Identifier: Apache-2.0
"""How a volume comes into being: three flows, one for each service that has a part in it.

``api_flow`` takes the request, counts it and asks the scheduler; ``scheduler/flows`` chooses a
backend; ``manager_flow`` makes the volume there. The modules that define tasks import taskflow, so
they are imported where a flow is run.
"""
