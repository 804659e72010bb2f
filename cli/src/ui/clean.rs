//! Makes foreign text harmless for a terminal.

use std::fmt::Write as _;

/// The text with every character that a terminal obeys, or that turns the direction of writing, spelled out:
/// `\x1b` for an escape. Line ends and tabs stay.
pub fn clean(text: &str) -> String {
    let mut harmless = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => harmless.push(c),
            '\0'..='\x1f' | '\x7f'..='\u{9f}' => spell(&mut harmless, format_args!("\\x{:02x}", u32::from(c))),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                spell(&mut harmless, format_args!("\\u{{{:x}}}", u32::from(c)));
            }
            _ => harmless.push(c),
        }
    }
    harmless
}

/// JSON with all that in `\uXXXX`, which is the same JSON: serde's own escapes end at U+001F.
pub fn clean_json(text: &str) -> String {
    let mut harmless = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\x7f'..='\u{9f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                spell(&mut harmless, format_args!("\\u{:04x}", u32::from(c)));
            }
            _ => harmless.push(c),
        }
    }
    harmless
}

fn spell(text: &mut String, form: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = text.write_fmt(form);
}

#[cfg(test)]
mod tests {
    use super::{clean, clean_json};

    #[test]
    fn spells_out_what_a_terminal_obeys() {
        assert_eq!(clean("a\tb\nc ü"), "a\tb\nc ü");
        assert_eq!(clean("\x1b[31mred\x07\r\u{9b}2J"), "\\x1b[31mred\\x07\\x0d\\x9b2J");
        assert_eq!(clean("a\u{202e}b"), "a\\u{202e}b");
    }

    #[test]
    fn json_stays_the_same_json() {
        let text = serde_json::to_string("\x1b\u{9b}2J\x7f\u{202e}ü").unwrap();
        let harmless = clean_json(&text);
        assert_eq!(harmless, "\"\\u001b\\u009b2J\\u007f\\u202eü\"");
        assert_eq!(serde_json::from_str::<String>(&harmless).unwrap(), "\x1b\u{9b}2J\x7f\u{202e}ü");
    }
}
