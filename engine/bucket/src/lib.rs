//! How do blocks get into a bucket, and back?
