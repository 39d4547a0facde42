"""SSH into the workspace through the hub's own address: see docs/howto/ssh.md."""
