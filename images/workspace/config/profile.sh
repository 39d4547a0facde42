# shellcheck shell=sh
# Login shells: /etc/profile has just replaced the PATH of the image.
PATH="$TWINHUB_ENVIRONMENT/bin:$HOME/.local/bin:/opt/twinhub/science/bin:/opt/twinhub/bin:/usr/local/bin:/usr/bin:/bin"
export PATH
