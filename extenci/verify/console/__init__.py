"""The serial console of a test VM: read while it is examined, and searched for what leaves no hope."""
