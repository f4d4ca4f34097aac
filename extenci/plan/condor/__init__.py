"""What planning knows of HTCondor: holds, queue, limits. Pure."""
