# Completion of hostler for bash. What may stand where is known to hostler itself: this only asks it.
_hostler()
{
	local line=${COMP_LINE:0:COMP_POINT} rest piece word breaks=${COMP_WORDBREAKS//[^=:]/}
	local -a words=()

	COMPREPLY=()
	# "=" and ":" divide words in bash and not in hostler: pieces between which the line has no blank are one word.
	for piece in "${COMP_WORDS[@]:0:COMP_CWORD}" ""; do
		rest=${line#"${line%%[![:space:]]*}"}
		[[ -n $piece ]] || piece=$rest
		if [[ ${#words[@]} -eq 0 || $rest != "$line" ]]; then
			words+=("$piece")
		else
			words[-1]+=$piece
		fi
		line=${rest#"$piece"}
	done
	word=${words[-1]}
	while IFS= read -r line; do
		case $line in
		FILES)
			compopt -o filenames 2>/dev/null
			mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$word")
			;;
		FOLDERS)
			compopt -o filenames 2>/dev/null
			mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -d -- "$word")
			;;
		*)
			# Behind a tab stands what it is, which bash has no place for.
			line=${line%%$'\t'*}
			[[ $line == *= ]] && compopt -o nospace 2>/dev/null
			COMPREPLY+=("$line")
			;;
		esac
	done < <("${COMP_WORDS[0]}" --complete "${words[@]:1}" 2>/dev/null)
	# What stands before the last of them stays as it was typed.
	[[ -z $breaks ]] || COMPREPLY=("${COMPREPLY[@]#"${word%"${word##*["$breaks"]}"}"}")
	return 0
}

complete -F _hostler hostler
