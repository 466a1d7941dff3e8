#!/bin/sh
# SPDX-License-Identifier: MIT
# Process 1 of the rehearsal's machine, after its first lines, which set:
# KVM, KVM_AMD   parameters of the modules
# ACCOUNT        who measures: root, or a user of group kvm
# SECONDS_EACH   limit of each command
# and define `commands`, which calls `kbench_ NAME WORDS...`.
# What the commands say, and their suites, are written as a tar archive to /dev/vdc after each.

export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LANG=C.UTF-8 COLUMNS=100
out=/home/$ACCOUNT/out

# The limit's SIGINT is Ctrl-C: what was measured is kept. A line "STATUS SECONDS NAME" each.
kbench_() {
  name=$1
  shift
  start=$(cut -d. -f1 /proc/uptime)
  (cd "$out" && exec timeout -s INT -k 30 "$SECONDS_EACH" \
    setpriv --reuid "$ACCOUNT" --regid "$ACCOUNT" --init-groups \
    env HOME="/home/$ACCOUNT" kbench "$@" >"$name.out" 2>"$name.err" </dev/null)
  echo "$? $(($(cut -d. -f1 /proc/uptime) - start)) $name" | tee -a "$out/status"
  tar -C "$out" -cf /dev/vdc . && sync
}

mount -t tmpfs none /tmp
mount -t tmpfs none /dev/shm 2>/dev/null || { mkdir -p /dev/shm && mount -t tmpfs none /dev/shm; }
mount -t cgroup2 none /sys/fs/cgroup
mount -t tracefs none /sys/kernel/tracing
mount -o ro /dev/vdb /opt
for packages in /usr/local/lib/python3.*/dist-packages; do
  echo /opt >"$packages/kbench.pth"
done
printf '%s\n' '#!/usr/bin/python3' 'from kbench.cli import main' 'raise SystemExit(main())' \
  >/usr/local/bin/kbench
chmod 755 /usr/local/bin/kbench
# shellcheck disable=SC2086 # parameters are words
modprobe kvm $KVM && modprobe kvm_amd $KVM_AMD
# What a running udevd does: 50-udev-default.rules.
chgrp kvm /dev/kvm && chmod 660 /dev/kvm
# QEMU 7.2 may lose a CPU for good in code that the other CPU patches: these VMs, which stay, keep
# KVM's jump labels as they are (a vCPU without an APIC, and one whose APIC is off).
mkfifo /run/ready
python3 -c '
import time
from kbench.kvm import System
with System() as system, system.create_vm() as bare, bare.create_vcpu(), system.create_vm() as vm:
    vm.create_irqchip()
    with vm.create_vcpu():
        open("/run/ready", "w").close()
        time.sleep(1e6)
' &
timeout 60 cat /run/ready
[ "$ACCOUNT" = root ] || useradd --groups kvm "$ACCOUNT"
mkdir -p "$out" && chown -R "$ACCOUNT:$ACCOUNT" "/home/$ACCOUNT"

commands
dmesg >"$out/dmesg"
tar -C "$out" -cf /dev/vdc . && sync
echo o >/proc/sysrq-trigger
sleep 60
