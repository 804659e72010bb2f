# Completes the commands of @NAME@ in fish.

function @FUNCTION@
    set -l word (commandline -ct)
    set -l answers (command @PROGRAM@ __complete -- (commandline -opc) "$word" 2>/dev/null)
    if test "$answers[1]" = :files
        set -l before (string match -r '^--[^=]*=' -- $word)
        for file in (__fish_complete_path (string replace -r '^--[^=]*=' '' -- $word))
            printf '%s%s\n' "$before" $file
        end
        return
    end
    test (count $answers) -gt 0; and printf '%s\n' $answers
end

complete --command @PROGRAM@ --erase
complete --command @PROGRAM@ --no-files --arguments '(@FUNCTION@)'
