"""Machines of the sandbox, as EC2 sees them."""
