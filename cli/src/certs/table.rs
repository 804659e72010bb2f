//! A table without a border, as Deis drew the one of certificates.

use crate::ui::clean;

/// Its lines: header, rule, rows.
pub fn lines<const N: usize>(header: [&str; N], rows: &[[String; N]]) -> Vec<String> {
    // What a terminal would obey is shown in more letters than it has.
    let rows: Vec<[String; N]> = rows.iter().map(|row| row.each_ref().map(|cell| clean(cell))).collect();
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([header[column].chars().count()]).max().unwrap_or_default()
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let rule = widths.map(|width| "-".repeat(width + 2)).join("+");
    let head = header.iter().zip(widths).map(|(cell, width)| centred(cell, width));
    let body = rows.iter().map(|row| joined(row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"))));
    [joined(head), format!("+{rule}+")].into_iter().chain(body).collect()
}

fn joined(cells: impl Iterator<Item = String>) -> String {
    let line = cells.map(|cell| format!(" {cell} ")).collect::<Vec<_>>().join("|");
    format!(" {line}").trim_end().to_owned()
}

/// The odd space stands on the left.
fn centred(text: &str, width: usize) -> String {
    let gap = width.saturating_sub(text.chars().count());
    format!("{}{text}{}", " ".repeat(gap.div_ceil(2)), " ".repeat(gap / 2))
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn columns_stand_under_their_names() {
        let rows = [["web".to_owned(), "www.example.com".to_owned()], ["other-one".to_owned(), String::new()]];
        insta::assert_snapshot!(lines(["Name", "Domains"], &rows).join("\n"), @"
             Name   |     Domains
        +-----------+-----------------+
          web       | www.example.com
          other-one |
        ");
    }
}
