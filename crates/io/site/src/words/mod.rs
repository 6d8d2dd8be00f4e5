//! All words of the pages, in both languages. Short, concrete, kind; second person; the verb on the
//! button is the thing that happens. Spanish is written, not translated, with *tú*. `{name}` is
//! filled in; `one|many` by number. A word that is missing in one language does not compile.

mod faults;
mod foyer;
mod office;

pub(crate) use faults::fault_words;
pub(crate) use foyer::Foyer;
pub(crate) use office::Office;

/// One table: each word with its English and its Spanish.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident: $($key:ident: $en:literal, $es:literal;)*) => {
        $(#[$doc])*
        pub(crate) struct $name { $(pub(crate) $key: &'static str,)* }
        impl $name {
            const EN: Self = Self { $($key: $en,)* };
            const ES: Self = Self { $($key: $es,)* };
            /// The words in this language.
            pub(crate) const fn of(lang: palco_boxoffice::Lang) -> &'static Self {
                match lang {
                    palco_boxoffice::Lang::En => &Self::EN,
                    palco_boxoffice::Lang::Es => &Self::ES,
                }
            }
            #[cfg(test)]
            pub(crate) const ALL: &'static [(&'static str, &'static str, &'static str)] =
                &[$((stringify!($key), $en, $es),)*];
        }
    };
}
use words;

/// Fills `{name}`s in.
pub(crate) fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        filled.push_str(values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value));
        rest = after;
    }
    filled.push_str(rest);
    filled
}

/// The form of `one|many` for this number, with `{n}` filled in.
pub(crate) fn count(text: &str, n: u64) -> String {
    let (one, many) = text.split_once('|').unwrap_or((text, text));
    fill(if n == 1 { one } else { many }, &[("n", &thousands(n))])
}

/// `12,345`.
pub(crate) fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + 4);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<&str> {
        let mut names: Vec<_> = text.split('{').skip(1).filter_map(|it| it.split('}').next()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    #[test]
    fn both_languages_say_everything() {
        for (key, en, es) in Foyer::ALL.iter().chain(Office::ALL).chain(faults::ALL) {
            assert!(!en.trim().is_empty() && !es.trim().is_empty(), "{key}");
            assert_eq!(names(en), names(es), "{key}");
            assert_eq!(en.split('|').count(), es.split('|').count(), "{key}");
            for formal in ["usted", "ustedes", "haga", "pulse", "introduzca", "vuestro"] {
                let words = es.to_lowercase();
                assert!(!words.split(|c: char| !c.is_alphabetic()).any(|word| word == formal), "{key}: {es}");
            }
        }
    }

    #[test]
    fn filled_and_counted() {
        assert_eq!(fill("{a} and {b}{c}", &[("a", "1"), ("b", "{a}")]), "1 and {a}");
        assert_eq!(count("{n} seat|{n} seats", 1), "1 seat");
        assert_eq!(count("{n} seat|{n} seats", 12_345), "12,345 seats");
    }
}
