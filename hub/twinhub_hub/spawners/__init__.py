"""What starts workspaces: a container each, or one process where no engine can be had."""
