"""The resource monitor: what one workspace uses, by its container's own counters."""
