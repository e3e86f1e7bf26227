# Completion of hostler for bash. What may stand where is known to hostler itself: this only asks it.
_hostler()
{
	local word=${COMP_WORDS[COMP_CWORD]} line
	local -a words=()

	COMPREPLY=()
	# "=" and ":" divide words in bash and not in hostler; the pieces of a word are put together again.
	if declare -F _get_comp_words_by_ref >/dev/null; then
		local cur cword
		_get_comp_words_by_ref -n =: cur words cword
		words=("${words[@]:1:cword}")
		word=$cur
	else
		words=("${COMP_WORDS[@]:1:COMP_CWORD}")
	fi
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
	done < <("${COMP_WORDS[0]}" --complete "${words[@]}" 2>/dev/null)
	declare -F __ltrim_colon_completions >/dev/null && __ltrim_colon_completions "$word"
	return 0
}

complete -F _hostler hostler
