"""Fixtures of the functional tests."""

import pytest

from tests.lab import canary, image
from tests.support import block_devices
from tests.support.cluster_tools import VERSIONS, Tools, for_version

CANARY = pytest.param("testing", marks=pytest.mark.canary)


@pytest.fixture(params=[*VERSIONS, CANARY])
def every_release(request, tmp_path):
    """The ``Tools`` of each release, and of Debian testing as a canary."""
    if request.param != "testing":
        return for_version(request.param, tmp_path)
    return Tools(image.root(canary.SUITE), tmp_path, version="0.12")


@pytest.fixture
def loop(tmp_path, request):
    """A function: size in MiB -> path of an empty loop device, detached after the test."""
    return lambda size=400: block_devices.loop_device(tmp_path, size, request.addfinalizer)
