//! Mail through `aiosmtpd` (PyPI), a server that nobody here wrote; what arrives is read by
//! Python's parser, which nobody here wrote either.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use palco_base::Secret;
use palco_mail::{Attachment, Inline, Mail, Mailbox, Mailer, SendFault, Smtp};
use proptest::prelude::*;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

struct Server {
    child: Child,
    said: BufReader<ChildStdout>,
    port: u16,
}

impl Server {
    fn start(arguments: &[&str]) -> Self {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = here.join("../../../target/python/bin/python");
        let mut child = Command::new(&python)
            .arg(here.join("tests/server.py"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}; `./dev test` makes it", python.display()));
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let mut port = String::new();
        said.read_line(&mut port).unwrap();
        Self { child, said, port: port.trim().parse().unwrap() }
    }

    fn mailer(&self, scheme: &str, login: &str) -> Smtp {
        let url = Secret::new(format!("{scheme}://{login}127.0.0.1:{}", self.port));
        Smtp::new(&url, "house.example").unwrap()
    }

    /// The next mail that arrived.
    fn arrived(&mut self) -> Value {
        let mut line = String::new();
        self.said.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn mail() -> Mail {
    Mail {
        id: "order-7.1".into(),
        from: Mailbox::new("tickets@house.example").named("The House"),
        to: Mailbox::new("ann@example.com"),
        reply_to: None,
        subject: "Your ticket".into(),
        text: "Hello\n".into(),
        html: "<p>Hello</p>".into(),
        attachments: Vec::new(),
        inline: Vec::new(),
    }
}

fn header<'a>(arrived: &'a Value, name: &str) -> Vec<&'a str> {
    let all = arrived["headers"].as_array().unwrap().iter();
    all.filter(|pair| pair[0].as_str().unwrap().eq_ignore_ascii_case(name))
        .map(|pair| pair[1].as_str().unwrap())
        .collect()
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    bytes
        .chunks(3)
        .flat_map(|three| {
            let number = (0..3).fold(0_usize, |sum, at| sum << 8 | usize::from(*three.get(at).unwrap_or(&0)));
            let digit = move |at: usize| char::from(DIGITS[number >> (18 - 6 * at) & 63]);
            (0..4).map(move |at| if at <= three.len() { digit(at) } else { '=' })
        })
        .collect()
}

#[tokio::test]
async fn all_of_a_mail_arrives() {
    let mut server = Server::start(&["plain"]);
    let pdf: Vec<u8> =
        (0..20_000_u32).map(|at| ((at * 7_919) >> 3) as u8).chain(*b"\r\n.\r\n\n.\0").collect();
    let png = vec![0x89, b'P', b'N', b'G', 13, 10, 26, 10, 0, 255];
    let wish = Mail {
        from: Mailbox::new("tickets@house.example").named("Teatro Añil 🎭"),
        to: Mailbox::new("ann@example.com").named("ليلى العامري"),
        reply_to: Some(Mailbox::new("help@house.example").named("Doe, \"Jo\" <x@y>")),
        subject:
            "🎟 כרטיס אחד, تذكرة, 一张票: «Noche de ópera» que es un título bastante largo para una línea"
                .into(),
        text: "¡Hola!\n.\n..\nFrom here 🎶\n".into(),
        html: "<p>¡Hola! <img src=\"cid:qr-1\" alt=\"QR\"></p>".into(),
        attachments: vec![
            Attachment {
                name: "entrada ñ 🎫.pdf".into(),
                content_type: "application/pdf".into(),
                bytes: pdf.clone(),
            },
            Attachment {
                name: "show.ics".into(),
                content_type: "text/calendar; charset=utf-8; method=PUBLISH".into(),
                bytes: b"BEGIN:VCALENDAR\r\n".to_vec(),
            },
        ],
        inline: vec![Inline { cid: "qr-1".into(), content_type: "image/png".into(), bytes: png.clone() }],
        ..mail()
    };
    server.mailer("smtp", "").send(&wish).await.unwrap();
    let it = server.arrived();
    assert_eq!((&it["from"], &it["to"][0]), (&"tickets@house.example".into(), &"ann@example.com".into()));
    assert_eq!(it["hello"], "house.example");
    assert_eq!(header(&it, "message-id"), ["<order-7.1@house.example>"]);
    assert_eq!(header(&it, "subject"), [wish.subject.as_str()]);
    assert_eq!(header(&it, "auto-submitted"), ["auto-generated"]);
    assert_eq!(header(&it, "date").len(), 1);
    assert_eq!(it["names"]["from"], "Teatro Añil 🎭");
    assert_eq!(it["names"]["to"], "ليلى العامري");
    assert_eq!(it["names"]["reply-to"], "Doe, \"Jo\" <x@y>");
    let shape = r#"["mixed",["alternative","text/plain",["related","text/html","image/png"]],"application/pdf","text/calendar"]"#;
    assert_eq!(it["tree"].to_string(), shape);
    let parts = it["parts"].as_array().unwrap();
    assert_eq!(parts[0]["text"].as_str().unwrap().replace("\r\n", "\n").trim_end(), wish.text.trim_end());
    assert_eq!(parts[1]["text"].as_str().unwrap().trim_end(), wish.html);
    assert_eq!((&parts[2]["cid"], &parts[2]["disposition"]), (&"<qr-1>".into(), &"inline".into()));
    assert_eq!(parts[2]["bytes"], base64(&png));
    assert_eq!(
        (&parts[3]["name"], &parts[3]["disposition"]),
        (&"entrada ñ 🎫.pdf".into(), &"attachment".into())
    );
    assert_eq!(parts[3]["bytes"], base64(&pdf));
    assert_eq!(parts[4]["bytes"], base64(b"BEGIN:VCALENDAR\r\n"));
}

#[tokio::test]
async fn a_plain_mail_is_two_alternatives() {
    let mut server = Server::start(&["plain"]);
    server.mailer("smtp", "").send(&mail()).await.unwrap();
    assert_eq!(server.arrived()["tree"].to_string(), r#"["alternative","text/plain","text/html"]"#);
}

#[tokio::test]
async fn the_server_says_later_or_never() {
    let server = Server::start(&["plain"]);
    for (address, code, later) in
        [("later@example.com", "mail_server_busy", true), ("never@example.com", "mail_refused", false)]
    {
        let wish = Mail { to: Mailbox::new(address), ..mail() };
        let fault = server.mailer("smtp", "").send(&wish).await.expect_err(address);
        assert_eq!((fault.fault().code, matches!(fault, SendFault::Later(_))), (code, later));
        // aiosmtpd repeats the address in its answer.
        assert!(!format!("{fault:?}").contains("example.com"), "{fault:?}");
    }
}

#[tokio::test]
async fn a_login_that_is_wrong_loses_no_mail() {
    let mut server = Server::start(&["login"]);
    server.mailer("smtp", "ann:s3cret@").send(&mail()).await.unwrap();
    assert_eq!(server.arrived()["to"][0], "ann@example.com");
    for login in ["ann:hunter2@", ""] {
        let fault = server.mailer("smtp", login).send(&mail()).await.expect_err("no login");
        let SendFault::Later(fault) = fault else { panic!("{fault:?}") };
        assert_eq!(fault.code, "mail_login_refused", "{fault:?}");
        assert!(!format!("{fault:?}").contains("hunter2"));
    }
}

#[tokio::test]
async fn nothing_is_sent_over_a_connection_that_is_not_safe() {
    let folder = std::env::temp_dir().join(format!("palco-mail-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (certificate, private) = (folder.join("certificate.pem"), folder.join("key.pem"));
    let own = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    std::fs::write(&certificate, own.cert.pem()).unwrap();
    std::fs::write(&private, own.signing_key.serialize_pem()).unwrap();
    let self_signed = Server::start(&["tls", certificate.to_str().unwrap(), private.to_str().unwrap()]);
    let plain = Server::start(&["plain"]);
    for (server, scheme) in [(&self_signed, "smtp+starttls"), (&plain, "smtp+starttls"), (&plain, "smtps")] {
        let fault = server.mailer(scheme, "ann:s3cret@").send(&mail()).await.expect_err(scheme);
        let SendFault::Later(fault) = fault else { panic!("{fault:?}") };
        assert_eq!(fault.code, "mail_unsecured", "{fault:?}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn nobody_there_is_later() {
    let mailer = Smtp::new(&Secret::new("smtp://127.0.0.1:9"), "house.example").unwrap();
    let fault = mailer.send(&mail()).await.expect_err("nobody");
    let SendFault::Later(fault) = fault else { panic!("{fault:?}") };
    assert_eq!(fault.code, "mail_server_unreachable");
}

#[tokio::test]
async fn nothing_becomes_a_header_or_a_recipient() {
    let mut server = Server::start(&["plain"]);
    let mailer = server.mailer("smtp", "");
    const EVIL: [&str; 9] = [
        "x\r\nBcc: eve@example.com",
        "x\nBcc: eve@example.com",
        "x\rBcc: eve@example.com",
        "x\r\n\r\nbody",
        "x\r\n Bcc: eve@example.com",
        "x\0y",
        "x\u{85}Bcc: eve@example.com",
        "x\u{2028}Bcc: eve@example.com",
        "=?utf-8?Q?x=0D=0ABcc:_eve@example.com?=",
    ];
    type Place = fn(&mut Mail, &str);
    let places: [(&str, Place); 7] = [
        ("the subject", |mail, evil| mail.subject = evil.into()),
        ("a name", |mail, evil| mail.to = Mailbox::new("ann@example.com").named(evil)),
        ("our name", |mail, evil| mail.from = Mailbox::new("tickets@house.example").named(evil)),
        ("whom to answer", |mail, evil| mail.reply_to = Some(Mailbox::new("a@b.example").named(evil))),
        ("an address", |mail, evil| mail.to = Mailbox::new(format!("{evil}@example.com"))),
        ("the id", |mail, evil| mail.id = evil.into()),
        ("a file", |mail, evil| {
            mail.attachments =
                vec![Attachment { name: evil.into(), content_type: "text/plain".into(), bytes: vec![] }];
        }),
    ];
    for (place, put) in places {
        for evil in EVIL {
            let mut wish = mail();
            put(&mut wish, evil);
            match mailer.send(&wish).await {
                Ok(()) => {
                    let it = server.arrived();
                    let known = [
                        "message-id",
                        "to",
                        "from",
                        "reply-to",
                        "subject",
                        "auto-submitted",
                        "mime-version",
                        "date",
                        "content-type",
                    ];
                    for pair in it["headers"].as_array().unwrap() {
                        let name = pair[0].as_str().unwrap().to_ascii_lowercase();
                        assert!(known.contains(&name.as_str()), "{place} {evil:?}: {name}");
                    }
                    assert_eq!(it["to"].as_array().unwrap().len(), 1, "{place} {evil:?}");
                }
                Err(SendFault::Refused(fault)) => assert_eq!(fault.code, "mail_invalid", "{place} {evil:?}"),
                Err(later) => panic!("{place} {evil:?}: {later:?}"),
            }
        }
    }
    // And what is no injection but nonsense.
    let addresses = [
        "",
        "ann",
        "@example.com",
        "ann@",
        "a b@example.com",
        "\"a b\"@example.com",
        "ann@exa mple.com",
        "ann@example.com, eve@example.com",
        "<ann@example.com>",
        "ann@example.com>\r\nRCPT TO:<eve@example.com",
    ];
    for address in addresses {
        let wish = Mail { to: Mailbox::new(address), ..mail() };
        let fault = mailer.send(&wish).await.expect_err(address);
        assert!(
            matches!(&fault, SendFault::Refused(fault) if fault.code == "mail_invalid"),
            "{address}: {fault:?}"
        );
    }
    let file = |content_type: &str, length| Attachment {
        name: "x".into(),
        content_type: content_type.into(),
        bytes: vec![0; length],
    };
    for (file, code) in [
        (file("pdf", 1), "mail_invalid"),
        (file("text/plain\r\nX: y", 1), "mail_invalid"),
        (file("text/plain", palco_mail::MAX_ATTACHED + 1), "mail_too_large"),
    ] {
        let wish = Mail { attachments: vec![file], ..mail() };
        assert_eq!(mailer.send(&wish).await.expect_err(code).fault().code, code);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_text_survives_or_is_refused(subject in "\\PC{0,120}", name in "\\PC{1,60}", text in "(\\PC|\n){0,300}") {
        thread_local! {
            static SERVER: std::cell::RefCell<Server> = std::cell::RefCell::new(Server::start(&["plain"]));
        }
        SERVER.with_borrow_mut(|server| {
            let mailer = server.mailer("smtp", "");
            let to = Mailbox::new("ann@example.com").named(name.clone());
            let wish = Mail { subject: subject.clone(), to, text: text.clone(), ..mail() };
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let sent = runtime.block_on(mailer.send(&wish));
            if (subject.clone() + &name).contains(['\u{2028}', '\u{2029}']) {
                assert!(matches!(sent, Err(SendFault::Refused(_))), "{sent:?}");
                return;
            }
            sent.unwrap();
            let it = server.arrived();
            // Python's parser adds and drops spaces where a long text was cut into encoded words.
            let words = |text: &str| text.split_whitespace().collect::<String>();
            assert_eq!(words(header(&it, "subject")[0]), words(&subject));
            assert_eq!(words(it["names"]["to"].as_str().unwrap_or_default()), words(&name));
            assert_eq!(words(it["parts"][0]["text"].as_str().unwrap()), words(&text));
        });
    }
}
