"""Files that others change meanwhile: opened, walked, copied and replaced beneath a folder."""
