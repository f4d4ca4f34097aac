"""The method `bundle`: an EC2 bundle in S3."""
