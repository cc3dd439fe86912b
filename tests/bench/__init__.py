"""What the engine costs, measured on a cluster of containers: ``make bench``."""
