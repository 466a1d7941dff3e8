# SPDX-License-Identifier: MIT
"""The lab: KVM on an emulated machine, AMD's or Intel's, that counts instructions exactly.

QEMU or Bochs runs a pinned Debian kernel, whose KVM modules run kbench's guests. Nothing here
measures time: see docs/lab.md.
"""
