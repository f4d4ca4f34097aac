"""Checks of this machine and of the services, for `extenci doctor`."""
