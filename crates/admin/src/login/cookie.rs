use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};

/// The cookie of a session. A browser takes a name with this prefix only with `Secure`, for this
/// host alone and the path `/`, so no other host, and nobody on the way, can plant one. For
/// `http://localhost` and loopback addresses Chromium and Firefox make an exception.
pub(super) const SESSION: &str = "__Host-ironward-session";

/// The cookie of a login that is under way.
pub(super) const LOGIN: &str = "__Host-ironward-login";

/// When a browser sends a cookie to a page that another site leads to.
#[derive(Clone, Copy)]
pub(super) enum Sent {
    /// Never.
    Strict,
    /// When somebody is led there: as the issuer leads them back.
    Lax,
}

/// The value of a cookie. One that comes twice, or is empty, is none.
pub(super) fn read<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h [u8]> {
    let lines = headers.get_all(COOKIE).iter();
    let pairs = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    let mut values = pairs.filter_map(|pair| {
        let pair = pair.trim_ascii();
        let value = pair.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
        Some(value)
    });
    let value = values.next().filter(|value| !value.is_empty())?;
    values.next().is_none().then_some(value)
}

/// Has the browser keep a cookie for so many seconds; none: forget it.
pub(super) fn set(name: &str, value: &str, sent: Sent, seconds: u64) -> Option<HeaderValue> {
    let sent = match sent {
        Sent::Strict => "Strict",
        Sent::Lax => "Lax",
    };
    let cookie =
        format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite={sent}; Max-Age={seconds}");
    let mut value = HeaderValue::from_str(&cookie).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use axum::http::header::COOKIE;
    use axum::http::{HeaderMap, HeaderValue};

    use super::{SESSION, read};

    fn headers(lines: &[&str]) -> HeaderMap {
        let lines = lines.iter();
        lines
            .map(|line| (COOKIE, HeaderValue::from_str(line).unwrap()))
            .collect()
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        for lines in [
            &["__Host-ironward-session=a1"][..],
            &["x=y; __Host-ironward-session=a1; z"],
            &["x=y", "__Host-ironward-session=a1"],
            &["x__Host-ironward-session=b;__Host-ironward-session=a1"],
        ] {
            assert_eq!(
                read(&headers(lines), SESSION),
                Some(&b"a1"[..]),
                "{lines:?}"
            );
        }
    }

    #[test]
    fn none_is_found_where_there_is_none_or_two() {
        for lines in [
            &[][..],
            &["__host-ironward-session=a1"],
            &["__Host-ironward-session="],
            &["__Host-ironward-session"],
            &["__Host-ironward-session2=a1"],
            &["__Host-ironward-session=a1; __Host-ironward-session=a1"],
            &["__Host-ironward-session=a1", "__Host-ironward-session=b2"],
        ] {
            assert_eq!(read(&headers(lines), SESSION), None, "{lines:?}");
        }
    }
}
