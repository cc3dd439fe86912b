"""The formula on containers, from a real Salt master: run by ``python3 -m tests.lab test``."""
