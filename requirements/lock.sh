#!/usr/bin/env bash
# Write the present environment to requirements/lock.txt: exact versions, no addresses, without rsvlm itself and the
# weight packages, which requirements/weights.txt holds.
set -euo pipefail
cd "$(dirname "$0")/.."
{
  echo "# Every package of the environment, pinned: what requirements/direct.txt needs. Written by requirements/lock.sh."
  .venv/bin/python -m pip list --format=freeze --exclude-editable 2>/dev/null |
    grep -v -i -E "^(pip|$(sed -n 's/==.*//p' requirements/weights.txt | paste -sd'|'))==" |
    sed 's/+[a-z0-9.]*$//' | LC_ALL=C sort -f
} > requirements/lock.txt.new
mv requirements/lock.txt.new requirements/lock.txt
