# SPDX-License-Identifier: MIT
"""The worker: a row of the catalogue made into a VM, a vCPU and a timed loop.

It runs in a pyperf worker process on the host and in the lab's agent, so it imports
neither pyperf nor numpy nor hdrhistogram. kbench.worker.measure.prepare() is its door.
"""
