# shellcheck shell=sh
# set_threads: how many threads numerical libraries start, from what this workspace may use.
#
# A library counts the cores of the host, which a container sees; with more threads than it may use
# at once, each waits for the others. MAX_NUM_THREADS is a number or `auto`, the default. What a
# library's own variable says already stays. Built-in commands only: this runs at every start.

thread_variables="OMP_NUM_THREADS OPENBLAS_NUM_THREADS MKL_NUM_THREADS NUMEXPR_NUM_THREADS
NUMEXPR_MAX_THREADS VECLIB_MAXIMUM_THREADS BLIS_NUM_THREADS NUMBA_NUM_THREADS JULIA_NUM_THREADS
POLARS_MAX_THREADS RAYON_NUM_THREADS GOTO_NUM_THREADS"

# Sets `first` to the first line of a file, or to nothing.
first_line() {
    first=
    [ -f "$1" ] && read -r first 2> /dev/null < "$1"
    : # a file without a line feed is read all the same
}

is_number() {
    case $1 in
        '' | *[!0-9]*) return 1 ;;
        *) [ "${#1}" -le 15 ] ;;
    esac
}

# Takes a number of cores as the new limit when it is below the one so far.
at_most() {
    [ "$1" -ge 1 ] || set -- 1
    if [ -z "$cores" ] || [ "$1" -lt "$cores" ]; then cores=$1; fi
}

# Quota and period in microseconds; one and a half cores are two threads.
take_quota() {
    is_number "$1" && is_number "$2" && [ "$1" -gt 0 ] && [ "$2" -gt 0 ] || return 0
    at_most "$((($1 + $2 - 1) / $2))"
}

# A list of cores such as 0-3,8.
take_list() {
    [ -n "$1" ] || return 0
    found=0
    old_ifs=$IFS
    IFS=,
    for range in $1; do
        from=${range%-*} to=${range#*-}
        if is_number "$from" && is_number "$to"; then found=$((found + to - from + 1)); fi
    done
    IFS=$old_ifs
    [ "$found" -le 0 ] || at_most "$found"
}

# CPU_LIMIT is what the hub allows, where no control group says it; 1.5 and 2 are both right.
take_limit() {
    whole=${1%%.*} part=${1#"${1%%.*}"}
    is_number "$whole" || return 0
    case $part in
        '' | . | .0 | .00) ;;
        *) whole=$((whole + 1)) ;;
    esac
    [ "$whole" -le 0 ] || at_most "$whole"
}

# Sets `cores` from the control groups of version 2, then 1, the cores of this process, the hub.
count_cores() {
    cores=
    groups=${TWINHUB_CGROUPS:-/sys/fs/cgroup}
    first_line "$groups/cpu.max"
    take_quota "${first%% *}" "${first##* }"
    first_line "$groups/cpuset.cpus.effective"
    take_list "$first"
    for folder in "$groups/cpu" "$groups/cpu,cpuacct"; do
        first_line "$folder/cpu.cfs_quota_us"
        quota=$first
        first_line "$folder/cpu.cfs_period_us"
        take_quota "$quota" "$first"
    done
    first_line "$groups/cpuset/cpuset.effective_cpus"
    take_list "$first"
    while read -r name value; do
        if [ "$name" = Cpus_allowed_list: ]; then take_list "$value"; fi
    done 2> /dev/null < "${TWINHUB_STATUS:-/proc/self/status}"
    take_limit "${CPU_LIMIT:-}"
    : "${cores:=1}"
}

set_threads() {
    case ${MAX_NUM_THREADS:-auto} in
        auto) count_cores ;;
        0* | *[!0-9]* | ?????*)
            echo "TwinHub: MAX_NUM_THREADS is neither a number from 1 to 9999 nor \`auto\`: taken as" \
                "\`auto\`." >&2
            count_cores
            ;;
        *) cores=$MAX_NUM_THREADS ;;
    esac
    for name in $thread_variables; do
        eval ": \"\${$name:=\$cores}\""
        export "${name?}"
    done
}
