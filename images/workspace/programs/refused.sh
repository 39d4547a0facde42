# shellcheck shell=sh
# refuse_switches: settings of other workspaces that have no place here, each with TwinHub's way.
# The start goes on; the variable is taken away, for some hold a password, which is never shown.

refuse() {
    eval "[ -n \"\${$1+set}\" ]" || return 0
    unset "$1"
    echo "TwinHub: $1 is not used: $2" >&2
}

refuse_switches() {
    refuse WORKSPACE_AUTH_USER "people sign in at the hub, see \`auth\` in twinhub.yaml"
    refuse WORKSPACE_AUTH_PASSWORD "people sign in at the hub, see \`auth\` in twinhub.yaml"
    refuse AUTHENTICATE_VIA_JUPYTER "every page of a workspace asks the hub who it is for, always"
    refuse WORKSPACE_SSL_ENABLED "the edge encrypts for all workspaces, see \`site.tls\` in twinhub.yaml"
    refuse SHARED_LINKS_ENABLED "a link that lets strangers in cannot be taken back: share through the hub"
    refuse WORKSPACE_BASE_URL "the hub gives each workspace its address, see \`site\` in twinhub.yaml"
    refuse WORKSPACE_PORT "the hub gives each workspace its port, see \`site.port\` in twinhub.yaml"
    refuse CONFIG_BACKUP_ENABLED "the home is a volume that stays; \`twinhub backup\` saves it"
    refuse VNC_PW "the desktop is behind the hub's sign-in and needs no password of its own"
    refuse MAIN_USER "the hub names the user, see \`auth.accounts\` in twinhub.yaml"
    refuse USER_PW "the hub's sign-in stands before everything, see \`auth\` in twinhub.yaml"
    refuse NOTEBOOK_ARGS "arguments belong behind the image's name, settings into ~/.jupyter"
    refuse EXECUTE_CODE "jobs are started by \`twinhub-exec PATH\` as the command of the container"
}
