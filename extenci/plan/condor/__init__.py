"""The knowledge of HTCondor that planning has: holds, queue, limits. Pure."""
