"""Take existing images and machines under management: the job, and the specs that describe them."""
