"""EC2, S3 and EBS direct, called through the AWS SDK."""
