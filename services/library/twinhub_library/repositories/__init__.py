"""What syncing with git repositories needs beside git itself: addresses, walls, credentials."""
