"""What people and programs use TwinHub with: now the ``twin`` command."""
