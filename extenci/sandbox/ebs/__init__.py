"""EBS direct APIs of the sandbox."""
