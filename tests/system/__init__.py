"""The article on machines with kernels of their own: run by ``python3 -m tests.lab test``."""
