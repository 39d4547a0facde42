"""Where runs run: one interface, and an implementation for each kind of sandbox."""
