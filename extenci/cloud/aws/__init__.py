"""EC2, S3 and EBS direct, through the AWS SDK."""
