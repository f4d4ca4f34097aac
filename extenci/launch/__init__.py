"""How machines start and end, whoever does it: EC2 or HTCondor."""
