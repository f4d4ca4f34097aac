"""Completion of commands, options, addresses, services and files in a shell."""
