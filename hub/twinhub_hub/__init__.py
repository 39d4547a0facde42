"""TwinHub's hub: settings, sign-in, workspaces, and the command that runs it all."""
