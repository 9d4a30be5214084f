//! What does a bucket look like that fails? An S3 server for tests, and faults in front of it.
