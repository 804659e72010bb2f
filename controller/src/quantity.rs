//! Amounts of memory and CPU as users write them (reference 2.4, 3.8): `<limit>` or `<request>/<limit>`.

/// Bytes of memory that `text` allows: `512M`, `1GB`, `256M/1G`; `0` means no limit. None when it is not an amount.
#[must_use]
pub fn memory_limit(text: &str) -> Option<u64> {
    let (first, second) = split(text);
    let first = memory(first)?;
    second.map_or(Some(first), |second| memory(second).filter(|limit| *limit > 0))
}

/// Bytes of memory that are set aside for what has this limit: the first amount, where there are two.
#[must_use]
pub fn memory_request(text: &str) -> Option<u64> {
    let (request, limit) = text.split_once('/')?;
    Some(memory(request)?.min(memory(limit)?))
}

/// Thousandths of a core that `text` allows: `2`, `0.5`, `250m`, `250m/1`. None when it is not an amount.
#[must_use]
pub fn cpu_limit(text: &str) -> Option<u64> {
    let (first, second) = split(text);
    let first = cpu(first)?;
    second.map_or(Some(first), cpu)
}

/// Thousandths of a core that `text` requests: the first amount where there are two. None when it is not an amount.
#[must_use]
pub fn cpu_request(text: &str) -> Option<u64> {
    cpu(split(text).0)
}

/// Thousandths of a core that are set aside for what has this limit: the first amount, where there are two.
#[must_use]
pub fn cpu_set_aside(text: &str) -> Option<u64> {
    let (request, limit) = text.split_once('/')?;
    Some(cpu(request)?.min(cpu(limit)?))
}

/// True where more is requested than allowed; `read` reads an amount as it is allowed.
#[must_use]
pub fn is_upside_down(text: &str, read: fn(&str) -> Option<u64>) -> bool {
    let both = text.split_once('/').and_then(|(request, limit)| Some((read(request)?, read(limit)?)));
    both.is_some_and(|(request, limit)| request > limit)
}

fn split(text: &str) -> (&str, Option<&str>) {
    text.split_once('/').map_or((text, None), |(request, limit)| (request, Some(limit)))
}

fn memory(text: &str) -> Option<u64> {
    if text == "0" {
        return Some(0);
    }
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let factor: u64 = match text[digits..].to_ascii_uppercase().as_str() {
        "B" => 1,
        "K" | "KB" => 1 << 10,
        "M" | "MB" => 1 << 20,
        "G" | "GB" => 1 << 30,
        _ => return None,
    };
    text[..digits].parse::<u64>().ok()?.checked_mul(factor)
}

fn cpu(text: &str) -> Option<u64> {
    let (number, factor) = match text.strip_suffix(['m', 'M']) {
        Some(number) => (number, 1),
        None => (text, 1000),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || (whole.is_empty() && fraction.is_empty()) || number.ends_with('.') {
        return None;
    }
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let thousandths: u64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    Some((whole.checked_mul(1000)?.checked_add(thousandths)?).checked_mul(factor)? / 1000)
}

#[cfg(test)]
mod tests {
    use super::{cpu_limit, cpu_request, cpu_set_aside, is_upside_down, memory_limit, memory_request};

    #[test]
    fn memory() {
        assert_eq!(memory_limit("512M"), Some(512 << 20));
        assert_eq!(memory_limit("1gb"), Some(1 << 30));
        assert_eq!(memory_limit("256M/1G"), Some(1 << 30));
        assert_eq!(memory_limit("0"), Some(0));
        for bad in ["", "512", "M", "1.5G", "1G/", "/1G", "1T", "-1M", "1G/2G/3G", "99999999999999999999G"] {
            assert_eq!(memory_limit(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_set_aside() {
        assert_eq!(
            (memory_request("256M/1G"), memory_request("256M"), memory_request("x/1G")),
            (Some(256 << 20), None, None)
        );
        assert_eq!((cpu_set_aside("250m/1"), cpu_set_aside("250m"), cpu_set_aside("0/1")), (Some(250), None, Some(0)));
        // Written before it was refused.
        assert_eq!((memory_request("2G/1G"), cpu_set_aside("2/1")), (Some(1 << 30), Some(1000)));
        assert!(is_upside_down("2G/1G", memory_limit) && is_upside_down("1001m/1", cpu_limit));
        assert!(!is_upside_down("1024M/1G", memory_limit) && !is_upside_down("2", cpu_limit));
    }

    #[test]
    fn cpu() {
        assert_eq!(cpu_limit("2"), Some(2000));
        assert_eq!(cpu_limit("0.5"), Some(500));
        assert_eq!(cpu_limit(".25"), Some(250));
        assert_eq!(cpu_limit("250m"), Some(250));
        assert_eq!(cpu_limit("250m/1"), Some(1000));
        assert_eq!((cpu_request("250m/1"), cpu_request("2"), cpu_request("x")), (Some(250), Some(2000), None));
        for bad in ["", "m", "1.", "-1", "1/", "1g", "a", "1.2.3"] {
            assert_eq!(cpu_limit(bad), None, "{bad}");
        }
    }
}
