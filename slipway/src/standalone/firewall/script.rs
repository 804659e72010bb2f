//! What to tell `iptables-restore --noflush`, from what `iptables-save` says: pure, and nothing when all is well.

use super::{Table, rules::Chain};

/// The commands that make `chains` be what they should; `None` when they are.
pub fn assertion(saved: &str, table: Table, chains: &[Chain]) -> Option<String> {
    let wrong: Vec<_> = chains.iter().filter(|chain| !is_right(saved, chain)).collect();
    if wrong.is_empty() {
        return None;
    }
    let declared = wrong.iter().flat_map(|chain| {
        // To declare a chain of our own empties it; to declare another's would do so, too.
        let parent = (chain.make_parent && !exists(saved, chain.parent)).then_some(chain.parent);
        parent.into_iter().chain([chain.name.as_str()]).map(|name| format!(":{name} - [0:0]"))
    });
    let filled = wrong.iter().flat_map(|chain| chain.rules.iter().map(|rule| format!("-A {} {rule}", chain.name)));
    let entered = wrong.iter().flat_map(|chain| {
        let enter = format!("-I {} 1 -j {}", chain.parent, chain.name);
        leave(saved, chain).chain([enter])
    });
    Some(script(table, declared.chain(filled).chain(entered)))
}

/// The commands that remove `chains`; `None` when there are none of them.
pub fn removal(saved: &str, table: Table, chains: &[Chain]) -> Option<String> {
    let there: Vec<_> = chains.iter().filter(|chain| exists(saved, &chain.name)).collect();
    if there.is_empty() {
        return None;
    }
    let left = there.iter().flat_map(|chain| leave(saved, chain));
    let removed = there.iter().flat_map(|chain| [format!("-F {}", chain.name), format!("-X {}", chain.name)]);
    Some(script(table, left.chain(removed)))
}

fn script(table: Table, lines: impl Iterator<Item = String>) -> String {
    let body: String = lines.map(|line| line + "\n").collect();
    format!("*{table}\n{body}COMMIT\n")
}

/// The rules are there, and the chain is entered before all else and only once.
fn is_right(saved: &str, chain: &Chain) -> bool {
    let first = rules(saved, chain.parent).find(|rule| !enters_sibling(saved, rule, chain));
    exists(saved, &chain.name)
        && rules(saved, &chain.name).eq(chain.rules.iter().map(String::as_str))
        && first == Some(&jump(chain))
        && leave(saved, chain).count() == 1
}

/// The chain of another installation, which ends like ours: two that both want to be first would never rest.
fn enters_sibling(saved: &str, rule: &str, chain: &Chain) -> bool {
    let other = rule.strip_prefix("-j ").filter(|other| *other != chain.name);
    let ends = other.and_then(|other| rules(saved, other).last());
    ends.is_some() && ends == chain.rules.last().map(String::as_str)
}

fn exists(saved: &str, chain: &str) -> bool {
    saved.lines().any(|line| line.strip_prefix(':').and_then(|line| line.split(' ').next()) == Some(chain))
}

/// The rules of a chain, in order.
fn rules<'a>(saved: &'a str, chain: &str) -> impl Iterator<Item = &'a str> {
    let start = format!("-A {chain} ");
    saved.lines().filter_map(move |line| line.strip_prefix(&start))
}

/// Takes back every jump into the chain.
fn leave(saved: &str, chain: &Chain) -> impl Iterator<Item = String> {
    let jump = jump(chain);
    let count = rules(saved, chain.parent).filter(|rule| *rule == jump).count();
    std::iter::repeat_n(format!("-D {} {jump}", chain.parent), count)
}

fn jump(chain: &Chain) -> String {
    format!("-j {}", chain.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = ":INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n";

    fn chains() -> Vec<Chain> {
        let chain = |name: &str, parent, make_parent, rule: &str| Chain {
            name: name.to_owned(),
            parent,
            make_parent,
            rules: vec![rule.to_owned()],
        };
        vec![
            chain("SLIPWAY-INPUT", "INPUT", false, "-i sw-+ -j DROP"),
            chain("SLIPWAY-FORWARD", "DOCKER-USER", true, "-i sw-+ -o sw-+ -j DROP"),
        ]
    }

    #[test]
    fn makes_everything_where_nothing_is() {
        insta::assert_snapshot!(assertion(EMPTY, Table::Filter, &chains()).unwrap(), @"
        *filter
        :SLIPWAY-INPUT - [0:0]
        :DOCKER-USER - [0:0]
        :SLIPWAY-FORWARD - [0:0]
        -A SLIPWAY-INPUT -i sw-+ -j DROP
        -A SLIPWAY-FORWARD -i sw-+ -o sw-+ -j DROP
        -I INPUT 1 -j SLIPWAY-INPUT
        -I DOCKER-USER 1 -j SLIPWAY-FORWARD
        COMMIT
        ");
    }

    #[test]
    fn puts_right_only_what_was_moved() {
        let moved = ":INPUT ACCEPT [0:0]\n:DOCKER-USER - [0:0]\n:SLIPWAY-INPUT - [0:0]\n:SLIPWAY-FORWARD - [0:0]\n\
            -A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n-A INPUT -j SLIPWAY-INPUT\n-A DOCKER-USER -j SLIPWAY-FORWARD\n\
            -A SLIPWAY-INPUT -i sw-+ -j DROP\n-A SLIPWAY-FORWARD -i sw-+ -o sw-+ -j DROP\n";
        insta::assert_snapshot!(assertion(moved, Table::Filter, &chains()).unwrap(), @"
        *filter
        :SLIPWAY-INPUT - [0:0]
        -A SLIPWAY-INPUT -i sw-+ -j DROP
        -D INPUT -j SLIPWAY-INPUT
        -I INPUT 1 -j SLIPWAY-INPUT
        COMMIT
        ");
    }

    #[test]
    fn lets_another_installation_be_first() {
        let saved = ":INPUT ACCEPT [0:0]\n:DOCKER-USER - [0:0]\n:SLIPWAY-INPUT - [0:0]\n:SLIPWAY-FORWARD - [0:0]\n\
            :OTHER-INPUT - [0:0]\n-A INPUT -j OTHER-INPUT\n-A INPUT -j SLIPWAY-INPUT\n-A DOCKER-USER -j SLIPWAY-FORWARD\n\
            -A OTHER-INPUT -i sw-+ -j DROP\n-A SLIPWAY-INPUT -i sw-+ -j DROP\n\
            -A SLIPWAY-FORWARD -i sw-+ -o sw-+ -j DROP\n";
        assert_eq!(assertion(saved, Table::Filter, &chains()), None);
    }

    #[test]
    fn removes_only_ours() {
        let saved = ":INPUT ACCEPT [0:0]\n:DOCKER-USER - [0:0]\n:SLIPWAY-FORWARD - [0:0]\n\
            -A DOCKER-USER -j SLIPWAY-FORWARD\n-A DOCKER-USER -j RETURN\n-A SLIPWAY-FORWARD -i sw-+ -o sw-+ -j DROP\n";
        insta::assert_snapshot!(removal(saved, Table::Filter, &chains()).unwrap(), @"
        *filter
        -D DOCKER-USER -j SLIPWAY-FORWARD
        -F SLIPWAY-FORWARD
        -X SLIPWAY-FORWARD
        COMMIT
        ");
        assert_eq!(removal(EMPTY, Table::Nat, &chains()), None);
    }
}
