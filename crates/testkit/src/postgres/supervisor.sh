# Looks after one PostgreSQL cluster. Arguments: the folder of PostgreSQL's programs, the cluster's folder, the folder of
# another cluster to copy the first data from (or nothing), and for a cluster that several processes share: how many
# seconds it outlives its last user, and the folder of a cluster whose supervisor was killed, which is cleared away first
# (or nothing).
#
# Reads commands from a pipe that only processes with tests hold open: a private cluster from standard input, a shared
# one from the named pipe `users` in its folder. However these processes end, `kill -9` included, the pipe then reads as
# ended: the server is stopped and the folder removed.
bin=$1
dir=$2
other=$3
linger=$4
stale=$5
log=$dir/supervisor.log
port=0
idle=0
echo $$ >"$dir/supervisor.pid"

stop_server() {
    if [ -f "$1/data/postmaster.pid" ]; then
        "$bin/pg_ctl" stop -D "$1/data" -m immediate -w -t 10 >>"$log" 2>&1 </dev/null ||
            kill -9 "$(head -n 1 "$1/data/postmaster.pid")" 2>/dev/null
    fi
}

finish() {
    trap '' HUP INT TERM
    # First the pipe, so that nobody joins any more.
    rm -f "$dir/users"
    stop_server "$dir"
    rm -rf "$dir"
    exit 0
}
trap finish HUP INT TERM
# The process that would read an answer may have ended.
trap ':' PIPE

answer() {
    if [ "$1" -eq 0 ]; then echo ok; else echo failed; fi
}

# To copy what another cluster began with takes a twentieth of the time.
first_data() {
    if [ -n "$other" ] && cp -Rp "$other/pristine" "$dir/data" 2>/dev/null; then return 0; fi
    rm -rf "$dir/data"
    "$bin/initdb" -D "$dir/data" --username=postgres --pwfile="$dir/password" --auth-local=trust \
        --auth-host=password --encoding=UTF8 --locale=C --no-sync --no-instructions >>"$log" 2>&1 </dev/null || return 1
    # Whole or not at all: others may copy it at any time.
    if [ -n "$linger" ]; then cp -Rp "$dir/data" "$dir/new" && mv "$dir/new" "$dir/pristine"; fi
}

obey() {
    case $1 in
    init)
        first_data && cat "$dir/postgresql.conf" >>"$dir/data/postgresql.conf"
        answer $?
        ;;
    "start "*)
        port=${1#start }
        # postgres must not hold our standard output: its reader would wait for the server's end.
        "$bin/pg_ctl" start -D "$dir/data" -l "$dir/server.log" -w -t 60 -o "-p $port" >>"$log" 2>&1 </dev/null
        answer $?
        ;;
    stop)
        "$bin/pg_ctl" stop -D "$dir/data" -m immediate -w -t 30 >>"$log" 2>&1 </dev/null
        answer $?
        ;;
    "drop "*)
        # No answer: nobody waits for a database to go.
        "$bin/psql" -X -q -h "$dir" -p "$port" -U postgres -d postgres \
            -c "DROP DATABASE IF EXISTS ${1#drop } WITH (FORCE)" >>"$log" 2>&1 </dev/null
        ;;
    esac
}

if [ -n "$linger" ]; then
    if [ -n "$stale" ]; then
        stop_server "$stale"
        rm -rf "$stale"
    fi
    # Opened for both first: to read alone would wait for somebody who writes.
    mkfifo -m 600 "$dir/users" && exec 3<>"$dir/users" <"$dir/users" 3>&-
    answer $?
fi

while :; do
    if IFS= read -r line; then
        idle=0
        obey "$line"
    elif [ -z "$linger" ]; then
        finish
    elif [ "$idle" -lt "$linger" ]; then
        # Nobody has the pipe open. Another process may come soon.
        idle=$((idle + 1))
        sleep 1
    elif [ -p "$dir/users" ]; then
        # From now on nobody can join. One that joined just now keeps the pipe open, and is served on.
        rm -f "$dir/users"
    else
        finish
    fi
done
