//! Texts from strangers, made fit to be stored and printed. What a page shows is escaped there.

use palco_base::Fault;

/// Whether a character has no place in any text of ours: it is not seen, and turns others around.
fn unseen(c: char) -> bool {
    // Bidirectional overrides and isolates would let a name rewrite the line it stands in.
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// One line: spaces trimmed and made single, nothing unseen in it, 1 to `most` characters.
///
/// # Errors
/// `text_missing`, `text_too_long`.
pub fn clean_line(text: &str, most: usize) -> Result<String, Fault> {
    let kept: String =
        text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|c| !unseen(*c)).collect();
    let line = kept.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    if line.is_empty() {
        return Err(Fault::invalid("text_missing", "Something must be written here."));
    }
    bounded(line, most)
}

/// Several lines, may be empty, at most `most` characters.
///
/// # Errors
/// `text_too_long`.
pub fn clean_text(text: &str, most: usize) -> Result<String, Fault> {
    let text = text.replace("\r\n", "\n");
    bounded(text.trim().chars().filter(|c| *c == '\n' || !unseen(*c)).collect(), most)
}

fn bounded(text: String, most: usize) -> Result<String, Fault> {
    if text.chars().count() > most {
        return Err(Fault::invalid("text_too_long", format!("This text is longer than {most} characters.")));
    }
    Ok(text)
}

/// An e-mail address as mail servers take it (RFC 5321 §4.1.2, without quoted local parts and
/// address literals), its domain in lower case.
///
/// # Errors
/// `email_broken`.
pub fn clean_email(text: &str) -> Result<String, Fault> {
    let broken = || {
        Fault::invalid("email_broken", "This is not an e-mail address.")
            .hint("Check it: the ticket is sent there.")
    };
    let text = text.trim();
    let (local, domain) = text.rsplit_once('@').ok_or_else(broken)?;
    let local_ok = (1..=64).contains(&local.len())
        && local
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~.-".contains(c) || !c.is_ascii())
        && !local.chars().any(unseen)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..");
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let domain_ok = domain.len() <= 253 && domain.contains('.') && domain.split('.').all(label);
    if !local_ok || !domain_ok {
        return Err(broken());
    }
    Ok(format!("{local}@{}", domain.to_lowercase()))
}

/// A promo code: 2 to 32 letters, digits or dashes, in upper case.
///
/// # Errors
/// `promo_broken`.
pub fn clean_promo(text: &str) -> Result<String, Fault> {
    let code = text.trim().to_uppercase();
    let fits = (2..=32).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if fits {
        Ok(code)
    } else {
        Err(Fault::invalid("promo_broken", "A promo code is 2 to 32 letters, digits or dashes."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_every_script_and_nothing_unseen() {
        assert_eq!(clean_line("  Ana\t\n  López 💃 ", 60).unwrap(), "Ana López 💃");
        assert_eq!(clean_line("مريم", 60).unwrap(), "مريم");
        assert_eq!(clean_line("evil\u{202e}gpj.exe", 60).unwrap(), "evilgpj.exe");
        assert_eq!(clean_line("<script>alert(1)</script>", 60).unwrap(), "<script>alert(1)</script>");
        assert_eq!(clean_line("\u{0}\u{200}", 60).unwrap(), "\u{200}");
        assert_eq!(clean_line(" \n ", 60).unwrap_err().code, "text_missing");
        assert_eq!(clean_line(&"a".repeat(61), 60).unwrap_err().code, "text_too_long");
        assert_eq!(clean_text("a\r\nb\u{7}", 60).unwrap(), "a\nb");
    }

    #[test]
    fn addresses() {
        assert_eq!(clean_email(" Ana.Lopez+show@Example.COM ").unwrap(), "Ana.Lopez+show@example.com");
        assert_eq!(clean_email("josé@correo.mx").unwrap(), "josé@correo.mx");
        for broken in [
            "",
            "ana",
            "ana@",
            "@example.com",
            "ana@example",
            "a b@example.com",
            "ana@exa mple.com",
            "ana@-example.com",
            "ana@example..com",
            ".ana@example.com",
            "ana.@example.com",
            "a..b@example.com",
            "ana@example.com\r\nBcc: all@example.com",
            "ana@exam_ple.com",
            "\"a b\"@example.com",
            "ana@[127.0.0.1]",
            "ana,bob@example.com",
            "<ana@example.com>",
        ] {
            assert_eq!(clean_email(broken).map_err(|f| f.code), Err("email_broken"), "{broken:?}");
        }
    }

    #[test]
    fn promo_codes() {
        assert_eq!(clean_promo(" early-20 ").unwrap(), "EARLY-20");
        for broken in ["", "A", "SPA CE", "ÑAM", &"A".repeat(33)] {
            assert_eq!(clean_promo(broken).unwrap_err().code, "promo_broken");
        }
    }
}
