"""Downloads of sources."""
