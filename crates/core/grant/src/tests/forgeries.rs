//! Tokens that must prove nothing, each with the fault it must meet.

use super::*;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE};
use std::collections::BTreeSet;

/// One forgery: what it is, the token, when it is shown, what must be said of it.
type Case = (&'static str, String, u64, GrantFault);

/// A viewer's payload, well formed, with other words between `"g":{` and `}`.
fn payload(fields: &str) -> String {
    format!(r#"{{"k":1,"g":{{{fields}}}}}"#)
}

/// A viewer's fields with these instead of `iat` and `exp`.
fn timed(times: &str) -> String {
    payload(&format!(r#""kind":"viewer","show":"0000000000000007",{times},"id":1"#))
}

/// A grant of this kind with these fields too, for now.
fn of_kind(kind: &str, more: &str) -> String {
    let times = format!(r#""iat":{NOW},"exp":{},"id":1"#, NOW + 300);
    payload(&format!(r#""kind":"{kind}","show":"0000000000000007",{more}{times}"#))
}

/// Any bytes as a payload under any MAC of any key.
fn sealed(bytes: impl AsRef<[u8]>, key: &[u8; 32], domain: &[u8]) -> String {
    let body = URL_SAFE_NO_PAD.encode(bytes);
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(domain);
    mac.update(body.as_bytes());
    format!("{body}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

/// A token of ours as body and tag.
fn ours() -> (String, String) {
    let token = ring().issue(&grant());
    let (body, tag) = token.reveal().split_once('.').unwrap();
    (body.to_owned(), tag.to_owned())
}

/// A token of ours whose tag has a letter in which the two alphabets of base64 differ.
fn with_url_letters() -> String {
    let tokens = (0..).map(|id| ring().issue(&Grant { id, ..grant() }).reveal().to_owned());
    tokens.into_iter().find(|token| token.contains(['-', '_'])).unwrap()
}

/// The same 32 bytes of a tag, spelt with bits that base64 does not need.
fn loose(tag: &str) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let last = LETTERS.iter().position(|letter| *letter == tag.as_bytes()[42]).unwrap();
    assert_eq!(last % 4, 0, "43 letters say 258 bits, two of them nothing");
    format!("{}{}", &tag[..42], char::from(LETTERS[last + 1]))
}

/// Somebody else's ways to sign, and ours under another key, id or domain.
fn forged() -> Vec<Case> {
    use GrantFault::{BadSignature, Malformed};
    let (body, tag) = ours();
    let claims = of_kind("director", "");
    let jwt =
        |header: &str| format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(&claims));
    let hs256 = jwt(r#"{"alg":"HS256","typ":"JWT"}"#);
    let mut mac = Hmac::<Sha256>::new_from_slice(&key(1).bytes).unwrap();
    mac.update(hs256.as_bytes());
    let hs256_tag = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
    let smuggled = format!(r#"{{"alg":"none",{}"#, &claims[1..]);
    let named = format!(r#"{{"kid":1,{}"#, &claims[1..]);
    let under = |id: u64| claims.replace(r#""k":1"#, &format!(r#""k":{id}"#));
    let other = KeyRing::new(Key::new(1, [99; 32]), None).issue(&grant());
    let unknown = KeyRing::new(key(2), None).issue(&grant());
    vec![
        ("a JWT with alg none", format!("{}.", jwt(r#"{"alg":"none","typ":"JWT"}"#)), NOW, Malformed),
        ("a JWT with alg none and no second dot", jwt(r#"{"alg":"none"}"#), NOW, Malformed),
        ("a JWT signed HS256 with our key", format!("{hs256}.{hs256_tag}"), NOW, Malformed),
        (
            "our payload under that JWT's tag",
            format!("{}.{hs256_tag}", URL_SAFE_NO_PAD.encode(&claims)),
            NOW,
            BadSignature,
        ),
        ("a JWT's header smuggled into the payload", signed(&smuggled), NOW, Malformed),
        ("a JWT's kid smuggled into the payload", signed(&named), NOW, Malformed),
        ("signed without the domain", sealed(&claims, &key(1).bytes, b""), NOW, BadSignature),
        (
            "another domain of the same key",
            sealed(&claims, &key(1).bytes, b"palco session v1\0"),
            NOW,
            BadSignature,
        ),
        ("the next version's domain", sealed(&claims, &key(1).bytes, b"palco grant v2\0"), NOW, BadSignature),
        ("the domain without its end", sealed(&claims, &key(1).bytes, b"palco grant v1"), NOW, BadSignature),
        ("another key under our id", other.reveal().to_owned(), NOW, BadSignature),
        ("a key of zeros", sealed(&claims, &[0; 32], DOMAIN), NOW, BadSignature),
        ("an unknown key", unknown.reveal().to_owned(), NOW, BadSignature),
        ("our key under an unknown id", signed(&under(2)), NOW, BadSignature),
        ("the id of no key", signed(&under(0)), NOW, BadSignature),
        ("an id that wraps to ours", signed(&under((1 << 32) + 1)), NOW, Malformed),
        ("an id as a text", signed(&claims.replace(r#""k":1"#, r#""k":"1""#)), NOW, Malformed),
        ("another grant's tag", format!("{}.{tag}", URL_SAFE_NO_PAD.encode(&claims)), NOW, BadSignature),
        ("tag and body swapped", format!("{tag}.{body}"), NOW, Malformed),
    ]
}

/// A token of ours, damaged on the way.
fn damaged() -> Vec<Case> {
    use GrantFault::{BadSignature, Malformed};
    let (body, tag) = ours();
    let mac = URL_SAFE_NO_PAD.decode(&tag).unwrap();
    let tagged = |bytes: &[u8]| format!("{body}.{}", URL_SAFE_NO_PAD.encode(bytes));
    let padded = URL_SAFE.encode(&mac);
    let standard = with_url_letters().replace('-', "+").replace('_', "/");
    let mut turned = mac.clone();
    turned[31] ^= 1;
    let raw = STANDARD_NO_PAD.decode(&body).unwrap();
    vec![
        ("the tag cut to 31 bytes", tagged(&mac[..31]), NOW, BadSignature),
        ("the tag cut to 16 bytes", tagged(&mac[..16]), NOW, BadSignature),
        ("a tag of one byte", tagged(&mac[..1]), NOW, BadSignature),
        ("the tag with a byte more", tagged(&[mac.as_slice(), &[0]].concat()), NOW, BadSignature),
        ("the tag twice", tagged(&[mac.as_slice(), &mac].concat()), NOW, BadSignature),
        ("the tag's last bit turned", tagged(&turned), NOW, BadSignature),
        ("no tag", format!("{body}."), NOW, BadSignature),
        ("no body", format!(".{tag}"), NOW, Malformed),
        ("no dot", body.clone(), NOW, Malformed),
        ("nothing", String::new(), NOW, Malformed),
        ("a dot", ".".to_owned(), NOW, Malformed),
        ("two dots", format!("{body}..{tag}"), NOW, Malformed),
        ("a third part", format!("{body}.{tag}.{tag}"), NOW, Malformed),
        ("a dot at the end", format!("{body}.{tag}."), NOW, Malformed),
        ("the tag with padding", format!("{body}.{padded}"), NOW, Malformed),
        ("the body with padding", format!("{body}=.{tag}"), NOW, Malformed),
        ("the standard alphabet", standard, NOW, Malformed),
        ("trailing bits in the tag", format!("{body}.{}", loose(&tag)), NOW, Malformed),
        ("a space in front", format!(" {body}.{tag}"), NOW, Malformed),
        ("a space in the tag", format!("{body}.{} {}", &tag[..9], &tag[9..]), NOW, Malformed),
        ("a newline in the body", format!("{}\n{}.{tag}", &body[..76], &body[76..]), NOW, Malformed),
        ("a newline at the end", format!("{body}.{tag}\n"), NOW, Malformed),
        ("a carriage return and newline at the end", format!("{body}.{tag}\r\n"), NOW, Malformed),
        ("a NUL at the end", format!("{body}.{tag}\0"), NOW, Malformed),
        ("a NUL for the dot", format!("{body}\0{tag}"), NOW, Malformed),
        ("a full-width dot", format!("{body}．{tag}"), NOW, Malformed),
        ("a Cyrillic look-alike", format!("{}.{tag}", body.replacen('e', "е", 1)), NOW, Malformed),
        ("a byte order mark in front", format!("\u{feff}{body}.{tag}"), NOW, Malformed),
        ("percent-encoded", format!("{body}%2E{tag}"), NOW, Malformed),
        ("quoted", format!("\"{body}.{tag}\""), NOW, Malformed),
        ("with its scheme", format!("Bearer {body}.{tag}"), NOW, Malformed),
        ("not base64 but JSON", format!("{}.{tag}", String::from_utf8(raw).unwrap()), NOW, Malformed),
        ("10 kB", format!("{body}.{}", "A".repeat(10_000)), NOW, Malformed),
        (
            "10 kB, well signed",
            signed(&format!("{}{}", of_kind("viewer", ""), " ".repeat(10_000))),
            NOW,
            Malformed,
        ),
    ]
}

/// Payloads that only we could sign, and must not have.
fn absurd() -> Vec<Case> {
    use GrantFault::Malformed;
    const SEAT: &str = r#""seat":{"ticket":"0000000000000009","version":1},"#;
    const SUBJECT: &str = r#""subject":"0000000000000008","#;
    let seat = |text: &str| of_kind("viewer", &format!(r#""seat":{text},"#));
    let exp = NOW + 300;
    let plain = of_kind("viewer", "");
    let cases: Vec<(&str, String)> = vec![
        ("an unknown key", plain.replace(r#""id":1"#, r#""id":1,"admin":true"#)),
        ("an unknown key outside", plain.replace(r#""k":1"#, r#""k":1,"v":2"#)),
        ("the show twice", plain.replace(r#""show""#, r#""show":"0000000000000006","show""#)),
        ("the key's id twice", plain.replace(r#""k":1"#, r#""k":1,"k":1"#)),
        ("exp twice", timed(&format!(r#""iat":{NOW},"exp":1,"exp":{exp}"#))),
        ("a key in other letters", plain.replace("kind", "Kind")),
        ("no kind", plain.replace(r#""kind":"viewer","#, "")),
        ("no show", plain.replace(r#""show":"0000000000000007","#, "")),
        ("no id", plain.replace(r#","id":1"#, "")),
        ("no exp", timed(&format!(r#""iat":{NOW}"#))),
        ("no iat", timed(&format!(r#""exp":{exp}"#))),
        ("exp null", timed(&format!(r#""iat":{NOW},"exp":null"#))),
        ("a negative exp", timed(&format!(r#""iat":{NOW},"exp":-1"#))),
        ("a negative iat", timed(&format!(r#""iat":-1,"exp":{exp}"#))),
        ("a float for exp", timed(&format!(r#""iat":{NOW},"exp":{exp}.0"#))),
        ("an exponent for exp", timed(&format!(r#""iat":{NOW},"exp":1e30"#))),
        ("exp beyond 64 bits", timed(&format!(r#""iat":{NOW},"exp":18446744073709551616"#))),
        ("exp as a text", timed(&format!(r#""iat":{NOW},"exp":"{exp}""#))),
        ("iat as a text", timed(&format!(r#""iat":"{NOW}","exp":{exp}"#))),
        ("exp before iat", timed(&format!(r#""iat":{},"exp":{}"#, NOW + 50, NOW + 10))),
        ("a kind that is none", of_kind("admin", "")),
        ("a kind in other letters", of_kind("Director", "")),
        ("a viewer with a subject", of_kind("viewer", SUBJECT)),
        ("a director with a subject", of_kind("director", SUBJECT)),
        ("a performer without one", of_kind("performer", "")),
        ("a performer who is null", of_kind("performer", r#""subject":null,"#)),
        ("a director with a seat", of_kind("director", SEAT)),
        ("a performer with a seat", of_kind("performer", &format!("{SUBJECT}{SEAT}"))),
        ("a seat with an unknown key", seat(r#"{"ticket":"0000000000000009","version":1,"row":3}"#)),
        ("a seat without a version", seat(r#"{"ticket":"0000000000000009"}"#)),
        ("a seat without a ticket", seat(r#"{"version":1}"#)),
        ("a seat's version that overflows", seat(r#"{"ticket":"0000000000000009","version":4294967296}"#)),
        ("a seat's version below zero", seat(r#"{"ticket":"0000000000000009","version":-1}"#)),
        ("a replay that is a number", seat(r#"{"ticket":"0000000000000009","version":1,"replay":1}"#)),
        ("a seat twice", of_kind("viewer", &format!("{SEAT}{SEAT}"))),
        ("a show's id in capitals", plain.replace("0000000000000007", "000000000000000A")),
        ("a show's id with a sign", plain.replace("0000000000000007", "+000000000000007")),
        ("a show's id that is a number", plain.replace(r#""0000000000000007""#, "7")),
        ("something after it", format!("{plain}{{}}")),
        ("a NUL after it", format!("{plain}\0")),
        ("not JSON", "viewer".to_owned()),
        ("null", "null".to_owned()),
        ("nothing at all", String::new()),
    ];
    let mut cases: Vec<Case> =
        cases.into_iter().map(|(what, json)| (what, signed(&json), NOW, Malformed)).collect();
    let mut bytes = plain.into_bytes();
    let letter = bytes.iter().position(|byte| *byte == b'v').unwrap();
    bytes[letter] = 0xff;
    cases.push(("bytes that are not UTF-8", sealed(bytes, &key(1).bytes, DOMAIN), NOW, Malformed));
    cases
}

/// Grants of ours, shown at another time.
fn untimely() -> Vec<Case> {
    use GrantFault::{Expired, NotYet};
    let token = || ring().issue(&grant()).reveal().to_owned();
    let from = |iat| ring().issue(&Grant { iat, exp: u64::MAX, ..grant() }).reveal().to_owned();
    vec![
        ("at its end exactly", token(), NOW + 300, Expired),
        ("a year later", token(), NOW + 365 * 86_400, Expired),
        ("at the end of time", token(), u64::MAX, Expired),
        ("61 s before its beginning", token(), NOW - 61, NotYet),
        ("at the beginning of time", token(), 0, NotYet),
        ("a beginning no clock reaches", from(u64::MAX), NOW, NotYet),
        ("an end before time", signed(&timed(r#""iat":0,"exp":0"#)), NOW, Expired),
    ]
}

#[test]
fn each_forgery_meets_its_fault() {
    let cases: Vec<Case> = [forged(), damaged(), absurd(), untimely()].concat();
    assert!(cases.len() >= 40, "{}", cases.len());
    let mut seen = BTreeSet::new();
    for (what, token, now, fault) in &cases {
        assert_eq!(ring().verify(token, *now), Err(*fault), "{what}");
        assert!(seen.insert((token, now)), "{what} is another one of these");
    }
}

/// What the forgeries are made of is right before it is made wrong.
#[test]
fn what_is_not_forged_holds() {
    let (body, tag) = ours();
    assert_eq!(ring().verify(&format!("{body}.{tag}"), NOW), Ok(grant()));
    assert_eq!(
        ring().verify(&sealed(of_kind("director", ""), &key(1).bytes, DOMAIN), NOW).unwrap().kind,
        Kind::Director
    );
    assert!(ring().verify(&with_url_letters(), NOW).is_ok());
    for (kind, more) in [
        ("viewer", ""),
        ("viewer", r#""seat":{"ticket":"0000000000000009","version":4294967295},"#),
        ("performer", r#""subject":"0000000000000008","#),
    ] {
        assert!(ring().verify(&signed(&of_kind(kind, more)), NOW).is_ok(), "{kind} {more}");
    }
    let token = ring().issue(&grant());
    for now in [NOW - 60, NOW, NOW + 299] {
        assert_eq!(ring().verify(token.reveal(), now), Ok(grant()), "{now}");
    }
}

/// After a rotation the key before is believed until the next one.
#[test]
fn a_retired_key_is_retired() {
    let old = ring().issue(&grant());
    for (ring, expected) in [
        (KeyRing::new(key(2), Some(key(1))), Ok(grant())),
        (KeyRing::new(key(2), None), Err(GrantFault::BadSignature)),
        (KeyRing::new(key(3), Some(key(2))), Err(GrantFault::BadSignature)),
    ] {
        assert_eq!(ring.verify(old.reveal(), NOW), expected, "{ring:?}");
    }
}

/// A grant may be shown again and at another show's door: it says itself for whom it is, so that
/// who asked can compare. The same token replayed is the same grant, by its id.
#[test]
fn the_caller_sees_which_show_seat_and_grant_it_is() {
    let seat = |version| Seat { ticket: palco_base::TicketId::new(9), version, replay: false };
    let viewer = Grant { kind: Kind::Viewer, subject: None, seat: Some(seat(1)), ..grant() };
    let elsewhere = Grant { show: ShowId::new(8), ..viewer };
    let token = ring().issue(&elsewhere);
    let shown = ring().verify(token.reveal(), NOW).unwrap();
    assert_ne!(shown.show, viewer.show);
    assert_eq!(shown.show, ShowId::new(8));
    assert_eq!(ring().verify(token.reveal(), NOW).unwrap().id, shown.id, "replayed");
    let newer = ring().issue(&Grant { seat: Some(seat(2)), ..viewer });
    assert_ne!(ring().verify(newer.reveal(), NOW).unwrap().seat, viewer.seat, "an older opening can be told");
}
