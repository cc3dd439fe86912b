"""Fixtures of the functional tests."""

import pytest

from tests.support import block_devices


@pytest.fixture
def loop(tmp_path, request):
    """A function: size in MiB -> path of an empty loop device, detached after the test."""
    return lambda size=400: block_devices.loop_device(tmp_path, size, request.addfinalizer)
