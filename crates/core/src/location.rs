use crate::{InvalidOrigin, Origin};

/// A URL split into where it is dialled and what is asked for there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// Scheme, host and port; the base path is empty.
    pub origin: Origin,
    /// Path and query; starts with `/`.
    pub path: Box<str>,
}

impl Location {
    /// Reads `http(s)://host[:port][/path][?query]`.
    ///
    /// # Errors
    /// As [`Origin::parse`]; a query is allowed.
    pub fn parse(url: &str) -> Result<Self, InvalidOrigin> {
        let url = url.trim();
        let (before, query) = match url.split_once('?') {
            Some((before, query)) => (before, Some(query)),
            None => (url, None),
        };
        let is_clean = |byte: u8| byte.is_ascii_graphic() && byte != b'#';
        if query.is_some_and(|query| !query.bytes().all(is_clean)) {
            return Err(InvalidOrigin(
                "the query has characters that have to be percent-encoded",
            ));
        }
        let mut origin = Origin::parse(before)?;
        origin.base_path = Box::default();
        // Origin drops a trailing slash, which is a part of this path.
        let after_scheme = before.split_once("://").map_or(before, |(_, rest)| rest);
        let path = after_scheme
            .split_once('/')
            .map_or("", |(_, path)| path)
            .to_owned();
        let query = query.map_or_else(String::new, |query| format!("?{query}"));
        Ok(Self {
            origin,
            path: format!("/{path}{query}").into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Location;

    fn split(url: &str) -> Option<(String, Box<str>)> {
        let location = Location::parse(url).ok()?;
        Some((location.origin.to_string(), location.path))
    }

    #[test]
    fn origin_and_path_come_apart() {
        for (url, origin, path) in [
            ("https://Id.Example.com", "https://id.example.com", "/"),
            (
                "https://id.example.com:8443/a/keys/?app=1&b=/x",
                "https://id.example.com:8443",
                "/a/keys/?app=1&b=/x",
            ),
            (" http://[::1]:1/keys ", "http://[::1]:1", "/keys"),
        ] {
            assert_eq!(split(url), Some((origin.to_owned(), path.into())), "{url}");
        }
    }

    #[test]
    fn what_is_no_url_is_refused() {
        for url in [
            "id.example.com/keys",
            "ftp://id.example.com/keys",
            "https://user@id.example.com/keys",
            "https://id.example.com/a/../keys",
            "https://id.example.com/keys#x",
            "https://id.example.com/keys?a#x",
            "https://id.example.com/keys?a b",
            "https:///keys",
            "",
        ] {
            assert_eq!(split(url), None, "{url}");
        }
    }
}
