"""The software of twins: made once for each content, and kept as long as it is used."""
