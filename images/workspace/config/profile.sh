# shellcheck shell=sh
# Login shells: /etc/profile has just replaced the PATH of the image.
PATH="$TWINHUB_ENVIRONMENT/bin:$HOME/.local/bin:/opt/twinhub/science/bin:/opt/twinhub/bin:/usr/local/bin:/usr/bin:/bin"
export PATH
if [ -n "${BASH_VERSION:-}" ] && [ -r /opt/twinhub/members/twin.bash ]; then
    # shellcheck source=/dev/null
    . /opt/twinhub/members/twin.bash
fi
# As in kernels: a session that the server has not started, such as one by SSH, knows no threads yet.
if [ -z "${OMP_NUM_THREADS:-}" ] && [ -r /opt/twinhub/programs/threads.sh ]; then
    # shellcheck source=/dev/null
    . /opt/twinhub/programs/threads.sh
    set_threads
fi
