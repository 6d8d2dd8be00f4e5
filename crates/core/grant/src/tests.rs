mod forgeries;

use super::*;

const NOW: u64 = 1_800_000_000;

fn key(id: u32) -> Key {
    Key::new(id, [u8::try_from(id).unwrap(); 32])
}

fn ring() -> KeyRing {
    KeyRing::new(key(1), None)
}

fn grant() -> Grant {
    Grant {
        kind: Kind::Performer,
        show: ShowId::new(7),
        subject: Some(PerformerId::new(8)),
        seat: None,
        iat: NOW,
        exp: NOW + 300,
        id: 9,
    }
}

/// Signs any payload with key 1, as only we can.
fn signed(json: &str) -> String {
    let body = URL_SAFE_NO_PAD.encode(json);
    let tag = key(1).mac(body.as_bytes()).finalize().into_bytes();
    format!("{body}.{}", URL_SAFE_NO_PAD.encode(tag))
}

#[test]
fn a_grant_holds_for_its_time() {
    let token = ring().issue(&grant());
    let at = |now| ring().verify(token.reveal(), now);
    assert_eq!(at(NOW), Ok(grant()));
    assert_eq!(at(NOW + 299), Ok(grant()));
    assert_eq!(at(NOW + 300), Err(GrantFault::Expired));
    assert_eq!(at(u64::MAX), Err(GrantFault::Expired));
    assert_eq!(at(NOW - 60), Ok(grant()), "a clock 60 s behind");
    assert_eq!(at(NOW - 61), Err(GrantFault::NotYet));
    assert_eq!(at(0), Err(GrantFault::NotYet));
}

#[test]
fn it_is_written_the_same_for_ever() {
    // A change of the format would end every grant that is out there: change `DOMAIN` then.
    let token = ring().issue(&grant());
    let (body, tag) = token.reveal().split_once('.').unwrap();
    let json = String::from_utf8(URL_SAFE_NO_PAD.decode(body).unwrap()).unwrap();
    assert_eq!(
        json,
        r#"{"k":1,"g":{"kind":"performer","show":"0000000000000007","subject":"0000000000000008","iat":1800000000,"exp":1800000300,"id":9}}"#
    );
    assert_eq!(URL_SAFE_NO_PAD.decode(tag).unwrap().len(), 32);
}

#[test]
fn every_changed_byte_is_noticed() {
    let token = ring().issue(&grant()).reveal().to_owned();
    for at in 0..token.len() {
        for with in [b'A', b'B', b'.', b'=', b'z'] {
            let mut bytes = token.clone().into_bytes();
            if bytes[at] == with {
                continue;
            }
            bytes[at] = with;
            let changed = String::from_utf8(bytes).unwrap();
            assert!(ring().verify(&changed, NOW).is_err(), "byte {at} as {}", char::from(with));
        }
    }
}

#[test]
fn every_truncation_is_refused() {
    let token = ring().issue(&grant()).reveal().to_owned();
    for length in 0..token.len() {
        assert!(ring().verify(&token[..length], NOW).is_err(), "{length} bytes of {}", token.len());
    }
    for more in ["A", "=", ".", "\0"] {
        assert!(ring().verify(&format!("{token}{more}"), NOW).is_err(), "{more:?} appended");
    }
}

#[test]
fn keys_can_be_rotated() {
    let old = ring().issue(&grant());
    let rotated = KeyRing::new(key(2), Some(key(1)));
    assert_eq!(rotated.verify(old.reveal(), NOW), Ok(grant()));
    let new = rotated.issue(&grant());
    assert_eq!(rotated.verify(new.reveal(), NOW), Ok(grant()));
    assert_eq!(ring().verify(new.reveal(), NOW), Err(GrantFault::BadSignature), "an unknown key");
    let done = KeyRing::new(key(3), Some(key(2)));
    assert_eq!(done.verify(old.reveal(), NOW), Err(GrantFault::BadSignature), "a retired key");
}

#[test]
fn another_key_under_the_same_id_does_not_sign_for_us() {
    let forged = KeyRing::new(Key::new(1, [99; 32]), None).issue(&grant());
    assert_eq!(ring().verify(forged.reveal(), NOW), Err(GrantFault::BadSignature));
}

#[test]
fn a_token_cannot_choose_how_it_is_checked() {
    let body = URL_SAFE_NO_PAD.encode(
        r#"{"k":1,"g":{"kind":"director","show":"0000000000000007","iat":0,"exp":9999999999,"id":1}}"#,
    );
    let jwt_none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    for token in [
        format!("{body}."),
        format!("{body}.AAAA"),
        format!("{jwt_none}.{body}."),
        format!("{jwt_none}.{body}"),
        format!("{body}.{}", URL_SAFE_NO_PAD.encode([0; 32])),
        body.clone(),
        ".".to_owned(),
        String::new(),
        "a".repeat(1_000_000),
    ] {
        assert!(ring().verify(&token, NOW).is_err(), "{}", &token[..token.len().min(80)]);
    }
}

#[test]
fn a_well_signed_payload_must_still_be_a_grant() {
    for (json, fault) in [
        // A performer's grant without a performer, a director's with one.
        (
            r#"{"k":1,"g":{"kind":"performer","show":"0000000000000007","iat":0,"exp":9999999999,"id":1}}"#,
            GrantFault::Malformed,
        ),
        (
            r#"{"k":1,"g":{"kind":"viewer","show":"0000000000000007","subject":"0000000000000008","iat":0,"exp":9999999999,"id":1}}"#,
            GrantFault::Malformed,
        ),
        // Unknown and double keys.
        (
            r#"{"k":1,"alg":"none","g":{"kind":"viewer","show":"0000000000000007","iat":0,"exp":9999999999,"id":1}}"#,
            GrantFault::Malformed,
        ),
        (
            r#"{"k":1,"k":2,"g":{"kind":"viewer","show":"0000000000000007","iat":0,"exp":9999999999,"id":1}}"#,
            GrantFault::Malformed,
        ),
        (
            r#"{"k":1,"g":{"kind":"viewer","kind":"director","show":"0000000000000007","iat":0,"exp":9999999999,"id":1}}"#,
            GrantFault::Malformed,
        ),
        (
            r#"{"k":1,"g":{"kind":"owner","show":"0000000000000007","iat":0,"exp":9999999999,"id":1}}"#,
            GrantFault::Malformed,
        ),
        (
            r#"{"k":1,"g":{"kind":"viewer","show":"7","iat":0,"exp":9999999999,"id":1}}"#,
            GrantFault::Malformed,
        ),
        (
            r#"{"k":1,"g":{"kind":"viewer","show":"0000000000000007","iat":0,"exp":-1,"id":1}}"#,
            GrantFault::Malformed,
        ),
        ("[]", GrantFault::Malformed),
        ("", GrantFault::Malformed),
    ] {
        assert_eq!(ring().verify(&signed(json), NOW), Err(fault), "{json}");
    }
    let right = r#"{"k":1,"g":{"kind":"viewer","show":"0000000000000007","iat":0,"exp":9999999999,"id":1}}"#;
    assert!(ring().verify(&signed(right), NOW).is_ok());
}

#[test]
fn no_key_is_printed() {
    let ring = KeyRing::new(Key::new(5, [0xab; 32]), None);
    let printed = format!("{ring:?}").to_lowercase();
    assert!(!printed.contains("ab") && !printed.contains("171"), "{printed}");
}
