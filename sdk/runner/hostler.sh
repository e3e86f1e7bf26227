# The desktop-flow protocol for POSIX shells, on top of the program hostler-event, which is on the PATH of every flow:
#
#	. "$HOSTLER_RUNNER/hostler.sh"
#	hostler_inputs
#	name=$(hostler_input name)
#	hostler_progress Main "Greet $name"
#	hostler_checkpoint
#	hostler_output greeting "Hello, $name"
#
# Functions begin with hostler_, their variables with _hostler_; nothing else of the shell is changed.

# Reads the inputs from standard input, which can be done only once, for later calls of hostler_input. They stay in a
# variable of the shell that is not exported, since some may be secret.
hostler_inputs()
{
	_hostler_inputs=$(cat)
}

# Prints the input NAME. Without hostler_inputs before, only inputs that are not secret are known.
hostler_input()
{
	if [ -n "${_hostler_inputs-}" ]; then
		printf '%s' "$_hostler_inputs" | hostler-event input "$1"
	else
		hostler-event input "$1" </dev/null
	fi
}

# hostler_progress SUBFLOW ACTION: says what the flow is doing now.
hostler_progress()
{
	hostler-event progress "$1" "$2"
}

# hostler_output NAME VALUE; hostler_output NAME - takes the value from standard input, as a secret one has to be.
hostler_output()
{
	hostler-event output "$1" "$2"
}

# hostler_error TEXT: says why the flow is about to fail; it still has to exit with a status that is not 0.
hostler_error()
{
	hostler-event error "$1"
}

# A place where the flow may be paused or stopped. Being asked to stop ends the shell with status 10.
hostler_checkpoint()
{
	hostler-event checkpoint </dev/null && return 0
	_hostler_status=$?
	[ "$_hostler_status" -eq 10 ] && exit 10
	return "$_hostler_status"
}
