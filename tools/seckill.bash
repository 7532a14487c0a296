# Completion of tools/seckill for bash: . tools/seckill.bash, or copy it to
# /usr/share/bash-completion/completions/seckill
#
# shellcheck shell=bash


# words that begin with what is typed, to COMPREPLY

_seckill_words() {
    local word

    COMPREPLY=()
    for word in $1; do
        [[ $word == "$cur"* ]] && COMPREPLY+=("$word")
    done
}


# files, also with blanks in their names

_seckill_files() {
    compopt -o filenames 2> /dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
}


# the line is cut at "=" too, by COMP_WORDBREAKS

_seckill() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
    local i word skip='' words=()

    if [[ $cur == = ]]; then
        cur=
    elif [[ $prev == = ]]; then
        prev=${COMP_WORDS[COMP_CWORD-2]}
    fi

    case $prev in
        --key-file|--receipts|--keys)
                    _seckill_files; return ;;
        --state)    _seckill_words 'sold held paid expired cancelled'; return ;;
        --start|--end)
                    _seckill_words "none $(date -u +%Y-%m-%dT%H:%M:%SZ)"
                    return ;;
        --json|--force|--all|--paused|--late|--no-restock|--signed|\
        --help|-h)  ;;
        --*)        COMPREPLY=(); return ;;
    esac

    # the words before that are neither options nor their values

    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        case $word in
            --json|--force|--all|--paused|--late|--no-restock|--signed|\
            --help|-h) ;;
            --*)    skip=1 ;;
            =)      ;;
            *)      [[ $skip ]] || words+=("$word")
                    skip='' ;;
        esac
    done

    local global='--url --key-file --json --help'
    local product='--name --price --currency --description --attributes'
    local sale='--stock --limit --hold --extend --start --end --shuffle --waitlist'
    sale="$sale --product"
    local key='--idempotency-key'

    if [[ $cur != -* ]]; then
        case ${words[*]} in
            '')      _seckill_words 'product sale order events machine health
                                     head backup restore verify help' ;;
            help)    _seckill_words 'product sale order events machine health
                                     head backup restore verify' ;;
            product) _seckill_words 'add list show edit remove' ;;
            sale)    _seckill_words 'add list show edit pause resume end remove
                                     beacon fairness watch' ;;
            order)   _seckill_words 'list show confirm cancel extend' ;;
            events)  _seckill_words 'follow list' ;;
            machine) _seckill_words 'list begin forget' ;;
            'sale watch')
                     _seckill_words all ;;
            backup*|restore*|verify*|'sale fairness '*)
                     _seckill_files ;;
            *)       COMPREPLY=() ;;
        esac
        return
    fi

    case ${words[*]:0:2} in
        'product add'|'product edit')
                        _seckill_words "$product $key $global" ;;
        'sale add')     _seckill_words "$sale --group --paused $key $global" ;;
        'sale edit')    _seckill_words "$sale --add-stock $key $global" ;;
        'sale beacon')  _seckill_words "--round --value $key $global" ;;
        'sale fairness')
                        _seckill_words '--json --help' ;;
        'sale watch')   _seckill_words "--every --count $global" ;;
        'order list')   _seckill_words "--sale --user --state --all --limit
                                        --after $global" ;;
        'order confirm')
                        _seckill_words "--user --late $key $global" ;;
        'order cancel') _seckill_words "--user --no-restock $key $global" ;;
        'order extend') _seckill_words "--user $key $global" ;;
        'events follow')
                        _seckill_words "--after --at --wait --count $global" ;;
        'events list')  _seckill_words "--after --at --limit $global" ;;
        backup*|restore*)
                        _seckill_words '--force --json --help' ;;
        verify*)        _seckill_words '--receipts --keys --url --json
                                        --help' ;;
        head*)          _seckill_words "--signed $global" ;;
        *' list'|*' show'|'machine '*|health)
                        _seckill_words "$global" ;;
        *)              _seckill_words "$key $global" ;;
    esac
}

complete -F _seckill seckill tools/seckill
