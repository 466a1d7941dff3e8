# SPDX-License-Identifier: MIT
"""All that runs inside the lab: the agent, which lives in the snapshot, and its jobs."""
