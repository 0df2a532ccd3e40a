# SPDX-License-Identifier: BSD-2-Clause
# Completion of mailhaul(1) for fish: `mailhaul completion fish`. What may
# follow is asked of the program; fish chooses what fits, and quotes it.

function __mailhaul_ask
    set -l before (commandline --tokenize --cut-at-cursor --current-process)
    set -l now (commandline --current-token --cut-at-cursor)
    set -e before[1]
    # What begins an option or a setting is told; else fish may look inside.
    set -l start ''
    string match -qr -- '^-|=' "$now"; and set start "$now"
    command mailhaul -c /dev/null completion words -- $before "$start" \
        2>/dev/null </dev/null
end

function __mailhaul_words
    __mailhaul_ask | string match -v -- \t'*'
end

function __mailhaul_files
    __mailhaul_ask | string match -q -- \t'*'
end

complete -c mailhaul -f -a '(__mailhaul_words)'
complete -c mailhaul -n __mailhaul_files -F
