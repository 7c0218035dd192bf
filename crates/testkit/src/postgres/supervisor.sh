# Looks after one private PostgreSQL cluster. Arguments: the folder of PostgreSQL's programs, the cluster's folder.
#
# Reads commands from standard input, which is a pipe that only the test process holds open. However that process ends,
# `kill -9` included, the pipe then reads as ended: the server is stopped and the folder removed.
bin=$1
dir=$2
log=$dir/supervisor.log
port=0

finish() {
    trap '' HUP INT TERM
    if [ -f "$dir/data/postmaster.pid" ]; then
        "$bin/pg_ctl" stop -D "$dir/data" -m immediate -w -t 10 >>"$log" 2>&1 </dev/null ||
            kill -9 "$(head -n 1 "$dir/data/postmaster.pid")" 2>/dev/null
    fi
    rm -rf "$dir"
    exit 0
}
trap finish HUP INT TERM
# The one who would read an answer may be gone.
trap ':' PIPE

answer() {
    if [ "$1" -eq 0 ]; then echo ok; else echo failed; fi
}

while IFS= read -r line; do
    case $line in
    init)
        "$bin/initdb" -D "$dir/data" --username=postgres --pwfile="$dir/password" --auth-local=trust \
            --auth-host=password --encoding=UTF8 --locale=C --no-sync --no-instructions >>"$log" 2>&1 </dev/null &&
            cat "$dir/postgresql.conf" >>"$dir/data/postgresql.conf"
        answer $?
        ;;
    "start "*)
        port=${line#start }
        # postgres must not hold our standard output: whoever reads it would wait for the server's end.
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
            -c "DROP DATABASE IF EXISTS ${line#drop } WITH (FORCE)" >>"$log" 2>&1 </dev/null
        ;;
    esac
done
finish
