"""Service files: finding, writing and editing them."""
