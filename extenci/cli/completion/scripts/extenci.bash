# Completion of extenci in bash: extenci completion bash > ~/.local/share/bash-completion/completions/extenci
# or, in ~/.bashrc: source <(extenci completion bash)

_extenci() {
    local program=${COMP_WORDS[0]/#\~/$HOME} current=${COMP_WORDS[COMP_CWORD]} joined line files= index
    local words=()
    COMPREPLY=()
    # extenci-stage is extenci stage.
    case ${program##*/} in
        extenci-*) words=("${program##*extenci-}") ;;
    esac
    # bash takes `--option=value` for three words.
    for ((index = 1; index <= COMP_CWORD; index++)); do
        line=${COMP_WORDS[index]}
        if ((${#words[@]})) && [[ $line == = || ${COMP_WORDS[index - 1]} == = ]]; then
            words[${#words[@]} - 1]+=$line
        else
            words+=("$line")
        fi
    done
    if [[ $current == = ]]; then
        current=
    fi
    joined=${words[${#words[@]} - 1]}
    joined=${joined%"$current"}
    while IFS= read -r line; do
        case $line in
            :files | :folders) files=$line ;;
            *)
                line=${line%%$'\t'*}
                COMPREPLY+=("${line#"$joined"}")
                ;;
        esac
    done < <("${program%extenci*}extenci" __complete "${words[@]}" 2>/dev/null)
    case $files in
        :files)
            if ((${#COMPREPLY[@]})); then
                compopt -o filenames
                while IFS= read -r line; do
                    COMPREPLY+=("$line")
                done < <(compgen -f -- "$current")
            else
                compopt -o default
            fi
            ;;
        :folders) compopt -o dirnames ;;
    esac
}

complete -F _extenci extenci extenci-catalog extenci-control extenci-stage extenci-test-vm
