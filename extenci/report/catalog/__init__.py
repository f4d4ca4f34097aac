"""Services and records as people read them."""
