use super::{MOST_BYTES, Token};
use crate::Refusal;
use crate::testing::encode;

fn token(header: &str, claims: &str) -> String {
    format!(
        "{}.{}.{}",
        encode(header.as_bytes()),
        encode(claims.as_bytes()),
        encode(b"signature")
    )
}

fn refusal(text: &str) -> Option<Refusal> {
    Token::parse(text.as_bytes()).err()
}

#[test]
fn a_token_comes_apart() {
    let text = token(r#"{"alg":"RS256","kid":"a","x5t":"b"}"#, r#"{"sub":"c"}"#);
    let token = Token::parse(text.as_bytes()).unwrap();
    assert_eq!(&*token.header.alg, "RS256");
    assert_eq!(token.header.kid.as_deref(), Some("a"));
    assert_eq!(token.claims.text("sub").as_deref(), Some("c"));
    assert_eq!(token.signature, b"signature");
    let (signed, _) = text.rsplit_once('.').unwrap();
    assert_eq!(token.signed, signed.as_bytes());
}

#[test]
fn headers_that_ask_for_more_are_refused() {
    for header in [
        r#"{"alg":"RS256","crit":["exp"]}"#,
        r#"{"alg":"RS256","crit":[]}"#,
        r#"{"alg":"RS256","crit":null}"#,
        r#"{"alg":"RS256","b64":false}"#,
        r#"{"alg":"RS256","zip":"DEF"}"#,
        r#"{"alg":"RS256","typ":"logout+jwt"}"#,
        r#"{"alg":"RS256","typ":"dpop+jwt"}"#,
        r#"{"alg":"RS256","typ":1}"#,
        r#"{"alg":"RS256","kid":1}"#,
        r#"{"alg":"RS256","kid":null}"#,
        r#"{"alg":1}"#,
        r#"{"alg":["RS256"]}"#,
        r#"{"kid":"a"}"#,
        &format!(r#"{{"alg":"RS256","kid":"{}"}}"#, "k".repeat(513)),
    ] {
        let refusal = refusal(&token(header, "{}"));
        assert!(matches!(refusal, Some(Refusal::Header(_))), "{header}");
    }
    for typ in [
        "JWT",
        "jwt",
        "at+jwt",
        "application/at+jwt",
        "application/JWT",
    ] {
        let header = format!(r#"{{"alg":"RS256","typ":"{typ}"}}"#);
        assert_eq!(refusal(&token(&header, "{}")), None, "{typ}");
    }
}

#[test]
fn what_is_not_exactly_a_token_is_refused() {
    let sound = token(r#"{"alg":"RS256"}"#, "{}");
    assert_eq!(refusal(&sound), None);
    let (signed, _) = sound.rsplit_once('.').unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    for text in [
        String::new(),
        "..".to_owned(),
        "...".to_owned(),
        signed.to_owned(),
        format!("{sound}.x"),
        format!("{sound}."),
        format!(".{sound}"),
        format!(" {sound}"),
        format!("{sound}\n"),
        format!("{sound}="),
        format!("{header}=.{claims}.AA"),
        format!("{header}.{claims}.A"),
        // The same bytes with other bits left over.
        format!("{header}.{claims}.AB"),
        // The alphabet of plain base64.
        format!("{header}.{claims}.+/+/"),
        format!("{header}.{claims}.A\u{e4}AA"),
        token("[]", "{}"),
        token(r#"["RS256"]"#, "{}"),
        token(r#"{"alg":"RS256"} "x""#, "{}"),
        token(r#"{"alg":"RS256","alg":"none"}"#, "{}"),
        token(r#"{"alg":"RS256"}"#, r#"{"sub":"a","sub":"b"}"#),
        token(r#"{"alg":"RS256"}"#, r#"{"act":{"sub":"a","sub":"b"}}"#),
        token(r#"{"alg":"RS256"}"#, "[]"),
        token(
            r#"{"alg":"RS256"}"#,
            &("[".repeat(5000) + &"]".repeat(5000)),
        ),
    ] {
        let refusal = refusal(&text);
        assert!(
            matches!(refusal, Some(Refusal::Malformed(_))),
            "{text}: {refusal:?}"
        );
    }
    assert!(Token::parse(&[0xff; 64]).is_err());
}

#[test]
fn huge_tokens_are_not_read() {
    let of = |bytes: usize| {
        token(
            r#"{"alg":"RS256"}"#,
            &format!(r#"{{"a":"{}"}}"#, "x".repeat(bytes)),
        )
    };
    assert_eq!(refusal(&of(12_000)), None);
    let huge = of(13_000);
    assert!(huge.len() > MOST_BYTES);
    assert_eq!(refusal(&huge), Some(Refusal::TooLarge));
    let dots = ".".repeat(1 << 20);
    assert_eq!(refusal(&dots), Some(Refusal::TooLarge));
}
