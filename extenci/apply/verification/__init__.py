"""What a verification does beside launching: test VMs, questions, verdicts."""
