"""A lab of real nodes on one machine: ``python3 -m tests.lab`` says what it can do.

Only the standard library is needed to start it. Everything that a lab makes (mounts,
networks, processes) lives in namespaces that end with the command that made them.
"""
