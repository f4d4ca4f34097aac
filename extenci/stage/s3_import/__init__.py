"""The method `import`: an object in S3, and a snapshot that the service makes of it."""
