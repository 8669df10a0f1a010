#!/bin/sh
# Grades what was handed in as any class is graded, and writes the result in the form that {{ platform }} reads.
#   sh grade.sh SUBMISSION RESULT        absolute paths; as root, in a container that is thrown away afterwards
# Beside this file: `lib` with the grader, `course` with {{ name }}, its solution, its hidden tests and the secret.
set -eu
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH
umask 022
submission=$1
result=$2
here=$(cd "$(dirname "$0")" && pwd -P)
results=$(dirname "$result")

# Without namespaces a submission is another user of this same container. It may read the grader, as everybody can;
# nothing of the course; and it may write nowhere near a result. Where this cannot be had, nothing is graded.
mkdir -p "$results"
chown -R -h 0:0 "$here"
chown 0:0 "$results"
chmod -R u=rwX,go=rX "$here/lib"
chmod -R u=rwX,go= "$here/course"
chmod go=x "$here" "$here/course"
chmod go=rx "$results"
if [ -d "$here/course/datasets" ]; then
    chmod -R go=rX "$here/course/datasets"
    ln -sfn "$here/course/datasets" /datasets
fi

run=$(mktemp -d)
trap 'rm -rf "$run"' EXIT

# Nothing of the environment, and no folder that a student's file could lie in, says where modules come from: the
# working folder, which does, holds the grader and nothing else.
cd "$here/lib"
grader() {
    env -i PATH="$PATH" LANG=C.UTF-8 HOME="$run" GRADER_COURSE="$here/course" \
        /opt/grader/bin/python -s -B -m grader "$@"
}

# 1 is the grader's own fault: the export knows whether {{ platform }} has a form for it. It is never a zero.
status=0
grader grade "$submission" -a {{ name }} --isolation auto -q --json "$run/reports/submission.json" 2>"$run/log" || status=$?
{% if platform == "gradescope" -%}
# What is printed is for the staff alone.
cat "$run/log" >&2
{% else -%}
# Students read what is printed: how the grader failed may tell of hidden tests. `grader grade` at home says it again.
[ "$status" -eq 1 ] || cat "$run/log" >&2
{% endif -%}
[ "$status" -le 1 ] || exit "$status"
grader export "$run" --format {{ platform }} -o "$result" >/dev/null
