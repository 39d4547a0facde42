"""TwinHub's runner: runs of digital twins, which outlive browsers, workspaces and its own crashes."""
