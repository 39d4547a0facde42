"""What an installation is set to: the models behind ``twinhub.yaml``, and their loading."""
