# SPDX-License-Identifier: MIT
"""/dev/kvm: opening it, asking it, and what a failure says."""

import errno
import grp
import os
from pathlib import Path

import pytest

from kbench.errors import KbenchError
from kbench.kvm import IoctlError, System
from kbench.kvm.errors import permission
from kbench.kvm.handle import Handle


@pytest.mark.kvm
def test_asks_what_it_offers() -> None:
    with System() as system:
        assert system.check_extension("KVM_CAP_USER_MEMORY") > 0
        assert system.vcpu_mmap_size() >= os.sysconf("SC_PAGE_SIZE")
        cpuid = system.get_supported_cpuid()
        leaves = {cpuid.entries[index].function for index in range(cpuid.nent)}
        assert {0, 1, 0x80000000} <= leaves


@pytest.mark.kvm
def test_closes_once_and_twice() -> None:
    with System() as system:
        fd = system.fd
    system.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)


def test_no_device() -> None:
    with pytest.raises(IoctlError) as caught:
        System("/nonexistent/kvm")
    assert str(caught.value).startswith("/dev/kvm: No such file or directory (ENOENT): there is no")
    assert "--target lab" in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("number", "hint"),
    [
        (errno.EACCES, "--target lab measures without it"),
        (errno.EPERM, "seccomp filter or the device cgroup"),
        (errno.ENODEV, "neither vmx nor svm, and no pvm"),
    ],
)
def test_no_permission(monkeypatch: pytest.MonkeyPatch, number: int, hint: str) -> None:
    def refuse(*args: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(IoctlError, match=errno.errorcode[number]) as caught:
        System()
    assert hint in str(caught.value)


def test_how_to_be_let_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    device = tmp_path / "kvm"
    assert permission(device) == "it cannot be examined"
    device.touch(0o660)
    device.chmod(0o600)
    assert "sudo chmod 666" in permission(device)

    def owned(group: int) -> os.stat_result:
        return os.stat_result((0o100660, 0, 0, 0, 0, group, 0, 0, 0, 0))

    nobody = max(entry.gr_gid for entry in grp.getgrall()) + 1
    known = next(entry for entry in grp.getgrall() if entry.gr_gid)
    for group, hint in (
        (0, "sudo chmod 666"),
        (known.gr_gid, f"sudo usermod -aG {known.gr_name} USER, then log in again"),
        (nobody, f"start the container with --group-add {nobody}"),
    ):
        monkeypatch.setattr(Path, "stat", lambda path, group=group: owned(group))
        assert hint in permission(device)
        monkeypatch.undo()


def test_another_device_leaves_no_descriptor(tmp_path: Path) -> None:
    other = tmp_path / "kvm"
    other.write_bytes(b"")
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(IoctlError) as caught:
        System(str(other))
    assert (caught.value.name, caught.value.errno) == ("KVM_GET_API_VERSION", errno.ENOTTY)
    assert "not KVM's device" in str(caught.value)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_another_api_version_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    other = tmp_path / "kvm"
    other.write_bytes(b"")
    monkeypatch.setattr(Handle, "ioctl", lambda *args: 11)
    with pytest.raises(KbenchError, match="speaks KVM API 11; kbench needs 12"):
        System(str(other))


@pytest.mark.parametrize(
    ("name", "number", "hint"),
    [
        ("KVM_CREATE_VM", errno.EBUSY, "another hypervisor"),
        ("KVM_CREATE_VM", errno.EIO, "firmware has locked"),
        ("KVM_RUN", errno.ENOEXEC, "registers or its memory"),
        ("KVM_RUN", errno.EINVAL, "does not support the request"),
        ("KVM_IRQFD", errno.EMFILE, "ulimit -n"),
        ("KVM_CREATE_IRQCHIP", errno.EEXIST, "wrong order"),
    ],
)
def test_each_failure_names_ioctl_errno_and_cause(name: str, number: int, hint: str) -> None:
    message = str(IoctlError(name, number))
    assert message.startswith(f"{name}: {os.strerror(number)} ({errno.errorcode[number]})")
    assert hint in message


def test_an_unknown_errno_still_reads() -> None:
    assert str(IoctlError("KVM_RUN", errno.EXDEV)).endswith("(EXDEV)")
    assert "(9999)" in str(IoctlError("KVM_RUN", 9999))
