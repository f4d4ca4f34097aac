"""Which files of a spec root are specs."""
