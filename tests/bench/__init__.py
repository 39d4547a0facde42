"""What `make bench` measures: figures beside what they are measured against, never a verdict."""
