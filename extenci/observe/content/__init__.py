"""The content of what exists on a service, read back."""
