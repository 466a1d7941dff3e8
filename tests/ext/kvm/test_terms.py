# SPDX-License-Identifier: MIT
"""src/events.c knows every term of each kernel's kvm_vcpu_has_events()."""

import re
import shutil
from pathlib import Path

import pytest

from kbench.kernels import find
from kbench.kmod import sources

EVENTS = Path(__file__).parents[3] / "ext" / "kvm" / "src" / "events.c"
KERNELS = ["6.1", pytest.param("6.12", marks=pytest.mark.test_kvm)]
BODY = re.compile(r"\bkvm_vcpu_has_events\(struct kvm_vcpu \*vcpu\)\n\{\n(.*?)^\}", re.M | re.S)
# A term is a request, a field of the vCPU, or a question that has a name.
TERM = re.compile(r"KVM_REQ_\w+|(?<=vcpu->)[\w.]+|\b(?:kvm|is)_\w+(?=\()")
# KVM's words for what events.c asks in its own: without what masks it, from any context.
OWN = {
    "kvm_test_request": "kvm_test_request",
    "kvm_apic_has_pending_init_or_sipi": "kvm_apic_has_pending_init_or_sipi",
    "kvm_arch_interrupt_allowed": "kbench_interrupt_posted",
    "kvm_cpu_has_interrupt": "kbench_interrupt_posted",
    "kvm_x86_call": "READ_ONCE",
}


def terms(body: str) -> set[str]:
    return {term for term in TERM.findall(body) if not term.startswith("kvm_x86_ops")}


@pytest.mark.lab
@pytest.mark.skipif(shutil.which("xz") is None, reason="xz-utils are not installed")
@pytest.mark.parametrize("kernel", KERNELS)
def test_every_term_is_known(kernel: str) -> None:
    tree = find.find(kernel, print).tree(print)
    text = (sources.pristine(tree, print) / "arch/x86/kvm/x86.c").read_text()
    found = BODY.search(text)
    assert found, "kvm_vcpu_has_events() has another form"
    known = EVENTS.read_text()
    missing = {term for term in terms(found[1]) if OWN.get(term, term) not in known}
    assert not missing, f"{EVENTS.name} does not ask for {sorted(missing)}"


def test_a_new_term_is_noticed() -> None:
    body = "kvm_test_request(KVM_REQ_NEW, vcpu) || vcpu->arch.other.pending || kvm_new_event(vcpu)"
    assert terms(body) >= {"KVM_REQ_NEW", "arch.other.pending", "kvm_new_event"}
    assert not {"KVM_REQ_NEW", "kvm_new_event"} & terms(EVENTS.read_text())
