# Completes the commands of @NAME@ in bash.

@FUNCTION@() {
    # bash takes words apart at : and =. What stands together on the line is one word.
    local rest=${COMP_LINE:0:COMP_POINT} trimmed part words=() i
    for ((i = 0; i <= COMP_CWORD; i++)); do
        trimmed=${rest#"${rest%%[![:space:]]*}"}
        part=${COMP_WORDS[i]}
        ((i < COMP_CWORD)) || part=$trimmed
        if ((${#words[@]} > 0)) && [ "$trimmed" = "$rest" ]; then
            words[${#words[@]} - 1]+=$part
        else
            words+=("$part")
        fi
        rest=${trimmed#"$part"}
    done

    # It replaces what stands behind the last of them, so that the answers have to begin there, too.
    local word=${words[${#words[@]} - 1]} breaks='' before=''
    case $COMP_WORDBREAKS in *:*) breaks+=':' ;; esac
    case $COMP_WORDBREAKS in *=*) breaks+='=' ;; esac
    case $word in *["$breaks"]*) before=${word%"${word##*["$breaks"]}"} ;; esac

    local answer open=yes
    COMPREPLY=()
    while IFS=$'\t' read -r answer _; do
        if [ "$answer" = :files ]; then
            compopt -o default 2>/dev/null
            return
        fi
        case $answer in *=) ;; *) open=no ;; esac
        COMPREPLY+=("${answer#"$before"}")
    done < <(command @PROGRAM@ __complete -- "${words[@]}" 2>/dev/null)
    [ "$open" = no ] || compopt -o nospace 2>/dev/null
}

complete -F @FUNCTION@ @PROGRAM@
