"""What tests on machines ask of the machines' kernel."""

from __future__ import annotations

import pytest

from tests.lab import machines


@pytest.fixture(scope="session")
def whole_kernel():
    """Skip, and so fail the session of a lab, where the kernel cannot do all that is tested."""
    if not machines.backend().has_firewall():
        pytest.skip("NOT RUN: the machines' kernel has not all families of nftables; the lab says"
                    " at its start why it could not build one that has")  # fmt: skip
