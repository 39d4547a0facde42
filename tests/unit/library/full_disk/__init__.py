"""Unit tests of a disk, or a quota, that is full from any one call on."""
