#!/bin/sh
# Exports rows from the seeded world, trains one small model by each library, exports and mends it, and rewrites this
# folder. Needs Python 3.11 or newer and the project's Node; PyTorch's packages take several gigabytes while it runs.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=${MIDROLL_EXPORTS_DIR:-${TMPDIR:-/tmp}/midroll-exports}
PATH="$root/node_modules/.bin:$PATH"
# One thread and a fixed hash seed: the same bits on every run of one machine.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE=1
export PYTHONPATH="$root/models/training"

mkdir -p "$work"
if [ ! -x "$work/venv/bin/python" ]; then
  python3 -m venv "$work/venv"
  "$work/venv/bin/pip" install --quiet -r "$here/requirements.txt"
fi
node "$root/models/training/export_rows.ts" --rows 60000 --seed train-1 --out "$work/train.bin"
node "$root/models/training/export_rows.ts" --rows 20000 --seed holdout-1 --out "$work/holdout.bin"
node "$root/models/training/export_rows.ts" --rows 16 --seed golden-1 --out "$work/golden.bin"
"$work/venv/bin/python" "$here/train.py" "$work/train.bin" "$work/holdout.bin" "$work/golden.bin" "$here" \
  > "$work/mending.txt"
while read -r name mending; do
  # Unquoted: one word an option.
  node "$root/cli/midroll.ts" models check "$here/$name" $mending --write < /dev/null
done < "$work/mending.txt"
node "$root/cli/midroll.ts" models check "$here"
oxfmt "$here"/*/card.md
