#compdef @NAME@
# Completes the commands of @NAME@ in zsh.

@FUNCTION@() {
    local line answer
    local -a asked closed open
    asked=("${(@Q)words[1,CURRENT-1]}" "${(Q)IPREFIX}${(Q)PREFIX}")
    for line in "${(@f)$(command @PROGRAM@ __complete -- "${asked[@]}" 2>/dev/null)}"; do
        answer=${line%%$'\t'*}
        [[ -n $answer ]] || continue
        if [[ $answer == :files ]]; then
            compset -P '--*='
            _files
            return
        fi
        # A colon ends the word in what _describe reads.
        line=${answer//:/\\:}${${line#"$answer"}/#$'\t'/:}
        if [[ $answer == *= ]]; then open+=("$line"); else closed+=("$line"); fi
    done
    (( ! $#closed )) || _describe -t values value closed
    (( ! $#open )) || _describe -t values value open -S ''
}

# It is read by compinit from a folder of functions, or by whoever runs `source <(... completion zsh)`.
if [[ $funcstack[1] == @FUNCTION@ ]]; then @FUNCTION@ "$@"; else compdef @FUNCTION@ @PROGRAM@; fi
