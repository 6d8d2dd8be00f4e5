//! `smtp://user:password@host:port`: where mail goes, as one line of configuration.

use palco_base::{Fault, Secret};
use std::net::IpAddr;

/// How the connection is secured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Security {
    /// Not at all: for a server on this computer.
    None,
    /// From the first byte.
    Tls,
    /// After `STARTTLS`, without which nothing is sent.
    StartTls,
}

/// The parts of the URL.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Server {
    pub(crate) security: Security,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) login: Option<(Secret, Secret)>,
}

/// Reads the URL. No part of it stands in a fault: which part is the password is what a wrong
/// one leaves open.
pub(crate) fn parse(url: &Secret) -> Result<Server, Fault> {
    let wrong = |text: &str| {
        Fault::invalid("mail_url_invalid", text)
            .hint("It looks like smtp+starttls://user:password@mail.example.org:587.")
    };
    let text = url.reveal().trim();
    let (scheme, rest) = text.split_once("://").ok_or_else(|| wrong("The mail server is not a URL."))?;
    let (security, usual_port) = match scheme {
        "smtp" => (Security::None, 25),
        "smtps" => (Security::Tls, 465),
        "smtp+starttls" => (Security::StartTls, 587),
        _ => return Err(wrong("The mail server's URL begins with smtp, smtps or smtp+starttls.")),
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    if rest.contains(['/', '?', '#']) {
        return Err(wrong(
            "The mail server's URL ends after the port; in a password / is %2F, ? is %3F, # is %23.",
        ));
    }
    let (login, place) = match rest.rsplit_once('@') {
        None => (None, rest),
        Some((login, place)) => {
            let (user, password) = login
                .split_once(':')
                .ok_or_else(|| wrong("The mail server's URL has a user but no password."))?;
            let part =
                |text| decode(text).filter(|text| !text.is_empty() && !text.contains(char::is_control));
            let login = part(user).zip(part(password));
            let (user, password) = login.ok_or_else(|| {
                wrong("User or password in the mail server's URL cannot be read; % is written %25 in it.")
            })?;
            (Some((Secret::new(user), Secret::new(password))), place)
        }
    };
    let (host, port) = host_and_port(place, usual_port)
        .ok_or_else(|| wrong("Host or port in the mail server's URL is not one."))?;
    if security == Security::None && login.is_some() && !is_here(&host) {
        return Err(wrong("The password would cross the network in the clear."));
    }
    Ok(Server { security, host, port, login })
}

fn host_and_port(place: &str, usual_port: u16) -> Option<(String, u16)> {
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']')?;
            let _: std::net::Ipv6Addr = host.parse().ok()?;
            (host, if port.is_empty() { None } else { Some(port.strip_prefix(':')?) })
        }
        None => place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port))),
    };
    let fits = |c: char| c.is_ascii_alphanumeric() || "-.:".contains(c);
    if host.is_empty() || !host.chars().all(fits) {
        return None;
    }
    let port = match port {
        None => usual_port,
        Some(port) => port.parse().ok().filter(|number| *number > 0 && !port.starts_with('+'))?,
    };
    Some((host.to_owned(), port))
}

fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Undoes percent-encoding.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let [high, low, after @ ..] = rest else { return None };
        let digit = |byte: &u8| char::from(*byte).to_digit(16);
        bytes.push(u8::try_from(digit(high)? * 16 + digit(low)?).ok()?);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Result<Server, Fault> {
        parse(&Secret::new(url))
    }

    #[test]
    fn good_urls() {
        let login = |user: &str, password: &str| Some((Secret::new(user), Secret::new(password)));
        for (url, security, host, port, who) in [
            ("smtp://localhost", Security::None, "localhost", 25, None),
            ("smtp://127.0.0.1:2525/", Security::None, "127.0.0.1", 2525, None),
            ("smtp://a:b@[::1]:26", Security::None, "::1", 26, login("a", "b")),
            (
                "smtps://a%40x.org:p%3a%25@mail.x.org",
                Security::Tls,
                "mail.x.org",
                465,
                login("a@x.org", "p:%"),
            ),
            (
                "smtp+starttls://ann:p@ss:word@m.x:587",
                Security::StartTls,
                "m.x",
                587,
                login("ann", "p@ss:word"),
            ),
            ("smtps://ann:pässword@m.x", Security::Tls, "m.x", 465, login("ann", "pässword")),
        ] {
            let server = read(url).unwrap();
            assert_eq!(server, Server { security, host: host.into(), port, login: who }, "{url}");
        }
    }

    #[test]
    fn wrong_urls_are_refused_without_the_password() {
        for url in [
            "",
            "mail.x.org",
            "http://mail.x.org",
            "SMTP://m.x",
            "smtp://",
            "smtp://:25",
            "smtp://m.x:0",
            "smtp://m.x:99999",
            "smtp://m.x:+25",
            "smtp://m.x:hunter2",
            "smtps://ann:hunter2@",
            "smtps://ann@m.x",
            "smtps://:hunter2@m.x",
            "smtps://ann:@m.x",
            "smtps://ann:hunter2%@m.x",
            "smtps://ann:hunter2%0a@m.x",
            "smtps://ann:hunter2%ff@m.x",
            "smtps://ann:hunter2/x@m.x",
            "smtps://ann:hunter2@m.x?tls=no",
            "smtps://ann:hunter2@m x",
            "smtps://ann:hunter2@[m.x]",
            "smtp://ann:hunter2@m.x",
        ] {
            let fault = read(url).expect_err(url);
            assert_eq!(fault.code, "mail_url_invalid", "{url}");
            assert!(!format!("{fault} {fault:?}").contains("hunter2"), "{fault:?}");
        }
        let shown = format!("{:?}", read("smtps://ann:hunter2@m.x").unwrap());
        assert!(!shown.contains("hunter2") && !shown.contains("ann"), "{shown}");
    }
}
