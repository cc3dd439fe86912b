"""The release of the formula that these modules are of; the same stands in ``FORMULA``."""

RELEASE = "0.1.0"
