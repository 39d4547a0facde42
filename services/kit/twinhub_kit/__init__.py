"""What TwinHub's servers share: who calls, problems, database, tasks."""
