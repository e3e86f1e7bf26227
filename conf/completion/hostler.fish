# Completion of hostler for fish. What may stand where is known to hostler itself: this only asks it.
function __hostler_complete
    set -l words (commandline -opc)
    set -l program $words[1]
    set -e words[1]
    set -l current (commandline -ct)
    for line in ($program --complete $words "$current" 2>/dev/null)
        switch $line
            case FILES
                __fish_complete_path "$current"
            case FOLDERS
                __fish_complete_directories "$current" ''
            case '*'
                echo $line
        end
    end
end

complete -c hostler -f -a '(__hostler_complete)'
