"""Every kind of object through five changes on every pcs: see ``case`` and ``walk``."""
