# SPDX-License-Identifier: BSD-2-Clause
# Completion of mailhaul(1) for bash: `mailhaul completion bash`. What may
# follow is asked of the program; here is only how bash quotes.

# Cuts a line into words as bash would, without expanding anything: words; the
# quote that is still open; how much of the last word lies before the part
# that readline replaces (it takes = : @ … for ends of words).
_mailhaul_split() {
	local line=$1 c next word="" any="" i
	words=() open="" skip=0
	for ((i = 0; i < ${#line}; i++)); do
		c=${line:i:1} next=${line:i+1:1}
		if [[ $open == "'" ]]; then
			if [[ $c == "'" ]]; then open=""; else word+=$c; fi
		elif [[ $open == '"' ]]; then
			if [[ $c == '"' ]]; then
				open=""
			elif [[ $c == \\ && $next == [\"\$\`\\] ]]; then
				word+=$next
				((++i))
			else
				word+=$c
			fi
		elif [[ $c == [\'\"] ]]; then
			open=$c any=1 skip=${#word}
		elif [[ $c == \\ ]]; then
			word+=$next any=1
			((++i))
		elif [[ $c == [[:space:]] ]]; then
			[[ -z $any ]] || words+=("$word")
			word="" any="" skip=0
		else
			word+=$c any=1
			[[ $COMP_WORDBREAKS != *"$c"* ]] || skip=${#word}
			# these it leaves with what is behind them
			[[ $c != [@$] ]] || ((skip = ${#word} - 1))
		fi
	done
	words+=("$word")
}

_mailhaul() {
	local -a words
	local open skip line word
	COMPREPLY=()
	_mailhaul_split "${COMP_LINE:0:COMP_POINT}"
	# what stands before the command: NAME=VALUE
	while ((${#words[@]} > 1)) && [[ ${words[0]} != "${COMP_WORDS[0]}" ]]; do
		words=("${words[@]:1}")
	done
	while IFS= read -r line; do
		word=${line%%$'\t'*}
		case $line in
		$'\tfiles')
			compopt -o bashdefault -o default
			continue
			;;
		$'\tdirectories')
			compopt -o dirnames
			continue
			;;
		*=$'\t'*) compopt -o nospace ;;
		esac
		word=${word:skip}
		case $open in
		'"')
			# a ! between these would mean the history
			[[ $word != *!* ]] || continue
			word=${word//\\/\\\\} word=${word//\"/\\\"}
			word=${word//\$/\\\$} word=${word//\`/\\\`}
			;;
		"'") word=${word//\'/\'\\\'\'} ;;
		*) printf -v word %q "$word" ;;
		esac
		COMPREPLY+=("$word")
	done < <(command mailhaul -c /dev/null completion words -- \
		"${words[@]:1}" 2>/dev/null </dev/null)
}

complete -F _mailhaul mailhaul
