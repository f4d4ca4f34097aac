# Completion of extenci in fish: extenci completion fish > ~/.config/fish/completions/extenci.fish

function __extenci_complete
    set -l words (commandline -opc)
    set -l token (commandline -ct)
    set -l program (string replace -r 'extenci[^/]*$' extenci -- $words[1])
    # extenci-stage is extenci stage.
    set -l command (string replace -rf '^(.*/)?extenci-([^/]+)$' '$2' -- $words[1])
    # A file after `--option=`: fish completes whole words.
    set -l option (string replace -rf '^(-[^=]*=).*$' '$1' -- $token)
    set -l value (string replace -r '^-[^=]*=' '' -- $token)
    for line in ($program __complete $command $words[2..-1] "$token" 2>/dev/null)
        switch $line
            case :files
                printf "$option%s\n" (__fish_complete_path "$value")
            case :folders
                printf "$option%s\n" (__fish_complete_directories "$value")
            case '*'
                echo $line
        end
    end
end

for program in extenci extenci-catalog extenci-control extenci-stage extenci-test-vm
    complete -c $program -f -a '(__extenci_complete)'
end
