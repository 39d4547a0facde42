"""Starting, stopping and looking after the processes of an installation."""
