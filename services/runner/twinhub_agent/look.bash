# bash reads this before a script (BASH_ENV): it notes that `… | tee` has hidden a failure.
#
# Only scripts are looked at that have a pipe into tee, no pipefail, and show no traces, which this
# would be in. The status of each command and PIPESTATUS are left as they are. 141 is no failure:
# whoever reads a pipe may have seen enough. Within functions of a script nothing is seen: bash tells
# traps of them only where the script wants it (functrace).
__twinhub_text=${BASH_EXECUTION_STRING-}
if [[ -z $__twinhub_text && -f $0 && -r $0 ]]; then
    { __twinhub_text=$(<"$0"); } 2>/dev/null
fi
__twinhub_look() {
    local one
    [[ ${__twinhub_ends[0]} == 0 && ${__twinhub_last-} == tee* ]] || return 0
    for one in "${__twinhub_ends[@]:1:${#__twinhub_ends[@]}-2}"; do
        if [[ $one != 0 && $one != 141 ]]; then
            { printf '%s with status %s\n' "${0##*/}" "$one" >>"${TWINHUB_HIDDEN-/dev/null}"; } 2>/dev/null
            return 0
        fi
    done
    return 0
}
if [[ $__twinhub_text =~ \|\&?[[:space:]]*tee && $__twinhub_text != *pipefail* ]] &&
    [[ ! $__twinhub_text =~ (^|[[:space:];])(set|bash)[[:space:]]+-[a-z]*[xv] ]]; then
    trap '__twinhub_ends=("$?" "${PIPESTATUS[@]}")
        ((${#__twinhub_ends[@]} < 3)) || __twinhub_look
        __twinhub_last=$BASH_COMMAND' DEBUG
    trap '__twinhub_ends=("$?" "${PIPESTATUS[@]}")
        ((${#__twinhub_ends[@]} < 3)) || __twinhub_look' EXIT
fi
unset __twinhub_text
