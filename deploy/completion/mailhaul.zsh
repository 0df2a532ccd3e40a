#compdef mailhaul
# SPDX-License-Identifier: BSD-2-Clause
# Completion of mailhaul(1) for zsh: `mailhaul completion zsh`. What may follow
# is asked of the program; zsh quotes it.

_mailhaul() {
	local -a before lines names texts more
	local line name rest
	before=("${(@Q)words[2,CURRENT-1]}")
	lines=("${(@f)$(command mailhaul -c /dev/null completion words -- \
		"${before[@]}" "${(Q)PREFIX}" 2>/dev/null </dev/null)}")
	for line in "${lines[@]}"; do
		name=${line%%$'\t'*} rest=${line#*$'\t'}
		if [[ $line == $'\tfiles' || $line == $'\tdirectories' ]]; then
			[[ $PREFIX != --*=* ]] || compset -P '*='
			if [[ $rest == files ]]; then
				_files
			else
				_files -/
			fi
		elif [[ $name == *= ]]; then
			more+=("$name")
		elif [[ -n $name ]]; then
			names+=("$name")
			texts+=("$name${rest:+  -- $rest}")
		fi
	done
	((! ${#more})) || compadd -S '' -- "${more[@]}"
	((! ${#names})) || compadd -l -d texts -- "${names[@]}"
}

if [[ ${funcstack[1]} == _mailhaul ]]; then
	_mailhaul "$@"
else
	compdef _mailhaul mailhaul
fi
