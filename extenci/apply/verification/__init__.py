"""The parts of a verification: test VMs, their examination, questions to a person, verdicts."""
