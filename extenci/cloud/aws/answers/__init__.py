"""The answers of the EC2 family of APIs: bounded while they are read, checked, tried again, and parsed."""
