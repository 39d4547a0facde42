"""Working copies: what a described twin runs in, from `create` to `clean`."""
