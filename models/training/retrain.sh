#!/bin/sh
# Exports rows from the seeded world, trains every model and rewrites models/. Needs Python 3.11 or newer and the
# project's Node; takes about five minutes on two cores. Work files go to a folder of their own outside the repository.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=${MIDROLL_TRAINING_DIR:-${TMPDIR:-/tmp}/midroll-training}
PATH="$root/node_modules/.bin:$PATH"
# One thread and a fixed hash seed: the same bits on every run of one machine.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE=1

mkdir -p "$work"
if [ ! -x "$work/venv/bin/python" ]; then
  python3 -m venv "$work/venv"
  "$work/venv/bin/pip" install --quiet -r "$here/requirements.txt"
fi
node "$here/export_rows.ts" --rows "${ROWS:-3200000}" --seed train-1 --out "$work/train.bin"
node "$here/export_rows.ts" --rows 200000 --seed holdout-1 --out "$work/holdout.bin"
node "$here/export_rows.ts" --rows 16 --seed golden-1 --out "$work/golden.bin"
"$work/venv/bin/python" "$here/train.py" "$work/train.bin" "$work/holdout.bin" "$work/golden.bin" "$root/models"
oxfmt "$root"/models/*/card.md
# The fallback's early ranker is the trained one's first trees, not the linear one that training leaves there.
node "$root/cli/midroll.ts" models transpile "$root/models/early_ranker/model.onnx" --trees 40 --into "$root/models/fallback.json" --write
