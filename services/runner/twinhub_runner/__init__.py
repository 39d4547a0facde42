"""TwinHub's runner: runs of digital twins, which outlive browsers, workspaces and itself."""
