"""EC2: moto's, with corrected actions before it."""
